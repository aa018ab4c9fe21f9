// What a platform tells of its releases, brought into one form: changes, newest first, each of which brought an artefact. It decides what
// is live, what it is compared by, and whether an order has been carried out already. It asks nobody.
import type { Instant } from '../../domain/json.ts';

/** `gone`: nothing follows from it; whether it was ever live is not known. */
export type Phase = 'live' | 'begun' | 'failed' | 'past' | 'gone';

export interface Change {
  /** What the platform calls it. */
  readonly id: string;
  /** Short, and never given twice. */
  readonly mark: string;
  /** What it brought: the same for a release and for each later rollback to it. */
  readonly key: string;
  readonly at: Instant;
  readonly phase: Phase;
  /** The platform says that it may be put back. */
  readonly canReturn: boolean;
}
/** Newest first. */
export type Changes = readonly Change[];

const SIGN: Readonly<Record<Phase, string>> = { live: '~', begun: '>', failed: '!', past: '~', gone: '~' };

const told = (changes: Changes): Changes => changes.filter((one) => one.phase !== 'gone');
export const liveOf = (changes: Changes): Change | null => changes.find((one) => one.phase === 'live') ?? null;
/** The last change, whatever became of it. */
export const lastOf = (changes: Changes): Change | null => told(changes)[0] ?? null;

/** Differs whenever a change has been added: also away and back. */
export function fingerprintOf(changes: Changes): string {
  const [live, last] = [liveOf(changes), lastOf(changes)];
  const mark = live?.mark ?? '-';
  return last === null || last === live ? mark : `${mark}${SIGN[last.phase]}${last.mark}`;
}

/** A platform may put an old change live again under its old name: what it took the place of is then a younger one. */
const replacedBy = (changes: Changes, live: Change): Change | undefined =>
  changes.slice(0, changes.indexOf(live)).find((one) => one.phase === 'past' && one.key !== live.key);

/** What was live before the live one, by what it brought; null when it cannot be told. */
export function previousOf(changes: Changes): string | null {
  const live = liveOf(changes);
  if (live === null) return null;
  const older = changes.slice(changes.indexOf(live) + 1);
  const before = replacedBy(changes, live) ?? older.find((one) => !['failed', 'begun'].includes(one.phase) && one.key !== live.key);
  return before?.phase === 'past' ? before.key : null;
}

/** When what is live came to be live: at the earliest. */
export const changedAt = (changes: Changes, live: Change): Instant => Math.max(live.at, replacedBy(changes, live)?.at ?? 0);

/** True when nothing but one change to `wanted` has come since the state that `expected` stands for, or it was live then already. */
export function isOneStepFrom(changes: Changes, expected: string, wanted: string): boolean {
  const [last, before] = told(changes);
  if (last === undefined) return false;
  const then = expected.split(/[~>!]/).at(-1);
  // A platform may also put an old change live again under its old name.
  if (last.mark === then) return liveOf(changes)?.key === wanted && last.phase !== 'begun' && last.phase !== 'failed';
  return before?.mark === then && last.key === wanted && (last.phase === 'live' || last.phase === 'begun');
}

/** The newest change that brought it and may be put back: with the configuration that it ran with last. */
export const returnableTo = (changes: Changes, key: string): Change | null =>
  changes.find((one) => one.key === key && one.canReturn && one.phase !== 'begun' && one.phase !== 'failed') ?? null;

/** The oldest known one tells how old a release is: a rollback does not make it young. */
export const ageOf = (changes: Changes, key: string): Instant => changes.findLast((one) => one.key === key)?.at ?? 0;

/** Each artefact once, the youngest first. */
export function keysByAge(changes: Changes): readonly string[] {
  const oldest = new Map(changes.map((one, place) => [one.key, place]));
  return [...oldest.entries()].toSorted((a, b) => a[1] - b[1]).map(([key]) => key);
}

export const statusOf = (changes: Changes, key: string): 'live' | 'available' | 'failed' => {
  if (liveOf(changes)?.key === key) return 'live';
  return changes.every((one) => one.key !== key || one.phase === 'failed') ? 'failed' : 'available';
};
