// Conditions of steps (`when`, `pre`, `until`, `by`): expressions over inputs, the organization, earlier outputs and the time.

import { conditionNames } from '../domain/condition-names.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Organization } from '../domain/system.ts';
import { organizationNamed } from '../domain/system.ts';
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

/** Inside a step only: it reads the clock. Names and types are those that the compiler has checked. */
export function evaluateNow(run: Run, source: string): JsonObject {
  const org = organizationNamed(run.world.system.organizations, run.inputs['org']);
  const names = conditionNames(run.runbook, Object.keys(org ?? {}));
  const evaluation = run.world.expression.evaluate(source, names, conditionValues(run, org));
  return evaluation.ok ? { value: evaluation.value, why: '' } : { value: null, why: evaluation.why };
}

function conditionValues(run: Run, org: Organization | undefined): Record<string, Json> {
  const steps = Object.fromEntries(Object.entries(run.outputs).map(([id, out]) => [id, { out }]));
  return {
    ...run.inputs,
    inputs: run.inputs,
    ...(org === undefined ? {} : { org: org as unknown as Json }),
    steps,
    now: run.world.time.now(),
  };
}
