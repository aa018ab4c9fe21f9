// What is known of a condition before the run: what its inputs and its organization decide is decided; what hangs on answers of steps or on
// the time is not. It reads no clock.
import { conditionNames } from '../domain/condition-names.ts';
import type { Runbook } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { organizationNamed } from '../domain/system.ts';
import type { World } from './world.ts';

/** Names whose values come with the run. */
const LATER = /\b(?:steps|now)\b/;

/** False: the step will be skipped. Null: nobody can tell yet. */
export function knownBefore(
  { system, expression }: Pick<World, 'system' | 'expression'>,
  { runbook, inputs }: { readonly runbook: Runbook; readonly inputs: JsonObject },
  source: string,
): boolean | null {
  if (LATER.test(source)) return null;
  const org = organizationNamed(system.organizations, inputs['org']);
  const values = { ...inputs, inputs, ...(org === undefined ? {} : { org: org as unknown as Json }) };
  const said = expression.evaluate(source, conditionNames(runbook, Object.keys(org ?? {})), values);
  return said.ok && typeof said.value === 'boolean' ? said.value : null;
}
