// Values of OTLP as JSON or protobuf gave them, each read with its place: a value of another type is refused, never guessed.
// It knows the types of the format, not what they count.
import type { Instant } from '../../domain/json.ts';
import { LABEL_CAPS, labelText, markOf } from './labels.ts';
import { malformed } from './refusal.ts';

export type Fields = Readonly<Record<string, unknown>>;
export type Labels = Readonly<Record<string, string>>;

const LATEST = 8.64e15;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, '-Infinity': -Infinity };

export function fields(value: unknown, place: string): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed(`${place} is no object`);
  return value as Fields;
}

export function list(value: unknown, place: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(`${place} is no list`);
  return value;
}

export function text(value: unknown, place: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw malformed(`${place} is no text`);
  return value;
}

/** JSON writes 64-bit numbers as texts, and may write what is no number by its name. */
export function number(value: unknown, place: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return value;
  if (typeof value === 'string') {
    if (NUMBER.test(value)) return Number(value);
    const special = Object.hasOwn(SPECIAL, value) ? SPECIAL[value] : undefined;
    if (special !== undefined) return special;
  }
  throw malformed(`${place} is no number`);
}

/** Nanoseconds since 1970 → ms; null where none is told. */
export function instant(value: unknown, place: string): Instant | null {
  const nanos = number(value, place) ?? 0;
  if (!(nanos >= 0 && nanos / 1e6 <= LATEST)) throw malformed(`${place} is no time`);
  return nanos === 0 ? null : Math.round(nanos / 1e6);
}

/** @returns text of an attribute's value; of one that is no single value, a mark that tells it apart */
function attributeText(value: unknown, place: string): string {
  const any = fields(value, place);
  if (any['stringValue'] !== undefined) return text(any['stringValue'], place);
  if (any['boolValue'] !== undefined) return String(any['boolValue'] === true);
  const given = any['intValue'] ?? any['doubleValue'];
  if (given !== undefined && given !== null) return typeof given === 'string' ? given : String(number(given, place));
  if (typeof any['marked'] === 'string') return `~${any['marked']}`;
  const whole = any['arrayValue'] ?? any['kvlistValue'] ?? any['bytesValue'];
  return whole === undefined || whole === null ? '' : `~${markOf(JSON.stringify(whole))}`;
}

/** By their own names, in the order in which they came. */
export function attributes(value: unknown, place: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const one of list(value, place)) {
    const { key, value: any } = fields(one, place);
    const name = text(key, `${place}.key`);
    if (name === '' || name.length > LABEL_CAPS.nameChars) throw malformed(`${place}: a key of ${name.length} characters`);
    if (found.has(name)) throw malformed(`${place}: ${labelText(name)} stands twice`);
    found.set(name, attributeText(any, `${place}.value`));
    if (found.size > LABEL_CAPS.perSeries) throw malformed(`${place}: more than ${LABEL_CAPS.perSeries} attributes`);
  }
  return found;
}

/** `service.name` → `service_name`, as a selector can write it. */
export const labelName = (key: string): string => key.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');

/** Attributes whose names become the same label stand in it together, as Prometheus does it. */
export function labelsOf(found: ReadonlyMap<string, string>, more: Labels): Labels {
  const labels = Object.create(null) as Record<string, string>;
  for (const [key, value] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === '') continue;
    const name = labelName(key);
    labels[name] = labels[name] === undefined ? value : `${labels[name]};${value}`;
  }
  for (const name of Object.keys(labels)) labels[name] = labelText(labels[name] ?? '');
  for (const [name, value] of Object.entries(more)) labels[name] ??= value;
  return labels;
}
