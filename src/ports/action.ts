// An action of `do`: the three verbs of the step protocol over whatever port really carries it.
import type { ActionSpec } from '../domain/catalog.ts';
import type { Json, JsonObject } from '../domain/json.ts';

export interface Observation {
  /** What is there now, for people: small, masked. */
  readonly current: Json;
  /** What the arguments ask for, for people. */
  readonly desired: Json;
  /** Compare-and-set token of what is there now. */
  readonly fingerprint: string;
  /** True: the world already is as the arguments ask. */
  readonly reached: boolean;
}

export interface Action {
  readonly spec: ActionSpec;
  /** Name of what is touched, for the journal (`target:web`). */
  target(args: JsonObject): string;
  /** Reads only. @throws BelayError with effect none. */
  observe(args: JsonObject): Promise<Observation>;
  /**
   * Changes the world toward the explicit target, only if it still is as `expected`.
   * @throws BELAY_TARGET_CONFLICT (effect none); any other BelayError with its effect.
   */
  act(args: JsonObject, o: { readonly expected: string; readonly key: string; readonly reason: string }): Promise<void>;
  /** Why these arguments can never work (release not restorable, unknown switch), or null. Asked when planning. */
  impossible(args: JsonObject): Promise<string | null>;
  /** When this target last changed and to what, for guards G2 and G7; null when unknown. */
  lastChange(args: JsonObject): Promise<{ readonly at: number; readonly from: string | null; readonly to: string } | null>;
}
