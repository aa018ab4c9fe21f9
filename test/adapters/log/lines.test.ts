// What becomes of bytes in a real file: lines, labels, numbers, times, and everything that is not a line.
import { describe, expect, test } from 'vitest';
import { createLogReader } from '../../../src/adapters/log/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import { countsOf, inFolder, type LogSpec, START, specOf } from './kit.ts';

const KIB = 1_024;

describe('lines', () => {
  test('are counted by label set, once each, and only when they are complete', () =>
    inFolder({}, async (log) => {
      log.write('INFO one\nERROR two\nINFO three\nERR');
      expect(await log.counts()).toEqual({ 'log_lines INFO': 2, 'log_lines ERROR': 1 });
      expect(await log.counts()).toEqual({});
      log.write('OR four\n');
      expect(await log.counts()).toEqual({ 'log_lines ERROR': 1 });
    }));

  test('that do not match are told apart, and a pattern without groups counts without labels', async () => {
    await inFolder({}, async (log) => {
      log.write('INFO one\n  at stack trace\n\n');
      expect(await log.counts()).toEqual({ 'log_lines INFO': 1, log_lines_unmatched: 2 });
    });
    await inFolder({ pattern: 'rate_limit' }, async (log) => {
      log.write('x rate_limit y\nquiet\n');
      expect(await log.counts()).toEqual({ log_lines: 1, log_lines_unmatched: 1 });
    });
  });

  test('end in LF or CRLF, may hold NULs, bytes that are not UTF-8, and a mark of byte order', () =>
    inFolder({ pattern: '^(?<all>.*)$' }, async (log) => {
      log.write(Buffer.from('\ufefffirst\r\nsecond\n', 'utf8'));
      log.write(Buffer.from([0x61, 0x00, 0x62, 0x07, 0xff, 0xc3, 0x28, 0x0a]));
      expect(await log.counts()).toEqual({ 'log_lines first': 1, 'log_lines second': 1, 'log_lines a�b���(': 1 });
    }));

  test('after a hole of NULs are read whole, and NULs at the end of the file wait for what is written there', () =>
    inFolder({ pattern: '^(?<all>.*)$' }, async (log) => {
      log.write(Buffer.alloc(300 * KIB));
      log.write('after\n');
      log.write(Buffer.alloc(10));
      expect(await log.counts()).toEqual({ 'log_lines after': 1 });
      expect(log.cursor['offset']).toBe(300 * KIB + 6);
      log.write('more\n');
      expect(await log.counts()).toEqual({ 'log_lines more': 1 });
    }));

  test('of up to 64 KiB are taken, a longer one is dropped up to its end and counted once', () =>
    inFolder({}, async (log) => {
      log.write(`A${'x'.repeat(64 * KIB - 1)}\nB${'x'.repeat(64 * KIB)}\nC\n`);
      expect(await log.counts()).toEqual({ 'log_lines A': 1, 'log_lines C': 1, log_lines_dropped: 1 });
      log.write(`D${'x'.repeat(200 * KIB)}`);
      expect(await log.counts()).toEqual({ log_lines_dropped: 1 });
      log.write('x'.repeat(200 * KIB));
      log.restart();
      expect(await log.counts()).toEqual({});
      log.write('xxx\nE\n');
      expect(await log.counts()).toEqual({ 'log_lines E': 1 });
    }));

  test('beyond 8 MiB are left to the next readings, and not one is lost or counted twice', () =>
    inFolder({}, async (log) => {
      for (let n = 0; n < 9; n += 1) log.write(`INFO ${'x'.repeat(1_000)}\n`.repeat(2_200));
      const parts = [];
      for (let n = 0; n < 4; n += 1) parts.push((await log.counts())['log_lines INFO'] ?? 0);
      expect(parts.reduce((a, b) => a + b)).toBe(9 * 2_200);
      expect(parts.slice(0, 3).every((part) => part > 0 && part * 1_006 <= 8 * KIB * KIB)).toBe(true);
      expect(parts[3]).toBe(0);
    }));

  test('go on in the next reading when the time of one is over, with something taken in each', () =>
    inFolder({ timeoutMs: 0 }, async (log) => {
      log.write(`INFO ${'x'.repeat(1_000)}\n`.repeat(500));
      let sum = 0;
      let readings = 0;
      for (; readings < 20 && sum < 500; readings += 1) sum += (await log.counts())['log_lines INFO'] ?? 0;
      expect(sum).toBe(500);
      expect(readings).toBeGreaterThan(2);
    }));
});

