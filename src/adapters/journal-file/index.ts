// The journal outside Postgres as files on this host.
export type { JournalFile, JournalReader } from './journal.ts';
export { openJournalFile, readJournalFile } from './journal.ts';
