// The list of triggers: each with its state, limit, mode and last look, and the organizations that stand worst.
import { organizationName } from '../../domain/incident-view.ts';
import type { System } from '../../domain/system.ts';
import { evidenceText, limitText, stateWord } from '../../domain/text/trigger-texts.ts';
import { SHOWN_STATES, type ShownState, type TriggerFilter, type TriggerRow, type TriggerSummary } from '../../domain/trigger-list.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { timeTag } from '../times.ts';
import { TRIGGER_WORDS } from '../trigger-words.ts';
import type { TriggerList } from '../triggers.ts';
import { backtestPath } from './backtest-form.ts';
import { type PageContext, page, pauseButton } from './layout.ts';
import { liveBadge } from './top-block.ts';
import { joinedUnits, lookedText, modeBadge, rowBadge, silencedText, stateBadge, valueText } from './trigger-marks.ts';

export interface TriggersData {
  readonly list: TriggerList;
  readonly filter: TriggerFilter;
  readonly system: System;
}

/** Rows of one trigger: few, while all triggers are shown; more, where somebody looks for something. */
export const ROWS = { shown: 5, filtered: 100 } as const;

export const isFiltered = ({ trigger, org, state }: TriggerFilter): boolean =>
  trigger !== undefined || org !== undefined || state !== undefined;

export function triggersPage(context: PageContext, data: TriggersData): string {
  const t = TRIGGER_WORDS[context.lang];
  const { list, filter, system } = data;
  const breached = list.summaries.reduce((sum, one) => sum + one.counts.breached, 0);
  const body = html`<main class="list triggers">
<div class="list-head"><h1>${t.title}${filter.trigger === undefined ? none : html` <span class="muted">${filter.trigger}</span>`}</h1>${liveBadge(context)}<div class="decide">${pauseButton(context)}</div></div>
${filterForm(context, filter)}
<section id="next" data-region tabindex="-1" aria-label="${t.title}">${bodyOf(context, data)}</section>
<p class="more"><a href="/shadow">${t.shadowAll}</a></p>
</main>`;
  const crumb = html`<span class="crumb" aria-current="page">${t.title}</span>`;
  return page(
    context,
    { title: `${breached > 0 ? `(${breached}) ` : ''}${t.title} · ${system.name}`, follow: '', watches: true, crumb },
    body,
  );
}

function bodyOf(context: PageContext, { list, filter, system }: TriggersData): Markup {
  const t = TRIGGER_WORDS[context.lang];
  if (system.triggers.length === 0) return html`<p class="muted">${t.none}</p>`;
  if (
    isFiltered(filter) &&
    list.triggers.length === 0 &&
    (filter.trigger === undefined || filter.org !== undefined || filter.state !== undefined)
  )
    return html`<div class="all-calm">${icon('question')}<div><p><b>${t.noMatch}</b></p><p class="muted">${t.noMatchWhat}</p><p><a href="/triggers">${t.showAll}</a></p></div></div>`;
  const cards = list.summaries.map((one) => ({ one, rows: list.triggers.filter((row) => row.trigger === one.trigger) }));
  const shown = cards.filter(({ rows }) => rows.length > 0 || (filter.org === undefined && filter.state === undefined));
  return html`<div class="trigger-cards">${shown.map(({ one, rows }) => summaryCard(context, { one, rows, filter, system }))}</div>${nextPage(context, list, filter)}`;
}

function filterForm({ lang }: PageContext, filter: TriggerFilter): Markup {
  const t = TRIGGER_WORDS[lang];
  const option = (state: ShownState): Markup =>
    html`<option value="${state}"${filter.state === state ? html` selected` : none}>${stateWord(state, lang)}</option>`;
  return html`<form method="get" action="/triggers" class="filter" role="search" aria-label="${t.filter}">
${filter.trigger === undefined ? none : html`<input type="hidden" name="trigger" value="${filter.trigger}">`}
<div><label for="filter-org">${t.org}</label><input id="filter-org" name="org" maxlength="256" autocomplete="off" spellcheck="false" value="${filter.org ?? ''}"></div>
<div><label for="filter-state">${t.state}</label><select id="filter-state" name="state"><option value="">${t.anyState}</option>${SHOWN_STATES.map(option)}</select></div>
<button class="button plain">${t.show}</button>${isFiltered(filter) ? html`<a class="button plain" href="/triggers">${t.showAll}</a>` : none}
</form>`;
}

interface Card {
  readonly one: TriggerSummary;
  readonly rows: readonly TriggerRow[];
  readonly filter: TriggerFilter;
  readonly system: System;
}

