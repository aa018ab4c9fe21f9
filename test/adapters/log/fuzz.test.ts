// Whatever strangers write into a log: lines are cut as a plain reader would cut them, and nothing that a line says can throw.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventTimeOf } from '../../../src/adapters/log/event-time.ts';
import { type Line, readLines } from '../../../src/adapters/log/lines.ts';
import { type Meaning, readerOf } from '../../../src/adapters/log/meaning.ts';
import { patternProblem } from '../../../src/adapters/log/pattern.ts';
import type { LogFile, Place } from '../../../src/adapters/log/place.ts';
import { LabelSets, Tally } from '../../../src/adapters/log/tally.ts';
import { START, specOf } from './kit.ts';

/** Bytes in memory, as a file would give them. */
function fileOf(bytes: Uint8Array): LogFile {
  const read = async (into: Uint8Array, at: number, length: number, from: number) => {
    const part = bytes.subarray(from, from + length);
    into.set(part, at);
    return { bytesRead: part.length, buffer: into };
  };
  return { handle: { read, close: async () => undefined } as unknown as LogFile['handle'], id: 1, born: 1, size: bytes.length };
}

const small = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.constantFrom('\n', '\r\n', '\n\0\0', '\ufeff', 'ação', 'x\n').map((text) => Buffer.from(text)),
);
const large = fc.constantFrom(65_535, 65_536, 65_537, 140_000).map((length) => Buffer.alloc(length, 'x'));

function plainly(bytes: Buffer): { readonly lines: readonly Line[]; readonly whole: number } {
  const lines: Line[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    let from = start;
    while (from < end && bytes[from] === 0) from += 1;
    const text = bytes.toString('utf8', from, bytes[end - 1] === 13 && end > from ? end - 1 : end);
    lines.push(end - from > 65_536 ? null : text.replace(/^\ufeff/, ''));
    start = end + 1;
  }
  return { lines, whole: start };
}

async function cutInParts(bytes: Buffer, takes: readonly number[]): Promise<readonly Line[]> {
  const got: Line[] = [];
  let place: Place = { file: 1, born: 1, offset: 0, mark: 0, skipping: false };
  for (let turn = 1; turn <= takes.length + 6; turn += 1) {
    const most = takes[turn - 1] ?? Infinity;
    const known = bytes.subarray(0, Math.ceil((bytes.length * turn) / (takes.length + 5)));
    place = await readLines(fileOf(known), place, { bytes: 8_388_608, spent: false, isOver: () => false }, (lines) => {
      const taken = Math.min(most, lines.length);
      got.push(...lines.slice(0, taken));
      return taken;
    });
  }
  return got;
}

const takes = fc.array(fc.nat(3), { maxLength: 4 });

test('bytes that come in any parts give the lines that they hold, in order, each once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(small, { maxLength: 12 }), takes, async (pieces, most) => {
      const bytes = Buffer.concat(pieces);
      expect(await cutInParts(bytes, most)).toEqual(plainly(bytes).lines);
    }),
    { numRuns: 10_000 },
  );
});

test('lines about the longest length that come in any parts are taken or dropped as a whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(small, large), { maxLength: 8 }), takes, async (pieces, most) => {
      const bytes = Buffer.concat(pieces);
      const { lines, whole } = plainly(bytes);
      // An end that is too long to become a line was told already.
      const rest = bytes.subarray(whole);
      const first = rest.findIndex((byte) => byte !== 0);
      const isTold = first !== -1 && rest.length - first > 65_536;
      const brief = (all: readonly Line[]) => all.map((line) => (line === null ? null : `${line.length} ${line.slice(0, 20)}`));
      expect(brief(await cutInParts(bytes, most))).toEqual(brief(isTold ? [...lines, null] : lines));
    }),
    { numRuns: 200 },
  );
});

const jsonReader = readerOf(
  specOf({ format: 'json', fields: ['level', 'a.b', '__proto__.x', 'constructor.name'], number: 'n', time: 't' }),
);
const textReader = readerOf(specOf({ pattern: '(?<a>\\S*) (?<b>\\d+)?(?<t>[^ ]*)', number: 'b', time: 't' }));

