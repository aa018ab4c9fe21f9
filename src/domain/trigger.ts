// Triggers: the rule as the user wrote it, the state it is in, and what a change of state says.
import type { Instant, JsonObject } from './json.ts';
import type { ScopeKey } from './signal.ts';

/** What a breach is measured against, instead of a fixed limit. */
export interface Comparison {
  /** The other organizations in the same window, or the same scope in the time right before the window. */
  readonly with: 'others' | { readonly beforeMs: number };
  /** Beyond so many times the baseline. */
  readonly times: number;
  /** Bad events (events, for a rate) that must have been seen. */
  readonly least: number;
}

/** Signals of different users: those who are hit, and those who use it at all (guard G6). */
export interface UserSignals {
  readonly affected: string;
  readonly active: string;
}

export interface TriggerRule {
  readonly id: string;
  readonly signal: string;
  readonly scope: 'org' | 'all';
  /** `above` is a fraction for ratio, per minute for rate, the signal's own unit otherwise. Absent for manual. */
  readonly breach?: {
    readonly above?: number;
    readonly below?: number;
    readonly overMs: number;
    readonly stillMs: number;
    readonly forMs: number;
    /** Then `above` and `below` are absent. */
    readonly vs?: Comparison;
  };
  readonly clear?: { readonly below?: number; readonly above?: number; readonly forMs: number };
  readonly evidence: { readonly suspect: number; readonly act: number };
  readonly gap: 'hold' | 'count' | 'reset';
  readonly mode: 'shadow' | 'armed';
  /** Earlier than the window alone would, by a running sum against what is usual for a scope. */
  readonly detector?: 'cusum';
  /** Belay's own: over the clocks of the sources. It is not written in belay.yaml, and never acts. */
  readonly builtIn?: 'clock';
  /** Instead of those of the system. */
  readonly users?: UserSignals;
  readonly impact?: { readonly who: string; readonly ask: string };
  /** Milliseconds during which a new crossing re-opens the same episode; default = over. */
  readonly rearmMs: number;
}

export type TriggerStatus = 'ok' | 'suspect' | 'breached' | 'cleared';
export type EvidenceLevel = 'none' | 'suspect' | 'act';

/** Everything the decision was taken from, frozen at the transition. */
export interface FrozenInputs {
  readonly value: number | null;
  readonly bad: number;
  readonly all: number;
  readonly above: number | null;
  readonly overMs: number;
  readonly level: EvidenceLevel;
  /** Probability of seeing this much by chance at the threshold; null where the kind has no such test. */
  readonly pValue: number | null;
  readonly alpha: { readonly suspect: number; readonly act: number };
  readonly watermark: Instant;
  readonly sources: readonly string[];
  readonly unknown: boolean;
  readonly warming: boolean;
  /** What it was compared with, where it was. */
  readonly baseline?: { readonly bad: number; readonly all: number };
  /** A running sum says so before the window does: the share that is usual. */
  readonly early?: { readonly usual: number };
}

export interface Transition {
  readonly trigger: string;
  readonly scope: ScopeKey;
  readonly episode: string;
  readonly from: TriggerStatus;
  readonly to: TriggerStatus;
  /** Event time of the change. */
  readonly at: Instant;
  /** Event time of the first crossing of the rule in this episode. */
  readonly since: Instant;
  /** When Belay learned it. */
  readonly observedAt: Instant;
  /** A suspect whose hold is over: people are told. */
  readonly announced: boolean;
  readonly inputs: FrozenInputs;
  /** For `cleared`: the upper 95 % bound that the clean traffic has proven. */
  readonly provenBelow?: number;
  /** For manual signals: who reported what. */
  readonly report?: JsonObject;
  /** A silence held it back to this instant: people learned of it only then, and what counts from the detection counts from there. */
  readonly heldUntil?: Instant;
}

/** People are told of such a change: a breach, or a suspicion whose hold is over. */
export const isTold = ({ to, announced }: Pick<Transition, 'to' | 'announced'>): boolean =>
  to === 'breached' || (to === 'suspect' && announced);

/** What a screen or a guard may know of one (trigger, scope) now. */
export interface TriggerView {
  readonly trigger: string;
  readonly scope: ScopeKey;
  readonly status: TriggerStatus;
  readonly announced: boolean;
  readonly unknown: boolean;
  readonly warming: boolean;
  readonly episode: string | null;
  readonly since: Instant | null;
  readonly value: number | null;
  readonly bad: number;
  readonly all: number;
  readonly level: EvidenceLevel;
  /** L: the rule as written, without its evidence. */
  readonly overLimit: boolean;
  readonly early?: { readonly usual: number };
  /** Where the rule compares: with what; null while there is nothing, as for a scope that is new. */
  readonly baseline?: { readonly bad: number; readonly all: number } | null;
  readonly watermark: Instant;
  readonly lastEvaluatedAt: Instant;
  /** Since when its signal has been counted; absent where nothing is: people, and triggers over triggers. */
  readonly measuredSince?: Instant;
}
