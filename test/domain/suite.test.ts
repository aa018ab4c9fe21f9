// Reports of test suites: real ones are counted, and what breaks off, lies or is none is no report.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { suiteCounts } from '../../src/domain/suite.ts';

const counts = (passed: number, failed: number, skipped: number) => ({ passed, failed, skipped });

describe('TAP', () => {
  test.each<readonly [string, unknown]>([
    ['TAP version 13\n1..3\nok 1 - a\nok 2 - b # SKIP no network\nok 3\n', counts(2, 0, 1)],
    ['ok 1 - a\n    ok 1 - inner\n    1..1\nnot ok 2 - b\n  ---\n  message: no\n  ...\nnot ok 3 # todo later\n1..3\n', counts(1, 1, 1)],
    ['1..0 # SKIP nothing here\n', counts(0, 0, 0)],
    ['1..2\nok 1\nBail out! no database\n', counts(1, 1, 0)],
    ['1..3\nok 1\nok 2\n', 'its plan is 3 tests, and 2 are told'],
    ['ok 1\n', 'it has no plan (1..n)'],
    ['1..1\nok 1\n1..1\n', 'it has two plans'],
    ['', 'it has no plan (1..n)'],
    ['okay\n', 'it has no plan (1..n)'],
  ])('%j', (text, meant) => {
    expect(suiteCounts('tap', text, 0)).toEqual(meant);
  });
});

describe('JUnit', () => {
  const suites = (inside: string): string =>
    `<?xml version="1.0"?>\n<testsuites name="all"><testsuite name="a > b" tests="9">${inside}</testsuite></testsuites>`;
  test.each<readonly [string, unknown]>([
    [suites('<testcase name="a"/><testcase name="b"><failure message="1 &lt; 2">x</failure></testcase>'), counts(1, 1, 0)],
    [
      suites('<testcase name="a"><skipped/></testcase><testcase name="b"><error/></testcase><testcase name="c"></testcase>'),
      counts(1, 1, 1),
    ],
    [suites('<testcase name="a"><system-out><![CDATA[<failure/>]]></system-out></testcase>'), counts(1, 0, 0)],
    [suites('<!-- <testcase><failure/></testcase> --><testcase name="x > y"/>'), counts(1, 0, 0)],
    [suites(''), counts(0, 0, 0)],
    [suites('<testcase name="a"/>').slice(0, -30), 'it breaks off'],
    [suites('<testcase name="a"><failure/>').slice(0, -30), 'it breaks off'],
    ['<html><testcase/></html>', 'it is no JUnit report'],
    ['', 'it is no JUnit report'],
  ])('%j', (text, meant) => {
    expect(suiteCounts('junit', text, 0)).toEqual(meant);
  });

  test('of a hundred thousand quotes is read in a moment', () => {
    const began = performance.now();
    suiteCounts('junit', `<testsuite ${'a="'.repeat(100_000)}`, 0);
    suiteCounts('junit', `<testsuite><testcase ${'"'.repeat(99_999)}`, 0);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('vitest', () => {
  const report = (more: object): string =>
    JSON.stringify({ numTotalTests: 3, numPassedTests: 2, numFailedTests: 0, numPendingTests: 1, success: true, ...more });
  test.each<readonly [string, unknown]>([
    [`some line before\n${report({})}`, counts(2, 0, 1)],
    [report({ numPassedTests: 1, numFailedTests: 1, success: false }), counts(1, 1, 1)],
    [report({ numFailedTestSuites: 1, success: false }), counts(2, 1, 1)],
    [report({ numTotalTests: 4 }), '4 tests, and 3 are told'],
    [report({ numPassedTests: -1 }), 'it does not count its tests'],
    ['{"numTotalTests":', 'it is no JSON'],
    ['', 'it is no JSON'],
    ['null', 'it does not count its tests'],
  ])('%j', (text, meant) => {
    expect(suiteCounts('vitest', text, 0)).toEqual(meant);
  });
});

test('without a report the code is the result', () => {
  expect([suiteCounts('exit', '', 0), suiteCounts('exit', 'ok', 2)]).toEqual([counts(1, 0, 0), counts(0, 1, 0)]);
});

test('whatever is printed becomes counts or a reason, 10 000 times', () => {
  const piece = fc.constantFrom(
    'ok 1',
    'not ok',
    '1..2',
    '# SKIP',
    '\n',
    '<testsuite>',
    '<testcase>',
    '</testcase>',
    '<failure',
    '/>',
    '"',
    "'",
    '>',
    '{',
    '"numTotalTests":1',
    '}',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 20 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 40 }),
  );
  fc.assert(
    fc.property(fc.constantFrom('tap' as const, 'junit' as const, 'vitest' as const), text, (report, printed) => {
      const found = suiteCounts(report, printed, 0);
      if (typeof found === 'string') expect(found.length).toBeGreaterThan(0);
      else expect(Object.values(found).every((one) => Number.isSafeInteger(one) && one >= 0)).toBe(true);
    }),
    { numRuns: 10_000 },
  );
});
