// One flag in a flag file of flagd: which variant everybody gets, and which one an organization gets. Rules that are there already are kept
// behind ours, so that they come back when ours go. It evaluates no rule of others.
import type { Json, JsonObject } from '../../domain/json.ts';
import type { SettingValue } from '../../domain/setting.ts';
import { FormatProblem } from './format.ts';

/** What stands for "as the rules of the flag say". */
export const BY_RULES = 'targeting';
export const DISABLED = 'disabled';

export interface FlagdFlag {
  readonly enabled: boolean;
  readonly variants: Readonly<Record<string, Json>>;
  readonly standard: string | null;
  /** The variant that everybody gets, before any rule. */
  readonly all: string | null;
  readonly orgs: Readonly<Record<string, string>>;
  readonly rules: Json | null;
}

interface Entry {
  readonly text: JsonObject;
  readonly flags: JsonObject;
  readonly flag: JsonObject;
}

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws FormatProblem */
export function entryOf(text: string, key: string): Entry {
  let whole: Json;
  try {
    whole = JSON.parse(text) as Json;
  } catch (cause) {
    throw new FormatProblem(`it is not JSON: ${(cause as Error).message}`);
  }
  const flags = isObject(whole) ? whole['flags'] : undefined;
  if (!isObject(whole) || !isObject(flags)) throw new FormatProblem('it has no object flags');
  const flag = Object.hasOwn(flags, key) ? flags[key] : undefined;
  if (!isObject(flag))
    throw new FormatProblem(`it has no flag ${key} (there are: ${Object.keys(flags).slice(0, 12).join(', ') || 'none'})`);
  return { text: whole, flags, flag };
}

/** @throws FormatProblem */
export function flagIn(text: string, key: string, orgKey: string): FlagdFlag {
  const { flag } = entryOf(text, key);
  const variants = flag['variants'];
  if (!isObject(variants) || Object.keys(variants).length === 0) throw new FormatProblem(`the flag ${key} has no variants`);
  const standard = typeof flag['defaultVariant'] === 'string' ? flag['defaultVariant'] : null;
  return { enabled: flag['state'] !== 'DISABLED', variants, standard, ...ruleParts(flag['targeting'], variants, orgKey) };
}

type Parts = Pick<FlagdFlag, 'all' | 'orgs' | 'rules'>;

/** Our rules stand first: `true` for everybody, then an equality for each organization. */
function ruleParts(targeting: Json | undefined, variants: JsonObject, orgKey: string): Parts {
  const orgs: Record<string, string> = {};
  const none: Parts = { all: null, orgs: {}, rules: isEmpty(targeting) ? null : (targeting ?? null) };
  const items = isObject(targeting) && Object.keys(targeting).length === 1 ? targeting['if'] : undefined;
  if (!Array.isArray(items)) return none;
  let all: string | null = null;
  let at = 0;
  for (; at + 1 < items.length; at += 2) {
    const [condition, variant] = [items[at], items[at + 1]];
    if (typeof variant !== 'string' || !Object.hasOwn(variants, variant)) break;
    const org = orgOf(condition, orgKey);
    if (condition === true && at === 0) all = variant;
    else if (org !== null && !Object.hasOwn(orgs, org)) orgs[org] = variant;
    else break;
  }
  if (at === 0) return none;
  const rest = items.slice(at);
  return { all, orgs, rules: rest.length === 0 ? null : rest.length === 1 ? (rest[0] ?? null) : { if: rest } };
}

const isEmpty = (targeting: Json | undefined): boolean => !isObject(targeting) || Object.keys(targeting).length === 0;

function orgOf(condition: Json | undefined, orgKey: string): string | null {
  const sides = isObject(condition) && Object.keys(condition).length === 1 ? condition['=='] : undefined;
  if (!Array.isArray(sides) || sides.length !== 2 || !isObject(sides[0]) || sides[0]['var'] !== orgKey) return null;
  return typeof sides[1] === 'string' ? sides[1] : null;
}

/** The value that everybody, or an organization, is given; BY_RULES where rules of others decide. */
export function valueFor({ enabled, variants, standard, all, orgs, rules }: FlagdFlag, org: string | null): SettingValue {
  if (!enabled) return DISABLED;
  const variant = all ?? (org === null ? undefined : orgs[org]);
  if (variant !== undefined && variant !== null) return valueOfVariant(variants, variant);
  if (rules !== null || (org === null && Object.keys(orgs).length > 0)) return BY_RULES;
  return standard === null ? BY_RULES : valueOfVariant(variants, standard);
}

/** Variants that are no plain value are called by their name. */
function valueOfVariant(variants: FlagdFlag['variants'], name: string): SettingValue {
  const value = variants[name];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : name;
}

/** The variant of a value, or of a name. @throws FormatProblem */
export function variantOf({ variants }: FlagdFlag, value: SettingValue): string {
  const found = Object.keys(variants).find((name) => variants[name] === value) ?? Object.keys(variants).find((name) => name === value);
  if (found !== undefined) return found;
  throw new FormatProblem(`the flag has no variant ${JSON.stringify(value)} (it has ${Object.keys(variants).join(', ')})`);
}

/** The flag as it should be. @throws FormatProblem */
export function withValue(flag: FlagdFlag, org: string | null, value: SettingValue): FlagdFlag {
  const byRules = value === BY_RULES && !Object.keys(flag.variants).includes(BY_RULES);
  if (org !== null) {
    if (flag.all !== null) throw new FormatProblem('everybody is given one value now: set the flag for all first');
    const { [org]: _own, ...others } = flag.orgs;
    return { ...flag, enabled: true, orgs: byRules ? others : { ...others, [org]: variantOf(flag, value) } };
  }
  if (byRules) return { ...flag, enabled: true, all: null };
  const variant = variantOf(flag, value);
  const plain = flag.rules === null && Object.keys(flag.orgs).length === 0;
  return { ...flag, enabled: true, ...(plain ? { standard: variant, all: null } : { all: variant }) };
}

/** The whole file with the flag changed. */
export function rewrittenFile(text: string, key: string, flag: FlagdFlag, orgKey: string): string {
  const { text: whole, flags, flag: was } = entryOf(text, key);
  const { targeting: _old, ...rest } = was;
  const targeting = targetingOf(flag, orgKey);
  const changed: JsonObject = {
    ...rest,
    state: flag.enabled ? 'ENABLED' : 'DISABLED',
    ...(flag.standard === null ? {} : { defaultVariant: flag.standard }),
    ...(targeting === null ? {} : { targeting }),
  };
  const indent = /^\{\r?\n?([ \t]*)/.exec(text)?.[1] ?? '  ';
  return `${JSON.stringify({ ...whole, flags: { ...flags, [key]: changed } }, null, indent === '' ? '  ' : indent)}\n`;
}

function targetingOf({ all, orgs, rules }: FlagdFlag, orgKey: string): Json | null {
  const ours: Json[] = [
    ...(all === null ? [] : [true, all]),
    ...Object.entries(orgs).flatMap(([org, variant]): Json[] => [{ '==': [{ var: orgKey }, org] }, variant]),
  ];
  if (ours.length === 0) return rules;
  // An `if` without an answer of its own leaves the default variant.
  return { if: rules === null ? ours : [...ours, rules] };
}
