// The end of a log file as it is now: which of its lines tell of a time and are meant. It keeps no place and counts nothing for detection.
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { LogLook, LogQuestion, LogSeen } from '../../ports/looks.ts';
import { eventTimeOf } from './event-time.ts';
import { isCompressed, NotAFile, openLog, rotatedOf } from './files.ts';
import { LONGEST_LINE } from './lines.ts';
import { type LogSpec, type Reader, readerOf } from './meaning.ts';
import { matcherOf, patternProblem } from './pattern.ts';

/** Of all files together: more is not read for one question. */
const MOST_BYTES = 4 * 1_024 * 1_024;
const MOST_FILES = 4;
/** Of a line that is given. */
const LONGEST_SHOWN = 2_000;
const MOST_SLOW = 1;
/** Where people and loggers write the time of a line. */
const LEADING = /^[[(<]?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?\s?(?:Z|[+-]\d\d:?\d\d)?)/i;
const TIME_FIELDS = ['time', 'timestamp', 'ts', '@timestamp'] as const;

interface LookDeps {
  /** Where a relative path starts. */
  readonly baseDir: string;
}

export interface Dated {
  readonly text: string;
  /** Its own, or that of the line before it; null: none of them tells one. */
  readonly at: Instant | null;
  readonly org: string | undefined;
}

/** @throws BELAY_CONFIG_INVALID as the source does */
export function createLogLook(spec: LogSpec, { baseDir }: LookDeps): LogLook {
  const path = resolve(baseDir, spec.path);
  const reader = readerOf(spec);
  const look = async (q: LogQuestion): Promise<LogSeen> => {
    const back = await readBack(path, q.since, (texts) => dated(texts, reader, spec));
    if (q.since !== null && back.lines.length > 0 && back.lines.every((line) => line.at === null)) throw undated(spec);
    return seenIn(spec.id, back, q);
  };
  return {
    look: async (q) => {
      try {
        return await look(q);
      } catch (error) {
        if (error instanceof NotAFile || typeof (error as NodeJS.ErrnoException).syscall === 'string')
          throw new BelayError('BELAY_TARGET_UNREACHABLE', `log ${spec.id}: ${(error as Error).message}`);
        throw error;
      }
    },
  };
}

/** What is meant of lines, wherever they were read. @throws BELAY_INPUT_INVALID for a pattern that is none */
export function seenIn(id: string, { lines, isWhole }: ReadBack, q: LogQuestion): LogSeen {
  const { since } = q;
  const inTime = since === null ? lines : lines.filter((line) => line.at !== null && line.at >= since);
  const meant = meantBy(id, q)(inTime);
  return {
    matched: meant.length,
    read: inTime.length,
    lines: q.most === 0 ? [] : meant.slice(-q.most).map(({ text }) => shown(text)),
    isWhole,
  };
}

const shown = (text: string): string => (text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 1)}…` : text);

const undated = (spec: LogSpec): BelayError =>
  new BelayError('BELAY_INPUT_INVALID', `log ${spec.id}: none of its lines tells a time, so "last" means nothing for it`, {
    hint: `Name the group or the field that holds the time: "time:" of sources.${spec.id}. Or leave "last" out.`,
  });

function meantBy(id: string, { match, contains, org }: LogQuestion): (lines: readonly Dated[]) => readonly Dated[] {
  const problem = match === undefined ? null : patternProblem(match);
  if (problem !== null) throw new BelayError('BELAY_INPUT_INVALID', `log ${id}: match: ${problem}`);
  const matches = match === undefined ? null : matcherOf(match);
  return (lines) => {
    const near = lines.filter(({ text, org: own }) => (contains === undefined || text.includes(contains)) && isOf(org, own, text));
    if (matches === null) return near;
    const found = matches(
      near.map(({ text }) => text),
      MOST_SLOW,
    );
    if (found.length < near.length || found.includes('slow'))
      throw new BelayError('BELAY_INPUT_INVALID', `log ${id}: match takes too long on a line`, {
        hint: 'Write what stands between the repetitions.',
      });
    return near.filter((_, n) => found[n] !== null);
  };
}

/** Where the source does not say whose a line is, the id must stand in it as a word of its own. */
function isOf(org: string | undefined, own: string | undefined, text: string): boolean {
  if (org === undefined || own !== undefined) return org === undefined || own === org;
  for (let at = text.indexOf(org); at !== -1; at = text.indexOf(org, at + 1))
    if (!/[\w-]/.test(text[at - 1] ?? ' ') && !/[\w-]/.test(text[at + org.length] ?? ' ')) return true;
  return false;
}

/** A line without a time, such as a line of a stack trace, is of the time of the line before it. */
function dated(texts: readonly string[], reader: Reader, spec: LogSpec): readonly Dated[] {
  const meant = reader.read(texts);
  const orgAt = reader.labels.indexOf('org');
  let last: Instant | null = null;
  let lastOrg: string | undefined;
  return texts.map((text, n) => {
    const one = meant[n];
    const own = one === undefined || typeof one === 'string' ? null : one;
    const at = spec.time === undefined ? guessed(text, spec.format) : (own?.at ?? null);
    if (at !== null) [last, lastOrg] = [at, orgAt === -1 ? undefined : own?.values[orgAt]];
    return { text, at: last, org: at === null ? lastOrg : orgAt === -1 ? undefined : own?.values[orgAt] };
  });
}

function guessed(text: string, format: LogSpec['format']): Instant | null {
  if (format === 'text') return eventTimeOf(LEADING.exec(text)?.[1] ?? '');
  const fields = fieldsOf(text);
  for (const name of TIME_FIELDS) {
    const value = fields[name];
    const at = typeof value === 'string' || typeof value === 'number' ? eventTimeOf(value) : null;
    if (at !== null) return at;
  }
  return null;
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  if (!text.startsWith('{')) return {};
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    // A line that is no JSON tells no time.
    return {};
  }
}

export interface ReadBack {
  readonly lines: readonly Dated[];
  readonly isWhole: boolean;
}

/** From the end back to `since`, through files that were rotated away. */
async function readBack(path: string, since: Instant | null, dating: (texts: readonly string[]) => readonly Dated[]): Promise<ReadBack> {
  let left = MOST_BYTES;
  let lines: readonly Dated[] = [];
  const files = [path, ...(since === null ? [] : await olderFiles(path))];
  for (const [n, file] of files.entries()) {
    const tail = await tailOf(file, left);
    if (tail === null) {
      if (n > 0) continue;
      throw new BelayError('BELAY_TARGET_UNREACHABLE', `there is no ${path}`, { hint: 'Look at the path of the source in belay.yaml.' });
    }
    left -= tail.bytes;
    lines = [...dating(tail.texts), ...lines];
    const reaches = since !== null && lines.some((line) => line.at !== null && line.at < since);
    if (reaches) return { lines, isWhole: true };
    if (!tail.isWhole || left <= 0) return { lines, isWhole: false };
    if (since !== null && tail.texts.length > 0 && lines.every((line) => line.at === null)) break;
  }
  return { lines, isWhole: true };
}

/** Newest first. Compressed ones are not read: what lies in them is told as not whole. */
async function olderFiles(path: string): Promise<readonly string[]> {
  const names = ((await rotatedOf(path)) ?? []).filter((one) => !isCompressed(one)).map(({ name }) => join(dirname(path), name));
  const aged = await Promise.all(
    names.map((name) =>
      stat(name).then(
        ({ mtimeMs }) => ({ name, mtimeMs }),
        // Renamed meanwhile.
        () => null,
      ),
    ),
  );
  const there = aged.filter((one) => one !== null).toSorted((a, b) => b.mtimeMs - a.mtimeMs);
  return there.slice(0, MOST_FILES - 1).map(({ name }) => name);
}

interface Tail {
  readonly texts: readonly string[];
  readonly bytes: number;
  readonly isWhole: boolean;
}

async function tailOf(path: string, most: number): Promise<Tail | null> {
  const file = await openLog(path);
  if (file === null) return null;
  try {
    const length = Math.min(file.size, most);
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.handle.read(bytes, 0, length, file.size - length);
    const text = bytes.toString('utf8', 0, bytesRead);
    const isWhole = length === file.size;
    const texts = text.split('\n').map((line) => line.replace(/\r$/, '').slice(0, LONGEST_LINE));
    // The first one lost its beginning.
    if (!isWhole) texts.shift();
    return { texts: texts.filter((line) => line !== ''), bytes: bytesRead, isWhole };
  } finally {
    await file.handle.close();
  }
}
