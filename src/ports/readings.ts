// What detection knows now, for metric probes, guards and screens.
import type { Instant } from '../domain/json.ts';
import type { TriggerView } from '../domain/trigger.ts';

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

export interface Readings {
  /** `overMs` defaults to the trigger's own window; `since` cuts the window's start (a watch must not see what was before it). */
  read(q: { readonly trigger: string; readonly scope: string; readonly overMs?: number; readonly since?: Instant }): Promise<MetricReading>;
  /** One view a scope that has ever been seen. */
  views(trigger?: string): Promise<readonly TriggerView[]>;
  /** A person's report for a manual trigger; durable when it resolves. @throws BELAY_NOT_FOUND, BELAY_FORBIDDEN */
  report(o: {
    readonly trigger: string;
    readonly scope: string;
    readonly by: string;
    readonly roles: readonly string[];
    readonly text: string;
  }): Promise<void>;
  /** Watermark age and event-loop lag, for guard G8. */
  health(): Promise<{ readonly watermarkAgeMs: number; readonly lagMs: number; readonly deadSources: readonly string[] }>;
}
