// Whatever the API of an engine answers, what comes of it is well formed, or refused with a sentence.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnswerError, pointsOf } from '../../../src/adapters/promql/answer.ts';

const vector = (...result: readonly unknown[]): unknown => ({ status: 'success', data: { resultType: 'vector', result } });
const one = (metric: unknown, value: unknown = [1_741_608_000.5, '3']): unknown => ({ metric, value });

function whyNot(answer: unknown): string {
  try {
    pointsOf(typeof answer === 'string' ? answer : JSON.stringify(answer));
    return '';
  } catch (error) {
    if (error instanceof AnswerError) return error.message;
    throw error;
  }
}

describe('an answer', () => {
  test('gives a point for each series: labels without the name of the metric, the time to the millisecond', () => {
    const body = JSON.stringify(vector(one({ __name__: 'x_total', org: 'acme', code: '200' }), one({}, [1, '1.5e3'])));
    expect(pointsOf(body)).toEqual([
      { labels: { code: '200', org: 'acme' }, key: '{"code":"200","org":"acme"}', at: 1_741_608_000_500, value: 3 },
      { labels: {}, key: '{}', at: 1_000, value: 1_500 },
    ]);
  });

  test('may be one number without labels, or none at all', () => {
    const scalar = { status: 'success', data: { resultType: 'scalar', result: [7, '42'] } };
    expect(pointsOf(JSON.stringify(scalar))).toEqual([{ labels: {}, key: '{}', at: 7_000, value: 42 }]);
    expect(pointsOf(JSON.stringify(vector()))).toEqual([]);
  });

  test('leaves the number out where there is none', () => {
    const values = ['NaN', '+Inf', '-Inf'].map((value, index) => one({ n: String(index) }, [1, value]));
    expect(pointsOf(JSON.stringify(vector(...values))).map(({ value }) => value)).toEqual([null, null, null]);
  });

  test('with labels of strangers is cut and moves no cursor', () => {
    const [point] = pointsOf(JSON.stringify(vector(one({ org: 'a\u001b[2J\nb', long: 'x'.repeat(300) }))));
    expect(point?.labels).toEqual({ org: 'a�[2J�b', long: 'x'.repeat(256) });
  });

  test.each<[what: string, answer: unknown, says: RegExp]>([
    ['a page of a login', '<html>', /no JSON: is that the address/],
    ['JSON of somebody else', { message: 'hello' }, /no answer of a query API/],
    ['a refusal of the engine', { status: 'error', errorType: 'bad_data', error: 'parse error\nat 1' }, /bad_data: parse error�at 1/],
    ['a part of a cluster', { ...(vector(one({})) as object), isPartial: true }, /a part only/],
    ['a warning', { ...(vector(one({})) as object), warnings: ['store b is away'] }, /warns, and so is not taken: store b is away/],
    ['ranges', { status: 'success', data: { resultType: 'matrix', result: [] } }, /gives a matrix: a query must give one number/],
    ['a text', { status: 'success', data: { resultType: 'string', result: [1, 'x'] } }, /gives a string/],
    ['histograms', vector({ metric: {}, histogram: [1, {}] }), /native histograms/],
    ['the same labels twice', vector(one({ __name__: 'a', org: 'x' }), one({ __name__: 'b', org: 'x' })), /two series of the same labels/],
    ['a number that is none', vector(one({}, [1, '0x10'])), /"0x10" is no number/],
    ['a number beyond all doubles', vector(one({}, [1, '1e999'])), /"1e999" is no number/],
    ['a time that is none', vector(one({}, ['now', '1'])), /the time of a value is no time/],
    ['too many labels', vector(one(Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`l${n}`, 'x'])))), /65 labels: 64/],
    ['too many series', vector(...Array.from({ length: 50_001 }, (_, n) => one({ n: String(n) }))), /50001 series, and at most 50000/],
  ])('that cannot be taken whole is refused whole: %s', (_what, answer, says) => {
    expect(whyNot(answer)).toMatch(says);
  });
});

test('ten thousand answers give finite points with short, plain, distinct labels, or a reason', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('org', '__name__', '__proto__', 'NaN', 'x'.repeat(300)),
  );
  const number = fc.oneof(fc.nat().map(String), fc.constantFrom('NaN', '+Inf', '-1e3', '1e999', '', '0x1'), text);
  const odd = fc.constantFrom<unknown>(null, 1, '1', [], {}, true);
  const usually = <T>(good: fc.Arbitrary<T>): fc.Arbitrary<unknown> => fc.oneof({ weight: 9, arbitrary: good }, odd);
  const series = fc.record({
    metric: usually(fc.dictionary(text, usually(text), { maxKeys: 3 })),
    value: usually(fc.tuple(usually(fc.integer({ min: 0, max: 2_000_000_000 })), number)),
  });
  const answer = fc.record({
    status: fc.constantFrom('success', 'success', 'success', 'error'),
    data: usually(
      fc.record({
        resultType: fc.constantFrom('vector', 'vector', 'scalar', 'matrix'),
        result: fc.array(usually(series), { maxLength: 3 }),
      }),
    ),
    warnings: usually(fc.constant([])),
  });
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: answer.map((one) => JSON.stringify(one)) }, fc.string()), (body) => {
      let points: ReturnType<typeof pointsOf>;
      try {
        points = pointsOf(body);
      } catch (error) {
        if (!(error instanceof AnswerError)) throw error;
        if (!/^.{1,400}$/u.test(error.message)) throw error;
        return;
      }
      taken += 1;
      expect(new Set(points.map(({ key }) => key)).size).toBe(points.length);
      for (const { at, value, labels } of points) {
        const isSound = Number.isFinite(at) && (value === null || Number.isFinite(value));
        expect([isSound, Object.values(labels).every((label) => label.length <= 256 && !/\p{Cc}/u.test(label))]).toEqual([true, true]);
      }
    }),
    { numRuns: 10_000 },
  );
  expect(taken).toBeGreaterThan(300);
});
