// A store of objects, looked at: what is newest under a prefix. Nothing is read out of an object, and nothing written.
import type { Instant } from '../domain/json.ts';

export interface ObjectSeen {
  readonly key: string;
  readonly bytes: number;
  readonly at: Instant;
}

export interface Bucket {
  /** @throws BELAY_TARGET_UNREACHABLE, BELAY_TIMEOUT, BELAY_PROCESS_FAILED */
  newest(prefix: string): Promise<{ readonly objects: number; readonly newest: ObjectSeen | null }>;
}
