// What goes wrong between Belay and a repository: hooks, lost connections, foreign pushes, conflicts, secrets.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createGitTarget } from '../../../src/adapters/git/target.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import type { Processes } from '../../../src/ports/process.ts';
import { startSshHost, whyNoSshd } from '../../world/parts/git-host.ts';
import { eventually } from '../../world/parts/shop.ts';
import { type Case, depsIn, startCase } from './hosts.ts';

const order = (expected: string, key = 'run/switch#1:act') => ({ expected, key, reason: 'INC-7' });
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

async function incident(options: Parameters<typeof startCase>[0] = {}): Promise<Case & { readonly old: string; readonly next: string }> {
  const made = await startCase(options);
  open.push(made);
  await made.host.deploy('v1.1.0');
  return { ...made, old: made.host.commits['v1.0.0'] ?? '', next: made.host.commits['v1.1.0'] ?? '' };
}

describe('a rollback', () => {
  it('is one new commit on top with exactly the tree of the release, found by a tag, and says for which incident [S1-ST-02, S3-SY-02]', async () => {
    const { host, open: target, old, next } = await incident();
    const app = target();
    const stable = await app.resolve('v1.0.0');
    expect(stable).toBe(old);
    expect(await app.resolve(old.slice(0, 9))).toBe(old);
    await app.rollTo(stable, order(next));
    expect(await host.bare('rev-parse', 'main^', 'main^{tree}')).toBe(`${next}\n${await host.bare('rev-parse', `${old}^{tree}`)}`);
    const message = await host.bare('log', '-1', '--format=%an%n%B', 'main');
    expect(message).toContain('Belay\nRoll back to v1.0.0 (INC-7)');
    expect(message).toMatch(new RegExp(`Belay-Release: ${old}\nBelay-Incident: INC-7\nBelay-Key: run/switch#1:act$`));
    expect(await app.current()).toMatchObject({ release: old, previous: next });
  });

  it('can be looked into before: the text of a file as each release has it, and of nothing that is a link, a folder or not there', async () => {
    const { host, open: target, old, next } = await incident();
    const app = target();
    const linked = await host.commit('Flags', { 'conf/flags.json': '{"voice":{}}', 'a b*.txt': 'β' });
    expect([await app.read(old, 'app.txt'), await app.read(next, 'app.txt')]).toEqual(['v1.0.0\n', 'v1.1.0\n']);
    expect([await app.read(linked, 'conf/flags.json'), await app.read(linked, 'a b*.txt')]).toEqual(['{"voice":{}}', 'β']);
    for (const path of ['conf', 'conf/none', '../app.txt', 'a*']) expect(await app.read(linked, path).catch(() => null)).toBeNull();
    await expect(app.read('none', 'app.txt')).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND' });
  });

  it('begins a hotfix branch of the day where a target asks for it, and a second one beside the first [S2-ST-03]', async () => {
    const { host, open: target, old, next } = await incident();
    const app = target({ hotfixBranch: true });
    await app.rollTo(old, order(next));
    const day = new Date().toISOString().slice(0, 10);
    expect(await host.bare('rev-parse', `hotfix/rollback-${day}`)).toBe(await host.head());
    const again = await host.commit('Broken again', { 'app.txt': 'v1.2.0\n' });
    await app.rollTo(old, order(again, 'another'));
    expect(await host.bare('rev-parse', `hotfix/rollback-${day}-2`)).toBe(await host.head());
  });

  it('that a hook refuses has changed nothing, and the hook is quoted', async () => {
    const { host, open: target, old, next } = await incident();
    host.hook('pre-receive', 'echo "the branch is protected by ops" >&2; exit 1');
    await expect(target().rollTo(old, order(next))).rejects.toMatchObject({
      code: 'BELAY_ACT_FAILED',
      effect: 'none',
      message: expect.stringContaining('protected by ops'),
    });
    expect(await host.head()).toBe(next);
  });

  it('counts when it landed although the connection died before the answer, and is not done twice', async () => {
    const { host, open: target, old, next } = await incident();
    host.misbehave((request, response) => {
      if (request.method !== 'POST' || request.url?.endsWith('git-receive-pack') !== true) return false;
      // The repository takes the push; whoever sent it never hears of that.
      host.misbehave(null);
      void fetch(`${host.url}/git-receive-pack`, {
        method: 'POST',
        headers: {
          'content-type': request.headers['content-type'] ?? '',
          'content-encoding': request.headers['content-encoding'] ?? 'identity',
        },
        body: streamOf(request),
        duplex: 'half',
      } as RequestInit).finally(() => response.destroy());
      return true;
    });
    const app = target();
    await app.rollTo(old, order(next));
    const landed = await host.head();
    expect(landed).not.toBe(next);
    await app.rollTo(old, order(next));
    expect(await host.head()).toBe(landed);
  });

  it('whose push nobody answers is unknown while the branch stands where it stood', async () => {
    const { host, open: target, old, next } = await incident();
    host.misbehave((request) => request.method === 'POST' && request.url?.endsWith('git-receive-pack') === true);
    await expect(target({ timeoutMs: 1_500 }).rollTo(old, order(next))).rejects.toMatchObject({
      code: 'BELAY_DEPLOY_TIMEOUT',
      effect: 'unknown',
    });
  });

  it('loses against a push that comes between its look and its own push', async () => {
    const { host, baseDir, old, next } = await incident();
    let foreign = '';
    const real = createProcesses();
    const processes: Processes = {
      ...real,
      run: async (argv, o) => {
        if (argv[1] === 'push') foreign = await host.commit('A quick fix', { 'fix.txt': 'fixed\n' });
        return real.run(argv, o);
      },
    };
    const options = { remote: host.url, branch: 'main', rebuildMs: 1, timeoutMs: 20_000, hotfixBranch: false, runsReleaseHooks: false };
    for (const rewrite of [false, true]) {
      const app = createGitTarget({ ...options, rewrite }, { ...depsIn(baseDir), processes });
      const { fingerprint } = await app.current();
      await expect(app.rollTo(old, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
      expect(await host.head()).toBe(foreign);
    }
    expect(next).not.toBe(foreign);
  });

  it('leaves submodules, pointers of large files and modes of files exactly as the release had them', async () => {
    const { host, open: target } = await incident();
    await host.git('fetch', '-q', 'origin', 'main');
    await host.git('reset', '-q', '--hard', 'FETCH_HEAD');
    await host.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},vendor/part`);
    await host.git('config', '-f', '.gitmodules', 'submodule.part.path', 'vendor/part');
    await host.git('config', '-f', '.gitmodules', 'submodule.part.url', 'https://nowhere.invalid/part.git');
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n';
    const good = await host.commit('With a part', { 'big.bin': pointer, '.gitattributes': '*.bin filter=lfs -text\n' });
    const bad = await host.commit('Without', { 'big.bin': 'gone\n' });
    await target().rollTo(good, order(bad));
    expect(await host.bare('ls-tree', '-r', 'main')).toBe(await host.bare('ls-tree', '-r', good));
    expect(await host.bare('show', 'main:big.bin')).toBe(pointer.trim());
  });

  it('works with hosts that leave out contents and with those that cannot', async () => {
    for (const filter of [true, false]) {
      const { host, baseDir, open: target, old, next } = await incident({ filter });
      const large = await host.commit('Large', { 'large.txt': 'x'.repeat(300_000) });
      const head = await host.commit('Larger', { 'large.txt': 'y'.repeat(300_000) });
      const app = target();
      await app.current();
      const mirror = path.join(baseDir, '.belay', 'git');
      const [name = ''] = readdirSync(mirror);
      const there = execFileSync('git', ['-C', path.join(mirror, name), 'rev-list', '--objects', '--all', '--missing=print'], {
        encoding: 'utf8',
      });
      expect(there.includes('\n?')).toBe(filter);
      await app.rollTo(next, order(head));
      await app.rollTo(old, order(await host.head(), 'second'));
      expect(await host.bare('rev-parse', 'main^{tree}')).toBe(await host.bare('rev-parse', `${old}^{tree}`));
      await app.rollTo(large, order(await host.head(), 'third'));
      expect(await host.bare('show', 'main:large.txt')).toBe('x'.repeat(300_000));
    }
  });
});

describe('one change', () => {
  it('is taken back, and what came after it stays [S2-ST-23, S3-ST-04]', async () => {
    const { host, open: target } = await incident();
    const bad = await host.commit('The bad one', { 'lib/shared.txt': 'one\nBAD\nthree\n' });
    const later = await host.commit('A good one after it', { 'later.txt': 'kept\n' });
    const app = target();
    expect(await app.changes.look(bad)).toEqual({ change: bad, isIn: true, conflict: null });
    await app.changes.revert(bad.slice(0, 12), order(later));
    expect(await host.bare('show', 'main:lib/shared.txt')).toBe('one\ntwo\nthree');
    expect(await host.bare('show', 'main:later.txt')).toBe('kept');
    expect(await host.bare('log', '-1', '--format=%B', 'main')).toContain(`This reverts commit ${bad}.`);
    expect(await app.changes.look(bad)).toMatchObject({ isIn: false });
    const once = await host.head();
    await app.changes.revert(bad, order(later));
    expect(await host.head()).toBe(once);
  });

  it('that conflicts with what came after it is refused with the files, and nothing is left behind', async () => {
    const { host, baseDir, open: target } = await incident();
    const bad = await host.commit('The bad one', { 'lib/shared.txt': 'one\nBAD\nthree\n' });
    const later = await host.commit('Over it', { 'lib/shared.txt': 'one\nBAD AND MORE\nthree\n' });
    const app = target();
    expect((await app.changes.look(bad)).conflict).toContain('lib/shared.txt');
    await expect(app.changes.revert(bad, order(later))).rejects.toMatchObject({
      code: 'BELAY_ACT_FAILED',
      effect: 'none',
      message: expect.stringContaining('lib/shared.txt'),
    });
    expect(await host.head()).toBe(later);
    expect(await host.bare('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main\nrefs/tags/v1.0.0\nrefs/tags/v1.1.0');
    const [mirror = ''] = readdirSync(path.join(baseDir, '.belay', 'git'));
    expect(readdirSync(path.join(baseDir, '.belay', 'git', mirror)).filter((name) => /MERGE|REVERT|index/.test(name))).toEqual([]);
  });

  it('that is the first commit, or none of the branch, is refused', async () => {
    const { open: target, old } = await incident();
    await expect(target().changes.look(old)).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'none' });
    for (const name of ['0123456789abcdef', '--all', 'v1.1.0', 'HEAD~1'])
      await expect(target().changes.look(name)).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND', effect: 'none' });
  });
});

describe('history rewritten', () => {
  it('moves the branch back to the release itself, says so in its abilities, and an order is never carried out twice [S3-ST-05]', async () => {
    const { host, open: target, old, next } = await incident();
    const app = target({ rewrite: true });
    expect(app.caps).toMatchObject({ rewritesHistory: true });
    await app.rollTo(old, order(next));
    expect(await host.head()).toBe(old);
    await app.rollTo(old, order(next));
    // Somebody pushes the same commit again: to git it looks as if nothing had happened.
    await host.git('push', '-q', 'origin', `${next}:refs/heads/main`);
    await expect(app.rollTo(old, order(next))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
    expect(await host.head()).toBe(next);
  });

  it('that the host forbids has changed nothing, and may be asked again', async () => {
    const { host, open: target, old, next } = await incident();
    await host.bare('config', 'receive.denyNonFastForwards', 'true');
    const app = target({ rewrite: true });
    await expect(app.rollTo(old, order(next))).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'none' });
    await host.bare('config', 'receive.denyNonFastForwards', 'false');
    await app.rollTo(old, order(next));
    expect(await host.head()).toBe(old);
  });
});

describe('what is live', () => {
  it('is what the service says: on its way until it is served, given up when it never is [S2-SY-06, S3-SY-06]', async () => {
    const { host, open: target, old, next } = await incident({ buildSeconds: 1 });
    const versionUrl = `${host.service}/version`;
    await eventually(host.running, (served) => served === 'v1.1.0', 10_000);
    const app = target({ versionUrl });
    expect(await app.current()).toMatchObject({ release: next, units: [{ release: next, ready: true }] });
    await app.rollTo(old, order(next));
    expect(await app.current()).toMatchObject({ release: next, inFlight: old, fingerprint: await host.head() });
    await eventually(host.running, (served) => served === 'v1.0.0', 10_000);
    expect(await app.current()).toMatchObject({ release: old, units: [{ release: old, ready: true }] });
    expect((await app.current()).inFlight).toBeUndefined();
    host.hook('post-receive', 'exit 0');
    await host.commit('Never built', { 'app.txt': 'v2\n' });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await target({ versionUrl, rebuildMs: 1 }).current()).toMatchObject({ gaveUp: expect.stringContaining('still served') });
  });

  it('is looked at without a trace where only looking is allowed', async () => {
    const { baseDir, open: target, old, next } = await incident();
    const app = target({}, true);
    expect(await app.current()).toMatchObject({ release: next });
    expect((await app.list(5)).map((one) => one.version)).toEqual(['v1.1.0', 'v1.0.0']);
    expect(await app.restorable(old)).toMatchObject({ ok: true });
    expect(readdirSync(baseDir)).toEqual([]);
    await target().current();
    const before = new Set(readdirSync(path.join(baseDir, '.belay', 'git'), { recursive: true, encoding: 'utf8' }));
    await app.current();
    expect(new Set(readdirSync(path.join(baseDir, '.belay', 'git'), { recursive: true, encoding: 'utf8' }))).toEqual(before);
  });

  it('is found again after a kill that left the clone half made, or locked', async () => {
    const { host, baseDir, open: target, old, next } = await incident();
    const half = path.join(baseDir, 'half');
    mkdirSync(half);
    writeFileSync(path.join(half, 'HEAD'), 'ref: refs/heads/main\n');
    const app = target({ mirror: 'half' });
    expect(await app.current()).toMatchObject({ release: next });
    const moved = await host.commit('Moves', { 'a.txt': 'a\n' });
    const lock = path.join(half, 'refs', 'belay', 'branch.lock');
    writeFileSync(lock, '');
    // Of this moment: somebody may be at work.
    await expect(app.current()).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none', message: /branch\.lock/ });
    utimesSync(lock, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    await app.rollTo(old, order(moved));
    expect(await host.bare('rev-parse', 'main^')).toBe(moved);
  });

  it('cannot be said where there is no branch, no host or no right, and the reason is', async () => {
    const { host, open: target } = await incident({ token: 'right' });
    const unreachable = { code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' };
    await expect(target({ token: 'right', branch: 'nowhere' }).current()).rejects.toMatchObject({
      ...unreachable,
      message: /no branch nowhere/,
    });
    await expect(target({ token: 'wrong' }).current()).rejects.toMatchObject(unreachable);
    await host.close();
    await expect(target({ token: 'right' }).current()).rejects.toMatchObject(unreachable);
  });
});

describe('a credential', () => {
  it('reaches the host and nobody else: no argument, no file of the clone, no error', async () => {
    const token = 'tok-5f2c9e1ab7';
    const { host, baseDir, old, next } = await incident({ token });
    const argvs: string[] = [];
    const real = createProcesses();
    const processes: Processes = {
      ...real,
      run: (argv, o) => {
        argvs.push(argv.join(' '));
        return real.run(argv, o);
      },
    };
    const options = {
      remote: host.url,
      branch: 'main',
      rebuildMs: 1,
      timeoutMs: 20_000,
      rewrite: false,
      hotfixBranch: false,
      runsReleaseHooks: false,
    };
    const app = createGitTarget({ ...options, token }, { ...depsIn(baseDir), processes });
    await app.rollTo(old, order(next));
    const header = Buffer.from(`x-access-token:${token}`).toString('base64');
    expect(host.requests.some((one) => one.includes(header))).toBe(true);
    host.hook('pre-receive', `echo "you sent ${token} ${header}" >&2; exit 1`);
    const refused = await app.rollTo(next, order(await host.head(), 'again')).catch((error: unknown) => String(error));
    expect(refused).toContain('you sent *** ');
    for (const secret of [token, header]) {
      expect(argvs.filter((one) => one.includes(secret))).toEqual([]);
      expect(refused).not.toContain(secret);
      for (const name of readdirSync(baseDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()))
        expect(readFileSync(path.join(name.parentPath, name.name)).includes(secret), name.name).toBe(false);
    }
  });

  it.skipIf(whyNoSshd() !== null)(
    'over ssh is a key and a pinned host: another key of the host, or another of ours, is no access [S3-GU-06, S3-SY-13]',
    async () => {
      const { host, open: target, next } = await incident();
      const ssh = await startSshHost(host.repository);
      open.push(ssh);
      const { url: remote, key, hostKey } = ssh;
      expect(await target({ remote, key, hostKey }).current()).toMatchObject({ release: next });
      const other = await startSshHost(host.repository);
      open.push(other);
      const refused = { code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' };
      await expect(target({ remote, key, hostKey: other.hostKey }).current()).rejects.toMatchObject({
        ...refused,
        message: /Host key verification failed/,
      });
      await expect(target({ remote, key: other.key, hostKey }).current()).rejects.toMatchObject({
        ...refused,
        message: /Permission denied/,
      });
    },
  );
});

function streamOf(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  return ReadableStream.from(source) as ReadableStream<Uint8Array>;
}
