// A release directory on another host, by the program that runs there, in every shell that is here: what it answers, and what it keeps.
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { BUSYBOX } from '../../../scripts/lanes.ts';
import { findPart } from '../../../scripts/parts.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { answerOf } from '../../../src/adapters/release-directory/far-answers.ts';
import { createReleaseDirectory } from '../../../src/adapters/release-directory/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Remote } from '../../../src/ports/remote.ts';
import { deployTargetContract } from '../../contracts/deploy-target.ts';

const processes = createProcesses();
const cleanup: (() => unknown)[] = [];
afterEach(() => {
  for (const clean of cleanup.splice(0)) clean();
});

const HOST = { address: 'web-1', port: 22, user: 'deploy', hostKey: 'ssh-ed25519 AAAA', key: 'keys/web-1' };

/** No host and no network: the words arrive at a shell of this machine, whose programs are those of `path`. */
const here = (shell: string, path: string, before: (words: readonly string[]) => void = () => undefined, patience = '10'): Remote => ({
  run: async (_where, _host, { argv, timeoutMs, maxOutputBytes }) => {
    before(argv);
    // The fourth word behind the shell is how long the lock is waited for, in seconds.
    const words = argv.slice(1).with(4, patience);
    return processes.run([shell, ...words], {
      timeoutMs,
      env: { PATH: path },
      ...(maxOutputBytes === undefined ? {} : { maxOutputBytes }),
    });
  },
});

function busyboxPath(): string | null {
  const file = findPart(BUSYBOX)?.file;
  if (file === undefined) return null;
  const dir = mkdtempSync(join(tmpdir(), 'belay-busybox-'));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  execFileSync(file, ['--install', '-s', dir]);
  return dir;
}

const BUSY = busyboxPath();
const SHELLS = [
  { name: 'dash', shell: '/bin/dash', path: '/usr/bin:/bin' },
  ...(BUSY === null ? [] : [{ name: 'busybox', shell: join(BUSY, 'sh'), path: BUSY }]),
].filter(({ shell }) => existsSync(shell));

function folders(
  { shell, path }: { readonly shell: string; readonly path: string },
  releases: readonly string[] = ['v1', 'v2'],
  live = 'v2',
) {
  const root = mkdtempSync(join(tmpdir(), 'belay-far-'));
  const close = () => rmSync(root, { recursive: true, force: true });
  cleanup.push(close);
  for (const [index, release] of releases.entries()) {
    mkdirSync(join(root, 'releases', release), { recursive: true });
    writeFileSync(join(root, 'releases', release, 'app.js'), '');
    const at = new Date(Date.now() - (releases.length - index) * 60_000);
    utimesSync(join(root, 'releases', release), at, at);
  }
  const link = (release: string): void => {
    symlinkSync(join('releases', release), join(root, 'next'));
    renameSync(join(root, 'next'), join(root, 'current'));
  };
  link(live);
  const open = (options: Record<string, unknown> = {}, before?: (words: readonly string[]) => void, patience?: string) =>
    createReleaseDirectory(
      { root, ssh: HOST, ...options },
      { time: systemTime, processes, baseDir: '/', remote: here(shell, path, before, patience) },
    );
  const near = () => createReleaseDirectory({ root }, { time: systemTime, processes, baseDir: '/' });
  return { root, link, open, near, close, linked: () => readlinkSync(join(root, 'current')) };
}

const order = (expected: string, key = 'k') => ({ expected, key, reason: 'INC-1' });

deployTargetContract('folders by the far side, without a network', async () => {
  const { root, link, open, linked, close } = folders(
    SHELLS[0] ?? { shell: '/bin/sh', path: '/usr/bin:/bin' },
    ['v1.0.0', 'v1.1.0'],
    'v1.0.0',
  );
  return {
    target: open(),
    deploy: async (release) => link(release),
    running: async () => basename(linked()),
    prune: async (release) => rmSync(join(root, 'releases', release), { recursive: true }),
    close: async () => close(),
  };
});

