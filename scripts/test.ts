// Owns `npm test`: installs what lanes need, runs each lane that can run, says which cannot, closes with one line of counts.
// `--lane NAME` runs one (repeatable); everything after `--` goes to vitest. Refuses to know any test.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isUnasked, prepare, type Readiness, skipLines } from './lane-readiness.ts';
import { LANES, type Lane } from './lanes.ts';
import { endLeftovers } from './leaks.ts';
import { whyNoApt } from './parts.ts';
import { closingLine, countLane, type LaneOutcome, mergeReports, sum } from './test-report.ts';

const root = path.dirname(import.meta.dirname);
const reports = path.join(root, '.test-report');

function chosenLanes(): { readonly lanes: readonly Lane[]; readonly rest: readonly string[] } {
  const { values, positionals } = parseArgs({ options: { lane: { type: 'string', multiple: true } }, allowPositionals: true });
  const names = values.lane ?? LANES.map((lane) => lane.name);
  const unknown = names.find((name) => !LANES.some((lane) => lane.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`There is no lane "${unknown}". Known: ${LANES.map((lane) => lane.name).join(', ')}.\n`);
    process.exit(2);
  }
  return { lanes: LANES.filter((lane) => names.includes(lane.name)), rest: positionals };
}

let interrupted = false;

async function runLane(lane: Lane, rest: readonly string[]): Promise<LaneOutcome> {
  console.log(`\n── lane ${lane.name}: ${lane.proves}`);
  const startedAt = Date.now();
  const mark = `BELAY_TEST_RUN=${randomUUID()}`;
  const report = reportOf(lane);
  rmSync(report, { force: true });
  const runs = await Promise.all(runsOf(lane, rest, report).map((run) => runVitest(lane, run, mark)));
  const counted = runs.map(({ report: part, exitCode }) => countLane(part, exitCode));
  const parts = runs.map((run) => run.report);
  if (parts.length > 1) mergeReports(parts, report);
  const counts = sum(counted.map((one) => one.counts));
  const timedOut = runs.some((run) => run.timedOut);
  const left = await endLeftovers(mark, 3_000);
  const extra = left.map((found) => `left a process behind: ${found.command.slice(0, 160)}`);
  if (timedOut) extra.push(`took longer than ${lane.timeoutMs / 60_000} minutes and was ended`);
  const failed = counts.failed + left.length + (timedOut && counts.failed === 0 ? 1 : 0);
  const remarks = [...counted.flatMap((one) => one.remarks), ...extra];
  return { lane: lane.name, counts: { ...counts, failed }, durationMs: Date.now() - startedAt, remarks };
}

interface Run {
  readonly report: string;
  readonly args: readonly string[];
  /** Kept until it has ended, so that the words of two runs do not mix. */
  readonly quiet: boolean;
}

/** One; two at once where the lane has tests that wait and nobody asked for some tests only. */
function runsOf(lane: Lane, rest: readonly string[], report: string): readonly Run[] {
  const { waiting = [] } = lane;
  if (waiting.length === 0 || rest.length > 0) return [{ report, args: rest, quiet: false }];
  const apart = (name: string) => path.join(reports, `${lane.name}-${name}.json`);
  return [
    { report: apart('computing'), args: waiting.flatMap((file) => ['--exclude', file]), quiet: false },
    { report: apart('waiting'), args: waiting, quiet: true },
  ];
}

function runVitest(
  lane: Lane,
  { report, args: more, quiet }: Run,
  mark: string,
): Promise<{ readonly report: string; readonly exitCode: number | null; readonly timedOut: boolean }> {
  rmSync(report, { force: true });
  const [name = '', value = ''] = mark.split('=');
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    lane.name,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...more,
  ];
  const log = quiet ? openSync(`${report}.log`, 'w+') : null;
  const how = log ?? 'inherit';
  // A group of its own, so that a time-out or Ctrl-C ends the workers too.
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', how, how],
    detached: true,
    env: { ...process.env, [name]: value },
  });
  const end = (signal: NodeJS.Signals) => child.pid !== undefined && process.kill(-child.pid, signal);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    end('SIGKILL');
  }, lane.timeoutMs);
  const interrupt = () => {
    interrupted = true;
    end('SIGKILL');
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  return new Promise((resolve) => {
    child.once('exit', (exitCode) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      if (log !== null) {
        closeSync(log);
        process.stdout.write(readFileSync(`${report}.log`));
      }
      resolve({ report, exitCode, timedOut });
    });
  });
}

/** A skip that nobody expects is a lie by omission: where CI may install with apt, every lane must run. */
function skipped(answer: Extract<Readiness, { readonly on: false }>): LaneOutcome {
  const expected = process.env['CI'] === 'true' && whyNoApt() === null && !isUnasked(answer.lane);
  const lines = skipLines(answer);
  const counts = expected ? { passed: 0, failed: 1, skipped: 0 } : { passed: 0, failed: 0, skipped: lines.length };
  return {
    lane: answer.lane.name,
    counts,
    durationMs: 0,
    remarks: [...lines, ...(expected ? ['this machine was expected to run it'] : [])],
  };
}

function reportOf(lane: Lane): string {
  return path.join(reports, `${lane.name}.json`);
}

function summarize(outcomes: readonly LaneOutcome[]): void {
  console.log('\n── all lanes');
  for (const outcome of outcomes) {
    console.log(`${outcome.lane.padEnd(6)} ${closingLine(outcome.counts)}, in ${(outcome.durationMs / 1000).toFixed(1)} s`);
    for (const remark of outcome.remarks) console.log(`  ${remark}`);
  }
}

mkdirSync(reports, { recursive: true });
const { lanes, rest } = chosenLanes();
const outcomes: LaneOutcome[] = [];
for (const answer of prepare(lanes)) {
  // After Ctrl-C nothing more is begun; what was begun is counted as it ended, which is failed.
  if (!interrupted) outcomes.push(answer.on ? await runLane(answer.lane, rest) : skipped(answer));
}
mergeReports(lanes.map(reportOf), path.join(reports, 'report.json'));
summarize(outcomes);
const counts = sum(outcomes.map((outcome) => outcome.counts));
if (counts.passed === 0 && counts.failed === 0) console.log('No test ran: that is a failure, too.');
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
console.log(closingLine(counts));
