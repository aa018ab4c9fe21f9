// What detection knows now, for metric probes, guards and screens.
import type { Instant } from '../domain/json.ts';
import type { SignalSeries } from '../domain/series.ts';
import type { TriggerStatus, TriggerView } from '../domain/trigger.ts';

export interface MetricReading {
  /** False: no data, stale data, or the window is not covered; the check is then inconclusive, with `why`. */
  readonly known: boolean;
  readonly why: string;
  readonly value: number;
  /** 95 % interval. */
  readonly lower: number;
  readonly upper: number;
  readonly bad: number;
  readonly all: number;
  readonly growing: boolean;
  readonly watermark: Instant;
}

/** What a person's word has come to. */
export interface Reported {
  readonly status: TriggerStatus;
  /** Who said so within the time that a word counts, the caller among them. */
  readonly people: readonly string[];
  readonly withinMs: number;
  /** Their word is enough to act on. */
  readonly enough: boolean;
}

export interface Readings {
  /** `overMs` defaults to the trigger's own window; `since` cuts the window's start (a watch must not see what was before it). */
  read(q: { readonly trigger: string; readonly scope: string; readonly overMs?: number; readonly since?: Instant }): Promise<MetricReading>;
  /** One view a scope that has ever been seen. */
  views(trigger?: string): Promise<readonly TriggerView[]>;
  /** What was counted lately, for screens. Null: the trigger keeps no counts, or its scope was never seen. */
  series(q: {
    readonly trigger: string;
    readonly scope: string;
    readonly from?: Instant | undefined;
    readonly to?: Instant | undefined;
  }): Promise<SignalSeries | null>;
  /** A person's report for a manual trigger, or that something measured hurts; durable when it resolves. @throws BELAY_NOT_FOUND, BELAY_FORBIDDEN */
  report(o: {
    readonly trigger: string;
    readonly scope: string;
    readonly by: string;
    readonly roles: readonly string[];
    readonly text: string;
  }): Promise<Reported>;
  /**
   * Different users within the window of a trigger, for guard G6: of one organization, or (null) of all. Undefined: no signals count them;
   * null: they do, and cannot tell now.
   */
  users(q: {
    readonly trigger: string;
    readonly scope: string | null;
  }): Promise<{ readonly affected: number; readonly active: number } | null | undefined>;
  /** Names and labels that each source told since the start, a few of each: for whoever writes a selector. */
  told(): Promise<readonly ToldNames[]>;
  /** Watermark age and event-loop lag, for guard G8: of these sources, or of all where none of them is known. */
  health(of?: { readonly sources: readonly string[] }): Promise<{
    readonly watermarkAgeMs: number;
    readonly lagMs: number;
    readonly deadSources: readonly string[];
    /** Sources with more series than are told apart: the rest counts as `(other)`, which may ask and never acts. */
    readonly crowdedSources?: readonly string[];
    /** When senders last said that they had left something out, by source; those that never did are not named. */
    readonly truncatedAt?: Readonly<Record<string, Instant>>;
    /** Beside the counting; absent: none. */
    readonly troubles?: readonly DetectionTrouble[];
  }>;
}

export interface ToldNames {
  readonly source: string;
  /** False: there are more names than these. */
  readonly isAll: boolean;
  readonly names: readonly {
    readonly name: string;
    /** False: there are more label sets of it than these. */
    readonly isAll: boolean;
    readonly labels: readonly Readonly<Record<string, string>>[];
  }[];
}

/** `clock`: what was counted lay in the future and was taken back. `upkeep`: old counts cannot be put together or forgotten now. */
export interface DetectionTrouble {
  readonly kind: 'clock' | 'upkeep';
  /** Since then, or when it was found. */
  readonly at: Instant;
  readonly why: string;
}