describe('where a file is begun that was never read', () => {
  test('is after its last complete line, or at its beginning, as the option says', async () => {
    await inFolder({ start: 'end' }, async (log) => {
      log.write('INFO old\nERR');
      expect(await log.counts()).toEqual({});
      log.write('OR new\n');
      expect(await log.counts()).toEqual({ 'log_lines ERROR': 1 });
    });
    await inFolder({ start: 'end' }, async (log) => {
      log.write('ERR');
      expect(await log.counts()).toEqual({});
      log.write('OR first\n');
      expect(await log.counts()).toEqual({ 'log_lines ERROR': 1 });
    });
    await inFolder({ start: 'beginning' }, async (log) => {
      log.write('INFO old\n');
      expect(await log.counts()).toEqual({ 'log_lines INFO': 1 });
    });
  });

  test('is behind the end of a line that is too long already', () =>
    inFolder({ start: 'end' }, async (log) => {
      log.write(`INFO old\nA${'x'.repeat(70 * KIB)}`);
      expect(await log.counts()).toEqual({});
      log.write('xx\nINFO new\n');
      expect(await log.counts()).toEqual({ 'log_lines INFO': 1 });
    }));

  test('is its first line when it was born after Belay began to look', () =>
    inFolder({ start: 'end' }, async (log) => {
      expect(await log.read()).toMatchObject({ alive: true, samples: [] });
      log.write('INFO new\n');
      expect(await log.counts()).toEqual({ 'log_lines INFO': 1 });
    }));

  test('is chosen anew when the source reads another path', () =>
    inFolder({ start: 'end' }, async (log) => {
      log.write('INFO old\n');
      await log.read();
      log.write('INFO elsewhere\n', 'other.log');
      const other = createLogReader(
        { ...log.spec, path: 'other.log' },
        { time: { now: () => START, monotonicMs: () => 0 }, baseDir: log.dir },
      );
      expect(await other.read(new AbortController().signal, log.cursor)).toMatchObject({ alive: true, samples: [] });
    }));
});

describe('labels', () => {
  test('are cut at 256 characters, cleaned of control characters, and left out where a line does not say them', () =>
    inFolder({ pattern: '^(?<a>[^|]*)\\|(?<b>x)?' }, async (log) => {
      log.write(`${'é'.repeat(300)}|\nta\tb|x\n${'a'.repeat(255)}😀|x\n`);
      expect((await log.read()).samples.map((one) => ('labels' in one ? { ...one.labels } : {}))).toEqual([
        { a: 'é'.repeat(256) },
        { a: 'ta�b', b: 'x' },
        { a: `${'a'.repeat(255)}�`, b: 'x' },
      ]);
    }));

  test('beyond 2,000 sets in one reading are all (other), and no line is lost', () =>
    inFolder({ pattern: '^(?<id>\\d+) (?<kind>\\w)' }, async (log) => {
      log.write(Array.from({ length: 2_500 }, (_, id) => `${id} a\n`).join(''));
      const counts = await log.counts();
      expect(Object.keys(counts)).toHaveLength(2_001);
      expect(counts['log_lines (other) (other)']).toBe(500);
    }));

  test('that are not told apart are told as such with every reading from then on', () =>
    inFolder({ pattern: '^(?<id>\\d+) (?<kind>\\w)' }, async (log) => {
      log.write('1 a\n');
      expect((await log.read()).folded).toBeUndefined();
      log.write(Array.from({ length: 2_005 }, (_, id) => `${id} a\n`).join(''));
      expect((await log.read()).folded).toBe(5);
      log.write('1 a\n');
      expect((await log.read()).folded).toBe(5);
    }));

  test('are the same object for the same set in the next reading', () =>
    inFolder({}, async (log) => {
      log.write('INFO\n');
      const [first] = (await log.read()).samples;
      log.write('INFO\n');
      const [second] = (await log.read()).samples;
      expect(first).toEqual(second);
      expect(first !== undefined && second !== undefined && 'labels' in first && 'labels' in second && first.labels === second.labels).toBe(
        true,
      );
    }));
});

