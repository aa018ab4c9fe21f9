// The signal card of one trigger and one scope: value, limit, evidence in words, how it went, and why it stands so.

import type { Explanation } from '../../domain/explanation.ts';
import { organizationName } from '../../domain/incident-view.ts';
import type { System } from '../../domain/system.ts';
import { explanationLines } from '../../domain/text/explanations.ts';
import { evidenceText, limitText } from '../../domain/text/trigger-texts.ts';
import { formatDuration } from '../../domain/time-text.ts';
import type { TriggerRow } from '../../domain/trigger-list.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { span, timeTag } from '../times.ts';
import { TRIGGER_WORDS } from '../trigger-words.ts';
import type { OneTrigger, TriggerSeries } from '../triggers.ts';
import { backtestPath } from './backtest-form.ts';
import { type PageContext, page, pauseButton } from './layout.ts';
import { plotFigure } from './plot-figure.ts';
import { liveBadge } from './top-block.ts';
import { joinedUnits, lookedText, modeBadge, rowBadge, silencedText, valueText } from './trigger-marks.ts';

export interface TriggerData {
  readonly one: OneTrigger;
  /** Null: its kind keeps none, or nothing was ever counted. */
  readonly series: TriggerSeries | null;
  readonly explanation: Explanation | null;
  readonly system: System;
}

export function triggerPage(context: PageContext, data: TriggerData): string {
  const { one, system } = data;
  const t = TRIGGER_WORDS[context.lang];
  const { row, summary } = one;
  const who = row === null || row.scope === '' ? '' : organizationName(system, row.scope);
  const body = html`<main class="list trigger">
<div class="list-head"><h1>${summary.trigger}${who === '' ? none : html` <span class="muted">${who}</span>`}</h1>${liveBadge(context)}<div class="decide">${pauseButton(context)}</div></div>
<div id="next" tabindex="-1">${row === null ? emptyCard(context, one) : html`${signalCard(context, row, data)}${plotPanel(context, data)}${whyPanel(context, data)}`}</div>
<ul class="spans"><li><a href="/triggers?trigger=${encodeURIComponent(summary.trigger)}">${t.allOf} (${summary.seen.toLocaleString(context.lang)})</a></li><li><a href="${backtestPath(summary.trigger)}${row === null || row.scope === '' ? '' : `?of=${encodeURIComponent(row.scope)}`}" id="backtest">${t.backtest}${who === '' ? '' : ` · ${who}`}</a></li>${summary.mode === 'shadow' ? html`<li><a href="/shadow?trigger=${encodeURIComponent(summary.trigger)}">${t.shadowReport}</a></li>` : none}</ul>
</main>`;
  const crumb = html`<span class="crumb"><a href="/triggers">${t.title}</a></span>`;
  return page(
    context,
    { title: `${summary.trigger}${who === '' ? '' : ` ${who}`}`, follow: '', watches: true, plot: data.series !== null, crumb },
    body,
  );
}

function emptyCard({ lang }: PageContext, { summary }: OneTrigger): Markup {
  const t = TRIGGER_WORDS[lang];
  const why = summary.kind === 'manual' ? t.byPeople : t.neverSource;
  return html`<section class="panel" id="card" data-region aria-labelledby="card-title"><h2 id="card-title">${t.never}</h2><p>${why}</p><p class="muted">${limitText(summary, lang) ?? ''}</p></section>`;
}

