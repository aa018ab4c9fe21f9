// The way in, tried on small clones: when packages count as missing, which Node runs the entry, what comes out of stdout and the exit code.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isEnough, whatIsMissing } from '../../bin/bootstrap.mjs';
import { root } from './source.ts';

const clones: string[] = [];
afterAll(() => {
  for (const clone of clones) rmSync(clone, { recursive: true, force: true });
});

const platformNode = `node_modules/node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
type Lock = Record<string, { version: string; integrity?: string; optional?: boolean }>;

/** A clone with the bootstrap, one entry and lockfiles as told. */
function clone(wanted: Lock, present: Lock | null, entry = ''): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'belay-clone-')));
  clones.push(folder);
  for (const sub of ['bin', 'src', 'node_modules']) mkdirSync(path.join(folder, sub), { recursive: true });
  for (const file of ['bin/bootstrap.mjs', 'bin/belay.mjs', '.npmrc']) copyFileSync(path.join(root, file), path.join(folder, file));
  writeFileSync(path.join(folder, 'src/main.ts'), entry);
  const dependencies = Object.fromEntries(
    Object.entries(wanted).flatMap(([where, entry]) =>
      entry.optional === true ? [] : [[where.replace('node_modules/', ''), entry.version]],
    ),
  );
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'clone', version: '1.0.0', type: 'module', scripts: { start: 'node bin/bootstrap.mjs start' }, dependencies }),
  );
  const self = { name: 'clone', version: '1.0.0', dependencies };
  writeFileSync(path.join(folder, 'package-lock.json'), JSON.stringify({ ...self, lockfileVersion: 3, packages: { '': self, ...wanted } }));
  if (present !== null) writeFileSync(path.join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: present }));
  return folder;
}

/** The Node of the tests stands first on PATH, as npm puts the clone's own there. */
function run(folder: string, command: readonly [string, ...string[]], env: Record<string, string> = {}) {
  const [file, ...args] = command;
  return spawnSync(file, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH'] ?? ''}`, ...env },
  });
}

const zod = { 'node_modules/zod': { version: '4.0.0', integrity: 'sha512-a' } };

describe('what counts as missing', () => {
  test('nothing, when every package of the lockfile is present in its version', () => {
    expect(whatIsMissing(clone(zod, zod))).toBeNull();
  });

  test('everything, when nothing was ever installed or the install was interrupted', () => {
    expect(whatIsMissing(clone(zod, null))).toBe('the packages are not installed yet');
  });

  test('a package that is absent, and one whose version or hash differs', () => {
    expect(whatIsMissing(clone(zod, {}))).toBe('node_modules/zod is missing');
    expect(whatIsMissing(clone(zod, { 'node_modules/zod': { version: '3.9.0', integrity: 'sha512-a' } }))).toMatch(/is not the version/);
    expect(whatIsMissing(clone(zod, { 'node_modules/zod': { version: '4.0.0', integrity: 'sha512-b' } }))).toMatch(/is not the version/);
  });

  test('not the packages of other platforms, but the Node of this one', () => {
    const other = { 'node_modules/node-other-x99': { version: '24.0.0', optional: true } };
    const own = { [platformNode]: { version: '24.0.0', optional: true } };
    expect(whatIsMissing(clone({ ...zod, ...other }, zod))).toBeNull();
    expect(whatIsMissing(clone({ ...zod, ...own }, zod))).toBe(`${platformNode} is missing or old`);
  });

  test('nothing, where there is no lockfile because somebody else installed Belay', () => {
    const folder = clone(zod, null);
    rmSync(path.join(folder, 'package-lock.json'));
    expect(whatIsMissing(folder)).toBeNull();
  });

  test('nothing in this very clone', () => {
    expect(whatIsMissing()).toBeNull();
  });
});

describe('which Node is enough', () => {
  test('22.19 and everything after it, nothing before it', () => {
    expect(['18.0.0', '20.20.2', '22.18.9', '0'].map(isEnough)).toEqual([false, false, false, false]);
    expect(['22.19.0', '22.20.1', '24.21.0', '26.0.0'].map(isEnough)).toEqual([true, true, true, true]);
  });
});

