// What only the release directory has: graceful reload under load, deployers that know no lock, proof of pids, damaged bookkeeping.
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createReleaseDirectory } from '../../../src/adapters/release-directory/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Processes } from '../../../src/ports/process.ts';
import { type Shop, startShop } from '../../world/parts/shop.ts';

const processes = createProcesses();
const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanup.splice(0)) await clean();
});

/** Folders without a service. */
function folders(releases: readonly string[] = ['v1', 'v2'], live = 'v2') {
  const baseDir = mkdtempSync(join(tmpdir(), 'belay-releases-'));
  cleanup.push(() => rmSync(baseDir, { recursive: true, force: true }));
  for (const [index, release] of releases.entries()) {
    mkdirSync(join(baseDir, 'app', 'releases', release), { recursive: true });
    writeFileSync(join(baseDir, 'app', 'releases', release, 'app.js'), '');
    const at = new Date(Date.now() - (releases.length - index) * 60_000);
    utimesSync(join(baseDir, 'app', 'releases', release), at, at);
  }
  const root = join(baseDir, 'app');
  const link = (release: string): void => {
    symlinkSync(join('releases', release), join(root, 'next'));
    renameSync(join(root, 'next'), join(root, 'current'));
  };
  link(live);
  const open = (options: Record<string, unknown> = {}, over: Partial<Processes> = {}, time = systemTime) =>
    createReleaseDirectory({ root: 'app', ...options }, { time, processes: { ...processes, ...over }, baseDir });
  return { baseDir, root, link, open };
}

async function shopUnderTest(): Promise<Shop> {
  const shop = await startShop();
  cleanup.unshift(shop.close);
  return shop;
}

const order = (expected: string, key = 'k') => ({ expected, key, reason: 'INC-1' });

describe('a supervisor that takes long to ask', () => {
  it('is not asked once more to switch when the last switch is over, and is while one of ours may be on its way', async () => {
    const { root } = folders(['v1', 'v2', 'v3']);
    let [asked, now, runs] = [0, Date.now(), 'v2'];
    const supervisor = {
      look: async () => {
        asked += 1;
        return { units: [{ id: 'shop', ready: true, folder: join(root, 'releases', runs) }] };
      },
      reload: async () => undefined,
    };
    const target = createReleaseDirectory({ root }, { time: { ...systemTime, now: () => now }, processes, baseDir: root, supervisor });
    const before = await target.current();
    asked = 0;
    await target.rollTo('v1', order(before.fingerprint, 'first'));
    expect(asked, 'somebody else put v2 there').toBe(0);
    const inFlight = await target.current();
    expect(inFlight).toMatchObject({ release: 'v2', inFlight: 'v1' });
    asked = 0;
    await target.rollTo('v3', order(inFlight.fingerprint, 'second'));
    expect(asked, 'v1 has not been loaded yet').toBe(1);
    [now, runs] = [now + 60_000, 'v3'];
    const settled = await target.current();
    expect(settled.release).toBe('v3');
    asked = 0;
    await target.rollTo('v1', order(settled.fingerprint, 'third'));
    expect(asked, 'v3 runs for a minute').toBe(0);
  });
});

