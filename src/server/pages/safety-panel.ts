// The verdict on a way back, with its reasons: on the review sheet and on the page of an incident.
import type { Plan } from '../../domain/plan.ts';
import { isLossy } from '../../domain/rollback-safety.ts';
import { proofText } from '../../domain/text/certificate-texts.ts';
import { safetyLines, safetyTitle, verdictText } from '../../domain/text/safety-texts.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import type { PageContext } from './layout.ts';

export function safetyPanel({ lang }: Pick<PageContext, 'lang'>, plan: Plan | null): Markup {
  const safety = plan?.safety;
  if (plan === null || safety === undefined) return none;
  const isBad = isLossy(safety.verdict);
  const lines = [...safetyLines(safety, lang, plan.losses ?? []), ...(plan.proofs ?? []).map((one) => proofText(one, lang))];
  return html`<section id="safety"><h2>${safetyTitle(lang)}</h2>
<p class="${isBad ? 'bad' : 'good'}">${icon(isBad ? 'cross' : 'check')} <b>${safety.verdict}</b>: ${verdictText(safety.verdict, lang)}</p>
<ul class="marks">${lines.map((line) => html`<li>${line}</li>`)}</ul></section>`;
}