const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.date().map(String),
);
const jsonLine = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc
    .record({ level: value, a: fc.oneof(value, fc.record({ b: value })), n: value, t: value }, { requiredKeys: [] })
    .map((one) => JSON.stringify(one)),
  fc.string({ unit: 'binary' }),
);

function check(meaning: Meaning | undefined): void {
  if (meaning === undefined || typeof meaning === 'string') return;
  for (const label of meaning.values) {
    if (label === undefined) continue;
    expect(label.length).toBeLessThanOrEqual(256);
    expect(/[\p{Cc}\p{Cs}]/u.test(label)).toBe(false);
  }
  expect(meaning.number === undefined || Math.abs(meaning.number) <= 1e15).toBe(true);
  expect(meaning.at === null || meaning.at === undefined || (Number.isSafeInteger(meaning.at) && meaning.at >= 0)).toBe(true);
}

test('10,000 lines of JSON, of nearly JSON and of anything give clean labels, finite numbers and real times, or nothing', () => {
  fc.assert(
    fc.property(fc.array(jsonLine, { minLength: 10, maxLength: 10 }), (lines) => {
      const meant = jsonReader.read(lines);
      expect(meant).toHaveLength(10);
      for (const one of meant) check(one);
      const tally = new Tally(new LabelSets(jsonReader.labels), { withNumber: true, now: START });
      for (const one of meant) tally.add(one);
      const counted = tally.samples(START).filter((one) => one.kind === 'delta' && /lines$|unmatched$/.test(one.name));
      expect(counted.reduce((sum, one) => sum + (one.kind === 'delta' ? one.delta : 0), 0)).toBe(10);
      for (const one of tally.samples(START))
        expect(one.kind === 'delta' && Number.isFinite(one.delta) && Number.isFinite(one.at)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test('10,000 lines of text give clean labels, finite numbers and real times, or nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 400 }), { minLength: 20, maxLength: 20 }), (lines) => {
      const meant = textReader.read(lines);
      expect(meant).toHaveLength(20);
      for (const one of meant) check(one);
    }),
    { numRuns: 500 },
  );
});

test('times are read in four forms, and nothing else is taken for one', () => {
  const at = Date.parse('2025-03-10T12:00:00.250Z');
  for (const text of [
    '2025-03-10T12:00:00.250Z',
    '2025-03-10 12:00:00,250',
    '2025-03-10T09:00:00.250-03:00',
    '2025-03-10T13:00:00.25+01',
    `${at}`,
    at,
    `${at / 1_000}`,
    '2025-03-10T12:00:00.250999999z',
  ])
    expect([text, eventTimeOf(text)]).toEqual([text, at]);
  expect(eventTimeOf('10/Mar/2025:09:00:00 -0300')).toBe(at - 250);
  expect(eventTimeOf('2025-03-10T12:00Z')).toBe(at - 250);
  for (const text of [
    '',
    '2025-03-10',
    '2025-02-32T12:00:00Z',
    '12:00:00',
    '10/Foo/2025:09:00:00 -0300',
    '-5',
    'NaN',
    '1e12',
    '99999999999999',
    'Mar 10 2025',
    '2025-03-10T12:00:00+99:00',
  ])
    expect([text, eventTimeOf(text)]).toEqual([text, null]);
});

test('10,000 texts are a time or null, and 10,000 patterns are taken or refused with a reason', () => {
  const time = fc.oneof(
    fc.string(),
    fc.stringMatching(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)?$/),
    fc.double().map(String),
  );
  fc.assert(
    fc.property(time, (text) => {
      const at = eventTimeOf(text);
      return at === null || (Number.isSafeInteger(at) && at >= 0);
    }),
    { numRuns: 10_000 },
  );
  const part = fc.constantFrom(
    '(',
    ')',
    '(?:',
    '(?<x>',
    '[',
    ']',
    'a',
    '\\',
    '\\d',
    '+',
    '*',
    '?',
    '{2,}',
    '{2}',
    '|',
    '.',
    '^',
    '$',
    '{',
    '}',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
      const problem = patternProblem(parts.join(''));
      return problem === null || problem.length > 20;
    }),
    { numRuns: 10_000 },
  );
});
