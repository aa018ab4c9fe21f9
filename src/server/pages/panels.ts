// The panels beside the steps: signal, decision, checks, messages, temporary measures, evidence.
import { deliveryStateWord, guardText } from '../../domain/event-text.ts';
import { EVIDENCE_OF_THE_LOG } from '../../domain/evidence-ids.ts';
import type { GuardVerdict } from '../../domain/guardrail.ts';
import type { IncidentView } from '../../domain/incident-view.ts';
import type { SignalView } from '../../domain/incident-view-signal.ts';
import type { CheckView } from '../../domain/incident-view-steps.ts';
import { mayOverrideText } from '../../domain/text/override-texts.ts';
import { type Icon, icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { span, timeTag } from '../times.ts';
import { TRIGGER_WORDS } from '../trigger-words.ts';
import type { TriggerSeries } from '../triggers.ts';
import { hidden, type PageContext } from './layout.ts';
import { plotFigure } from './plot-figure.ts';
import { clip } from './steps-panel.ts';
import { cardPath } from './triggers-page.ts';
import { call, figure, valueText } from './values.ts';

function panel(id: string, title: string, body: Markup): Markup {
  return html`<section class="panel" id="${id}" data-region aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${body}</section>`;
}

export function signalPanel(context: PageContext, { signal }: IncidentView, series: TriggerSeries | null): Markup {
  const { w, clock } = context;
  if (signal === null) return none;
  const value = signal.value === null ? '–' : figure(signal.value, signal.unit, context);
  const scope = signal.scope === '' ? none : html` · ${signal.scopeName}`;
  return panel(
    'signal',
    w.signal,
    html`<p class="muted">${signal.trigger}${scope}</p>
${signal.unknown ? html`<p class="bad">${icon('question')} ${w.unknownSignal}</p>` : none}
<p class="reading is-${signal.status}"><span class="reading-value">${value}</span> ${limitText(context, signal)}</p>
${bar(signal)}
${series === null ? none : plotFigure(context, series, { id: 'plot', small: true })}
<p><a href="${cardPath(signal)}">${TRIGGER_WORDS[context.lang].details}</a></p>
<dl class="facts">
<div><dt>${w.counted}</dt><dd>${signal.bad} ${w.bad} ${signal.all}${signal.overMs === null ? none : html` ${w.within} ${span(signal.overMs)}`}</dd></div>
<div><dt>${w.evidenceLevel}</dt><dd>${{ none: w.levelNone, suspect: w.levelSuspect, act: w.levelAct }[signal.level]}</dd></div>
${signal.since === null ? none : html`<div><dt>${w.since}</dt><dd>${timeTag(signal.since, clock, { seconds: true })}</dd></div>`}
${atBreach(context, signal)}
<div><dt>${w.lastLook}</dt><dd><span data-since="${signal.lastEvaluatedAt}">${span(clock.now - signal.lastEvaluatedAt)}</span> ${w.ago}</dd></div>
</dl>
${signal.scopes.length < 2 ? none : html`<ul class="scopes">${signal.scopes.slice(0, 12).map((one) => html`<li class="is-${one.status}">${icon(one.status === 'breached' ? 'warn' : one.status === 'suspect' ? 'question' : 'check')} ${one.scope === '' ? w.everything : one.name} <b>${one.value === null ? '–' : figure(one.value, signal.unit, context)}</b></li>`)}</ul>`}`,
  );
}

function limitText(context: PageContext, { limit, unit }: SignalView): Markup {
  if (limit === null) return none;
  const value = 'above' in limit ? limit.above : limit.below;
  return html`<span class="limit">${context.w.limit} ${'above' in limit ? '≤' : '≥'} ${figure(value, unit, context)}</span>`;
}

/** Value against limit on one scale: the same fact as the text, for the eye. */
function bar({ value, limit }: SignalView): Markup {
  if (value === null || limit === null) return none;
  const at = 'above' in limit ? limit.above : limit.below;
  const top = Math.max(value, at) * 1.25 || 1;
  const x = (v: number): string => ((v / top) * 200).toFixed(1);
  const over = 'above' in limit ? value > at : value < at;
  return html`<svg class="gauge ${over ? 'is-over' : 'is-under'}" viewBox="0 0 200 14" preserveAspectRatio="none" aria-hidden="true"><rect class="track" x="0" y="4" width="200" height="6" rx="3"/><rect class="fill" x="0" y="4" width="${x(value)}" height="6" rx="3"/><rect class="mark" x="${x(at)}" y="0" width="2" height="14"/></svg>`;
}

function atBreach(context: PageContext, { atBreach: one, unit }: SignalView): Markup {
  if (one === null) return none;
  const { w, lang } = context;
  const chance = one.pValue === null ? none : html` · ${w.pValue}: ${chanceText(one.pValue, w.oneIn, lang)}`;
  return html`<div><dt>${w.atBreach}</dt><dd>${one.value === null ? '–' : figure(one.value, unit, context)} (${one.bad} ${w.bad} ${one.all})${chance}</dd></div>`;
}

/** `1 in 24,000`: read faster at night than 4.1e-5. */
function chanceText(p: number, oneIn: string, lang: PageContext['lang']): string {
  const number = new Intl.NumberFormat(lang, { maximumSignificantDigits: 2, notation: p < 1e-9 ? 'compact' : 'standard' });
  if (p <= 0) return `< ${oneIn} ${number.format(1e12)}`;
  return p > 0.1 ? new Intl.NumberFormat(lang, { style: 'percent' }).format(p) : `${oneIn} ${number.format(1 / p)}`;
}

export function decisionPanel(context: PageContext, { decision }: IncidentView): Markup {
  if (decision === null) return none;
  const { w, lang, clock } = context;
  const choice = { act: w.decisionAct, ask: w.decisionAsk, refuse: w.decisionRefuse }[decision.choice] ?? decision.choice;
  return panel(
    'decision',
    w.decision,
    html`<p><b>${choice}</b> <span class="muted">${w.decidedBy} ${decision.by}, ${timeTag(decision.at, clock, { seconds: true })}</span></p>
${decision.reason === '' ? none : html`<p>${decision.reason}</p>`}
${guardList(context, decision.guards, 'decision-guards', lang, decision.choice === 'refuse' ? decision.runbook : undefined)}`,
  );
}

const GUARD_ICON: Readonly<Record<string, Icon>> = { pass: 'check', fail: 'cross', inconclusive: 'question', 'not-applicable': 'minus' };

export function guardList(
  context: PageContext,
  guards: NonNullable<IncidentView['decision']>['guards'],
  id: string,
  lang: PageContext['lang'],
  /** Where what stops it may be overridden by starting it anew. */
  runbook?: string,
): Markup {
  if (guards.length === 0) return none;
  const mayOverride = (one: GuardVerdict): Markup => {
    const text = runbook === undefined ? '' : mayOverrideText({ runbook }, one, lang);
    return text === '' ? none : html`<small>${text}</small>`;
  };
  const rows = guards.map(
    (one) =>
      html`<li class="is-${one.answer}">${icon(GUARD_ICON[one.answer] ?? 'question')} <span>${clip(guardText(one, lang), 240)}${mayOverride(one)}</span></li>`,
  );
  return html`<details id="${id}"><summary>${context.w.guards}</summary><ul class="marks">${rows}</ul></details>`;
}

const CHECK_ICON: Readonly<Record<CheckView['result'], Icon>> = { pass: 'check', fail: 'cross', inconclusive: 'question' };

export function checksPanel(context: PageContext, { checks }: IncidentView): Markup {
  const { w, clock } = context;
  if (checks.length === 0) return none;
  const words = { pass: w.passed, fail: w.failed, inconclusive: w.inconclusive };
  return panel(
    'checks',
    w.checks,
    html`<ul class="marks">${checks.map(
      (one) =>
        html`<li class="is-${one.result}">${icon(CHECK_ICON[one.result])} <div>${call(one.probe, one.with)} <p>${w.expected} <code>${one.expect}</code>: <b>${words[one.result]}</b> <span class="muted">${one.passed}/${one.asked} · ${timeTag(one.at, clock, { seconds: true })}${one.reason === '' ? none : html` · ${one.reason}`}</span></p><p class="muted">${valuesText(one)}</p></div></li>`,
    )}</ul>`,
  );
}

function valuesText({ values }: CheckView): string {
  return clip(
    Object.entries(values)
      .map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(4)) : valueText(value)}`)
      .join(', '),
    160,
  );
}

const MESSAGE_ICON: Readonly<Record<string, Icon>> = {
  planned: 'ring',
  sending: 'half',
  sent: 'check',
  delivered: 'check',
  ambiguous: 'question',
  failed: 'cross',
  suppressed: 'minus',
  superseded: 'skip',
};

export function messagesPanel(context: PageContext, { messages }: IncidentView): Markup {
  const { w, lang, clock } = context;
  const rows = messages.map(
    (one) =>
      html`<li class="is-${one.state}">${icon(MESSAGE_ICON[one.state] ?? 'question')} <div><b>${one.template}</b> → ${one.to} <span class="muted">${one.audience} · ${one.channel} · ${one.lang}</span><p>${deliveryStateWord(one.state, lang)}${one.resent ? html` · ${w.resent}` : none} <span class="muted">${timeTag(one.plannedAt, clock)}${one.reason === null ? none : html` · ${one.reason}`}</span></p></div></li>`,
  );
  return panel(
    'messages',
    w.messages,
    rows.length === 0 ? html`<p class="muted">${w.noMessages}</p>` : html`<ul class="marks">${rows}</ul>`,
  );
}

export function contingenciesPanel(context: PageContext, { contingencies }: IncidentView): Markup {
  if (contingencies.length === 0) return none;
  const { w, clock } = context;
  const rows = contingencies.map(
    (one) =>
      html`<li class="is-${!one.open ? 'done' : clock.now >= one.expiresAt ? 'fail' : 'suspect'}">${icon(one.open ? 'half' : 'check')} <div><code class="call"><b>${one.action}</b></code> ${one.scope}<p class="muted">${w.owner} ${one.owner}${one.undo === undefined ? none : html` · ${w.undo} ${call(one.undo.do, one.undo.with)}`} · ${one.closedAt === undefined ? html`${w.until} ${timeTag(one.expiresAt, clock)}` : html`${w.ended} ${timeTag(one.closedAt, clock)}`}</p></div></li>`,
  );
  return panel('contingencies', w.contingencies, html`<ul class="marks">${rows}</ul>`);
}

export function evidencePanel(context: PageContext, view: IncidentView): Markup {
  const { w } = context;
  const have = view.evidence.filter((one) => one.have).length;
  const rows = view.evidence.map(
    (one) =>
      html`<li class="${one.have ? 'is-done' : 'is-missing'}">${icon(one.have ? 'check' : 'ring')} <span>${one.id}${one.have ? none : html` <b>${w.missing}</b>`}</span></li>`,
  );
  return panel(
    'evidence',
    `${w.evidence} ${have}/${view.evidence.length}`,
    html`<ul class="marks tight">${rows}</ul>${keepForm(context, view)}<p><a href="/v1/incidents/${encodeURIComponent(view.id)}/evidence">${w.download}</a></p>`,
  );
}

/** Only of what people can give: the log tells the rest by itself. */
function keepForm(context: PageContext, view: IncidentView): Markup {
  const { w } = context;
  const missing = view.evidence.filter((one) => !one.have && !EVIDENCE_OF_THE_LOG.includes(one.id));
  if (missing.length === 0 || ['closed', 'cancelled', 'merged'].includes(view.headline.phase)) return none;
  const options = missing.map(({ id }) => html`<option value="${id}">${id}</option>`);
  return html`<details id="keep"><summary>${w.keepEvidence}</summary><form method="post" action="/incidents/${encodeURIComponent(view.id)}/evidence">${hidden(context)}
<label for="keep-which">${w.keptEvidence}</label><select id="keep-which" name="evidence">${options}</select>
<label for="keep-text">${w.keptText}</label><textarea id="keep-text" name="text" rows="4" maxlength="65536" required></textarea><button class="button primary">${w.save}</button></form></details>`;
}
