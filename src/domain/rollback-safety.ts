// "Safe to roll back?": what a way back does to the data, from what the database has, what each release knows, and what the statements of
// the migrations in between are. The worst of all databases wins, and what is not known counts as the worst. It asks nobody.
import type { Proof } from './certificate.ts';
import type { Migration } from './migrations.ts';
import { beyond } from './migrations.ts';
import type { Compat, Dropped, Finding, Judgement, SqlFamily } from './sql-judgement.ts';
import { worstCompat, worstUndo } from './sql-judgement.ts';

/** From harmless to impossible. */
export const VERDICTS = ['code-only', 'flags-first', 'down-lossless', 'down-lossy', 'restore', 'roll-forward-only'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Each has its sentence in both languages. */
export type SafetyWhy =
  | 'same-schema'
  | 'ahead'
  | 'lacking'
  | 'runs-on-new'
  | 'may-break'
  | 'breaks'
  | 'refuses-boot'
  | 'boots-blindly'
  | 'taken-back'
  | 'not-taken-back'
  | 'taken-later'
  | 'no-way-back'
  | 'opaque'
  | 'already-lost'
  | 'loses'
  | 'loses-unknown'
  | 'loses-nothing'
  | 'locks'
  | 'proved'
  | 'proof-lossy'
  | 'proof-differs'
  | 'proof-fails'
  | 'either-way'
  | 'unreadable'
  | 'flag-changed'
  | 'flag-unseen'
  | 'flag-reused'
  | 'flag-default'
  | 'flag-unreadable'
  | 'flag-off-first'
  | 'flag-off-late'
  | 'config-added'
  | 'config-lacks'
  | 'config-back'
  | 'config-changed'
  | 'config-rotated'
  | 'config-rotated-back'
  | 'config-unseen'
  | 'config-back-unseen'
  | 'config-unreadable';

export interface SafetyReason {
  readonly why: SafetyWhy;
  /** What it is about: a database, or a flag or settings by their id. */
  readonly database: string;
  /** Of migrations, oldest first; of steps, where they may be skipped. */
  readonly ids?: readonly string[];
  readonly release?: string;
  readonly findings?: readonly Pick<Finding, 'family' | 'object'>[];
  /** `orders.note` or `orders`. */
  readonly object?: string;
  /** A power of ten: what is counted grows all the time, and the plan must not change with each row. */
  readonly atMost?: number;
  /** What the world said. */
  readonly said?: string;
}

export interface Safety {
  readonly verdict: Verdict;
  readonly reasons: readonly SafetyReason[];
}

/** What a way back would throw away, counted; null where it could not be. */
export interface Loss {
  readonly database: string;
  readonly object: string;
  readonly count: number | null;
}

export interface DatabaseFacts {
  readonly database: string;
  /** The release that would be put live; null: the plan changes no code. */
  readonly release: string | null;
  readonly applied: readonly string[];
  /** Of the release that would be live; null where nobody asks. */
  readonly knownThere: readonly Pick<Migration, 'id'>[] | null;
  /** What is applied by the names and the order of that release: a table may hold the newest one alone. */
  readonly appliedThere: readonly string[];
  /** Of the release that is live now: it alone can take back what it brought. */
  readonly known: readonly Migration[];
  readonly boot: 'refuses' | 'starts-blindly' | 'unknown';
  /** What the steps before the switch take back. */
  readonly revert: readonly string[];
  /** What steps after the switch take back besides. */
  readonly later: readonly string[];
  readonly judged: ReadonlyMap<string, { readonly up: Judgement | null; readonly down: Judgement | null }>;
  /** Of what `takenBack` names. */
  readonly losses: readonly Loss[];
  /** Of exactly what `takenBack` names. */
  readonly proof?: Proof | null;
}

export const worstVerdict = (all: readonly Verdict[]): Verdict =>
  VERDICTS[Math.max(0, ...all.map((one) => VERDICTS.indexOf(one)))] ?? 'roll-forward-only';
export const isLossy = (verdict: Verdict | undefined): boolean =>
  verdict !== undefined && VERDICTS.indexOf(verdict) >= VERDICTS.indexOf('down-lossy');

export function joinSafety(all: readonly Safety[]): Safety {
  return { verdict: worstVerdict(all.map((one) => one.verdict)), reasons: all.flatMap((one) => one.reasons) };
}

/** One database by several ways, of which nobody knows yet which one is taken: the worst, with all that is said of any. */
export function eitherWay(database: string, steps: readonly string[], ways: readonly Safety[]): Safety {
  const [first, ...others] = ways.map((one) => JSON.stringify(one));
  const [one] = ways;
  if (one !== undefined && others.every((other) => other === first)) return one;
  const { verdict, reasons } = joinSafety(ways);
  const seen = new Set<string>();
  const once = reasons.filter((reason) => !seen.has(JSON.stringify(reason)) && seen.add(JSON.stringify(reason)));
  return { verdict, reasons: [{ why: 'either-way', database, ids: steps }, ...once] };
}

/** Nobody could look: the worst there is. */
export const unreadable = (database: string, said: string): Safety => ({
  verdict: 'roll-forward-only',
  reasons: [{ why: 'unreadable', database, said }],
});

export function judgeDatabase(facts: DatabaseFacts): Safety {
  const { database, applied, knownThere, revert, later } = facts;
  const ahead = knownThere === null ? [] : beyond(applied, knownThere);
  const left = ahead.filter((id) => !revert.includes(id));
  const lacking = lackingIn(facts);
  const about: SafetyReason[] = [];
  if (ahead.length > 0) about.push({ why: 'ahead', database, ids: ahead, ...releaseOf(facts) });
  if (ahead.length === 0 && lacking.length === 0 && knownThere !== null && revert.length + later.length === 0)
    return { verdict: 'code-only', reasons: [{ why: 'same-schema', database, ...releaseOf(facts) }] };
  const code = left.length === 0 ? null : oldCodeOn(left, facts);
  const back = backwards(takenBack(facts), facts);
  const parts: Safety[] = [];
  if (lacking.length > 0)
    parts.push({ verdict: 'roll-forward-only', reasons: [{ why: 'lacking', database, ids: lacking, ...releaseOf(facts) }] });
  if (code !== null) parts.push({ verdict: code.needs.length === 0 ? 'code-only' : 'down-lossy', reasons: code.reasons });
  if (revert.length > 0) parts.push({ verdict: 'code-only', reasons: [{ why: 'taken-back', database, ids: inOrder(revert, facts) }] });
  if (later.length > 0) parts.push({ verdict: 'code-only', reasons: [{ why: 'taken-later', database, ids: inOrder(later, facts) }] });
  if (back !== null) parts.push(back, ...badProof(facts));
  const joined = joinSafety(parts);
  return { verdict: joined.verdict, reasons: [...about, ...joined.reasons] };
}

const releaseOf = ({ release }: Pick<DatabaseFacts, 'release'>): { readonly release?: string } => (release === null ? {} : { release });
const inOrder = (ids: readonly string[], { applied }: DatabaseFacts): readonly string[] => applied.filter((id) => ids.includes(id));

/** What the release that would be live was written for and would not find: somebody took it back, or a step goes one too far. */
function lackingIn({ appliedThere, knownThere, revert, later }: DatabaseFacts): readonly string[] {
  const stays = new Set(appliedThere.filter((id) => !revert.includes(id) && !later.includes(id)));
  return (knownThere ?? []).map(({ id }) => id).filter((id) => !stays.has(id));
}

/** Migrations that stay while the code goes: can it live with them? `needs`: what would have to be taken back first. */
function oldCodeOn(
  left: readonly string[],
  facts: Omit<DatabaseFacts, 'losses'>,
): { readonly needs: readonly string[]; readonly reasons: readonly SafetyReason[] } {
  const { database, boot } = facts;
  const ups = left.map((id) => facts.judged.get(id)?.up ?? null);
  const compat = worstCompat(ups.map((one): Compat => one?.compat ?? 'maybe'));
  const findings = ups.flatMap((one) => one?.findings ?? []).filter((one) => one.compat !== 'ok');
  const opaque = left.filter((_id, index) => ups[index] === null);
  const reasons: SafetyReason[] = [];
  if (opaque.length > 0) reasons.push(opaqueOf(opaque, facts));
  if (boot === 'refuses') reasons.push({ why: 'refuses-boot', database, ...releaseOf(facts) });
  if (compat !== 'ok')
    reasons.push({ why: compat === 'breaks' ? 'breaks' : 'may-break', database, ...releaseOf(facts), ...shown(findings) });
  if (compat !== 'ok' && boot === 'starts-blindly') reasons.push({ why: 'boots-blindly', database, ...releaseOf(facts) });
  if (reasons.length === 0) return { needs: [], reasons: [{ why: 'runs-on-new', database, ids: left, ...releaseOf(facts) }] };
  return { needs: left, reasons: [...reasons, { why: 'not-taken-back', database, ids: left }] };
}

/** All that a way back to that release takes back: what steps do, and what would have to go as well before its code can run. */
export function takenBack(facts: Omit<DatabaseFacts, 'losses'>): readonly string[] {
  const { applied, knownThere, revert, later } = facts;
  const left = knownThere === null ? [] : beyond(applied, knownThere).filter((id) => !revert.includes(id));
  return [...new Set([...revert, ...later, ...(left.length === 0 ? [] : oldCodeOn(left, facts).needs)])];
}

/** A certificate that is bad news makes the verdict at least as bad; good news is no part of this. */
function badProof({ database, proof }: DatabaseFacts): readonly Safety[] {
  const [state, certificate] = [proof?.state, proof?.certificate];
  if (certificate === undefined || certificate === null) return [];
  if (state === 'fails') return [{ verdict: 'restore', reasons: [{ why: 'proof-fails', database, said: certificate.said ?? '' }] }];
  if (state === 'lossy') {
    const lost = (certificate.comparison?.lost ?? []).slice(0, MOST_SHOWN);
    const reasons = lost.map(({ object, count }) => ({
      why: 'proof-lossy' as const,
      database,
      object,
      atMost: tenfold(Math.max(1, count)),
    }));
    return [{ verdict: 'down-lossy', reasons }];
  }
  const objects = certificate.schema.differs.slice(0, MOST_SHOWN).map(({ object }) => object);
  return state === 'differs' ? [{ verdict: 'down-lossy', reasons: [{ why: 'proof-differs', database, object: objects.join(', ') }] }] : [];
}

const MOST_SHOWN = 12;

/** Of a way back what the classifier does not know: a copy can show it. What says itself that rows change or go stays what it is. */
const SHOWN_BY_PROOF: ReadonlySet<SqlFamily> = new Set(['opaque', 'unclassified', 'unreadable', 'change-type']);

function opaqueOf(ids: readonly string[], { database, known }: Pick<DatabaseFacts, 'database' | 'known'>): SafetyReason {
  const said = known.find((one) => ids.includes(one.id) && one.untold !== undefined)?.untold;
  return { why: 'opaque', database, ids, ...(said === undefined ? {} : { said }) };
}

/** What taking back does to the data. */
function backwards(ids: readonly string[], facts: DatabaseFacts): Safety | null {
  if (ids.length === 0) return null;
  const { database, known } = facts;
  const isProved = facts.proof?.state === 'lossless';
  const stuck = ids.filter((id) => known.find((one) => one.id === id)?.reversible !== true);
  const pairs = ids.map((id) => ({ id, ...(facts.judged.get(id) ?? { up: null, down: null }) }));
  const unread = pairs.filter(({ up, down }) => up === null || down === null).map(({ id }) => id);
  const opaque = isProved ? [] : unread;
  const gone = pairs.flatMap(({ up }) => (up?.undo === 'gone' ? up.findings.filter((one) => one.undo === 'gone') : []));
  const doubtful = pairs.flatMap(({ down }) => (down?.findings ?? []).filter((one) => one.undo === 'gone' && !DROPPING.has(one.family)));
  const harsh = doubtful.filter(({ family }) => !isProved || !SHOWN_BY_PROOF.has(family));
  const locks = pairs.flatMap(({ down }) => (down?.findings ?? []).filter((one) => one.lock !== undefined));
  const loss = lossOf(facts);
  const reasons: SafetyReason[] = [];
  if (stuck.length > 0) reasons.push({ why: 'no-way-back', database, ids: inOrder(stuck, facts) });
  if (opaque.length > 0) reasons.push(opaqueOf(inOrder(opaque, facts), facts));
  if (isProved && unread.length + doubtful.length > harsh.length) reasons.push({ why: 'proved', database, ids: inOrder(ids, facts) });
  if (gone.length > 0) reasons.push({ why: 'already-lost', database, ...shown(gone) });
  if (harsh.length > 0) reasons.push({ why: 'loses-unknown', database, ...shown(harsh) });
  if (locks.length > 0) reasons.push({ why: 'locks', database, ...shown(locks) });
  const undo = worstUndo(pairs.map(({ up }) => up?.undo ?? (isProved ? 'lossless' : 'gone')));
  const verdict: Verdict =
    stuck.length > 0
      ? 'roll-forward-only'
      : opaque.length > 0 || gone.length > 0 || undo === 'gone'
        ? 'restore'
        : harsh.length > 0 || loss.isLossy
          ? 'down-lossy'
          : 'down-lossless';
  return { verdict, reasons: [...reasons, ...loss.reasons] };
}

/** Their loss is counted. */
const DROPPING: ReadonlySet<SqlFamily> = new Set(['drop-column', 'drop-table']);

function lossOf({ database, losses }: DatabaseFacts): { readonly isLossy: boolean; readonly reasons: readonly SafetyReason[] } {
  const reasons = losses.flatMap(({ object, count }): readonly SafetyReason[] => {
    if (count === null) return [{ why: 'loses-unknown', database, object }];
    return count === 0 ? [{ why: 'loses-nothing', database, object }] : [{ why: 'loses', database, object, atMost: tenfold(count) }];
  });
  return { isLossy: losses.some(({ count }) => count !== 0), reasons };
}

/** The power of ten that a count stays below or at. */
export const tenfold = (count: number): number => 10 ** Math.max(1, Math.ceil(Math.log10(count)));

/** The same thing once, and no more than people read. */
function shown(findings: readonly Finding[]): { readonly findings: readonly Pick<Finding, 'family' | 'object'>[] } {
  const short = findings.map(({ family, object }) => ({ family, ...(object === undefined ? {} : { object }) }));
  const seen = new Set<string>();
  const once = short.filter((one) => !seen.has(JSON.stringify(one)) && seen.add(JSON.stringify(one)));
  return { findings: once.slice(0, MOST_SHOWN) };
}

export const lostName = ({ schema, table, column }: Dropped): string =>
  [schema, table, column].filter((part) => part !== undefined).join('.');
