// Which release of a target was live when, as Belay has seen it.
import type { Instant } from '../domain/json.ts';
import type { ReleaseSpan } from '../domain/release-history.ts';

export interface ReleaseLook {
  readonly at: Instant;
  readonly changedAt: Instant;
}

export interface ReleaseHistory {
  /**
   * What a look at the target found live at `at`, since `changedAt` by the target's own word. The same as before makes its
   * span longer, and after a gap begins another one; a look that comes late changes nothing. Durable when it resolves.
   */
  note(target: string, release: string, look: ReleaseLook): Promise<void>;
  /** Oldest first. */
  spans(target: string): Promise<readonly ReleaseSpan[]>;
}
