// A read-only probe of checks and guards.
import type { ProbeSpec } from '../domain/catalog.ts';
import type { Instant, JsonObject } from '../domain/json.ts';

export type ProbeResult =
  /** `interval` is present when `value` is sampled: `expect` is then judged at value, lower and upper. */
  | {
      readonly known: true;
      readonly values: JsonObject;
      readonly interval?: { readonly lower: number; readonly upper: number };
      /** What was seen, for `collect` to keep: bounded and masked. Checks do not look at it. */
      readonly seen?: JsonObject;
    }
  /** `absent`: it is not configured, and the check says that it need not be. */
  | { readonly known: false; readonly why: string; readonly absent?: true };

export interface Probe {
  readonly spec: ProbeSpec;
  /** Of a probe whose values depend on its arguments; else they are those of `spec`. */
  resultOf?(args: JsonObject): ProbeSpec['result'];
  /** Never throws for what the world does: trouble is `known: false`. `since` bounds windows of watches. */
  measure(args: JsonObject, o?: { readonly since?: Instant }): Promise<ProbeResult>;
}
