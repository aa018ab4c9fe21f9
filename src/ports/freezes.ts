// Freezes of scopes: few, durable, seen by every process.
import type { ScopeFreeze } from '../domain/scope-freeze.ts';

export interface Freezes {
  list(): Promise<readonly ScopeFreeze[]>;
  /** Durable when it resolves; false: the scope is frozen already, and stays as it is. */
  set(freeze: ScopeFreeze): Promise<boolean>;
  /** Only the freeze that was made at `at`; false: there is none of that instant any more. */
  lift(scope: string, at: number): Promise<boolean>;
}
