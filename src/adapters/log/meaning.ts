// What a line means: its labels, a number, a time. Options that cannot mean anything are refused at opening, lines never.
import { BelayError } from '../../domain/errors.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import { eventTimeOf } from './event-time.ts';
import type { Line } from './lines.ts';
import { matcherOf, patternProblem } from './pattern.ts';

export type LogSpec = Extract<SourceSpec, { driver: 'log' }>;

export interface Meant {
  /** By the names of the labels; undefined where the line does not say it. */
  readonly values: readonly (string | undefined)[];
  readonly number: number | undefined;
  /** Undefined where none is asked for, null where it cannot be read. */
  readonly at: number | null | undefined;
}

/** 'dropped': too long, or too slow to match. */
export type Meaning = Meant | 'unmatched' | 'dropped';

export interface Reader {
  readonly labels: readonly string[];
  /** Fewer than were given when too many of them were slow. */
  read(lines: readonly Line[]): readonly Meaning[];
}

type Found = (name: string) => unknown;

const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const MOST_LABELS = 16;
const LONGEST_VALUE = 256;
const MOST_SLOW = 3;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?$/;
const LARGEST = 1e15;

/** @throws BELAY_CONFIG_INVALID */
export const readerOf = (spec: LogSpec): Reader => (spec.format === 'text' ? textReader(spec) : jsonReader(spec));

function textReader(spec: LogSpec): Reader {
  const { pattern } = spec;
  if (pattern === undefined) throw wrong(spec, 'format text needs pattern', `pattern: '^(?<level>[A-Z]+) '`);
  if (spec.fields !== undefined) throw wrong(spec, 'fields are of format json', 'Leave them out, or write format: json.');
  const problem = patternProblem(pattern);
  if (problem !== null) throw wrong(spec, `pattern: ${problem}`, 'Say what stands between the repetitions: (?:\\w+ )+ as [\\w ]+.');
  const groups = Object.keys(new RegExp(`${pattern}|`, 'u').exec('')?.groups ?? {});
  for (const key of ['number', 'time'] as const) {
    const name = spec[key];
    if (name !== undefined && !groups.includes(name)) throw wrong(spec, `${key}: pattern has no group (?<${name}>…)`, groupsHint(groups));
  }
  const labels = groups.filter((name) => name !== spec.number && name !== spec.time);
  checkLabels(spec, labels);
  const match = matcherOf(pattern);
  return {
    labels,
    read: (lines) => {
      const texts = lines.filter((line) => line !== null);
      const matches = match(texts, MOST_SLOW);
      const meant: Meaning[] = [];
      let next = 0;
      for (const line of lines) {
        if (line !== null && next >= matches.length) break;
        const found = line === null ? 'slow' : matches[next++];
        meant.push(
          found === 'slow'
            ? 'dropped'
            : found === null || found === undefined
              ? 'unmatched'
              : meaningOf(spec, labels, (name) => found[name]),
        );
      }
      return meant;
    },
  };
}

const groupsHint = (groups: readonly string[]): string =>
  groups.length === 0 ? 'A group is written (?<name>…).' : `Its groups: ${groups.join(', ')}.`;

function jsonReader(spec: LogSpec): Reader {
  const { fields } = spec;
  if (fields === undefined) throw wrong(spec, 'format json needs fields', 'fields: [level, http.status]');
  if (spec.pattern !== undefined) throw wrong(spec, 'pattern is of format text', 'Leave it out, or write format: text.');
  const labels = fields.map((field) => field.replaceAll(/[^a-zA-Z0-9_]/g, '_'));
  checkLabels(spec, labels);
  return {
    labels,
    read: (lines) =>
      lines.map((line) => {
        if (line === null) return 'dropped';
        const object = objectIn(line);
        return object === null ? 'unmatched' : meaningOf(spec, fields, (name) => fieldOf(object, name));
      }),
  };
}

function checkLabels(spec: LogSpec, labels: readonly string[]): void {
  const bad = labels.find((label) => !LABEL.test(label));
  if (bad !== undefined) throw wrong(spec, `"${bad}" cannot be a label`, 'Labels are letters, digits and _, and begin with no digit.');
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined) throw wrong(spec, `two fields become the label ${twice}`, 'Leave one of them out.');
  if (labels.length > MOST_LABELS) throw wrong(spec, `${labels.length} labels`, `At most ${MOST_LABELS} are possible.`);
}

const wrong = (spec: LogSpec, what: string, hint: string): BelayError =>
  new BelayError('BELAY_CONFIG_INVALID', `source ${spec.id}: ${what}`, { hint });

function objectIn(line: string): object | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    // A line that is no JSON is counted as such by whoever asked.
    return null;
  }
}

/** A key with dots in it is found before a path. */
function fieldOf(object: object, name: string): unknown {
  if (Object.hasOwn(object, name)) return (object as Record<string, unknown>)[name];
  let value: unknown = object;
  for (const key of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function meaningOf(spec: LogSpec, names: readonly string[], found: Found): Meant {
  return {
    values: names.map((name) => labelValue(found(name))),
    number: spec.number === undefined ? undefined : numberIn(found(spec.number)),
    at: spec.time === undefined ? undefined : timeIn(found(spec.time)),
  };
}

function labelValue(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return undefined;
  return value.slice(0, LONGEST_VALUE).replaceAll(/[\p{Cc}\p{Cs}]/gu, '\ufffd');
}

function numberIn(value: unknown): number | undefined {
  const number = typeof value === 'number' ? value : typeof value === 'string' && NUMBER.test(value.trim()) ? Number(value) : Number.NaN;
  return Math.abs(number) <= LARGEST ? number : undefined;
}

const timeIn = (value: unknown): number | null => (typeof value === 'string' || typeof value === 'number' ? eventTimeOf(value) : null);
