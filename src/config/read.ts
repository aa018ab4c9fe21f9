// Reads typed values out of YAML trees: small readers that combine. Each tells what is wrong at its place and returns undefined;
// nothing throws and nothing stops, so that all problems are told at once.
import type { Json, JsonObject } from '../domain/json.ts';
import { nearest } from '../domain/nearest.ts';
import { POINT_FORM, parsePoint } from '../domain/probe-point.ts';
import type { Parsed } from '../domain/units.ts';
import { DURATION_FORM, durationMeant, PERCENT_FORM, parseDuration, parsePercent } from '../domain/units.ts';
import type { Problems } from './problems.ts';
import type { Entry, MapValue, Value } from './yaml.ts';

/** `name` is how messages call the value: a key, or a path of keys. */
export type Reader<T> = (value: Value, problems: Problems, name: string) => T | undefined;

export interface Field<T> {
  readonly read: Reader<T>;
  readonly required: boolean;
  /** The key is known to the format, but this version does nothing with it. */
  readonly unavailable?: 'error' | 'warning';
}

export type Shape = Readonly<Record<string, Field<unknown>>>;
export type Fields<S extends Shape> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T | undefined : never };

export const required = <T>(read: Reader<T>): Field<T> => ({ read, required: true });
export const optional = <T>(read: Reader<T>): Field<T> => ({ read, required: false });
/** Ignoring it would change what happens: an error. */
export const notYet: Field<never> = { read: () => undefined, required: false, unavailable: 'error' };
/** Ignoring it is harmless: a warning. */
export const ignored: Field<never> = { read: () => undefined, required: false, unavailable: 'warning' };

/** Says what was found instead of `expected`, and recognises a reference without quotes. */
export function wrong(
  value: Value,
  problems: Problems,
  name: string,
  expected: string,
  hint?: string,
  known?: readonly string[],
): undefined {
  if (value.kind === 'broken') return undefined;
  const reference = unquotedReference(value);
  if (reference !== null) {
    problems.error('unquoted-ref', value.span, `{${reference}} without quotes is a YAML mapping`, {
      hint: `Write "{${reference}}" in quotes.`,
    });
    return undefined;
  }
  problems.error('wrong-type', value.span, `${name} is ${found(value)}`, { expected, hint, known });
  return undefined;
}

/** `{org}` and `{org.name}` without quotes. */
export function unquotedReference(value: Value): string | null {
  if (value.kind !== 'map' || !value.flow || value.entries.length !== 1) return null;
  const [entry] = value.entries;
  const bare = entry?.value.kind === 'scalar' && entry.value.value === null && entry.value.written === '';
  return entry !== undefined && bare && /^[a-zA-Z][\w.-]*$/.test(entry.key) ? entry.key : null;
}

function found(value: Value): string {
  if (value.kind === 'map') return 'a mapping';
  if (value.kind === 'list') return 'a list';
  if (value.kind === 'broken') return 'unreadable';
  if (value.value === null) return 'empty';
  // What came from the environment may be a secret: the reference is shown, not the value.
  if (typeof value.value === 'string') return value.written.includes('{env.') ? value.written : JSON.stringify(value.value);
  return `the ${typeof value.value === 'number' ? 'number' : 'word'} ${value.written}`;
}

export const text: Reader<string> = (value, problems, name) => {
  if (value.kind === 'scalar' && typeof value.value === 'string' && value.value.trim() !== '') return value.value;
  return wrong(
    value,
    problems,
    name,
    'a text',
    value.kind === 'scalar' && value.value !== null && typeof value.value !== 'string' ? `Quote it: "${value.written}".` : undefined,
  );
};

export const url: Reader<string> = (value, problems, name) => {
  const read = text(value, problems, name);
  if (read === undefined || /^https?:\/\/[^\s/]+/.test(read)) return read;
  return wrong(value, problems, name, 'an address that begins with http:// or https://');
};

/** Something that can be probed. */
export const point: Reader<string> = (value, problems, name) => {
  const read = text(value, problems, name);
  return read === undefined || parsePoint(read) !== null ? read : wrong(value, problems, name, POINT_FORM);
};

export const bool: Reader<boolean> = (value, problems, name) =>
  value.kind === 'scalar' && typeof value.value === 'boolean'
    ? value.value
    : wrong(value, problems, name, 'true or false', undefined, ['true', 'false']);

/** What the environment gives is text: digits from there are a number all the same. */
function numberIn({ value, written }: Extract<Value, { kind: 'scalar' }>): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && written.includes('{env.') && /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
}

