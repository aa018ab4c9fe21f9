// What a release ran with besides its code: the values of feature flags and the digests of settings, as they were when it was live, against
// what they are now. It says what an older release would meet that it never met. It holds marks, never a secret, and asks nobody.
import type { Instant } from './json.ts';
import type { Safety, SafetyReason, Verdict } from './rollback-safety.ts';
import { isOn, type SettingValue } from './setting.ts';

/** Marks by id: of a flag its value as JSON, of settings a keyed digest of each key. Null: it could not be read, or is not there. */
export interface Surroundings {
  readonly flags: Readonly<Record<string, string>>;
  readonly configs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By `flags/<id>` and `configs/<id>`. */
  readonly waiting?: Readonly<Record<string, Waiting>>;
}

/** What it was seen with lately, which it has not run with for long enough to be known by. */
interface Waiting {
  readonly mark: string;
  readonly since: Instant;
}

/** So long a release runs well with another value before that is what it is known to run with, unless its target says a shorter `soak`. */
export const SETTLE_MS = 4 * 3_600_000;

export interface Calm {
  readonly now: Instant;
  /** Its component is in an incident now. */
  readonly isTroubled: boolean;
  /** Since when the release is live without a gap and without an incident. */
  readonly since: Instant;
  readonly settleMs: number;
}

/**
 * What cannot be read now keeps what was seen before, and so does what is another value since a moment ago: a release that breaks under it must
 * not pass for one that ran with it. Null: nothing is known of it, and an incident is no time to begin.
 */
export function withSeen(was: Surroundings | null, seen: Surroundings, calm: Calm): Surroundings | null {
  if (was === null) return calm.isTroubled ? null : seen;
  const waiting: Record<string, Waiting> = {};
  const settled = <T extends Marks>(kind: 'flags' | 'configs', before: Readonly<Record<string, T>>, now: Readonly<Record<string, T>>) =>
    Object.fromEntries(
      Object.entries(now).filter(([id, value]) => {
        const [key, mark] = [`${kind}/${id}`, sorted(value)];
        const earlier = was.waiting?.[key];
        if (Object.hasOwn(before, id) && sorted(before[id]) === mark) return false;
        const since = earlier?.mark === mark ? earlier.since : calm.now;
        if (!calm.isTroubled && calm.now - Math.max(since, calm.since) >= calm.settleMs) return true;
        waiting[key] = { mark, since };
        return false;
      }),
    );
  const flags = { ...was.flags, ...settled('flags', was.flags, seen.flags) };
  const configs = { ...was.configs, ...settled('configs', was.configs, seen.configs) };
  return { flags, configs, ...(Object.keys(waiting).length === 0 ? {} : { waiting }) };
}

/** All that is seen now is what it is known by. */
export const isAsSeen = (was: Surroundings, seen: Surroundings): boolean =>
  Object.entries(seen.flags).every(([id, mark]) => was.flags[id] === mark) &&
  Object.entries(seen.configs).every(([id, marks]) => sorted(was.configs[id]) === sorted(marks));

type Marks = string | Readonly<Record<string, string>>;

const sorted = (marks: Marks | undefined): string =>
  JSON.stringify(typeof marks === 'object' ? Object.entries(marks).toSorted(([a], [b]) => (a < b ? -1 : 1)) : marks);

/** What a release says of a flag that it reads. `means` is what the name stands for: another text is a reused name. */
export interface DeclaredFlag {
  readonly default?: SettingValue;
  readonly means?: string;
}

export type DeclaredFlags = Readonly<Record<string, DeclaredFlag>>;

const MOST_FLAGS = 2_000;
const LONGEST = 500;

/** Of a file in a release: `{ "<flag>": { "default": …, "means": "…" } }`. A text says what is wrong with it. */
export function declaredFlags(text: string): DeclaredFlags | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'it is no JSON';
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'it is no object of flags';
  const entries = Object.entries(json);
  if (entries.length > MOST_FLAGS) return `it has more than ${MOST_FLAGS} flags`;
  const read: [string, DeclaredFlag][] = [];
  for (const [name, said] of entries) {
    const one: unknown = said;
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return `${name.slice(0, 80)} is no object with default and means`;
    const { default: value, means } = one as Readonly<Record<string, unknown>>;
    if (value !== undefined && !isSetting(value)) return `the default of ${name.slice(0, 80)} is no text, number, true or false`;
    if (means !== undefined && typeof means !== 'string') return `"means" of ${name.slice(0, 80)} is no text`;
    const kept = typeof value === 'string' ? value.slice(0, LONGEST) : value;
    read.push([
      name,
      { ...(kept === undefined ? {} : { default: kept }), ...(means === undefined ? {} : { means: means.slice(0, LONGEST) }) },
    ]);
  }
  return Object.fromEntries(read);
}

const isSetting = (value: unknown): value is SettingValue =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));

export interface FlagFacts {
  readonly flag: string;
  /** As applications get it now, by organization ('' for all). A text in `trouble`: it could not be asked. */
  readonly now: Readonly<Record<string, SettingValue | null>>;
  readonly trouble?: string;
  /** Organizations may have other values, and not all of them are in `now`. */
  readonly leftOut?: boolean;
  /** Its mark from when the release was live; null: nobody saw it. */
  readonly then: string | null;
  /** Of the release that is live and of the one to go back to; null: that release declares none at all. */
  readonly declared: { readonly now: DeclaredFlag | null; readonly there: DeclaredFlag | null } | null;
  /** A step before the switch turns it off for all, or one after it, which is too late. */
  readonly off: 'before' | 'after' | 'never';
}