describe('graceful reload', () => {
  it('loses none of hundreds of requests in flight over ten switches', async () => {
    const shop = await shopUnderTest();
    const good = readFileSync(join(shop.service, 'releases', 'v1.0.0', 'handler.mjs'), 'utf8');
    writeFileSync(join(shop.service, 'releases', 'v1.1.0', 'handler.mjs'), good);
    const target = createReleaseDirectory(
      { root: 'service', pidFile: 'service/run/shop.pid' },
      { time: systemTime, processes, baseDir: shop.story.dir },
    );
    const stream = keepAsking(shop.url, 40);
    for (let turn = 0; turn < 10; turn += 1) {
      const { fingerprint } = await target.current();
      await target.rollTo(turn % 2 === 0 ? 'v1.1.0' : 'v1.0.0', order(fingerprint, `turn ${turn}`));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    const answers = await stream.stop();
    expect(answers.length).toBeGreaterThan(200);
    expect(answers.filter((answer) => !answer.startsWith('200 '))).toEqual([]);
    expect([...new Set(answers)].toSorted()).toEqual(['200 v1.0.0', '200 v1.1.0']);
    expect(shop.served()).toHaveLength(answers.length);
  });

  /** `width` customers who each ask again as soon as they are answered. */
  function keepAsking(url: string, width: number) {
    const agent = new Agent({ keepAlive: true });
    const answers: string[] = [];
    let stopped = false;
    const askOnce = () =>
      new Promise<string>((resolve) => {
        get(`${url}/checkout?org=globex`, { agent }, (response) => {
          let body = '';
          response.on('data', (chunk: Buffer) => (body += chunk.toString()));
          response.on('end', () => resolve(`${response.statusCode} ${(JSON.parse(body) as { release: string }).release}`));
        }).on('error', (error) => resolve(`lost: ${error.message}`));
      });
    const customers = Array.from({ length: width }, async () => {
      while (!stopped) answers.push(await askOnce());
    });
    return {
      stop: async () => {
        stopped = true;
        await Promise.all(customers);
        agent.destroy();
        return answers;
      },
    };
  }
});

describe('deployers that know no lock', () => {
  it('are noticed up to the rename: whatever came before it stays', async () => {
    const { open, link, root } = folders();
    const writes: string[] = [];
    // The last thing before the rename is the proof of the lock: a foreign deploy right there is still seen.
    const target = open(
      {},
      {
        locks: {
          hold: (path, o, work) =>
            processes.locks.hold(path, o, (lock) =>
              work({
                assertHeld: async () => {
                  await lock.assertHeld();
                  link('v2');
                  writes.push('v2 again');
                },
              }),
            ),
        },
      },
    );
    const { fingerprint } = await target.current();
    await expect(target.rollTo('v1', order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
    expect(writes).toEqual(['v2 again']);
    expect(await open().current()).toMatchObject({ release: 'v2' });
    expect(readdirSync(root).filter((name) => name.startsWith('.current'))).toEqual([]);
  });

  it('are told apart by the history: from where, to where, and ours from theirs', async () => {
    const { open, link } = folders(['v1', 'v2', 'v3'], 'v1');
    const target = open();
    expect(await target.current()).toMatchObject({ release: 'v1', previous: null });
    link('v2');
    expect(await target.current()).toMatchObject({ release: 'v2', previous: 'v1' });
    await target.rollTo('v1', order((await target.current()).fingerprint));
    expect(await target.current()).toMatchObject({ release: 'v1', previous: 'v2' });
    link('v3');
    expect(await open().current()).toMatchObject({ release: 'v3', previous: 'v1' });
    link('v3');
    expect(await open().current()).toMatchObject({ release: 'v3', previous: 'v1' });
  });

  it('see an old link that is renamed back into place as a change', async () => {
    const { open, root, link } = folders();
    const target = open();
    const { fingerprint } = await target.current();
    renameSync(join(root, 'current'), join(root, 'kept'));
    link('v1');
    renameSync(join(root, 'kept'), join(root, 'current'));
    expect((await target.current()).release).toBe('v2');
    expect((await target.current()).fingerprint).not.toBe(fingerprint);
  });
});

describe('the lock', () => {
  it('is waited for, and given up with the name of its holder; nothing has changed then', async () => {
    const { root, open } = folders();
    writeFileSync(join(root, '.belay-lock'), `${process.pid}\n`);
    const target = open({}, { locks: { hold: (path, _o, work) => processes.locks.hold(path, { waitMs: 60 }, work) } });
    const { fingerprint } = await target.current();
    await expect(target.rollTo('v1', order(fingerprint))).rejects.toMatchObject({
      code: 'BELAY_LOCK_HELD',
      effect: 'none',
      message: expect.stringContaining(String(process.pid)),
    });
    expect((await target.current()).fingerprint).toBe(fingerprint);
  });
});

describe('the pid file', () => {
  const pidFileWith = (text: string, writtenAt = new Date()) => {
    const made = folders();
    const path = join(made.baseDir, 'app.pid');
    writeFileSync(path, text);
    utimesSync(path, writtenAt, writtenAt);
    const signals: string[] = [];
    const target = made.open({ pidFile: 'app.pid' }, { signal: async ({ pid }, name) => void signals.push(`${name} ${pid}`) });
    return { target, signals };
  };

  it('names a process that was running when the file was written: it is told', async () => {
    const { target, signals } = pidFileWith(`${process.pid}\n`);
    expect((await target.current()).units).toEqual([{ id: 'app', release: 'v2', ready: true }]);
    await target.rollTo('v1', order((await target.current()).fingerprint));
    expect(signals).toEqual([`SIGHUP ${process.pid}`]);
  });

  it.each([
    ['a process that started after it, so the number was given out again', `${process.pid}\n`, new Date(Date.now() - 86_400_000)],
    ['a process with another start', `${process.pid}\n1\n`, new Date()],
    ['a process that is gone', '4194303\n', new Date()],
    ['nothing', 'shop\n', new Date()],
  ])('names %s: nobody is told, the link is switched for the next start', async (_what, text, writtenAt) => {
    const { target, signals } = pidFileWith(text, writtenAt);
    expect((await target.current()).units).toEqual([{ id: 'app', release: 'v2', ready: false }]);
    await target.rollTo('v1', order((await target.current()).fingerprint));
    expect(signals).toEqual([]);
    expect(await target.current()).toMatchObject({ release: 'v1' });
  });
});

describe('a reload that fails', () => {
  it('says so with effect unknown, and is done again by the same order', async () => {
    const { open, baseDir } = folders();
    const gate = join(baseDir, 'works');
    const target = open({ reload: ['test', '-e', gate] });
    const before = await target.current();
    await expect(target.rollTo('v1', order(before.fingerprint))).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'unknown' });
    expect(await target.current()).toMatchObject({ release: 'v2', inFlight: 'v1', fingerprint: before.fingerprint });
    writeFileSync(gate, '');
    await target.rollTo('v1', order(before.fingerprint));
    const after = await target.current();
    expect(after).toMatchObject({ release: 'v1', previous: 'v2' });
    expect(after.inFlight).toBeUndefined();
  });
});

describe('damage and mistakes', () => {
  it('a history line that a kill has cut is left out, and the next one is whole', async () => {
    const { open, link, root } = folders();
    await open().current();
    appendFileSync(join(root, '.belay-history.ndjson'), '{"kind":"switch","at":1,"li');
    link('v1');
    expect(await open().current()).toMatchObject({ release: 'v1', previous: 'v2' });
    expect(await open().current()).toMatchObject({ release: 'v1', previous: 'v2' });
  });

  it('a release that is live but pruned is still told, so that one can leave it', async () => {
    const { open, root } = folders();
    rmSync(join(root, 'releases', 'v2'), { recursive: true });
    const target = open();
    expect(await target.current()).toMatchObject({ release: 'v2' });
    await target.rollTo('v1', order((await target.current()).fingerprint));
    expect(await target.current()).toMatchObject({ release: 'v1' });
  });

  it('a release that is empty or lacks a required file is not offered', async () => {
    const { open, root } = folders();
    mkdirSync(join(root, 'releases', 'v3'));
    expect(await open().restorable('v3')).toEqual({ ok: false, why: 'failed' });
    expect(await open({ requires: ['app.js', 'LICENSE'] }).restorable('v1')).toEqual({ ok: false, why: 'failed' });
    expect(await open({ requires: ['app.js'] }).restorable('v1')).toMatchObject({ ok: true });
  });

  it('D18: a release behind one that has run and says that there is no way back is not put back, and one behind a release that never ran is', async () => {
    const { open, root, link } = folders(['v1', 'v2', 'v3', 'v4']);
    writeFileSync(join(root, 'releases', 'v3', 'ONE-WAY'), 'drops the column phone');
    const target = open({ oneWay: 'ONE-WAY' });
    expect(await target.restorable('v1')).toMatchObject({ ok: true });
    link('v3');
    expect(await target.restorable('v1')).toEqual({ ok: false, why: 'one-way' });
    await target.current();
    link('v4');
    expect(await target.restorable('v2')).toEqual({ ok: false, why: 'one-way' });
    expect(await target.restorable('v3')).toMatchObject({ ok: true });
    expect(await open().restorable('v2')).toMatchObject({ ok: true });
    const { fingerprint } = await target.current();
    await expect(target.rollTo('v2', order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_RELEASE_NOT_RESTORABLE', effect: 'none' });
    expect(() => open({ oneWay: '../ONE-WAY' })).toThrow(/oneWay: it is the name of a file/);
  });

  it('a one-way release that ran while nobody looked closes the way back, too', async () => {
    const { open, root, link } = folders(['v1', 'v2', 'v3', 'v4']);
    const target = open({ oneWay: 'ONE-WAY' });
    await target.current();
    const { mtime } = statSync(join(root, 'releases', 'v3'));
    writeFileSync(join(root, 'releases', 'v3', 'ONE-WAY'), '');
    utimesSync(join(root, 'releases', 'v3'), mtime, mtime);
    expect(await target.restorable('v1')).toMatchObject({ ok: true });
    link('v3');
    link('v4');
    expect(await target.current()).toMatchObject({ release: 'v4', previous: 'v2' });
    expect(await target.restorable('v2')).toEqual({ ok: false, why: 'one-way' });
    expect(await target.restorable('v3')).toMatchObject({ ok: true });
  });

  it('a release whose folder was written to after the one-way release was unpacked is before it all the same', async () => {
    const { open, root, link } = folders(['v1', 'v2', 'v3', 'v4']);
    writeFileSync(join(root, 'releases', 'v3', 'ONE-WAY'), '');
    const target = open({ oneWay: 'ONE-WAY' });
    for (const release of ['v2', 'v3', 'v4']) {
      link(release);
      await target.current();
    }
    writeFileSync(join(root, 'releases', 'v2', 'app.log'), '');
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(root, 'releases', 'v2'), later, later);
    expect(await target.restorable('v2')).toEqual({ ok: false, why: 'one-way' });
  });

  it.each(['../v1', '..', '.', '', 'v1/../../etc', '.hidden', 'a\0b'])('a release cannot be named %j', async (name) => {
    expect(await folders().open().restorable(name)).toEqual({ ok: false, why: 'unknown' });
  });

  it.each([
    ['missing', (_path: string) => undefined],
    ['a folder', (path: string) => mkdirSync(path)],
    ['a link to elsewhere', (path: string) => symlinkSync(tmpdir(), path)],
  ])('current that is %s makes the target unreachable, with a hint', async (_what, spoil) => {
    const { open, root } = folders();
    rmSync(join(root, 'current'));
    spoil(join(root, 'current'));
    await expect(open().current()).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
      effect: 'none',
      hint: expect.stringContaining('release'),
    });
  });

  it('options that do not go together are refused before anything is touched', () => {
    const make = (options: object) =>
      expect(() => createReleaseDirectory({ root: 'app', ...options }, { time: systemTime, processes, baseDir: '/' }));
    make({ signal: 'SIGHUP' }).toThrow(/signal: it needs pidFile/);
    make({ signal: 'SIGHUP', pidFile: 'x', reload: ['a'] }).toThrow(/signal: it and reload exclude each other/);
  });
});