export function int(least: number, most = 1_000_000): Reader<number> {
  return (value, problems, name) => {
    const number = value.kind === 'scalar' ? numberIn(value) : Number.NaN;
    return Number.isInteger(number) && number >= least && number <= most
      ? number
      : wrong(value, problems, name, `a whole number from ${least} to ${most}`);
  };
}

export function number(least: number, most: number): Reader<number> {
  return (value, problems, name) => {
    const read = value.kind === 'scalar' && typeof value.value === 'number' ? value.value : Number.NaN;
    return read >= least && read <= most ? read : wrong(value, problems, name, `a number from ${least} to ${most}`);
  };
}

/** Milliseconds, at least `least`. */
export function duration(least = 0): Reader<number> {
  return (value, problems, name) => {
    if (value.kind !== 'scalar' || value.value === null || typeof value.value === 'boolean')
      return wrong(value, problems, name, DURATION_FORM);
    const parsed = parseDuration(String(value.value));
    if (parsed.ok && parsed.value >= least) return parsed.value;
    const meant = durationMeant(String(value.value));
    const hint = typeof value.value === 'number' ? 'Write the unit, too.' : undefined;
    problems.error('duration', value.span, parsed.ok ? `${name} must be longer than ${value.value}` : `${name} is ${found(value)}`, {
      expected: DURATION_FORM,
      hint,
      didYouMean: typeof value.value === 'number' ? null : meant,
    });
    return undefined;
  };
}

/** A number read from text by one of `units.ts`. */
export function measured(parse: (written: string) => Parsed, form: string): Reader<number> {
  return (value, problems, name) => {
    if (value.kind !== 'scalar' || value.value === null || typeof value.value === 'boolean') return wrong(value, problems, name, form);
    const parsed = parse(String(value.value));
    if (parsed.ok) return parsed.value;
    problems.error('wrong-type', value.span, `${name}: ${parsed.why}`, { expected: form });
    return undefined;
  };
}

export const percent: Reader<number> = measured(parsePercent, PERCENT_FORM);

const ID = /^[a-z][a-z0-9-]*$/;
export const ID_FORM = 'a lower-case letter, then letters, digits and dashes';

export const id: Reader<string> = (value, problems, name) => {
  const read = value.kind === 'scalar' && typeof value.value === 'string' ? value.value : '';
  if (ID.test(read)) return read;
  return wrong(value, problems, name, `an id: ${ID_FORM}`);
};

export function oneOf<T extends string>(...known: readonly T[]): Reader<T> {
  return (value, problems, name) => {
    const read = value.kind === 'scalar' ? String(value.value) : null;
    const hit = known.find((one) => one === read);
    if (hit !== undefined || read === null) return hit ?? wrong(value, problems, name, `one of ${known.join(', ')}`);
    problems.error('unknown-value', value.span, `${name} is ${found(value)}`, {
      expected: `one of ${known.join(', ')}`,
      didYouMean: nearest(read, known),
      known,
    });
    return undefined;
  };
}

export function listOf<T>(read: Reader<T>, least = 0): Reader<readonly T[]> {
  return (value, problems, name) => {
    if (value.kind !== 'list') return wrong(value, problems, name, 'a list');
    if (value.items.length < least) problems.error('wrong-type', value.span, `${name} is an empty list`, { expected: `at least ${least}` });
    return value.items.flatMap((item) => {
      const one = read(item, problems, `an item of ${name}`);
      return one === undefined ? [] : [one];
    });
  };
}

export function oneOrMore<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value, problems, name) => {
    if (value.kind === 'list') return listOf(read, 1)(value, problems, name);
    const one = read(value, problems, name);
    return one === undefined ? undefined : [one];
  };
}

export interface Keys {
  readonly form: string;
  readonly pattern: RegExp;
}
export const ID_KEYS: Keys = { form: ID_FORM, pattern: ID };
export const NAME_KEYS: Keys = { form: 'a letter, then letters and digits (camelCase)', pattern: /^[a-z][A-Za-z0-9]*$/ };
export const DOTTED_KEYS: Keys = { form: 'lower-case words joined by dots or dashes', pattern: /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*$/ };

