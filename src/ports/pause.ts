// The pause switch. It is read right before each act and must answer when the store is down.
import type { Instant } from '../domain/json.ts';

export interface PauseState {
  readonly paused: boolean;
  /** Where it is set: any one pauses, all must be clear to resume. */
  readonly by: readonly { readonly where: 'file' | 'store'; readonly who: string; readonly reason: string; readonly at: Instant }[];
}

export interface PauseSwitch {
  /** A place that cannot be read counts as paused when it is the file, and is left out when it is the store. */
  read(): Promise<PauseState>;
  /** Durable when it resolves. Succeeds when at least the file could be written. */
  pause(who: string, reason: string): Promise<void>;
  /** Clears every place. @throws BELAY_STORE_UNAVAILABLE when one could not be cleared: then it stays paused. */
  resume(who: string): Promise<void>;
}