describe.each(SHELLS)('the far side in $name', (shell) => {
  it('says the same of a folder as Belay does on the machine itself, and both read what the other wrote', async () => {
    const { open, near, link, root } = folders(shell, ['v1', 'v2', "it's $(id)\n; -x"], 'v1');
    const [far, own] = [open({ requires: ['app.js'] }), near()];
    expect(await far.current()).toEqual(await own.current());
    link('v2');
    const { units, ...state } = await far.current();
    expect(state).toMatchObject({ release: 'v2', previous: 'v1' });
    expect({ ...(await own.current()), units }).toEqual({ ...state, units });
    await far.rollTo("it's $(id)\n; -x", order(state.fingerprint));
    expect(await own.current()).toEqual(await far.current());
    expect((await far.list(9)).map(({ artefact: _, ...one }) => one)).toEqual((await own.list(9)).map(({ artefact: _, ...one }) => one));
    expect(readdirSync(root).toSorted()).toEqual(['.belay-history.ndjson', 'current', 'releases']);
    await own.rollTo('v1', order((await own.current()).fingerprint));
    expect(await far.current()).toMatchObject({ release: 'v1', previous: "it's $(id)\n; -x" });
  });

  it('lets nobody have the lock that a living process holds, takes it from a dead one, and clears what a kill has left', async () => {
    const { root, open, linked } = folders(shell);
    const target = open({}, undefined, '0');
    const { fingerprint } = await target.current();
    writeFileSync(join(root, '.belay-lock'), 'deploy of ana\n');
    const unnamed = target.freeze(true, 'INC-1');
    const living = spawn('sleep', ['30']);
    cleanup.push(() => living.kill('SIGKILL'));
    await expect(unnamed).rejects.toMatchObject({ code: 'BELAY_LOCK_HELD', effect: 'none', hint: 'Remove it if nobody is deploying.' });
    expect(existsSync(join(root, 'FREEZE'))).toBe(false);
    writeFileSync(join(root, '.belay-lock'), `${living.pid}\n1\n`);
    mkdirSync(join(root, '.belay-current-left'));
    await target.rollTo('v1', order(fingerprint));
    expect(linked()).toBe('releases/v1');
    expect(readdirSync(root).toSorted()).toEqual(['.belay-history.ndjson', 'current', 'releases']);
  });

  it('notices a deployer that knows no lock up to the rename, and leaves what it put there', async () => {
    const { root, open, link, linked } = folders(shell, ['v1', 'v2', 'v3']);
    const target = open({}, (words) => {
      if (words.includes('change')) link('v3');
    });
    await expect(target.rollTo('v1', order((await target.current()).fingerprint))).rejects.toMatchObject({
      ...{ code: 'BELAY_TARGET_CONFLICT', effect: 'none', message: expect.stringContaining('current is v3, not') as string },
    });
    expect([linked(), readdirSync(root).filter((name) => name.startsWith('.belay-l'))]).toEqual(['releases/v3', []]);
  });

  it('never leaves a moment without a link while it switches', async () => {
    const { open, root } = folders(shell);
    const target = open();
    let [looks, gone, on] = [0, 0, true];
    const watch = (): void => {
      looks += 1;
      if (!existsSync(join(root, 'current'))) gone += 1;
      if (on) setImmediate(watch);
    };
    watch();
    for (const [turn, release] of ['v1', 'v2', 'v1'].entries())
      await target.rollTo(release, order((await target.current()).fingerprint, `turn ${turn}`));
    on = false;
    expect([looks > 100, gone]).toEqual([true, 0]);
  });

  it('runs the program that reloads with its words as they are, and says why the service was not told', async () => {
    const { open, root } = folders(shell);
    const words = [
      'sh',
      '-c',
      'printf "%s|" "$BELAY_RELEASE" "$@" >said; echo no luck >&2; test -e works',
      'sh',
      "it's",
      '$(id)',
      '; exit',
    ];
    const target = open({ reload: words });
    const before = await target.current();
    await expect(target.rollTo('v1', order(before.fingerprint))).rejects.toMatchObject({
      ...{ code: 'BELAY_ACT_FAILED', effect: 'unknown', message: expect.stringContaining('sh ended with 1: no luck') as string },
    });
    expect(readFileSync(join(root, 'said'), 'utf8')).toBe("v1|it's|$(id)|; exit|");
    expect(await target.current()).toMatchObject({ release: 'v2', inFlight: 'v1', fingerprint: before.fingerprint });
    writeFileSync(join(root, 'works'), '');
    await target.rollTo('v1', order(before.fingerprint));
    expect((await target.current()).inFlight).toBeUndefined();
  });

  it('signals only a process that the pid file provably names', async () => {
    const { open, root } = folders(shell);
    const heard = join(root, 'heard');
    const service = spawn('/bin/sh', ['-c', `trap "echo yes >>${heard}" USR1; echo up; while :; do sleep 0.05; done`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    cleanup.push(() => service.kill('SIGKILL'));
    await new Promise((resolve) => service.stdout.once('data', resolve));
    const pidFile = join(root, 'app.pid');
    const target = open({ pidFile, signal: 'SIGUSR1' });
    const seen = await processes.inspect(service.pid ?? 0);
    for (const [text, age, ready] of [
      [`${service.pid}\n`, 86_400_000, false],
      [`${service.pid}\n1\n`, 0, false],
      ['4194303\n', 0, false],
      ['shop\n', 0, false],
      [`${service.pid}\n`, 0, true],
      [`${service.pid}\n${seen?.start}\n`, 0, true],
    ] as const) {
      writeFileSync(pidFile, text);
      utimesSync(pidFile, new Date(Date.now() - age), new Date(Date.now() - age));
      expect((await target.current()).units, text).toEqual([{ id: 'app', release: 'v2', ready }]);
    }
    expect(existsSync(heard)).toBe(false);
    await target.rollTo('v1', order((await target.current()).fingerprint));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(readFileSync(heard, 'utf8')).toBe('yes\n');
  });

  it('tells which files differ and what stands in one as Belay does on the machine itself, and reads nothing outside of a release', async () => {
    const { open, near, root } = folders(shell);
    const put = (release: string, path: string, text: string): void => {
      mkdirSync(dirname(join(root, 'releases', release, path)), { recursive: true });
      writeFileSync(join(root, 'releases', release, path), text);
    };
    for (const [path, one, other] of [
      ['same', 'a', 'a'],
      ['lib/changed', 'a', 'b'],
      ['lib/$(id) "x"\n', 'a', 'ab'],
      ['.env', '1', '2'],
    ] as const) {
      put('v1', path, one);
      put('v2', path, other);
    }
    put('v1', 'gone', '');
    put('v2', 'lib/new', 'text\n\n');
    symlinkSync('/etc', join(root, 'releases/v1/out'));
    symlinkSync('/usr', join(root, 'releases/v2/out'));
    for (const within of [[], ['lib/'], ['same', 'gone', 'no'], ['/']])
      expect(await open().changedFiles('v1', 'v2', within)).toEqual(await near().changedFiles('v1', 'v2', within));
    expect(await open().changedFiles('v1', 'v2', [])).toEqual(['.env', 'gone', 'lib/$(id) "x"\n', 'lib/changed', 'lib/new', 'out']);
    expect(await open().read('v2', 'lib/new')).toBe('text\n\n');
    expect([await open().read('v2', 'no'), await open().read('v1', 'out')]).toEqual([null, null]);
    await expect(open().read('v2', '../v1/same')).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
    await expect(open().read('../v1', 'same')).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND' });
    await expect(open().changedFiles('v1', 'v9', [])).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND' });
  });

  it('closes the way back behind a one-way release, offers no release that is not whole, and takes up a history that a kill has cut', async () => {
    const { open, root, link } = folders(shell, ['v1', 'v2', 'v3']);
    writeFileSync(join(root, 'releases', 'v2', 'ONE-WAY'), '');
    const target = open({ requires: ['app.js'], oneWay: 'ONE-WAY' });
    await target.current();
    appendFileSync(join(root, '.belay-history.ndjson'), '{"kind":"switch","at":1,"li');
    link('v3');
    expect(await target.current()).toMatchObject({ release: 'v3', previous: 'v2' });
    expect(await target.restorable('v1')).toEqual({ ok: false, why: 'one-way' });
    expect(await target.restorable('v2')).toMatchObject({ ok: true });
    rmSync(join(root, 'releases', 'v2', 'app.js'));
    expect(await target.restorable('v2')).toEqual({ ok: false, why: 'failed' });
    for (const name of ['../v1', '..', '', 'v1/../../etc', '.hidden', 'a\0b'])
      expect(await target.restorable(name)).toEqual({ ok: false, why: 'unknown' });
    rmSync(join(root, 'current'));
    await expect(target.current()).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' });
    symlinkSync(tmpdir(), join(root, 'current'));
    await expect(target.current()).rejects.toThrow(/which is not a folder of releases/);
  });
});

it('whatever answers, the far side is understood or refused, and no name of a file is taken for a word of it', () => {
  const word = fc.oneof(fc.constantFrom('belay', 'end', 'failed', 'held', 'moved', 'told', ''), fc.string({ maxLength: 8 }));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.boolean(), (words, acts) => {
      const stdout = words.map((one) => `${one}\0`).join('');
      try {
        expect(answerOf('web', { code: 0, stdout, stderr: '' }, acts).length).toBeLessThanOrEqual(words.length);
      } catch (error) {
        expect(BelayError.is(error)).toBe(true);
      }
    }),
    { numRuns: 10_000 },
  );
  const names = ['folder', 'failed', 'end', 'fail'];
  expect(answerOf('web', { code: 0, stdout: `Welcome!\nbelay\0${names.join('\0')}\0end\0`, stderr: '' }, false)).toEqual(names);
});

it('options that mean nothing on another host are refused before anything is asked', () => {
  const make = (options: object) =>
    expect(() => createReleaseDirectory({ root: '/srv/app', ssh: HOST, ...options }, { time: systemTime, processes, baseDir: '/' }));
  make({ root: 'app' }).toThrow(/root: on another host it is a whole path/);
  make({ pidFile: 'app.pid' }).toThrow(/pidFile: on another host it is a whole path/);
  make({ pidFile: '/app.pid', signal: 'HUP; id' }).toThrow(/signal: it is written as SIGHUP/);
});
