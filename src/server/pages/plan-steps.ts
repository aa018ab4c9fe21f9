// The steps of a plan with their resolved arguments, and what could not be known: for whoever decides on it. It decides nothing.
import type { Plan, PlanStep } from '../../domain/plan.ts';
import { plannedEachText } from '../../domain/text/each-texts.ts';
import { planEffectText, planRemarks, planWhenText } from '../../domain/text/plan-notes.ts';
import { planReasonText } from '../../domain/text/plan-reasons.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import type { PageContext } from './layout.ts';
import { undoOf } from './next-action.ts';
import { call, change } from './values.ts';

/** `state`: where a step stands that has begun. */
export function planList(context: PageContext, plan: Plan, state: (step: string) => string | undefined): Markup {
  const { w } = context;
  const mark = (id: string): Markup => (state(id) === 'skipped' ? icon('skip') : done(id) ? icon('check') : none);
  const done = (id: string): boolean => ['done', 'noop', 'skipped'].includes(state(id) ?? '');
  return html`<h2>${w.planSteps}</h2><ol class="plan">${plan.steps.map((step) => html`<li class="${step.action === undefined ? 'is-plain' : 'is-act'}${done(step.id) ? ' is-done' : ''}">${mark(step.id)}<b>${step.title}</b> <span class="muted">${step.kind}${step.who === undefined ? none : html` · ${step.who}`}</span>${whetherOf(step, context)}${step.action === undefined ? none : planFacts(context, step)}${step.each === undefined ? none : html`<p class="each">${plannedEachText(step.each, context.lang)}</p>`}</li>`)}</ol>`;
}

function whetherOf(step: PlanStep, { lang }: PageContext): Markup {
  const text = planWhenText(step, lang);
  return text === null ? none : html`<p class="muted">${text}</p>`;
}

function planFacts(context: PageContext, step: PlanStep): Markup {
  const { w } = context;
  const word = { noop: w.effectNoop, change: w.effectChange, unknown: w.effectUnknown, none: '' }[step.effect];
  const effect = planEffectText(step, word, context.lang);
  return html`<dl class="facts"><div><dt>${w.willRun}</dt><dd>${call(step.action ?? '', step.args ?? {})} ${change(step.current ?? null, step.desired ?? null)} <span class="muted">${effect}</span></dd></div>
<div><dt>${w.undo}</dt><dd>${undoOf(context, { undo: step.undo ?? null, irreversible: step.irreversible ?? null, action: step.action ?? null })}</dd></div></dl>${planRemarks(step, context.lang).map((remark) => html`<p class="bad">${icon('question')} ${remark}</p>`)}`;
}

export function unknowns({ w, lang }: PageContext, plan: Plan): Markup {
  if (plan.unknowns.length === 0) return none;
  return html`<h2>${w.unknowns}</h2><ul class="marks">${plan.unknowns.map((one) => html`<li class="is-inconclusive">${icon('question')} <span>${titleOf(plan, one.step)}: ${planReasonText(one.why, lang)}</span></li>`)}</ul>`;
}

/** People read titles; an id says little of a step. */
const titleOf = (plan: Plan, id: string): string => plan.steps.find((step) => step.id === id)?.title ?? id;