describe('running an entry', () => {
  const telling =
    'const told: string = JSON.stringify({ args: process.argv.slice(2), node: process.versions.node }); console.log(told); process.exitCode = 3;';

  test('npm start passes the arguments, the exit code, and prints nothing on stdout but what the entry prints', () => {
    const result = run(clone(zod, zod, telling), ['npm', 'start', '--', '--exit', '--json']);
    expect(JSON.parse(result.stdout)).toEqual({ args: ['demo', '--exit', '--json'], node: process.versions.node });
    expect(result.status).toBe(3);
  });

  test('belay passes arguments with spaces and quotes as they are', () => {
    const args = ['note', 'a b', "it's", '--x=$HOME'];
    const result = run(clone(zod, zod, telling), [process.execPath, 'bin/belay.mjs', ...args]);
    expect((JSON.parse(result.stdout) as { args: string[] }).args).toEqual(args);
  });

  test('an entry may use what bootstrap.mjs exports, and does not wait for itself', () => {
    const entry = "import { isEnough } from '../bin/bootstrap.mjs'; console.log(isEnough('24.0.0'));";
    const result = run(clone(zod, zod, entry), [process.execPath, 'bin/bootstrap.mjs', 'start']);
    expect([result.status, result.stdout, result.stderr]).toEqual([0, 'true\n', '']);
  });

  test('an unknown entry is refused with the names of the known ones', () => {
    const result = run(clone(zod, zod), [process.execPath, 'bin/bootstrap.mjs', 'strat']);
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/no entry "strat".*start/);
  });

  test('an install that fails says what to type next, on stderr, and starts nothing', () => {
    const folder = clone({ 'node_modules/belay-absent': { version: '4.0.0' } }, null, "console.log('started');");
    const result = run(folder, [process.execPath, 'bin/bootstrap.mjs', 'start'], {
      npm_config_registry: 'http://127.0.0.1:9',
      npm_config_fetch_retries: '0',
      npm_execpath: '',
    });
    expect(result.status).toBe(2);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(/"npm ci" failed[\s\S]*npm config set registry[\s\S]*npm ci --loglevel=error/);
  });
});

/** Older Nodes are tried where the machine has one; the build box's own is 20. */
const oldNode = (process.env['PATH'] ?? '')
  .split(path.delimiter)
  .map((folder) => path.join(folder, 'node'))
  .find((file) => {
    const version = spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout?.trim().slice(1);
    return version !== undefined && version !== '' && !isEnough(version);
  });

describe.skipIf(oldNode === undefined)('on a Node that is too old', () => {
  const old = oldNode ?? '';

  function withNode24(entry: string): string {
    const folder = clone(zod, zod, entry);
    mkdirSync(path.join(folder, platformNode, 'bin'), { recursive: true });
    symlinkSync(process.execPath, path.join(folder, platformNode, 'bin', 'node'));
    return folder;
  }

  test('the entry runs on the Node of the clone, with its arguments and exit code', () => {
    const folder = withNode24(
      'const n: string = process.versions.node; console.log(n, process.argv.slice(2).join()); process.exitCode = 6;',
    );
    const result = run(folder, [old, 'bin/bootstrap.mjs', 'start', '--json']);
    expect(result.stdout.trim()).toBe(`${process.versions.node} demo,--json`);
    expect(result.status).toBe(6);
  });

  test('without any newer Node it is refused in one sentence that says what to install', () => {
    const result = run(clone(zod, zod, ''), [old, 'bin/bootstrap.mjs', 'start'], { PATH: path.dirname(old) });
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/^belay: Belay needs Node 22\.19 or newer; this is [\d.]+,.*Install Node 24[^\n]*\n$/);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s reaches the entry, whose own exit code is kept', async (signal) => {
    const entry = `process.on('${signal}', () => { console.log('got it'); process.exit(9); }); setInterval(() => undefined, 1000); console.log('ready');`;
    const child = spawn(old, ['bin/bootstrap.mjs', 'start'], { cwd: withNode24(entry), stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.trim() === 'ready') child.kill(signal);
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(out.trim().split('\n')).toEqual(['ready', 'got it']);
    expect(code).toBe(9);
  });

  test('an entry that dies by a signal makes its starter die by the same', async () => {
    const child = spawn(old, ['bin/bootstrap.mjs', 'start'], { cwd: withNode24("process.kill(process.pid, 'SIGKILL');"), stdio: 'ignore' });
    const signal = await new Promise((resolve) => child.once('close', (_, name) => resolve(name)));
    expect(signal).toBe('SIGKILL');
  });
});

test('bin is readable for Node 18: no syntax and no module newer than it', () => {
  const text = ['bin/bootstrap.mjs', 'bin/belay.mjs'].map((file) => readFileSync(path.join(root, file), 'utf8')).join('\n');
  expect(text).not.toMatch(
    /import\.meta\.(dirname|filename|main)|\bwith \{ type:|Promise\.withResolvers|\.toSorted\(|node:sqlite|process\.execve|\busing\b [a-z]+ =/,
  );
});