export function mapOf<T>(read: Reader<T>, keys: Keys = ID_KEYS): Reader<Readonly<Record<string, T>>> {
  return (value, problems, name) => {
    if (value.kind !== 'map') return wrong(value, problems, name, 'a mapping');
    const pairs: [string, T][] = [];
    for (const entry of value.entries) {
      if (!keys.pattern.test(entry.key))
        problems.error('id', entry.keySpan, `${entry.key} cannot be a name in ${name}`, { expected: keys.form });
      const one = read(entry.value, problems, `${name}.${entry.key}`);
      if (one !== undefined) pairs.push([entry.key, one]);
    }
    return Object.fromEntries(pairs);
  };
}

/** A mapping with known keys. A misspelt key is told and then read as what it means, so that one mistake is one problem. */
export function record<S extends Shape>(shape: S): Reader<Fields<S>> {
  return (value, problems, name) => {
    if (value.kind !== 'map') return wrong(value, problems, name, `a mapping with ${Object.keys(shape).join(', ')}`);
    return readFields(shape, value, problems, name);
  };
}

export function readFields<S extends Shape>(shape: S, value: MapValue, problems: Problems, name: string): Fields<S> {
  const fields: Record<string, unknown> = {};
  const attempted = new Set<string>();
  for (const entry of value.entries) {
    const key = knownKey(shape, entry, value, problems, name);
    const field = key === null ? undefined : shape[key];
    if (key === null || field === undefined) continue;
    attempted.add(key);
    if (field.unavailable !== undefined) tellUnavailable(entry, field.unavailable, problems);
    else fields[key] = field.read(entry.value, problems, key);
  }
  for (const [key, field] of Object.entries(shape)) {
    if (!field.required || attempted.has(key)) continue;
    problems.error('missing-key', { start: value.span.start, end: value.span.start + 1 }, `${name} lacks ${key}`, {
      hint: `Add "${key}:".`,
    });
  }
  return fields as Fields<S>;
}

function knownKey(shape: Shape, entry: Entry, map: MapValue, problems: Problems, name: string): string | null {
  if (Object.hasOwn(shape, entry.key)) return entry.key;
  const absent = Object.keys(shape).filter((key) => !map.entries.some((one) => one.key === key));
  const near = nearest(entry.key, absent);
  const known = Object.keys(shape).join(', ');
  problems.error('unknown-key', entry.keySpan, `${name} knows no key ${entry.key}`, {
    expected: `one of ${known}`,
    didYouMean: near,
    known: absent,
  });
  return near;
}

function tellUnavailable(entry: Entry, how: 'error' | 'warning', problems: Problems): void {
  const message = `${entry.key} is not available yet in this version`;
  if (how === 'error') problems.error('not-available', entry.keySpan, message, { hint: 'Remove it, or do it as a manual step.' });
  else problems.warn('not-available', entry.keySpan, `${message}; it is ignored`);
}

/** Plain JSON, for arguments whose types the catalog knows. */
export const json: Reader<Json> = (value, problems, name) => {
  if (value.kind === 'broken') return undefined;
  if (value.kind === 'scalar') return value.value;
  if (value.kind === 'list') return value.items.map((item) => json(item, problems, name) ?? null);
  if (unquotedReference(value) !== null) return wrong(value, problems, name, 'a text');
  return jsonObject(value, problems, name);
};

export const jsonObject: Reader<JsonObject> = (value, problems, name) => {
  if (value.kind !== 'map') return wrong(value, problems, name, 'a mapping');
  const pairs = value.entries.map((entry) => [entry.key, json(entry.value, problems, `${name}.${entry.key}`)] as const);
  return Object.fromEntries(pairs.filter((pair): pair is readonly [string, Json] => pair[1] !== undefined));
};

/** Keys without a value left out: what `exactOptionalPropertyTypes` wants of an object with optional fields. */
export function present<T extends object>(
  fields: T,
): { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

/** The entry at a path of keys and indexes; the deepest that exists. */
export function entryAt(value: Value, path: readonly (string | number)[]): { readonly value: Value; readonly keySpan: Value['span'] } {
  let here: { value: Value; keySpan: Value['span'] } = { value, keySpan: value.span };
  for (const part of path) {
    const next = step(here.value, part);
    if (next === null) break;
    here = next;
  }
  return here;
}

function step(value: Value, part: string | number): { value: Value; keySpan: Value['span'] } | null {
  if (value.kind === 'list') {
    const item = typeof part === 'number' ? value.items[part] : undefined;
    return item === undefined ? null : { value: item, keySpan: item.span };
  }
  const entry = value.kind === 'map' ? value.entries.find((one) => one.key === String(part)) : undefined;
  return entry === undefined ? null : { value: entry.value, keySpan: entry.keySpan };
}
