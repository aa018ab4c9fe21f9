// What acts as a customer or a tester would, to see whether the system works: suites of tests, and requests in a row.
import type { SuiteCounts } from '../domain/suite.ts';

export interface SuiteRun extends SuiteCounts {
  readonly exit: number;
  /** The end of what it printed, masked. */
  readonly tail: string;
  readonly tookMs: number;
}

export interface SyntheticRun {
  /** Steps of which what must come of them came. */
  readonly passed: number;
  /** The name of the one of which it did not; '' when all did. */
  readonly failedAt: string;
  /** What came instead, masked. */
  readonly why: string;
  /** The id under which this one wrote. */
  readonly run: string;
  readonly tookMs: number;
  /** Pictures of a browser by their names: data:image/png;base64,… */
  readonly shots?: Readonly<Record<string, string>>;
  /** What went on in a browser beside the steps, masked. */
  readonly notes?: readonly string[];
}

export interface Suites {
  /** @throws BELAY_NOT_FOUND, BELAY_PROCESS_FAILED, BELAY_TIMEOUT, BELAY_TARGET_UNREACHABLE for a report that cannot be read */
  run(id: string): Promise<SuiteRun>;
}

export interface Synthetics {
  /** @throws BELAY_NOT_FOUND, BELAY_HTTP_FAILED, BELAY_HTTP_REFUSED; of a browser BELAY_PROCESS_FAILED and BELAY_TIMEOUT */
  run(id: string): Promise<SyntheticRun>;
  steps(id: string): number;
}
