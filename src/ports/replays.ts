// Replays of triggers beside the server: in a process of their own, so that the evaluation of production never waits for one.
import type { Instant } from '../domain/json.ts';
import type { ReplayReport } from '../domain/replay-report.ts';
import type { System } from '../domain/system.ts';
import type { TriggerRule } from '../domain/trigger.ts';

export interface ReplayOrder {
  /** As far as a replay needs it: `replaySystem` leaves out the rest. */
  readonly system: System;
  readonly trigger: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly org: string | null;
  /** Another rule of the same trigger, to be replayed beside the one of the system. */
  readonly tried: TriggerRule | null;
}

export interface ReplayReports {
  readonly written: ReplayReport;
  readonly tried: ReplayReport | null;
}

export type ReplayEnd =
  | { readonly how: 'done'; readonly reports: ReplayReports }
  | { readonly how: 'stopped' }
  /** It was ended after `mostMs`. */
  | { readonly how: 'late'; readonly mostMs: number }
  /** It wanted more memory than it may have. */
  | { readonly how: 'memory'; readonly mostMb: number }
  | { readonly how: 'failed'; readonly why: string };

export interface RunningReplay {
  /** Never rejects. Nothing of the replay runs any more when it resolves. */
  readonly ended: Promise<ReplayEnd>;
  /** At once; may be called again. */
  stop(): void;
}

/** Whoever starts several runs them beside one another: that is the caller's choice. */
export interface Replays {
  /** A replay longer than this is ended. */
  readonly mostMs: number;
  /** @param onProgress of the whole, from 0 to 1 */
  start(order: ReplayOrder, onProgress: (share: number) => void): RunningReplay;
}
