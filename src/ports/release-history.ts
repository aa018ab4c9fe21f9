// Which release of a target was live when, as Belay has seen it, and what the smoke test after each deploy said.
import type { SmokeProof } from '../domain/deploy-policy.ts';
import type { Instant } from '../domain/json.ts';
import type { ReleaseSpan } from '../domain/release-history.ts';
import type { Surroundings } from '../domain/surroundings.ts';

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
  /** What a smoke test said; a second word about the same deploy (release and `since`) replaces the first. Durable when it resolves. */
  prove(target: string, proof: SmokeProof): Promise<void>;
  /** By the time of the deploy, oldest first. */
  proofs(target: string): Promise<readonly SmokeProof[]>;
  /** What surrounds the release that is live: the last word counts. Durable when it resolves. */
  keep(target: string, release: string, seen: Surroundings): Promise<void>;
  /** Null: nothing was ever kept of it. */
  surroundings(target: string, release: string): Promise<Surroundings | null>;
}
