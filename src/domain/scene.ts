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
  | { readonly atMs: number; readonly what: 'source'; readonly up: boolean };

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
  readonly expect: readonly Expectation[];
  /** What must not happen at any time of it. */
  readonly never: readonly ('acts' | 'asks')[];
  readonly endMs: number;
}
