// Owns counting: what vitest's JSON of each lane adds up to, and the one closing line. Refuses to run tests.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const MOST_OF_A_REASON = 300;

interface Assertion {
  readonly status: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo' | 'disabled';
  readonly fullName: string;
  readonly failureMessages?: readonly string[];
}
interface TestFile {
  readonly name: string;
  readonly status: 'passed' | 'failed';
  readonly assertionResults: readonly Assertion[];
}
interface LaneReport {
  readonly testResults: readonly TestFile[];
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface LaneOutcome {
  readonly lane: string;
  readonly counts: Counts;
  readonly durationMs: number;
  /** Sentences about failures: each test that failed, and what no test carries: a crash of the runner, a time-out, a leaked process, a skip that may not be. */
  readonly remarks: readonly string[];
}

/** A runner that dies before it could write its report, or fails beside its tests, is a failure too: none may look like "no tests". */
export function countLane(reportFile: string, exitCode: number | null): { readonly counts: Counts; readonly remarks: readonly string[] } {
  if (!existsSync(reportFile))
    return { counts: { passed: 0, failed: 1, skipped: 0 }, remarks: [`vitest ended (${String(exitCode)}) without a report`] };
  const { testResults } = JSON.parse(readFileSync(reportFile, 'utf8')) as LaneReport;
  const tests = testResults.flatMap((file) => file.assertionResults);
  const has = (status: Assertion['status']) => tests.filter((test) => test.status === status).length;
  const broken = testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'));
  const remarks = [
    ...testResults.flatMap((file) =>
      file.assertionResults.filter((test) => test.status === 'failed').map((test) => failedLine(file, test)),
    ),
    ...broken.map((file) => `${file.name} could not be loaded or cleaned up`),
  ];
  const failed = has('failed') + broken.length;
  if (failed === 0 && exitCode !== 0) remarks.push(`vitest ended with ${String(exitCode)} though no test failed (an unhandled error?)`);
  const passed = has('passed');
  return {
    counts: { passed, failed: failed + (failed === 0 && exitCode !== 0 ? 1 : 0), skipped: tests.length - passed - has('failed') },
    remarks,
  };
}

/** The last lines of a run are what people see first: they name what failed and why, so that nobody has to search the log. */
function failedLine(file: TestFile, test: Assertion): string {
  const why = test.failureMessages?.[0]?.split('\n', 1)[0]?.slice(0, MOST_OF_A_REASON);
  return `failed: ${path.basename(file.name)} > ${test.fullName}${why === undefined ? '' : `: ${why}`}`;
}

/** One report over all lanes, in vitest's own shape, so that tools which read that shape read ours. */
export function mergeReports(files: readonly string[], into: string): void {
  const testResults = files
    .filter((file) => existsSync(file))
    .flatMap((file) => (JSON.parse(readFileSync(file, 'utf8')) as LaneReport).testResults);
  writeFileSync(into, JSON.stringify({ testResults }));
}

export function sum(all: readonly Counts[]): Counts {
  const of = (key: keyof Counts) => all.reduce((so, one) => so + one[key], 0);
  return { passed: of('passed'), failed: of('failed'), skipped: of('skipped') };
}

export function closingLine(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}
