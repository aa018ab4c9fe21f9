// A file in which something secret is kept for later: encrypted before it leaves the process, and nowhere that anybody would publish.
import type { Json } from '../domain/json.ts';

export interface KeptFile {
  /** For people. */
  readonly path: string;
  /** Null: there is none. @throws BELAY_TARGET_UNREACHABLE (effect none) when it cannot be read, or opened with the key */
  read(): Promise<Json | null>;
  /**
   * The whole file, durable when it resolves. What was kept before stays beside it, under the name of `before`, if that is given.
   * @throws BELAY_GUARD_REFUSED (effect none) where it would be published; BELAY_TARGET_UNREACHABLE, BELAY_DISK_FULL
   */
  write(value: Json, o: { readonly before: string | null }): Promise<void>;
  /** Why it may not lie there or cannot be opened, or null. Writes nothing. */
  impossible(): Promise<string | null>;
}
