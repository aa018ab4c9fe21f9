// Statements whose rows the server does not report, or that take away more than rows: where a number of rows is promised, they cannot be held
// to it. It reads trees and asks nothing.
import type { Json } from './json.ts';
import { nodeOf, objectOf, partsIn, textOf } from './sql-tree.ts';

export interface Uncounted {
  readonly what: string;
  /** What to write instead. */
  readonly instead: string;
}

const ALONE = 'a file of its own without "rows"';
const PLAIN: Readonly<Record<string, Uncounted>> = {
  TruncateStmt: { what: 'TRUNCATE', instead: 'DELETE FROM' },
  DoStmt: { what: 'DO', instead: 'its INSERT, UPDATE and DELETE themselves' },
  CallStmt: { what: 'CALL', instead: 'the INSERT, UPDATE and DELETE of the procedure themselves' },
  CopyStmt: { what: 'COPY', instead: 'INSERT INTO … VALUES' },
};
const CHANGING: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

/** The first one; null where every changed row is counted but for those of triggers and functions. */
export function uncountedIn(statements: readonly Json[]): Uncounted | null {
  for (const statement of statements) {
    const found = uncounted(statement);
    if (found !== null) return found;
  }
  return null;
}

function uncounted(statement: Json): Uncounted | null {
  const { kind, node } = nodeOf(statement);
  if (Object.hasOwn(PLAIN, kind)) return PLAIN[kind] ?? null;
  if (kind.startsWith('Drop')) return { what: 'DROP', instead: ALONE };
  for (const [key, part] of partsIn(node)) {
    // In a WITH, and below EXPLAIN, PREPARE and CREATE TABLE … AS.
    if (CHANGING.has(key)) return { what: `${WORD[key] ?? key} inside of another statement`, instead: 'one statement after the other' };
    if (key === 'AlterTableCmd' && textOf(objectOf(part)['subtype']) === 'AT_DropColumn')
      return { what: 'ALTER TABLE … DROP COLUMN', instead: ALONE };
  }
  return null;
}

const WORD: Readonly<Record<string, string>> = { InsertStmt: 'INSERT', UpdateStmt: 'UPDATE', DeleteStmt: 'DELETE', MergeStmt: 'MERGE' };

/** A sentence without its end. */
export const uncountedText = (name: string, { what, instead }: Uncounted): string =>
  `${name} may change a number of rows alone ("rows"), and those of ${what} are not counted: write ${instead} instead`;
