// What a release ran with besides its code: the values of feature flags and the digests of settings, as they were when it was live, against
// what they are now. It says what an older release would meet that it never met. It holds marks, never a secret, and asks nobody.
import type { Safety, SafetyReason, Verdict } from './rollback-safety.ts';
import { isOn, type SettingValue } from './setting.ts';

/** Marks by id: of a flag its value as JSON, of settings a keyed digest of each key. Null: it could not be read, or is not there. */
export interface Surroundings {
  readonly flags: Readonly<Record<string, string>>;
  readonly configs: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const NOWHERE: Surroundings = { flags: {}, configs: {} };

/** What cannot be read now keeps what was seen before. */
export const withSeen = (was: Surroundings | null, seen: Surroundings): Surroundings => ({
  flags: { ...was?.flags, ...seen.flags },
  configs: { ...was?.configs, ...seen.configs },
});

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
