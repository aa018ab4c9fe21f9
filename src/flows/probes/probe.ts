// What every probe shares: its place in the catalog, and that a world which says no is an unknown value.
import { assert } from '../../domain/assert.ts';
import { PROBES } from '../../domain/catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Probe, ProbeResult } from '../../ports/probe.ts';

type Measure = Probe['measure'];

export function probeOf(name: string, measure: Measure): Probe {
  const spec = PROBES[name];
  assert(spec !== undefined, `${name} is not in the catalog`);
  return {
    spec,
    measure: async (args, o) => {
      try {
        return await measure(args, o);
      } catch (error) {
        if (BelayError.is(error)) return unknown(error.message);
        throw error;
      }
    },
  };
}

export const unknown = (why: string): ProbeResult => ({ known: false, why });

/** Undefined stays undefined; anything but a number of the kind is a sentence. @throws BELAY_INPUT_INVALID */
export function countOf(args: JsonObject, name: string, least: number): number | undefined {
  const value = args[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value;
  throw new BelayError('BELAY_INPUT_INVALID', `${name} must be a number of at least ${least}, not ${JSON.stringify(value)}`);
}
