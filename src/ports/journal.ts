// The fsynced journal outside Postgres: the truth about acts when everything else is lost.
import type { JournalDraft, JournalLine } from '../domain/journal.ts';

export interface Journal {
  /**
   * On disk (fdatasync) when it resolves.
   * @throws BELAY_AUDIT_UNAVAILABLE when it cannot be written (disk full, permission): then no act may follow.
   */
  append(line: JournalDraft): Promise<JournalLine>;
  /** Lines of one act, oldest first. */
  ofKey(key: string): Promise<readonly JournalLine[]>;
  /** All lines, oldest first. @throws BELAY_JOURNAL_TAMPERED when a line in the middle does not verify. */
  all(): Promise<readonly JournalLine[]>;
  head(): Promise<{ readonly seq: number; readonly hash: string }>;
}
