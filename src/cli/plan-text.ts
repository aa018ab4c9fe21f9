// A plan as text: each step with what would run, from what to what, what is not known, and the hash that stands for all of it.
import { guardText } from '../domain/event-text.ts';
import type { Plan, PlanStep } from '../domain/plan.ts';
import { isLossy, type Safety } from '../domain/rollback-safety.ts';
import type { Lang } from '../domain/system.ts';
import { proofText } from '../domain/text/certificate-texts.ts';
import { plannedEachText } from '../domain/text/each-texts.ts';
import { mayOverrideText } from '../domain/text/override-texts.ts';
import { planLocksTitle, planLockText } from '../domain/text/plan-locks.ts';
import { planEffectText, planRemarks, planWhenText } from '../domain/text/plan-notes.ts';
import { planReasonText } from '../domain/text/plan-reasons.ts';
import { safetyLines, safetyTitle, verdictText } from '../domain/text/safety-texts.ts';
import { spanText, timeBudgetText, timeBudgetTitle } from '../domain/text/time-budgets.ts';
import type { Look } from './output.ts';
import { cut, pad, wrap } from './text-layout.ts';
import { argsText, callText, shortHash, valueText } from './value-text.ts';
import { wordsOf } from './words.ts';

export function planText(plan: Plan, page: Look & { readonly lang: Lang }): string {
  const words = wordsOf(page.lang);
  const { colour, width } = page;
  const inputs = Object.keys(plan.inputs).length === 0 ? '' : `  ${words.inputs}: ${argsText(plan.inputs)}`;
  const head = [
    `${words.planOf} ${colour.bold(`${plan.runbook} ${plan.version}`)}  ${colour.cyan(shortHash(plan.planHash))}${inputs}`,
    colour.dim(plan.planHash),
  ];
  const digits = String(plan.steps.length).length;
  const steps = plan.steps.flatMap((step, at) => stepLines(step, `${at + 1}`.padStart(digits), page));
  const guards = plan.guards.flatMap((guard) => {
    const who = mayOverrideText(plan, guard, page.lang);
    return [
      ...wrap(guardText(guard, page.lang), width - 4).map(
        (line, at) => `${at === 0 ? `  ${guardMark(guard.answer, page)} ` : '    '}${line}`,
      ),
      ...(who === '' ? [] : wrap(who, width - 4).map((line) => `    ${line}`)),
    ];
  });
  const block = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? '' : `${colour.bold(title)}\n${lines.join('\n')}`;
  const safety = plan.safety === undefined ? '' : block(safetyTitle(page.lang), safetyText(plan, plan.safety, page));
  const unknowns = plan.unknowns.flatMap((one) =>
    wrap(`${one.step}: ${planReasonText(one.why, page.lang)}`, width - 4).map(
      (line, at) => `${at === 0 ? `  ${colour.yellow(page.marks.unknown)} ` : '    '}${line}`,
    ),
  );
  const times = (plan.budgets ?? []).flatMap((budget) => {
    const mark = {
      fits: colour.green(page.marks.done),
      tight: colour.yellow(page.marks.unknown),
      over: colour.red(page.marks.failed),
      open: ' ',
    }[budget.fit];
    return wrap(timeBudgetText(budget, page.lang), width - 4).map((line, at) => `${at === 0 ? `  ${mark} ` : '    '}${line}`);
  });
  const locks = (plan.locks ?? []).flatMap((lock) => {
    const mark = lock.heldBy === null ? ' ' : colour.yellow(page.marks.unknown);
    return wrap(planLockText(lock, page.lang), width - 4).map((line, at) => `${at === 0 ? `  ${mark} ` : '    '}${line}`);
  });
  return [
    head.join('\n'),
    block(words.steps, steps),
    block(planLocksTitle(page.lang).toUpperCase(), locks),
    block(timeBudgetTitle(page.lang).toUpperCase(), times),
    safety,
    block(words.guards, guards),
    block(words.unknowns, unknowns),
  ]
    .filter((one) => one !== '')
    .join('\n\n');
}

function safetyText(plan: Plan, safety: Safety, { colour, width, marks, lang }: Look & { readonly lang: Lang }): readonly string[] {
  const paint = isLossy(safety.verdict) ? colour.red : colour.green;
  const head = `  ${paint(isLossy(safety.verdict) ? marks.failed : marks.done)} ${colour.bold(safety.verdict)}: ${verdictText(safety.verdict, lang)}`;
  const lines = [...safetyLines(safety, lang, plan.losses ?? []), ...(plan.proofs ?? []).map((one) => proofText(one, lang))];
  return [head, ...lines.flatMap((line) => wrap(line, width - 6).map((one) => `      ${one}`))];
}

function guardMark(answer: string, { colour, marks }: Look): string {
  if (answer === 'pass') return colour.green(marks.done);
  return answer === 'fail' ? colour.red(marks.failed) : colour.yellow(marks.unknown);
}

function stepLines(step: PlanStep, number: string, page: Look & { readonly lang: Lang }): readonly string[] {
  const { colour, marks, width } = page;
  const words = wordsOf(page.lang);
  const word = { noop: words.effectNoop, change: words.effectChange, unknown: words.effectUnknown, none: '' }[step.effect];
  const effect = planEffectText(step, word, page.lang);
  const paint = step.effect === 'change' ? colour.bold : step.effect === 'unknown' ? colour.yellow : colour.dim;
  const right = step.action === undefined ? (step.runbook === undefined ? step.kind : `${step.kind} ${step.runbook}`) : effect;
  const line =
    `  ${number}  ${pad(cut(step.title, width - 8 - right.length), Math.min(48, width - 8 - right.length))}  ${paint(right)}`.trimEnd();
  const indent = ' '.repeat(4 + number.length);
  const whether = planWhenText(step, page.lang);
  const when = whether === null ? [] : wrap(whether, width - indent.length).map((one) => `${indent}${one}`);
  const takes =
    step.takesMs === undefined
      ? []
      : [colour.dim(`${indent}${words.takes} ${spanText(step.takesLeastMs ?? step.takesMs, step.takesMs, page.lang)}`)];
  if (step.action === undefined) {
    const said = step.each === undefined ? [] : wrap(plannedEachText(step.each, page.lang), width - indent.length);
    return [line, ...when, ...takes, ...said.map((one) => `${indent}${one}`)];
  }
  const from =
    step.current === undefined && step.desired === undefined
      ? ''
      : `   ${valueText(step.current) || words.unknown} ${marks.arrow} ${valueText(step.desired) || words.unknown}`;
  const undo =
    step.undo === undefined
      ? step.irreversible === undefined
        ? ''
        : `${words.irreversible}: ${step.irreversible}`
      : `${words.undo}: ${callText(step.undo.action, step.undo.args)}`;
  return [
    line,
    ...when,
    ...wrap(`${callText(step.action, step.args ?? {})}${from}`.trimEnd(), width - indent.length).map((one) => `${indent}${one}`),
    ...planRemarks(step, page.lang).flatMap((remark) =>
      wrap(`! ${remark}`, width - indent.length).map((one) => colour.yellow(`${indent}${one}`)),
    ),
    ...takes,
    ...(undo === '' ? [] : wrap(undo, width - indent.length).map((one) => colour.dim(`${indent}${one}`))),
  ];
}
