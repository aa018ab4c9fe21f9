// Silences, kept over restarts. What one covers is the business of domain/silence.ts.
import type { Instant } from '../domain/json.ts';
import type { Silence, SilenceDraft } from '../domain/silence.ts';

export interface SilenceStore {
  /**
   * Durable when it resolves. Idempotent by `key`: asked again, it answers the silence that was made first.
   * @throws BELAY_STORE_UNAVAILABLE; asking again with the same key is safe.
   */
  add(draft: SilenceDraft, key: string): Promise<Silence>;
  /** Durable when it resolves. One that is over stays as it is; null when there is none with this id. @throws BELAY_STORE_UNAVAILABLE */
  end(id: string, o: { readonly by: string; readonly at: Instant }): Promise<Silence | null>;
  /** Those that end after the instant, also the ones that have not begun; in the order in which they were made. */
  list(filter: { readonly endingAfter: Instant }): Promise<readonly Silence[]>;
}