describe('JSON lines', () => {
  const json: Partial<LogSpec> = { format: 'json', fields: ['level', 'http.status', 'a.b.c'], number: 'took.ms', time: 'at' };

  test('give labels by path or by a name with dots, numbers and times; what is no object is told apart', () =>
    inFolder(json, async (log) => {
      const lines = [
        { level: 'error', http: { status: 503 }, took: { ms: 1.5 }, at: START - 5_000 },
        { level: 'error', 'http.status': 503, took: { ms: '2.5' }, at: '2025-03-10T11:59:55.100Z', a: { b: { c: true } } },
        { level: null, http: { status: { deep: 1 } }, at: 'yesterday', __proto__: { level: 'inherited' } },
      ];
      log.write(`${lines.map((one) => JSON.stringify(one)).join('\n')}\n{"level":\n3\n\n`);
      const { samples } = await log.read();
      expect(samples.map((one) => ({ ...one, labels: 'labels' in one ? { ...one.labels } : {} }))).toEqual([
        { kind: 'delta', name: 'log_lines', labels: { level: 'error', http_status: '503' }, at: START - 5_000, delta: 1 },
        { kind: 'delta', name: 'log_number_sum', labels: { level: 'error', http_status: '503' }, at: START - 5_000, delta: 1.5 },
        { kind: 'delta', name: 'log_number_count', labels: { level: 'error', http_status: '503' }, at: START - 5_000, delta: 1 },
        { kind: 'delta', name: 'log_lines', labels: { level: 'error', http_status: '503', a_b_c: 'true' }, at: START - 5_000, delta: 1 },
        {
          kind: 'delta',
          name: 'log_number_sum',
          labels: { level: 'error', http_status: '503', a_b_c: 'true' },
          at: START - 5_000,
          delta: 2.5,
        },
        {
          kind: 'delta',
          name: 'log_number_count',
          labels: { level: 'error', http_status: '503', a_b_c: 'true' },
          at: START - 5_000,
          delta: 1,
        },
        { kind: 'delta', name: 'log_lines', labels: {}, at: START, delta: 1 },
        { kind: 'delta', name: 'log_lines_unmatched', labels: {}, at: START, delta: 3 },
        { kind: 'delta', name: 'log_lines_undated', labels: {}, at: START, delta: 1 },
      ]);
    }));

  test('that lie in one second and one label set are one sample', () =>
    inFolder({ ...json, fields: ['level'] }, async (log) => {
      for (let ms = 0; ms < 2_000; ms += 100) log.write(`${JSON.stringify({ level: 'x', at: START - 4_000 + ms, took: { ms: 2 } })}\n`);
      const { samples } = await log.read();
      expect(samples.map((one) => [one.kind === 'delta' ? `${one.name} ${one.delta}` : '', one.at - START])).toEqual([
        ['log_lines 10', -4_000],
        ['log_number_sum 20', -4_000],
        ['log_number_count 10', -4_000],
        ['log_lines 10', -3_000],
        ['log_number_sum 20', -3_000],
        ['log_number_count 10', -3_000],
      ]);
    }));

  test('with numbers that are none, or too large to add up, count as lines alone', () =>
    inFolder({ format: 'json', fields: ['level'], number: 'n' }, async (log) => {
      log.write('{"level":"x","n":"-"}\n{"level":"x","n":1e300}\n{"level":"x","n":"0x10"}\n{"level":"x","n":-2}\n');
      expect(await log.counts()).toEqual({ 'log_lines x': 4, 'log_number_sum x': -2, 'log_number_count x': 1 });
    }));

  test('of very many seconds end the reading early, and the next goes on', () =>
    inFolder({ format: 'json', fields: ['level'], time: 'at' }, async (log) => {
      log.write(Array.from({ length: 30_000 }, (_, n) => `{"level":"x","at":${START / 1_000 - 40_000 + n}}\n`).join(''));
      const first = await log.read();
      expect(first.samples).toHaveLength(20_000);
      // It speaks for what it has read, so that the rest is not late.
      expect(first.at).toBe(START - 20_001_000);
      const second = await log.read();
      expect(second.samples).toHaveLength(10_000);
      expect(second.at).toBe(START);
    }));
});

