// Where refused requests outlive a restart. What is kept, and how much of it, is decided by domain/refusal.ts.
import type { Refusal } from '../domain/refusal.ts';

export interface RefusalLog {
  /** Of every source, newest first; empty where nothing was kept or it cannot be read. */
  load(): Promise<readonly Refusal[]>;
  /** Replaces what is kept of all sources, whole or not at all. */
  save(all: readonly Refusal[]): Promise<void>;
}
