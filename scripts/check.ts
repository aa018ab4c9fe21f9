// Owns `npm run check`: every static check at once, one line each, details only of those that fail. `--fix` lets formatters write.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);

interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

const fix = process.argv.includes('--fix');
const tool = (name: string, ...args: readonly string[]): readonly string[] => [path.join('node_modules', '.bin', name), ...args];

const checks: readonly Check[] = [
  { name: 'format and lint (biome)', command: tool('biome', 'check', '--max-diagnostics=60', ...(fix ? ['--write'] : [])) },
  { name: 'promises and sizes (oxlint)', command: tool('oxlint', '--type-aware', ...(fix ? ['--fix'] : [])) },
  {
    name: 'types (tsc)',
    command: tool('tsc', '--noEmit', '-p', '.', '--incremental', '--tsBuildInfoFile', 'node_modules/.cache/belay/tsc.json'),
  },
  ...(existsSync(path.join(root, 'src/web/tsconfig.json'))
    ? [{ name: 'types of web (tsc)', command: tool('tsc', '--noEmit', '-p', 'src/web') }]
    : []),
  { name: 'layers (dependency-cruiser)', command: tool('depcruise', '--config', '.dependency-cruiser.mjs', 'src') },
  { name: 'dead code (knip)', command: tool('knip', '--no-config-hints') },
];

interface Result {
  readonly check: Check;
  readonly ok: boolean;
  readonly output: string;
  readonly durationMs: number;
}

function run(check: Check): Promise<Result> {
  const startedAt = Date.now();
  // The clone's Node first on PATH: some tools start themselves again as `node`.
  const env = {
    ...process.env,
    PATH: `${path.join(root, 'node_modules', '.bin')}${path.delimiter}${process.env['PATH'] ?? ''}`,
    FORCE_COLOR: '0',
  };
  const [file = '', ...args] = check.command;
  const child = spawn(process.execPath, [path.join(root, file), ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ check, ok: code === 0, output, durationMs: Date.now() - startedAt }));
  });
}

/** A guard that looked at nothing "found nothing", too. */
function lookedAtNothing({ check, output }: Result): boolean {
  if (!check.name.startsWith('layers')) return false;
  return Number(/(\d+) modules/.exec(output)?.[1] ?? 0) < 60;
}

const startedAt = Date.now();
// What writes goes first and alone; everything else only reads.
const [format, ...others] = checks.map((check) => check);
const results =
  fix && format !== undefined ? [await run(format), ...(await Promise.all(others.map(run)))] : await Promise.all(checks.map(run));
let failed = 0;
for (const result of results) {
  const ok = result.ok && !lookedAtNothing(result);
  if (!ok) failed += 1;
  if (!ok) console.log(`\n──── ${result.check.name}\n${result.output.trim()}\n`);
}
for (const result of results) {
  const ok = result.ok && !lookedAtNothing(result);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${result.check.name.padEnd(30)} ${(result.durationMs / 1000).toFixed(1)} s`);
}
console.log(`${checks.length - failed} of ${checks.length} checks hold, in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
process.exitCode = failed === 0 ? 0 : 1;