describe('patterns', () => {
  const refusal = (o: Partial<LogSpec>): string => {
    try {
      createLogReader(specOf(o), { time: { now: () => START, monotonicMs: () => 0 }, baseDir: '/' });
      return 'taken';
    } catch (error) {
      return BelayError.is(error, 'BELAY_CONFIG_INVALID') ? error.message : String(error);
    }
  };

  test('that could try for hours are refused at opening, with the part that is dangerous', () => {
    for (const [pattern, part] of [
      ['(a+)+', '(a+)+'],
      ['^(?:\\w+\\s?)*$', '(?:\\w+\\s?)*'],
      ['((a*)b?){2,}', '((a*)b?){2,}'],
      ['(?<x>(?:a|b+)[)]){0,50}', '(?<x>(?:a|b+)[)]){0,50}'],
      ['x(([^\\]]+)y)+?', '(([^\\]]+)y)+'],
    ] as const)
      expect(refusal({ pattern })).toBe(`source app: pattern: ${part} repeats what repeats already: a line could make it try for hours`);
  });

  test('that repeat within bounds, or side by side, are taken', () => {
    for (const pattern of [
      '^(?:\\d+ ){3}',
      '[(a+)+]+',
      '\\(a+\\)+',
      '(a{1,3})+',
      '(?<ip>[\\d.]+) - (?<user>\\S+) \\[[^\\]]+\\]',
      '(?:[^"\\\\]|\\\\.)*',
    ])
      expect([pattern, refusal({ pattern })]).toEqual([pattern, 'taken']);
  });

  test('and options that cannot mean anything are refused with what to write instead', () => {
    expect(refusal({ pattern: '(?<x' })).toMatch(/^source app: pattern: it is not a regular expression: ./);
    expect(refusal({ pattern: '(?<ü>x)' })).toBe('source app: "ü" cannot be a label');
    expect(refusal({ pattern: '(?<x>x)', number: 'y' })).toBe('source app: number: pattern has no group (?<y>…)');
    expect(refusal({ pattern: 'x', time: 't' })).toBe('source app: time: pattern has no group (?<t>…)');
    expect(refusal({ pattern: 'x', fields: ['x'] })).toBe('source app: fields are of format json');
    expect(refusal({ format: 'json' })).toBe('source app: format json needs fields');
    expect(refusal({ format: 'json', fields: ['x'], pattern: 'x' })).toBe('source app: pattern is of format text');
    expect(refusal({ format: 'json', fields: ['a.b', 'a_b'] })).toBe('source app: two fields become the label a_b');
    expect(refusal({ format: 'json', fields: ['1'] })).toBe('source app: "1" cannot be a label');
    expect(refusal({ format: 'json', fields: Array.from({ length: 17 }, (_, n) => `f${n}`) })).toBe('source app: 17 labels');
    const { pattern: _none, ...bare } = specOf();
    expect(() => createLogReader(bare, { time: { now: () => 0, monotonicMs: () => 0 }, baseDir: '/' })).toThrow(
      'format text needs pattern',
    );
  });

  test('that run away all the same are stopped, and only the lines at which they do are dropped', () =>
    inFolder({ pattern: '^(?<x>a|aa|b)*(?<y>c)$' }, async (log) => {
      const evil = `${'a'.repeat(60)}d\n`;
      log.write(`ac\n${evil}bc\n${evil}${evil}ac\nnone\n`);
      // Three of them end a reading: other sources are waiting.
      expect(await log.counts()).toEqual({ 'log_lines a c': 1, 'log_lines b c': 1, log_lines_dropped: 3 });
      expect(await log.counts()).toEqual({ 'log_lines a c': 1, log_lines_unmatched: 1 });
    }));

  test('see the first 8 KiB of a line', () =>
    inFolder({ pattern: 'x(?<mark>[yz])' }, async (log) => {
      log.write(`${'-'.repeat(8_190)}xy\n${'-'.repeat(8_191)}xz\n`);
      expect(countsOf(await log.read())).toEqual({ 'log_lines y': 1, log_lines_unmatched: 1 });
    }));
});
