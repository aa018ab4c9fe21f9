// Conditions of steps (`when`, `pre`, `until`, `by`): expressions over inputs, the organization, earlier outputs and the time.
import type { Json, JsonObject } from '../domain/json.ts';
import type { ExprType } from '../ports/expression.ts';
import type { Run, Visit } from './run.ts';
import { partName } from './run.ts';

export interface ConditionAnswer {
  readonly value: Json;
  /** Why there is no value; empty when there is one. */
  readonly why: string;
}

/** Evaluated once and remembered: a replay sees the same answer. */
export async function evaluateCondition(visit: Visit, part: string, source: string): Promise<ConditionAnswer> {
  const { run } = visit;
  return (await run.context.step(partName(visit, part), async () => evaluateNow(run, source))) as unknown as ConditionAnswer;
}

/** Inside a step only: it reads the clock. */
export function evaluateNow(run: Run, source: string): JsonObject {
  const values = conditionValues(run);
  const evaluation = run.world.expression.evaluate(source, typesOf(values), values);
  return evaluation.ok ? { value: evaluation.value, why: '' } : { value: null, why: evaluation.why };
}

function conditionValues(run: Run): Record<string, Json> {
  const org = run.world.system.organizations.find((one) => one.id === run.inputs['org']);
  const steps = Object.fromEntries(Object.entries(run.outputs).map(([id, out]) => [id, { out }]));
  return { ...run.inputs, inputs: run.inputs, ...(org === undefined ? {} : { org: org as unknown as Json }), steps, now: run.world.time.now() };
}

/** Values are typed by what they are: the compiler has checked the names and types already. */
function typesOf(values: Readonly<Record<string, Json>>): Record<string, ExprType> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, name === 'now' ? 'time' : typeOf(value)]));
}

function typeOf(value: Json): ExprType {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'double';
  if (typeof value === 'string') return 'string';
  if (Array.isArray(value)) return 'list';
  if (value === null) return 'any';
  return Object.fromEntries(Object.entries(value as JsonObject).map(([key, inner]) => [key, typeOf(inner)]));
}
