// The list: open incidents first, each with its clock and what it waits for; then past ones, then what Belay watches.
import { phaseWord } from '../../domain/event-text.ts';
import type { IncidentRow } from '../../domain/incident-list.ts';
import { organizationName } from '../../domain/incident-view.ts';
import { endOf, holds, type Silence } from '../../domain/silence.ts';
import type { System } from '../../domain/system.ts';
import type { TriggerView } from '../../domain/trigger.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { RUN_WORDS } from '../run-words.ts';
import { span, timeTag } from '../times.ts';
import { reasonText } from '../words.ts';
import { smallClock } from './clocks.ts';
import { type PageContext, page, pauseButton } from './layout.ts';
import { liveBadge } from './top-block.ts';
import { figure } from './values.ts';

export interface ListData {
  readonly rows: readonly IncidentRow[];
  readonly triggers: readonly TriggerView[];
  readonly silences: readonly Silence[];
  readonly system: System;
}

export function listPage(context: PageContext, { rows, triggers, silences, system }: ListData): string {
  const { w } = context;
  const open = rows.filter((row) => row.open);
  const past = rows.filter((row) => !row.open).slice(0, 50);
  const body = html`<main class="list">
<div class="list-head"><h1>${w.incidents}</h1>${liveBadge(context)}<div class="decide"><a class="button plain" id="report-open" href="/report">${icon('person')} ${w.reportTitle}</a><a class="button plain" id="run-open" href="/runbooks">${icon('play')} ${RUN_WORDS[context.lang].nav}</a>${pauseButton(context)}</div></div>
<section id="next" data-region tabindex="-1" aria-labelledby="open-title"><h2 id="open-title" class="label">${w.open} <span class="count">${open.length}</span></h2>
${open.length === 0 ? html`<div class="all-calm">${icon('check')}<div><p><b>${w.noneOpen}</b></p><p class="muted">${w.noneOpenWhat}</p></div></div>` : html`<ul class="rows">${open.map((row) => openRow(context, row))}</ul>`}</section>
<section id="watched" data-region aria-labelledby="watched-title"><h2 id="watched-title" class="label">${w.triggers}</h2>${silences.filter((one) => holds(one, context.clock.now)).map((one) => silenceLine(context, one, system))}${triggerTable(context, triggers, system)}</section>
<section id="past" data-region aria-labelledby="past-title"><h2 id="past-title" class="label">${w.past}</h2>
${past.length === 0 ? html`<p class="muted">${w.nonePast}</p>` : html`<ul class="rows past">${past.map((row) => pastRow(context, row))}</ul>`}</section>
</main>`;
  return page(context, { title: open.length > 0 ? `(${open.length}) ${w.incidents}` : w.incidents, follow: '' }, body);
}

const orgsOf = ({ w }: PageContext, row: IncidentRow): string => (row.orgs === 'all' ? w.allOrgs : row.orgs.join(', '));

function openRow(context: PageContext, row: IncidentRow): Markup {
  const { w, lang, clock } = context;
  return html`<li id="row-${row.id}"><a class="row sev-${row.severity}" href="/incidents/${encodeURIComponent(row.id)}">
<span class="badges"><span class="sev">${row.severity}</span><span class="phase is-open">${phaseWord(row.phase, lang)}</span><span class="muted">${row.id}</span></span>
<span class="row-title"><b>${orgsOf(context, row)}</b> · ${row.components.join(', ')}</span>
<span class="row-what">${row.what}</span>
<span class="row-since">${w.since} ${timeTag(row.since, clock)} (<span data-since="${row.since}">${span(clock.now - row.since)}</span>)</span>
<span class="row-clock">${row.clock === null ? none : smallClock(context, row.clock)}</span>
<span class="row-waits">${w.waitsFor}: <b>${reasonText(row.waitsFor, lang)}</b></span>
</a></li>`;
}

function pastRow(context: PageContext, row: IncidentRow): Markup {
  const { w, lang, clock } = context;
  const took = row.endedAt === null ? none : html` · ${w.took} ${span(row.endedAt - row.since)}`;
  return html`<li id="row-${row.id}"><a class="row" href="/incidents/${encodeURIComponent(row.id)}">
<span class="row-title"><b>${row.id}</b> <span class="sev-word">${row.severity}</span> ${orgsOf(context, row)} · ${row.components.join(', ')}</span>
<span class="row-since">${timeTag(row.since, clock)}${took}</span>
<span class="row-what">${row.what} · ${phaseWord(row.phase, lang)}${row.waitsFor.key === 'waits.nothing' ? none : html` · <b>${reasonText(row.waitsFor, lang)}</b>`}</span>
</a></li>`;
}

/** Why a trigger in breach may be quiet. */
function silenceLine({ w, clock }: PageContext, silence: Silence, system: System): Markup {
  const org = silence.org === null ? w.allOrgs : organizationName(system, silence.org);
  return html`<p id="${silence.id}"><b>${w.silence} ${silence.id}</b>: ${silence.trigger ?? w.allTriggers} · ${org} · ${w.until} ${timeTag(endOf(silence), clock)} — ${silence.reason} (${silence.by})</p>`;
}

/** One line a trigger: the worst scope speaks, and the age of the last look shows that Belay itself is alive. */
function triggerTable(context: PageContext, views: readonly TriggerView[], system: System): Markup {
  const { w, clock } = context;
  if (system.triggers.length === 0) return html`<p class="muted">${w.noTriggers}</p>`;
  const lines = system.triggers.map((rule) => {
    const mine = views.filter((view) => view.trigger === rule.id);
    const breached = mine.filter((view) => view.status === 'breached');
    const unit = system.signals.find((signal) => signal.id === rule.signal)?.signal.kind ?? 'unknown';
    const worst = [...mine].sort((a, b) => (b.value ?? -1) - (a.value ?? -1))[0];
    const last = Math.max(...mine.map((view) => view.lastEvaluatedAt), 0);
    const state =
      breached.length > 0
        ? 'breached'
        : mine.some((view) => view.status === 'suspect')
          ? 'suspect'
          : mine.length === 0 || mine.every((view) => view.unknown)
            ? 'unknown'
            : 'ok';
    const mark = { breached: 'warn', suspect: 'question', unknown: 'ring', ok: 'check' } as const;
    return html`<li class="is-${state}" id="trigger-${rule.id}">${icon(mark[state])} <div><b>${rule.id}</b> ${worst?.value === undefined || worst.value === null ? none : html`<span>${figure(worst.value, unit, context)}${worst.scope === '' ? none : html` ${organizationName(system, worst.scope)}`}</span>`}<p class="muted">${mine.length === 0 ? (unit === 'manual' ? w.notReported : w.noTriggers) : html`${breached.length}/${mine.length} ${w.breachedScopes} · ${w.lastEvaluated} <span data-since="${last}">${span(clock.now - last)}</span> ${w.ago}`}</p></div></li>`;
  });
  return html`<ul class="marks watched">${lines}</ul>`;
}
