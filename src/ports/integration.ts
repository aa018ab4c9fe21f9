// A service of others as runbooks see it: things that can be done there, each looked at before and after, and what its probes tell.
import type { JsonObject } from '../domain/json.ts';
import type { Observation } from './action.ts';

/** One thing that can be done, by the protocol of `do`. Nothing there compares by itself: it is looked at again right before the act. */
export interface Deed {
  /** What of the service is touched, for the journal: one word (`workflow/812`). Asks nobody. @throws BELAY_INPUT_INVALID */
  place(args: JsonObject): string;
  /** Reads only, and by effect: a flag alone is not believed. @throws BelayError with effect none */
  observe(args: JsonObject): Promise<Observation>;
  /** @throws BELAY_TARGET_CONFLICT (effect none) when it is not as `expected`; any other BelayError with its effect */
  act(args: JsonObject, o: { readonly expected: string; readonly key: string }): Promise<void>;
  /** Why these arguments can never work, or null. */
  impossible(args: JsonObject): Promise<string | null>;
}

export interface Integration {
  readonly driver: string;
  /** By the whole name of the action: `n8n.activate`. */
  readonly deeds: Readonly<Record<string, Deed>>;
  /** By the whole name of the probe: its values, as the catalog types them. @throws BelayError when it cannot be told */
  readonly probes: Readonly<Record<string, (args: JsonObject) => Promise<JsonObject>>>;
}
