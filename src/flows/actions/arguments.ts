// Reads the arguments of actions and probes. What the catalog demands has been checked when the runbook was compiled; a reference may
// still have brought something else at run time, and that is a sentence, not a crash.

import { assert } from '../../domain/assert.ts';
import { ACTIONS, type ActionSpec } from '../../domain/catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';

export function specOf(name: string): ActionSpec {
  const spec = ACTIONS[name];
  assert(spec !== undefined, `${name} is not in the catalog`);
  return spec;
}

/** @throws BELAY_INPUT_INVALID */
export function textOf(args: JsonObject, name: string): string {
  const value = args[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new BelayError('BELAY_INPUT_INVALID', `${name} is ${value === undefined ? 'missing' : `not a text: ${JSON.stringify(value)}`}`, {
    hint: `Give ${name} in \`with\`.`,
  });
}

/** @throws BELAY_NOT_FOUND */
export function named<T>(things: Readonly<Record<string, T>>, what: string, id: string): T {
  const thing = Object.hasOwn(things, id) ? things[id] : undefined;
  if (thing !== undefined) return thing;
  throw new BelayError('BELAY_NOT_FOUND', `there is no ${what} ${id}`, {
    hint: `Known: ${Object.keys(things).join(', ') || 'none'}. They stand in belay.yaml.`,
  });
}
