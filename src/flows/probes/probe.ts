// What every probe shares: its place in the catalog, and that a world which says no is an unknown value.
import { assert } from '../../domain/assert.ts';
import { PROBES } from '../../domain/catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import { keepable } from '../../domain/storable.ts';
import { parseDuration } from '../../domain/units.ts';
import type { Probe, ProbeResult } from '../../ports/probe.ts';
import { named, textOf } from '../actions/arguments.ts';

type Measure = Probe['measure'];

export function probeOf(name: string, measure: Measure): Probe {
  const spec = PROBES[name];
  assert(spec !== undefined, `${name} is not in the catalog`);
  return {
    spec,
    measure: async (args, o) => {
      try {
        return kept(await measure(args, o));
      } catch (error) {
        if (BelayError.is(error)) return kept(unknown(error.message));
        throw error;
      }
    },
  };
}

/** What strangers wrote, as it can be kept. */
function kept(result: ProbeResult): ProbeResult {
  if (!result.known) return { ...result, why: keepable(result.why) as string };
  const values = keepable(result.values) as JsonObject;
  return { ...result, values, ...(result.seen === undefined ? {} : { seen: keepable(result.seen) as JsonObject }) };
}

export const unknown = (why: string): ProbeResult => ({ known: false, why });

/** Nobody configured it, and the check says that nobody has to: it counts neither for nor against. */
export const notConfigured = (what: string): ProbeResult => ({ known: false, why: `${what} is not configured`, absent: true });

/** Of a thing that belay.yaml may leave out: null where it does and the check is `optional`. @throws BELAY_NOT_FOUND */
export function ifConfigured<T>(things: Readonly<Record<string, T>>, what: string, id: string, args: JsonObject): T | null {
  return args['optional'] === true && !Object.hasOwn(things, id) ? null : named(things, what, id);
}

/** Undefined stays undefined; anything but a number of the kind is a sentence. @throws BELAY_INPUT_INVALID */
export function countOf(args: JsonObject, name: string, least: number): number | undefined {
  const value = args[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value;
  throw new BelayError('BELAY_INPUT_INVALID', `${name} must be a number of at least ${least}, not ${JSON.stringify(value)}`);
}

/** Milliseconds: a duration as people write it, or a number of them. @throws BELAY_INPUT_INVALID */
export function durationOf(args: JsonObject, name: string): number | undefined {
  const value = args[name];
  if (typeof value !== 'string') return countOf(args, name, 1);
  const parsed = parseDuration(value);
  if (parsed.ok && parsed.value > 0) return parsed.value;
  throw new BelayError('BELAY_INPUT_INVALID', `${name}: ${parsed.ok ? 'it must be longer than nothing' : parsed.why}`);
}

/** @throws BELAY_INPUT_INVALID */
export const optionalText = (args: JsonObject, name: string): string | undefined =>
  args[name] === undefined ? undefined : textOf(args, name);
