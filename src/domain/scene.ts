// Scenes: what happens to a trigger, and how it must stand when. Values only; reading them is config's business, playing them flows'.

export interface Traffic {
  /** Events a minute; null where a value or results of probes are told instead. */
  readonly perMinute: number | null;
  /** Share of them that is bad: an error, slower than the limit. */
  readonly bad: number;
  /** For mean and gauge in the signal's unit, for age in seconds. */
  readonly value: number | null;
  /** Probe points that fail, of so many. */
  readonly fails: { readonly failing: number; readonly points: number } | null;
}

/** From this time on. `who` null: every organization. */
export type SceneRow =
  | { readonly atMs: number; readonly what: 'traffic'; readonly who: string | null; readonly traffic: Traffic }
  | { readonly atMs: number; readonly what: 'belay'; readonly up: boolean }
  /** `aheadMs`: by how much its clock is off; behind is negative. */
  | { readonly atMs: number; readonly what: 'source'; readonly is: 'speaks' | 'silent' | 'dead'; readonly aheadMs: number };

/** Something that is not traffic: from its time on it is so. */
export type SceneEvent =
  | { readonly what: 'deploy'; readonly target: string; readonly release: string; readonly wayBack: boolean }
  | { readonly what: 'set'; readonly switch: string; readonly value: string; readonly who: string | null }
  | { readonly what: 'rollback'; readonly target: string; readonly from: string; readonly to: string; readonly who: string | null }
  /** How another trigger stands; `isWell` null: it cannot tell. */
  | { readonly what: 'trigger'; readonly trigger: string; readonly isWell: boolean | null }
  | { readonly what: 'silence'; readonly who: string | null; readonly forMs: number }
  | { readonly what: 'pause'; readonly on: boolean }
  /** The answer of a guard that the runbook itself asks; null: it cannot tell. */
  /** Of an integration, an intake, a freeze, or one's own. `of`: one of its arguments; null: whatever they are. */
  | { readonly what: 'action'; readonly action: string; readonly of: string | null; readonly state: 'done' | 'undone' | 'unknown' }
  | { readonly what: 'guard'; readonly guard: string; readonly passes: boolean | null }
  | { readonly what: 'users'; readonly hit: number; readonly active: number };

/** A negative time lies before the beginning. */
export type SceneMark = SceneEvent & { readonly atMs: number };

/** What Belay would decide. Null where anything will do. */
export type ExpectedDecision =
  | { readonly choice: 'nothing' }
  | { readonly choice: 'act'; readonly change: { readonly kind: 'target' | 'switch'; readonly id: string; readonly to: string } | null }
  /** Among what it does is this; `of`: one of its arguments. */
  | { readonly choice: 'act'; readonly does: { readonly action: string; readonly of: string | null } }
  | { readonly choice: 'ask' | 'refuse'; readonly because: { readonly guard: string; readonly reason: string | null } | null };

export interface DecisionExpectation {
  readonly atMs: number;
  /** Null: every organization. */
  readonly who: string | null;
  readonly decision: ExpectedDecision;
  /** As it was written. */
  readonly written: string;
  readonly line: number;
  readonly column: number;
}

/** In place of a guard, where nobody has written a runbook for it. */
export const NO_RUNBOOK = 'no runbook';

export const EXPECTED = ['ok', 'suspect', 'asked', 'breached', 'cleared', 'quiet', 'unknown'] as const;
export type Expected = (typeof EXPECTED)[number];

export interface Expectation {
  readonly atMs: number;
  /** Null: every organization. */
  readonly who: string | null;
  readonly state: Expected;
  /** Where it stands in its file. */
  readonly line: number;
  readonly column: number;
}

export interface Scene {
  readonly name: string;
  readonly trigger: string;
  readonly file: string;
  readonly line: number;
  readonly organizations: readonly string[];
  readonly rows: readonly SceneRow[];
  readonly marks: readonly SceneMark[];
  readonly expect: readonly Expectation[];
  readonly decide: readonly DecisionExpectation[];
  /** What must not happen at any time of it. */
  readonly never: readonly ('acts' | 'asks')[];
  readonly endMs: number;
}
