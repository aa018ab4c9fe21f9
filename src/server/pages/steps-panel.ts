// The steps: where each stands, in document order, each with its why, arguments and what it found.
import { formatDuration, stepStatusWord } from '../../domain/event-text.ts';
import type { EachView } from '../../domain/fan-out.ts';
import type { IncidentView } from '../../domain/incident-view.ts';
import type { StepView } from '../../domain/incident-view-steps.ts';
import type { JsonObject } from '../../domain/json.ts';
import { eachProgressText, overOf } from '../../domain/text/each-texts.ts';
import { mootAside } from '../../domain/text/moot-texts.ts';
import { type Icon, icon } from '../icons.ts';
import { html, type Markup, none, type Part } from '../markup.ts';
import { span, timeTag } from '../times.ts';
import type { PageContext } from './layout.ts';
import { call, valueText } from './values.ts';

const ICONS: Readonly<Record<StepView['status'], Icon>> = {
  pending: 'ring',
  'not-reached': 'minus',
  running: 'dot',
  waiting: 'person',
  done: 'check',
  noop: 'check',
  failed: 'cross',
  skipped: 'skip',
  unknown: 'question',
  undone: 'back',
};

export function stepsPanel(context: PageContext, view: IncidentView): Markup {
  if (view.steps.length === 0) return none;
  const phases = [...new Set(view.steps.map((step) => step.phase))];
  return html`<section class="panel" id="steps" data-region aria-labelledby="steps-title"><h2 id="steps-title">${context.w.steps}</h2>
${phases.map((phase) => html`${phase === '' ? none : html`<h3>${phase}</h3>`}<ol class="steps">${view.steps.filter((step) => step.phase === phase).map((step) => row(context, step))}</ol>`)}
</section>`;
}

function row(context: PageContext, step: StepView): Markup {
  const active = step.status === 'running' || step.status === 'waiting' || step.status === 'failed' || step.status === 'unknown';
  return html`<li class="step is-${step.status}" id="step-${step.id}"${active ? html` data-active` : none}>
<details id="step-more-${step.id}"${active ? html` open` : none}><summary><span class="mark">${icon(ICONS[step.status])}</span><span class="title">${step.title}</span><span class="status">${status(context, step)}</span></summary>
<div class="more">
${step.text === '' ? none : html`<p class="why">${step.text}</p>`}
${step.action === null ? none : html`<p>${call(step.action, step.args)}</p>`}
${step.each === null ? none : eachBar(context, step.each)}
${factsOf(context, step)}
</div></details></li>`;
}

/** How far a fan-out is, and who failed first. */
function eachBar({ lang }: PageContext, each: EachView): Markup {
  const failures = each.failures.map(({ org, reason }) => html`<li><b>${org}</b> ${clip(reason)}</li>`);
  return html`<p class="each"><progress max="${each.total}" value="${overOf(each)}"></progress> ${eachProgressText(each, lang)}</p>
${failures.length === 0 ? none : html`<ul class="each-failures">${failures}</ul>`}`;
}

function status(context: PageContext, step: StepView): Markup {
  const { w, lang, clock } = context;
  const word =
    step.status === 'pending' ? w.stepPending : step.status === 'not-reached' ? w.stepNotReached : stepStatusWord(step.status, lang);
  const over = ['done', 'noop', 'failed', 'undone'].includes(step.status);
  const took =
    over && step.startedAt !== null && step.endedAt !== null ? html` · ${formatDuration(step.endedAt - step.startedAt, lang)}` : none;
  const running =
    step.status === 'running' && step.startedAt !== null
      ? html` · <span data-since="${step.startedAt}">${span(clock.now - step.startedAt)}</span>`
      : none;
  const attempt = step.attempt > 1 ? html` · ${w.attempt} ${step.attempt}${step.maxAttempts > 1 ? `/${step.maxAttempts}` : ''}` : none;
  return html`${word}${mootAside(step.detail, lang)}${attempt}${took}${running}`;
}

function factsOf(context: PageContext, step: StepView): Markup {
  const { w, clock } = context;
  const rows: [string, Part][] = [];
  if (step.who !== null) rows.push([w.who, step.who]);
  if (step.startedAt !== null) rows.push([w.since, timeTag(step.startedAt, clock, { seconds: true })]);
  if (step.timesOutAt !== null) rows.push([w.timesOut, timeTag(step.timesOutAt, clock, { seconds: true })]);
  rows.push(...details(step.detail));
  if (rows.length === 0) return none;
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** What the step recorded, as it is: small values in a line, larger ones cut with their JSON. */
function details(detail: JsonObject): [string, Part][] {
  return Object.entries(detail)
    .filter(([name, value]) => name !== 'moot' && value !== null && value !== '')
    .slice(0, 12)
    .map(([name, value]) => [name, clip(valueText(value))]);
}

export function clip(text: string, max = 400): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}
