// Test suites that checks may run: what a suite is, and what the report of one says. A report is read without trust: what is not whole is
// no report. It starts nothing.
import { fieldsIn } from './received.ts';

export interface SuiteSpec {
  readonly id: string;
  readonly argv: readonly string[];
  /** Where it runs; the folder of belay.yaml if not written. */
  readonly cwd?: string;
  /** All that it sees of the environment, beside a PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly report: 'exit' | 'tap' | 'junit' | 'vitest';
  /** The report's file; what it prints if not written. */
  readonly reportFile?: string;
  /** It changes nothing: only so may it be run against production. */
  readonly readOnly: boolean;
  readonly against: 'production' | 'staging';
}

export interface SuiteCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A text says what is wrong with the report. */
export function suiteCounts(report: SuiteSpec['report'], text: string, exit: number): SuiteCounts | string {
  switch (report) {
    case 'exit':
      return { passed: exit === 0 ? 1 : 0, failed: exit === 0 ? 0 : 1, skipped: 0 };
    case 'tap':
      return ofTap(text);
    case 'junit':
      return ofJunit(text);
    case 'vitest':
      return ofVitest(text);
  }
}

/** Of the test anything protocol: its plan must be met, or it ended in the middle. */
function ofTap(text: string): SuiteCounts | string {
  let [passed, failed, skipped, planned] = [0, 0, 0, -1];
  for (const line of text.split('\n')) {
    const [, last, reason = ''] = /^1\.\.(\d{1,7})(?:\s*#(.*))?/.exec(line) ?? [];
    if (last !== undefined) {
      if (planned !== -1) return 'it has two plans';
      planned = Number(last);
      if (planned === 0 && /skip/i.test(reason)) return { passed: 0, failed: 0, skipped: 0 };
    }
    if (/^Bail out!/.test(line)) return { passed, failed: failed + 1, skipped };
    const [, not, rest = ''] = /^(not )?ok\b(.*)/.exec(line) ?? [];
    if (!/^(?:not )?ok\b/.test(line)) continue;
    // What is still to do may fail.
    if (/#\s*(?:skip|todo)/i.test(rest)) skipped += 1;
    else if (not === undefined) passed += 1;
    else failed += 1;
  }
  if (planned === -1) return 'it has no plan (1..n)';
  const told = passed + failed + skipped;
  return told === planned ? { passed, failed, skipped } : `its plan is ${planned} tests, and ${told} are told`;
}

const TAG = /<(\/?)(testsuites?|testcase|failure|error|skipped)\b((?:[^>"']|"[^"]*"|'[^']*')*)>/g;

function ofJunit(text: string): SuiteCounts | string {
  const bare = text.replaceAll(/<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->/g, '');
  const count = { passed: 0, failed: 0, skipped: 0 };
  let worst: keyof typeof count = 'passed';
  let open = 0;
  let suites = 0;
  let isIn = false;
  for (const [, end, name = '', inside = ''] of bare.matchAll(TAG)) {
    const isWhole = inside.endsWith('/');
    if (name.startsWith('testsuite')) {
      suites += 1;
      open += end === '/' ? -1 : isWhole ? 0 : 1;
    } else if (name !== 'testcase') {
      if (end !== '/' && isIn) worst = name === 'skipped' ? (worst === 'failed' ? worst : 'skipped') : 'failed';
    } else if (end === '/') {
      if (isIn) count[worst] += 1;
      isIn = false;
    } else {
      if (isIn) return 'a test begins within another';
      worst = 'passed';
      if (isWhole) count.passed += 1;
      isIn = !isWhole;
    }
  }
  if (suites === 0) return 'it is no JUnit report';
  return open === 0 && !isIn ? count : 'it breaks off';
}

/** Of vitest and jest, as JSON. */
function ofVitest(text: string): SuiteCounts | string {
  let json: unknown;
  try {
    json = JSON.parse(text.slice(Math.max(0, text.indexOf('{'))));
  } catch {
    return 'it is no JSON';
  }
  const { numTotalTests, numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites, success } = fieldsIn(json);
  const [total, passed, failed] = [numTotalTests, numPassedTests, numFailedTests];
  const skipped = [numPendingTests, numTodoTests].reduce<number>((sum, one) => sum + (isCount(one) ? one : 0), 0);
  if (!isCount(total) || !isCount(passed) || !isCount(failed)) return 'it does not count its tests';
  if (passed + failed + skipped !== total) return `${total} tests, and ${passed + failed + skipped} are told`;
  // A file that could not be loaded has no tests that fail.
  const lost = failed === 0 && (success === false || (isCount(numFailedTestSuites) && numFailedTestSuites > 0)) ? 1 : 0;
  return { passed, failed: failed + lost, skipped };
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
