// An action of `do`: the three verbs of the step protocol over whatever port really carries it.
import type { ActionSpec } from '../domain/catalog.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Built, CompareAndSet, Moot, OnItsWay, PlanNote } from '../domain/plan.ts';

export interface Observation {
  /** What is there now, for people: small, masked. */
  readonly current: Json;
  /** What the arguments ask for, for people. */
  readonly desired: Json;
  /** Compare-and-set token of what is there now. */
  readonly fingerprint: string;
  /** True: the world already is as the arguments ask. */
  readonly reached: boolean;
  /** Of an action that is done only by what is new afterwards, such as a restart: what there is now, to be told apart from it. */
  readonly mark?: string;
  /** It is as wanted because there was nothing to do: what was looked for in vain, and where. */
  readonly moot?: Moot;
  /** The target has given up on the last change, or taken it back: why. Waiting for it is of no use. */
  readonly gaveUp?: string;
}

export interface ActOrder {
  readonly expected: string;
  readonly key: string;
  readonly reason: string;
  readonly isUndo?: true;
}

export interface Action {
  readonly spec: ActionSpec;
  /** How a foreign change between observing and acting is kept out. @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID */
  compareAndSet(args: JsonObject): CompareAndSet;
  /** Name of what is touched, for the journal (`target:web`). */
  target(args: JsonObject): string;
  /**
   * Reads only. `since`: the mark that was seen before the act, where the action gives marks; without it, it is not done yet.
   * @throws BelayError with effect none.
   */
  observe(args: JsonObject, o?: { readonly since?: string }): Promise<Observation>;
  /**
   * Changes the world toward the explicit target, only if it still is as `expected`. `isUndo`: it takes back what the same run did.
   * @throws BELAY_TARGET_CONFLICT (effect none); any other BelayError with its effect.
   */
  act(args: JsonObject, o: ActOrder): Promise<void>;
  /** What people should know of this target before they say yes. Of what never changes: it is part of what is approved. */
  notes?(args: JsonObject): readonly PlanNote[];
  /** What somebody has begun there and not ended, and what must become of it first (rule R11); null: nothing. @throws as `observe` */
  onItsWay?(args: JsonObject): Promise<OnItsWay | null>;
  /** What it puts live, where its arguments name no target. @throws as `observe` */
  builds?(args: JsonObject): Promise<readonly Built[]>;
  /** Why these arguments can never work (release not restorable, unknown switch), or null. Asked when planning; `step`: for which step. */
  impossible(args: JsonObject, o?: { readonly step?: string }): Promise<string | null>;
  /** When this target last changed and to what, for guards G2 and G7; null when unknown. */
  lastChange(args: JsonObject): Promise<{ readonly at: number; readonly from: string | null; readonly to: string } | null>;
}
