// Owns `npm test`: installs what lanes need, runs each lane that can run, says which cannot, closes with one line of counts.
// `--lane NAME` runs one (repeatable); everything after `--` goes to vitest. Refuses to know any test.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isUnasked, prepare, type Readiness, skipLines } from './lane-readiness.ts';
import { LANES, type Lane } from './lanes.ts';
import { endLeftovers } from './leaks.ts';
import { whyNoApt } from './parts.ts';
import { closingLine, countLane, type LaneOutcome, mergeReports, total } from './test-report.ts';

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
  const { exitCode, timedOut } = await runVitest(lane, report, mark, rest);
  const { counts, remarks } = countLane(report, exitCode);
  const left = await endLeftovers(mark, 3_000);
  const extra = left.map((found) => `left a process behind: ${found.command.slice(0, 160)}`);
  if (timedOut) extra.push(`took longer than ${lane.timeoutMs / 60_000} minutes and was ended`);
  const failed = counts.failed + left.length + (timedOut && counts.failed === 0 ? 1 : 0);
  return { lane: lane.name, counts: { ...counts, failed }, durationMs: Date.now() - startedAt, remarks: [...remarks, ...extra] };
}

function runVitest(
  lane: Lane,
  report: string,
  mark: string,
  rest: readonly string[],
): Promise<{ exitCode: number | null; timedOut: boolean }> {
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
    ...rest,
  ];
  // A group of its own, so that a time-out or Ctrl-C ends the workers too.
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
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
      resolve({ exitCode, timedOut });
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
const counts = total(outcomes);
if (counts.passed === 0 && counts.failed === 0) console.log('No test ran: that is a failure, too.');
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
console.log(closingLine(counts));
