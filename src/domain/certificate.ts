// Certificates of ways back: what was seen when one was gone on a copy of production, and whether that says anything of the way that is planned now.
// Only the very same migrations, word for word, on the same major version of Postgres are proof. It asks nobody.
import type { Instant } from './json.ts';
import type { Dropped } from './sql-judgement.ts';

/** From the best to the worst. `unproved`: the way was gone, and not all of it could be compared. */
export const OUTCOMES = ['lossless', 'unproved', 'differs', 'lossy', 'fails'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A table, a column, an index…, and its definition as the server writes it. */
export interface SchemaObject {
  /** `index public.contact_nick`. */
  readonly object: string;
  readonly definition: string;
}

export interface SchemaDifference {
  readonly object: string;
  readonly how: 'extra' | 'missing' | 'other';
}

/**
 * `gone`: values of a column or rows of a table that is no more; `rows`: rows of a table that stays; `added`: rows that nobody wrote; `changed`: at
 * most so many values are others; `empty`: it comes back without what was in it.
 */
export interface LostOnCopy {
  readonly object: string;
  readonly how: 'gone' | 'rows' | 'added' | 'changed' | 'empty';
  readonly count: number;
}

/** Of the data, before against after. */
export interface Comparison {
  readonly tables: number;
  readonly rows: number;
  readonly lost: readonly LostOnCopy[];
  /** What is no more, with or without values in it. */
  readonly dropped: readonly Dropped[];
  /** Tables that are too large: a part of their rows was compared. */
  readonly sampled: readonly string[];
  /** Tables that were not compared, and why. */
  readonly unchecked: readonly { readonly table: string; readonly why: string }[];
}

export interface CertifiedMigration {
  readonly id: string;
  /** Of its text, there and back. */
  readonly hash: string;
}

export interface Certificate {
  readonly id: string;
  readonly database: string;
  readonly at: Instant;
  readonly by: string;
  /** The release whose files took back. */
  readonly from: string;
  /** What was typed: a release, or a migration that stays. */
  readonly to: string;
  /** The newest migration that stays; null: none does. */
  readonly stays: string | null;
  /** That were taken back, newest first. */
  readonly migrations: readonly CertifiedMigration[];
  /** Major version. */
  readonly postgres: number;
  readonly copiedAt: Instant | null;
  readonly outcome: Outcome;
  /** What went wrong, without values of the database. */
  readonly said?: string;
  readonly comparison: Comparison | null;
  readonly schema: {
    /** By what the schema afterwards was judged: the migrations of the release alone, or going up again; null: it could not be. */
    readonly by: 'release' | 'round-trip' | null;
    readonly differs: readonly SchemaDifference[];
  };
  /** Of the way back alone, and of all of it. */
  readonly downMs: number;
  readonly tookMs: number;
}

export function outcomeOf({ said, comparison, schema }: Pick<Certificate, 'said' | 'comparison' | 'schema'>): Outcome {
  if (said !== undefined || comparison === null) return 'fails';
  if (comparison.lost.length > 0) return 'lossy';
  if (schema.differs.length > 0) return 'differs';
  // Where there are no rows none can be lost.
  return schema.by === null || comparison.unchecked.length > 0 || comparison.rows === 0 ? 'unproved' : 'lossless';
}

/** What `now` has otherwise than `expected`. */
export function schemaDifferences(now: readonly SchemaObject[], expected: readonly SchemaObject[]): readonly SchemaDifference[] {
  const [here, there] = [now, expected].map((all) => new Map(all.map((one) => [one.object, one.definition] as const)));
  const objects = [...new Set([...now, ...expected].map((one) => one.object))].toSorted();
  return objects.flatMap((object): readonly SchemaDifference[] => {
    const [mine, theirs] = [here?.get(object), there?.get(object)];
    if (mine === theirs) return [];
    return [{ object, how: mine === undefined ? 'missing' : theirs === undefined ? 'extra' : 'other' }];
  });
}

/** Without what was otherwise before as well: somebody's index that no migration knows is not the doing of the way back. */
export function withoutDrift(differences: readonly SchemaDifference[], drift: readonly SchemaDifference[]): readonly SchemaDifference[] {
  const known = new Set(drift.map((one) => `${one.how} ${one.object}`));
  return differences.filter((one) => !known.has(`${one.how} ${one.object}`));
}

export type ProofState = Outcome | 'out-of-date' | 'none';

/** What is proved of a way back that is planned. */
export interface Proof {
  readonly database: string;
  readonly state: ProofState;
  /** The newest that speaks of it; null: there is none. */
  readonly certificate: Certificate | null;
  /** Of one that is out of date: what is another by now. `release`: that whose programs were tried. */
  readonly since?:
    | { readonly changed: readonly string[] }
    | { readonly postgres: number }
    | { readonly taken: readonly string[] }
    | { readonly release: string };
}

export interface ProofQuestion {
  readonly database: string;
  /** That would be taken back; `hash` is missing where nobody can say what its text is. */
  readonly migrations: readonly { readonly id: string; readonly hash?: string; readonly isProgram?: boolean }[];
  /** The release whose files would take them back. */
  readonly from: string;
  readonly postgres: number;
}

/** `certificates`: newest first. */
export function proofOf(certificates: readonly Certificate[], asked: ProofQuestion): Proof {
  const { database } = asked;
  const mine = certificates.filter((one) => one.database === database);
  const matching = mine.filter((one) => mismatch(one, asked) === null);
  // A later try that could not tell takes nothing back of what an earlier one has seen.
  const match = matching.find(({ outcome }) => outcome !== 'unproved') ?? matching[0];
  if (match !== undefined) return { database, state: match.outcome, certificate: match };
  const ids = new Set(asked.migrations.map(({ id }) => id));
  const near = mine.find((one) => one.migrations.some(({ id }) => ids.has(id)));
  if (near === undefined) return { database, state: 'none', certificate: null };
  return { database, state: 'out-of-date', certificate: near, since: mismatch(near, asked) ?? { taken: [] } };
}

/** Null: it speaks of exactly this way. */
function mismatch(certificate: Certificate, asked: ProofQuestion): NonNullable<Proof['since']> | null {
  const [was, is] = [certificate.migrations, asked.migrations];
  const taken = [...was, ...is].map(({ id }) => id).filter((id) => !was.some((one) => one.id === id) || !is.some((one) => one.id === id));
  if (taken.length > 0) return { taken };
  const changed = is.filter(({ id, hash }) => hash === undefined || was.find((one) => one.id === id)?.hash !== hash);
  if (changed.length > 0) return { changed: changed.map(({ id }) => id) };
  // A program may call anything of its release, of which its own text says nothing.
  if (certificate.from !== asked.from && is.some(({ isProgram }) => isProgram === true)) return { release: certificate.from };
  return certificate.postgres === asked.postgres ? null : { postgres: certificate.postgres };
}

/** Objects that a matching certificate says are dropped: what is in them now is counted on the real database. */
export const provedDrops = (proof: Proof | null): readonly Dropped[] =>
  proof !== null && proof.state === 'lossless' ? (proof.certificate?.comparison?.dropped ?? []) : [];

const QUOTED = /(: )"(?:[^"\\]|\\.)*"/g;
const VALUES = /=\((?:[^()]|\([^()]*\))*\)/g;

/** What a server or a program said, without values of rows and without the name of the copy. */
export const withoutValues = (said: string): string =>
  said
    .replace(/\b(?:DETAIL|detail):.*$/gm, '')
    .replace(/\[parameters:[\s\S]*$/, '')
    .replace(/\bcontains \([\s\S]*$/, 'contains (•••)')
    .replace(VALUES, '=(•••)')
    .replace(QUOTED, '$1"•••"')
    .replace(/\([^()\s]*belay_(?:drill|scratch)_\d+_[0-9a-f]+\)/g, '(the copy)')
    .replace(/belay_(?:drill|scratch)_\d+_[0-9a-f]+/g, 'the copy')
    .slice(0, 400);