export const markOf = (values: FlagFacts['now']): string => JSON.stringify(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** An organization that is new since has what all had then, or it is another value. A mark that cannot be read is none. */
function saysAsBefore(then: string, now: FlagFacts['now']): boolean {
  let pairs: unknown;
  try {
    pairs = JSON.parse(then);
  } catch {
    return false;
  }
  if (!Array.isArray(pairs)) return false;
  const was = new Map(pairs as readonly [string, SettingValue | null][]);
  return Object.entries(now).every(([org, value]) => (was.has(org) ? was.get(org) : was.get('')) === value);
}

/** For one release that a plan would put back: null where it reads no flag that could be another. */
export function judgeFlags(release: string, all: readonly FlagFacts[]): Safety | null {
  const parts = all.flatMap((one) => judgeFlag(release, one));
  if (parts.length === 0) return null;
  const verdict: Verdict = parts.some(({ why }) => FLAGS_FIRST.has(why)) ? 'flags-first' : 'code-only';
  return { verdict, reasons: parts };
}

/** What people must look at before the switch. */
const FLAGS_FIRST: ReadonlySet<SafetyReason['why']> = new Set([
  ...(['flag-changed', 'flag-unseen', 'flag-reused', 'flag-default', 'flag-unreadable', 'flag-off-late'] as const),
]);

function judgeFlag(release: string, { flag, now, trouble, leftOut = false, then, declared, off }: FlagFacts): readonly SafetyReason[] {
  const about = { database: flag, release };
  // Known to be off for everybody, or off before the switch: there is nothing left to arm.
  const values = Object.values(now);
  const isDark = trouble === undefined && !leftOut && values.length > 0 && values.every((value) => isOn(value) === false);
  const found: SafetyReason[] = [];
  if (trouble !== undefined) found.push({ ...about, why: 'flag-unreadable', said: trouble });
  const [here, there] = [declared?.now ?? null, declared?.there ?? null];
  if (there?.means !== undefined && here?.means !== undefined && there.means !== here.means)
    found.push({ ...about, why: 'flag-reused', said: there.means });
  else if (there?.default !== undefined && here?.default !== undefined && there.default !== here.default)
    found.push({ ...about, why: 'flag-default', said: String(there.default) });
  // One that the release is known not to read cannot change it.
  const isRead = declared === null || there !== null;
  if (trouble === undefined && isRead && found.length === 0) {
    if (then === null || leftOut) found.push({ ...about, why: 'flag-unseen', said: leftOut ? `${shown(values)}, …` : shown(values) });
    else if (!saysAsBefore(then, now)) found.push({ ...about, why: 'flag-changed', said: shown(values) });
  }
  if (found.length === 0 || isDark) return [];
  if (off === 'before') return [{ ...about, why: 'flag-off-first' }];
  return off === 'after' ? [...found, { ...about, why: 'flag-off-late' }] : found;
}

const shown = (values: readonly (SettingValue | null)[]): string =>
  [...new Set(values.map((one) => (one === null ? '–' : String(one).slice(0, 80))))].slice(0, 5).join(', ');

export interface ConfigFacts {
  readonly config: string;
  readonly now: Readonly<Record<string, string>>;
  readonly trouble?: string;
  /** Null: nobody saw it while the release was live. */
  readonly then: Readonly<Record<string, string>> | null;
  readonly isSecret: (key: string) => boolean;
  /** What becomes of configuration when the release is put back. */
  readonly restores: boolean;
}

/** Null: nothing is different. The verdict stays what it is: no data is at stake, and what needs people says so by its reasons. */
export function judgeConfig(release: string, all: readonly ConfigFacts[]): Safety | null {
  const reasons = all.flatMap((one) => driftOf(release, one));
  return reasons.length === 0 ? null : { verdict: 'code-only', reasons };
}

function driftOf(release: string, { config, now, trouble, then, isSecret, restores }: ConfigFacts): readonly SafetyReason[] {
  const about = { database: config, release };
  if (trouble !== undefined) return [{ ...about, why: 'config-unreadable', said: trouble }];
  if (then === null) return [{ ...about, why: restores ? 'config-back-unseen' : 'config-unseen' }];
  const added = Object.keys(now).filter((key) => !Object.hasOwn(then, key));
  const removed = Object.keys(then).filter((key) => !Object.hasOwn(now, key));
  const changed = Object.keys(now).filter((key) => Object.hasOwn(then, key) && then[key] !== now[key]);
  const rotated = changed.filter(isSecret);
  const reason = (why: SafetyReason['why'], keys: readonly string[]): readonly SafetyReason[] =>
    keys.length === 0 ? [] : [{ ...about, why, ids: keys.toSorted() }];
  return [
    ...reason('config-added', added),
    ...reason(restores ? 'config-back' : 'config-lacks', removed),
    ...reason(
      'config-changed',
      changed.filter((key) => !isSecret(key)),
    ),
    ...reason(restores ? 'config-rotated-back' : 'config-rotated', rotated),
  ];
}

/** Reasons on which Belay does not act alone, whatever the verdict. */
const ASKING: ReadonlySet<SafetyReason['why']> = new Set([
  ...FLAGS_FIRST,
  ...(['config-lacks', 'config-rotated-back', 'config-unseen', 'config-back-unseen', 'config-unreadable'] as const),
]);

export const surroundingsAsk = (safety: Safety | undefined): SafetyReason['why'] | null =>
  safety?.reasons.find(({ why }) => ASKING.has(why))?.why ?? null;
