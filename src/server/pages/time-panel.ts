// What is expected next to what is allowed: on the review sheet and on the page of an incident.
import { timeBudgetText, timeBudgetTitle } from '../../domain/text/time-budgets.ts';
import type { TimeBudget } from '../../domain/time-budget.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import type { PageContext } from './layout.ts';

const MARK = { fits: ['check', 'good'], tight: ['question', 'bad'], over: ['cross', 'bad'], open: ['question', ''] } as const;

export function timePanel({ lang }: Pick<PageContext, 'lang'>, budgets: readonly TimeBudget[]): Markup {
  if (budgets.length === 0) return none;
  return html`<section id="time"><h2>${timeBudgetTitle(lang)}</h2>
<ul class="marks">${budgets.map((one) => html`<li class="${MARK[one.fit][1]}">${icon(MARK[one.fit][0])} <span>${timeBudgetText(one, lang)}</span></li>`)}</ul></section>`;
}