function summaryCard(context: PageContext, { one, rows, filter, system }: Card): Markup {
  const { lang, clock } = context;
  const t = TRIGGER_WORDS[lang];
  const limit = limitText(one, lang);
  const counts = SHOWN_STATES.filter((state) => one.counts[state] > 0);
  return html`<section class="panel trigger-card is-${counts[0] ?? 'unknown'}" id="trigger-${one.trigger}" aria-labelledby="name-${one.trigger}">
<h2 id="name-${one.trigger}"><a href="/triggers/${encodeURIComponent(one.trigger)}">${one.trigger}</a> ${modeBadge(context, one.mode)}</h2>
<p class="counts">${counts.map((state) => html`<a class="count-link" href="${pathOf({ ...filter, trigger: one.trigger, state })}">${one.counts[state].toLocaleString(lang)} ${stateBadge(context, state)}</a>`)}</p>
<p class="muted">${limit === null ? t.byPeople : joinedUnits(limit)}</p>
<p class="muted">${lookedText(context, one)}${one.watermark === null ? none : html` <span class="data-to">· ${t.watermark} ${timeTag(one.watermark, clock, { seconds: true })}</span>`}</p>
${one.silencedUntil === null ? none : html`<p>${silencedText(context, one.silencedUntil)}</p>`}
${one.seen === 0 ? html`<p><b>${t.never}</b> ${one.kind === 'manual' ? none : t.neverSource}</p>` : none}
${rows.length === 0 ? none : html`<ul class="trigger-rows">${rows.map((row) => rowLine(context, row, system))}</ul>`}
${moreLine(context, one, rows, filter)}
<ul class="spans"><li><a href="${backtestPath(one.trigger)}">${t.backtest}<span class="visually-hidden"> ${one.trigger}</span></a></li>${one.mode === 'shadow' ? html`<li><a href="/shadow?trigger=${encodeURIComponent(one.trigger)}">${t.shadowReport}<span class="visually-hidden"> ${one.trigger}</span></a></li>` : none}</ul>
</section>`;
}

function rowLine(context: PageContext, row: TriggerRow, system: System): Markup {
  const { lang, clock } = context;
  const t = TRIGGER_WORDS[lang];
  const name = row.scope === '' ? t.wholeSystem : organizationName(system, row.scope);
  const evidence = evidenceText(row, lang);
  const silenced = row.silencedUntil === null ? none : html` · ${icon('minus')} ${t.silencedUntil} ${timeTag(row.silencedUntil, clock)}`;
  const missing = row.unknown ? html` · <span class="no-data">${t.noDataSince} ${timeTag(row.watermark, clock)}</span>` : none;
  return html`<li class="is-${row.state}"><a href="${cardPath(row)}"><span class="who">${name}</span> <b class="row-value">${valueText(row.value, row.kind, context)}</b> <span class="row-evidence">${rowBadge(context, row)}${missing}${evidence === null ? none : html` · ${joinedUnits(evidence)}`}${silenced}</span></a></li>`;
}

export const cardPath = ({ trigger, scope }: Pick<TriggerRow, 'trigger' | 'scope'>): string =>
  `/triggers/${encodeURIComponent(trigger)}${scope === '' ? '' : `?org=${encodeURIComponent(scope)}`}`;

function pathOf(o: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams(
    Object.entries(o).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as [string, string]])),
  );
  return `/triggers?${query.toString()}`;
}

/** How many are not shown: a list that ends is not a list of all. */
function moreLine({ lang }: PageContext, one: TriggerSummary, rows: readonly TriggerRow[], filter: TriggerFilter): Markup {
  const t = TRIGGER_WORDS[lang];
  const rest = one.seen - rows.length;
  if (rest <= 0 || rows.length === 0 || filter.org !== undefined || filter.state !== undefined || filter.trigger !== undefined) return none;
  const over = Math.max(
    0,
    one.overLimit - rows.filter((row) => row.overLimit && row.state !== 'breached' && row.state !== 'suspect').length,
  );
  return html`<p class="more"><a href="${pathOf({ trigger: one.trigger })}">${rest.toLocaleString(lang)} ${t.more}</a>${over === 0 ? none : html` · ${over.toLocaleString(lang)} ${t.overToo}`}</p>`;
}

function nextPage({ lang }: PageContext, { next, total, triggers }: TriggerList, filter: TriggerFilter): Markup {
  if (next === null || !isFiltered(filter)) return none;
  const t = TRIGGER_WORDS[lang];
  const rest = total - next;
  return html`<p class="more"><a class="button plain" href="${pathOf({ ...filter, offset: next })}">${rest.toLocaleString(lang)} ${t.more}</a> <span class="muted">${next - triggers.length + 1}–${next} / ${total.toLocaleString(lang)}</span></p>`;
}
