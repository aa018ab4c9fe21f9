// What the conditions of a runbook (`when`, `pre`, `until`, `by`) may name, with types: one list for the checker and the evaluation,
// so that what type-checks at lint is evaluated with the same types.
import type { ExprType } from './catalog.ts';
import type { AnswerType, InputType, Runbook } from './ir.ts';
import { localId, ownSteps } from './ir.ts';

const INPUTS: Readonly<Record<InputType, ExprType>> = {
  string: 'string',
  int: 'int',
  bool: 'bool',
  duration: 'int',
  time: 'time',
  org: 'string',
  release: 'string',
  backup: 'string',
  component: 'string',
};
const ANSWERS: Readonly<Record<AnswerType, ExprType>> = {
  text: 'string',
  int: 'int',
  number: 'double',
  bool: 'bool',
  time: 'time',
  url: 'string',
};

/** A step's id as expressions write it: `-` is subtraction there. */
export function expressionId(id: string): string {
  return id.replaceAll('-', '_');
}

/** `orgFields` are what every organization has beside `id` and `name`; without an `org` input there is no organization. */
export function conditionNames(
  runbook: Pick<Runbook, 'inputs' | 'phases'>,
  orgFields: readonly string[] = [],
): Readonly<Record<string, ExprType>> {
  const inputs = Object.fromEntries(Object.entries(runbook.inputs).map(([name, spec]) => [name, INPUTS[spec.type]]));
  const perOrg = runbook.inputs['org']?.type === 'org';
  const org = Object.fromEntries(['id', 'name', 'lang', 'zone', ...orgFields].map((field) => [field, 'string'] as const));
  return { ...inputs, inputs, ...(perOrg ? { org } : {}), steps: stepNames(runbook), now: 'time' };
}

function stepNames(runbook: Pick<Runbook, 'phases'>): Readonly<Record<string, ExprType>> {
  const steps: Record<string, ExprType> = {};
  for (const step of ownSteps(runbook)) {
    const out = outputs(step);
    if (out !== null) steps[expressionId(localId(step.id))] = { out };
  }
  return steps;
}

function outputs(step: ReturnType<typeof ownSteps>[number]): Readonly<Record<string, ExprType>> | null {
  if (step.kind === 'choose') return { choice: 'string' };
  if (step.kind === 'run') return { code: 'int', text: 'string' };
  if (step.kind !== 'manual' || Object.keys(step.answers).length === 0) return null;
  return Object.fromEntries(Object.entries(step.answers).map(([name, answer]) => [name, ANSWERS[answer.type]]));
}
