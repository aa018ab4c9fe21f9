// Owns `npm run mutants`: how much of a wrong trigger, evidence or guard its own tests notice. `-- NAME…` takes some of the files,
// `--workers N` so many at a time.
// It takes long, gives way to everything else, is no part of `npm test`. Refuses to judge: what a report comes to is score.ts' business.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { whatIsMissing } from '../bin/bootstrap.mjs';
import { isEnough, LEAST_PERCENT, pageOf, type Report, type Score, scoreOf, scoresIn, survivors, tableOf } from './mutants/score.ts';
import { SUBJECTS, type Subject, sourceOf, testsOf } from './mutants/subjects.ts';

const root = path.dirname(import.meta.dirname);
const tool = path.join(import.meta.dirname, 'mutants');
const kept = path.join('.belay', 'mutants');
const page = path.join(root, 'bench', 'MUTANTS.md');

function chosen(): { readonly subjects: readonly Subject[]; readonly workers: number } {
  const { values, positionals } = parseArgs({ options: { workers: { type: 'string' } }, allowPositionals: true });
  const names = positionals.map((given) => path.basename(given, '.ts'));
  const unknown = names.find((name) => !SUBJECTS.some((one) => one.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`There are no mutants of "${unknown}". Known: ${SUBJECTS.map((one) => one.name).join(', ')}.\n`);
    process.exit(2);
  }
  const workers = Math.max(1, Math.trunc(Number(values.workers)) || availableParallelism() - 1);
  return { workers, subjects: names.length === 0 ? SUBJECTS : SUBJECTS.filter((one) => names.includes(one.name)) };
}

/** The tester has a lockfile of its own: nobody who only uses Belay, or only tests it, waits for its packages. */
function installTool(): void {
  if (whatIsMissing(tool) === null) return;
  process.stderr.write('installing the mutation tester (once)\n');
  const { npm_execpath: npm } = process.env;
  const [command, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm];
  const { status } = spawnSync(command ?? 'npm', [...first, 'ci', '--ignore-scripts'], { cwd: tool, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  process.stderr.write(`"npm ci" failed in ${path.relative(root, tool)}: see the lines above, then type the same command again\n`);
  process.exit(2);
}

/** Null where the tester did not come to an end: what it said stands above. */
function reportOf(subject: Subject, workers: number): Report | null {
  const file = path.join(kept, `${subject.name}.json`);
  const config = path.join(root, kept, 'stryker.json');
  rmSync(path.join(root, file), { force: true });
  writeFileSync(config, JSON.stringify(optionsOf(subject, file, workers), null, 2));
  const stryker = path.join(tool, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  const env = { ...process.env, MUTANT_TESTS: testsOf(subject).join(','), MUTANT_RELOAD: String(subject.remembers === true) };
  spawnSync(process.execPath, [stryker, 'run', config], { cwd: root, stdio: ['ignore', 2, 2], env });
  return existsSync(path.join(root, file)) ? (JSON.parse(readFileSync(path.join(root, file), 'utf8')) as Report) : null;
}

function optionsOf(subject: Subject, report: string, workers: number): Readonly<Record<string, unknown>> {
  return {
    mutate: [sourceOf(subject)],
    testRunner: 'in-process',
    plugins: ['./scripts/mutants/in-process.ts'],
    coverageAnalysis: 'perTest',
    concurrency: workers,
    // A machine that is busy with other things must not make a slow test look like an endless loop.
    timeoutMS: 20_000,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    logLevel: 'warn',
    warnings: { slow: false },
    allowConsoleColors: false,
    tempDirName: path.join(kept, 'copy'),
    ignorePatterns: [
      '/.belay',
      '/bench',
      '/docs',
      '/examples',
      '/test/adapters',
      '/test/scenarios',
      '/test/web',
      '/test/crash',
      '/src/web',
    ],
  };
}

/** After each file: a run that is broken off keeps what it has found. */
function note(found: readonly Score[]): void {
  const before = existsSync(page) ? scoresIn(readFileSync(page, 'utf8')) : [];
  writeFileSync(page, pageOf(SUBJECTS.flatMap(({ name }) => [...found, ...before].find((one) => one.name === name) ?? [])));
}

setPriority(15);
const { subjects, workers } = chosen();
installTool();
mkdirSync(path.join(root, kept), { recursive: true });
const today = new Date().toISOString().slice(0, 10);
const scores: Score[] = [];
let broken = 0;
for (const subject of subjects) {
  process.stderr.write(`mutating ${sourceOf(subject)}\n`);
  const report = reportOf(subject, workers);
  if (report === null) {
    broken += 1;
    continue;
  }
  scores.push(scoreOf(subject.name, report, today));
  for (const line of survivors(report)) console.log(line);
  note(scores);
}
console.log(`\n${tableOf(scores)}`);
const short = scores.filter((score) => !isEnough(score)).map(({ name }) => name);
if (short.length > 0) console.log(`\nBelow ${LEAST_PERCENT} %: ${short.join(', ')}`);
if (broken > 0) console.log(`\n${broken} of ${subjects.length} files gave no report.`);
process.exitCode = short.length > 0 || broken > 0 ? 1 : 0;
