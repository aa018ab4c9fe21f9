// What a change of a database means for a way back: can the code of before run on it, and can it be undone? The words of that judgement
// and how the worst of two is taken. It reads no SQL.

/** Can code from before the change run after it? */
export type Compat = 'ok' | 'maybe' | 'breaks';
/** `loses-new`: what was written since goes; `gone`: what was there before is already lost, or may be. */
export type Undo = 'lossless' | 'loses-new' | 'gone';
/** What everybody else waits for meanwhile. */
export type LockHazard = 'blocks-writes' | 'scans-table' | 'rewrites-table';

/** A kind of statement; each has its words in both languages. */
export type SqlFamily =
  | 'create-table'
  | 'create-object'
  | 'insert'
  | 'add-column'
  | 'add-column-required'
  | 'drop-column'
  | 'drop-table'
  | 'drop-data'
  | 'drop-code'
  | 'drop-index'
  | 'rename'
  | 'change-type'
  | 'set-not-null'
  | 'drop-not-null'
  | 'add-constraint'
  | 'drop-constraint'
  | 'set-default'
  | 'drop-default'
  | 'row-security'
  | 'policy'
  | 'create-index'
  | 'create-unique-index'
  | 'change-rows'
  | 'enum-add'
  | 'enum-rename'
  | 'grant'
  | 'revoke'
  | 'create-trigger'
  | 'create-code'
  | 'replace-code'
  | 'opaque'
  | 'harmless'
  | 'unclassified'
  | 'unreadable';

export interface Finding {
  readonly family: SqlFamily;
  readonly compat: Compat;
  readonly undo: Undo;
  readonly lock?: LockHazard;
  /** `orders.note`, where it names one. */
  readonly object?: string;
}

/** Something that goes with all that is in it. */
export interface Dropped {
  readonly schema?: string;
  readonly table: string;
  readonly column?: string;
}

export interface Judgement {
  readonly compat: Compat;
  readonly undo: Undo;
  readonly findings: readonly Finding[];
  /** Columns and tables that were there before, and go. */
  readonly drops: readonly Dropped[];
}

const COMPAT: readonly Compat[] = ['ok', 'maybe', 'breaks'];
const UNDO: readonly Undo[] = ['lossless', 'loses-new', 'gone'];

export const worstCompat = (all: readonly Compat[]): Compat => COMPAT[Math.max(0, ...all.map((one) => COMPAT.indexOf(one)))] ?? 'breaks';
export const worstUndo = (all: readonly Undo[]): Undo => UNDO[Math.max(0, ...all.map((one) => UNDO.indexOf(one)))] ?? 'gone';

/** Of what cannot be read: the worst. */
export const UNREADABLE: Judgement = {
  compat: 'maybe',
  undo: 'gone',
  findings: [{ family: 'unreadable', compat: 'maybe', undo: 'gone' }],
  drops: [],
};