function signalCard(context: PageContext, row: TriggerRow, { one }: TriggerData): Markup {
  const { w, lang } = context;
  const t = TRIGGER_WORDS[lang];
  const { summary } = one;
  const evidence = evidenceText(row, lang);
  return html`<section class="panel signal-card" id="card" data-region aria-labelledby="card-title">
<h2 id="card-title" class="card-head">${rowBadge(context, row)} ${modeBadge(context, row.mode)}</h2>
${warnings(context, row, one)}
<p class="reading is-${row.status}"><span class="reading-value">${valueText(row.value, row.kind, context)}</span> <span class="limit">${joinedUnits(limitText(row, lang) ?? t.byPeople)}</span></p>
${evidence === null ? none : html`<p class="evidence-words">${joinedUnits(evidence)}</p>`}
<dl class="facts">
<div><dt>${t.certainty}</dt><dd>${{ none: w.levelNone, suspect: w.levelSuspect, act: w.levelAct }[row.level]}</dd></div>
${times(context, row)}
${clears(context, row, one)}
<div><dt>${w.lastLook}</dt><dd>${lookedText(context, summary)}</dd></div>
</dl>
</section>`;
}

function times({ clock, lang }: PageContext, row: TriggerRow): Markup {
  const t = TRIGGER_WORDS[lang];
  const since = row.since;
  return html`${since === null ? none : html`<div><dt>${t.inBreachSince}</dt><dd>${timeTag(since, clock, { seconds: true })} (<span data-since="${since}">${span(clock.now - since)}</span>)</dd></div>`}
${row.watermark > 0 ? html`<div><dt>${t.watermark}</dt><dd>${timeTag(row.watermark, clock, { seconds: true })}</dd></div>` : none}`;
}

function clears(context: PageContext, row: TriggerRow, { summary: { clear, overMs } }: OneTrigger): Markup {
  const t = TRIGGER_WORDS[context.lang];
  const window = overMs === null ? none : html`<div><dt>${t.window}</dt><dd>${formatDuration(overMs, context.lang)}</dd></div>`;
  if (clear === null) return window;
  const limits = [
    ...(clear.below === undefined ? [] : [`${t.clears} ${valueText(clear.below, row.kind, context)}`]),
    ...(clear.above === undefined ? [] : [`${t.clearsAbove} ${valueText(clear.above, row.kind, context)}`]),
  ];
  return html`${window}<div><dt>${t.clearLine}</dt><dd>${limits.join(' · ')}</dd></div>`;
}

/** What must be known before the figures are believed. */
function warnings(context: PageContext, row: TriggerRow, { summary }: OneTrigger): Markup {
  const { clock, lang } = context;
  const t = TRIGGER_WORDS[lang];
  const isLate =
    summary.oldAfterMs !== null && summary.lastEvaluatedAt !== null && clock.now - summary.lastEvaluatedAt > summary.oldAfterMs;
  return html`${row.unknown ? html`<p class="bad" role="note">${icon('question')} <b>${t.noDataSince} ${timeTag(row.watermark, clock, { seconds: true })}.</b> ${t.noDataWhat}</p>` : none}
${row.warming && !row.unknown ? html`<p role="note">${icon('half')} ${t.warming}</p>` : none}
${isLate && !row.unknown ? html`<p class="bad" role="note">${icon('warn')} ${t.lateWhat}</p>` : none}
${row.silencedUntil === null ? none : html`<p role="note">${silencedText(context, row.silencedUntil)}</p>`}`;
}

function plotPanel(context: PageContext, { series }: TriggerData): Markup {
  const t = TRIGGER_WORDS[context.lang];
  return html`<section class="panel" id="history" data-region aria-labelledby="history-title"><h2 id="history-title">${t.plot}</h2>${series === null ? html`<p class="muted">${t.noPlot}</p>` : plotFigure(context, series, { id: 'plot' })}</section>`;
}

function whyPanel(context: PageContext, { explanation, system }: TriggerData): Markup {
  if (explanation === null) return none;
  const { lang, clock } = context;
  const nameOf = (scope: string): string => organizationName(system, scope);
  const lines = explanationLines(explanation, { lang, zone: clock.zone, nameOf });
  return html`<section class="panel" id="why-panel" data-region aria-labelledby="why-title"><h2 id="why-title">${TRIGGER_WORDS[lang].why}</h2><ul class="why-lines">${lines.map((line) => html`<li>${joinedUnits(line)}</li>`)}</ul></section>`;
}
