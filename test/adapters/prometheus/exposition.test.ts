// The page format: both dialects, their odd corners, and whatever bytes may come.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ExposedSample, Exposition, ExpositionError } from '../../../src/adapters/prometheus/exposition.ts';

const parse = (text: string, openMetrics = false): readonly ExposedSample[] => new Exposition().parse(text, { openMetrics });
const plain = (samples: readonly ExposedSample[]) => samples.map((sample) => ({ ...sample, labels: { ...sample.labels } }));

describe('text 0.0.4', () => {
  test('is read with labels, escapes, spaces, times and special numbers', () => {
    const text = [
      '# HELP http_requests_total The total number.',
      '# TYPE http_requests_total counter',
      'http_requests_total{method="post",code="200"} 1027 1395066363000',
      'http_requests_total{method="post",code="400",} 3',
      'http_requests_total { method = "get" , code="500" } 4e2',
      '',
      '# a comment',
      'msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\" {x} = 3"} 1.458255915e9',
      'something_weird{problem="division by zero"} +Inf -3982045',
      'nothing NaN',
      'lower -inf',
      '',
    ].join('\n');
    expect(plain(parse(text))).toEqual([
      {
        name: 'http_requests_total',
        labels: { method: 'post', code: '200' },
        cumulative: true,
        value: 1027,
        timestampMs: 1_395_066_363_000,
      },
      { name: 'http_requests_total', labels: { method: 'post', code: '400' }, cumulative: true, value: 3, timestampMs: null },
      { name: 'http_requests_total', labels: { method: 'get', code: '500' }, cumulative: true, value: 400, timestampMs: null },
      {
        name: 'msdos_file_access_time_seconds',
        labels: { path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find file:\n"FILE.TXT" {x} = 3' },
        cumulative: false,
        value: 1458255915,
        timestampMs: null,
      },
      { name: 'something_weird', labels: { problem: 'division by zero' }, cumulative: false, value: Infinity, timestampMs: -3_982_045 },
      { name: 'nothing', labels: {}, cumulative: false, value: Number.NaN, timestampMs: null },
      { name: 'lower', labels: {}, cumulative: false, value: -Infinity, timestampMs: null },
    ]);
  });

  test('knows what counts up: counters, parts of histograms and summaries, and untyped names that end so', () => {
    const text = [
      '# TYPE h histogram',
      'h_bucket{le="+Inf"} 5',
      'h_sum 1.5',
      'h_count 5',
      '# TYPE s summary',
      's{quantile="0.5"} 0.1',
      's_sum 2',
      's_count 7',
      '# TYPE g_total gauge',
      'g_total 5',
      '# TYPE plain counter',
      'plain 1',
      'untyped_total 3',
      'untyped 3',
      '',
    ].join('\r\n');
    expect(parse(text).map((one) => [one.name, one.cumulative])).toEqual([
      ['h_bucket', true],
      ['h_sum', true],
      ['h_count', true],
      ['s', false],
      ['s_sum', true],
      ['s_count', true],
      ['g_total', false],
      ['plain', true],
      ['untyped_total', true],
      ['untyped', false],
    ]);
  });

  test('gives the same labels object for the same series of the next page', () => {
    const exposition = new Exposition();
    const [first] = exposition.parse('a{x="1"} 1\n', { openMetrics: false });
    const [second] = exposition.parse('a{x="1"} 2\n', { openMetrics: false });
    expect(second?.labels).toBe(first?.labels);
    expect(second?.value).toBe(2);
  });
});

describe('OpenMetrics', () => {
  test('is read with units, exemplars, times in seconds and its end', () => {
    const text = [
      '# TYPE foo counter',
      '# UNIT foo seconds',
      'foo_total{a="b"} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67',
      'foo_created{a="b"} 1520430000.123',
      '# TYPE bar gauge',
      'bar 3',
      '# EOF',
    ].join('\n');
    expect(plain(parse(text, true))).toEqual([
      { name: 'foo_total', labels: { a: 'b' }, cumulative: true, value: 17, timestampMs: 1_520_879_607_789 },
      { name: 'bar', labels: {}, cumulative: false, value: 3, timestampMs: null },
    ]);
    expect(parse(`${text}\n`, true)).toHaveLength(2);
  });

  test.each(['a 1\n', 'a 1\n# EOF\nb 2\n', ''])('is refused when its end is missing or not the end: %j', (text) => {
    expect(() => parse(text, true)).toThrow(ExpositionError);
  });
});

describe('a broken page', () => {
  const broken = [
    'a',
    'a ',
    '{a="b"} 1',
    'a{ 1',
    'a{b} 1',
    'a{b=} 1',
    'a{b="c} 1',
    'a{b="c" 1',
    'a{b="c"}',
    'a{b="c",b="d"} 1',
    'a{1b="c"} 1',
    'a 1 2 3',
    'a one',
    'a 1 two',
    'a 0x10',
    'a-b 1',
    'a 1_000',
    'é 1',
    'a{b="c"}} 1',
    'a NaN NaN',
  ];
  test.each(broken)('is refused whole, with the line: %j', (line) => {
    expect(() => parse(`fine 1\n${line}\n`)).toThrow(/^line 2: /);
  });

  test('never does anything but be read or be refused', () => {
    const scrap = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('a', '{', '}', '"', '\\', '\n', ' ', ',', '=', '# TYPE a counter', '# EOF', '1', 'NaN', 'x="y"', '#'),
    );
    fc.assert(
      fc.property(fc.array(scrap, { maxLength: 25 }), fc.boolean(), (parts, openMetrics) => {
        try {
          for (const sample of parse(`${parts.join('')}\n`, openMetrics)) {
            expect(sample.name).toMatch(/^[a-zA-Z_:][\w:]*$/);
            expect(typeof sample.value).toBe('number');
          }
        } catch (error) {
          if (!(error instanceof ExpositionError)) throw error;
        }
      }),
      { numRuns: 10_000 },
    );
  });

  test('and what was written comes back as it was meant', () => {
    const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,8}$/);
    const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,6}$/).filter((one) => one !== 'quantile' && one !== '__proto__');
    const sample = fc.record({
      name,
      labels: fc.dictionary(label, fc.string({ unit: 'grapheme', maxLength: 10 }), { maxKeys: 4, noNullPrototype: true }),
      value: fc.double(),
    });
    const escaped = (text: string): string => text.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 10 }), (samples) => {
        const shown = (value: number): string =>
          Number.isNaN(value) ? 'NaN' : value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);
        const text = samples
          .map(
            (one) =>
              `${one.name}{${Object.entries(one.labels)
                .map(([key, value]) => `${key}="${escaped(value)}"`)
                .join(',')}} ${shown(one.value)}\n`,
          )
          .join('');
        const found = parse(text);
        expect(found.map((one) => one.name)).toEqual(samples.map((one) => one.name));
        expect(found.map((one) => ({ ...one.labels }))).toEqual(samples.map((one) => ({ ...one.labels })));
        for (const [index, one] of found.entries())
          expect(one.value).toBe(Number(samples[index]?.value) + 0 === 0 ? one.value : samples[index]?.value);
      }),
      { numRuns: 2_000 },
    );
  });
});
