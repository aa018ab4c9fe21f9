// A release directory on another host, behind a real sshd: the real shop there, the contract of all deploy targets where it is asked for, and what
// only a network does: hosts that are not who they were, that do not let Belay in, that are silent, and connections that break in the middle.
import { execFileSync } from 'node:child_process';
import {
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
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HEAVY_SWITCH } from '../../../scripts/heavy-parts.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createReleaseDirectory } from '../../../src/adapters/release-directory/index.ts';
import { createSsh } from '../../../src/adapters/ssh/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import type { SshHost as Host } from '../../../src/domain/run-policy.ts';
import { openTarget } from '../../../src/registry.ts';
import { TOOLS } from '../../config/workspace.ts';
import { type DeployTargetUnderTest, deployTargetContract } from '../../contracts/deploy-target.ts';
import { type SshHost, startSshHost, whyNoSshd } from '../../world/parts/git-host.ts';
import { eventually, startShop } from '../../world/parts/shop.ts';
import { cutTcp } from '../../world/parts/tcp-cut.ts';

const processes = createProcesses();
const why = whyNoSshd();

describe.skipIf(why !== null)(`a release directory on another host${why === null ? '' : ` (${why})`}`, () => {
  let sshd: SshHost;
  let data: string;
  const cleanup: (() => unknown)[] = [];
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'belay-ssh-'));
    sshd = await startSshHost('/', { pids: 'shared' });
  }, 60_000);
  afterAll(async () => {
    await sshd.close();
    rmSync(data, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const clean of cleanup.splice(0)) await clean();
  });

  const host = (over: Partial<Host> = {}): Host => ({
    ...{ address: '127.0.0.1', port: Number(new URL(sshd.url).port), user: 'root', hostKey: sshd.hostKey, key: sshd.key },
    ...over,
  });
  const open = (options: { readonly root: string } & Record<string, unknown>, over: Partial<Host> = {}) =>
    createReleaseDirectory(
      { ssh: host(over), ...options },
      {
        ...{ time: systemTime, processes, baseDir: data, http: createHttp({ allow: ['127.0.0.1'] }) },
        remote: createSsh({ processes, dataDir: data, baseDir: data }),
      },
    );

  function folders() {
    const root = mkdtempSync(join(tmpdir(), 'belay-far-'));
    cleanup.push(() => rmSync(root, { recursive: true, force: true }));
    for (const release of ['v1.0.0', 'v1.1.0']) {
      mkdirSync(join(root, 'releases', release), { recursive: true });
      writeFileSync(join(root, 'releases', release, 'app.js'), release);
      const at = new Date(release === 'v1.0.0' ? 1e12 : 2e12);
      utimesSync(join(root, 'releases', release), at, at);
    }
    const deploy = (release: string): void => {
      symlinkSync(join('releases', release), join(root, 'next'));
      renameSync(join(root, 'next'), join(root, 'current'));
    };
    deploy('v1.0.0');
    return { root, deploy, linked: () => basename(readlinkSync(join(root, 'current'))) };
  }
  const order = (expected: string) => ({ expected, key: 'run/switch#1:act', reason: 'INC-1' });
  const files = (root: string) => readdirSync(root).toSorted();

  // A hundred connections: without the network far-side.test.ts runs it each time.
  const isHeavy = process.env[HEAVY_SWITCH] === '1';
  describe.skipIf(!isHeavy)(`the whole contract over sshd${isHeavy ? '' : ` (wants ${HEAVY_SWITCH}=1)`}`, () => {
    deployTargetContract('folders on another host', async (): Promise<DeployTargetUnderTest> => {
      const { root, deploy, linked } = folders();
      return {
        target: open({ root }),
        deploy: async (release) => deploy(release),
        running: async () => linked(),
        prune: async (release) => rmSync(join(root, 'releases', release), { recursive: true }),
        close: async () => undefined,
      };
    });
  });

  it('tells the service there by the signal of a proven process, and believes what the service says that it serves', async () => {
    const shop = await startShop();
    cleanup.push(shop.close);
    const target = open({ root: shop.service, pidFile: join(shop.service, 'run/shop.pid'), versionUrl: `${shop.url}/version` });
    await shop.deploy('v1.1.0');
    await eventually(shop.running, (release) => release === 'v1.1.0');
    const { fingerprint, units } = await target.current();
    expect(units).toEqual([{ id: 'shop', release: 'v1.1.0', ready: true }]);
    await target.rollTo('v1.0.0', order(fingerprint));
    await eventually(shop.running, (release) => release === 'v1.0.0');
    expect(await target.current()).toMatchObject({ release: 'v1.0.0', previous: 'v1.1.0', units: [{ release: 'v1.0.0', ready: true }] });
  });

  it('is not touched where the host shows another key, does not let Belay in or cannot be reached, and says what to type', async () => {
    const { root, linked } = folders();
    const [type = '', key = ''] = sshd.hostKey.split(' ');
    const other = `${type} ${key.slice(0, -8)}${key.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`;
    const port = new URL(sshd.url).port;
    const foreign = join(data, 'foreign');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', foreign]);
    for (const [over, hint] of [
      [
        { hostKey: other },
        `shows another key than hostKey in belay.yaml. Ask who runs it whether its key has changed; "ssh-keyscan -p ${port}`,
      ],
      [
        { key: foreign },
        `does not let root in: the public half of ${foreign} ("ssh-keygen -y -f ${foreign}") belongs into authorized_keys`,
      ],
      [{ port: 1 }, 'Look whether 127.0.0.1 runs and its port 1 can be reached from here'],
    ] as const) {
      const refused = { code: 'BELAY_TARGET_UNREACHABLE', effect: 'none', hint: expect.stringContaining(hint) as string };
      await expect(open({ root }, over).current()).rejects.toMatchObject(refused);
      await expect(open({ root }, over).rollTo('v1.1.0', order('x'))).rejects.toMatchObject(refused);
    }
    expect([linked(), files(root)]).toEqual(['v1.0.0', ['current', 'releases']]);
  });

  it('is given up when it is silent for as long as it may be, and nobody says that it did nothing', async () => {
    const wire = await cutTcp(Number(new URL(sshd.url).port));
    cleanup.push(wire.close);
    const named = { ...host({ port: wire.port }), id: 'silent' };
    const run = createSsh({ processes, dataDir: data, baseDir: data }).run('web', named, {
      ...{ argv: ['sh', '-c', 'echo begun; sleep 9'], timeoutMs: 20_000, silentMs: 1_000 },
    });
    setTimeout(() => wire.stall(true), 700);
    const from = performance.now();
    const ended = await run.then(
      ({ code }) => code,
      (error: { readonly effect: string }) => error.effect,
    );
    expect([255, 'unknown']).toContain(ended);
    expect(performance.now() - from).toBeLessThan(8_000);
  });

  it('is left as it was by a connection that breaks while it waits for the lock', async () => {
    const { root, linked } = folders();
    const wire = await cutTcp(Number(new URL(sshd.url).port));
    cleanup.push(wire.close);
    const { fingerprint } = await open({ root }).current();
    writeFileSync(join(root, '.belay-lock'), `${process.pid}\n`);
    const roll = open({ root }, { port: wire.port }).rollTo('v1.1.0', order(fingerprint));
    const outcome = expect(roll).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'unknown' });
    await eventually(
      () => files(root),
      (names) => names.some((name) => name.startsWith('.belay-lock.')),
      10_000,
    );
    wire.cutAll();
    await outcome;
    rmSync(join(root, '.belay-lock'));
    await eventually(
      () => files(root),
      (names) => names.join() === '.belay-history.ndjson,current,releases',
      10_000,
    );
    expect([linked(), (await open({ root }).current()).fingerprint]).toEqual(['v1.0.0', fingerprint]);
  });

  it('comes to its end by itself when the connection breaks after the switch, and a look tells how far it is', async () => {
    const { root, linked } = folders();
    const wire = await cutTcp(Number(new URL(sshd.url).port));
    cleanup.push(wire.close);
    const reload = ['sh', '-c', 'while [ ! -e gate ]; do sleep 0.02; done'];
    const before = await open({ root, reload }).current();
    const roll = open({ root, reload }, { port: wire.port }).rollTo('v1.1.0', order(before.fingerprint));
    const outcome = expect(roll).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'unknown' });
    await eventually(linked, (release) => release === 'v1.1.0', 10_000);
    wire.cutAll();
    await outcome;
    expect(await open({ root, reload }).current()).toMatchObject({
      release: 'v1.0.0',
      inFlight: 'v1.1.0',
      fingerprint: before.fingerprint,
    });
    writeFileSync(join(root, 'gate'), '');
    await eventually(
      () => files(root),
      (names) => !names.some((name) => name.startsWith('.belay-lock') || name.startsWith('.belay-said')),
      10_000,
    );
    const after = await open({ root, reload }).current();
    expect(after).toMatchObject({ release: 'v1.1.0', previous: 'v1.0.0' });
    expect(after.inFlight).toBeUndefined();
    await open({ root, reload }).rollTo('v1.1.0', order(before.fingerprint));
    expect((await open({ root, reload }).current()).fingerprint).toBe(after.fingerprint);
  });

  it('is switched again by the same order after its program has been killed there in the middle, whose lock is proven dead', async () => {
    const { root, linked } = folders();
    const slow = open({ root, reload: ['sleep', '20'] });
    const { fingerprint } = await slow.current();
    const roll = slow.rollTo('v1.1.0', order(fingerprint));
    const outcome = expect(roll).rejects.toMatchObject({ effect: 'unknown' });
    await eventually(linked, (release) => release === 'v1.1.0', 10_000);
    const holder = Number(readFileSync(join(root, '.belay-lock'), 'utf8').split('\n')[0]);
    process.kill(holder, 'SIGKILL');
    await outcome;
    expect(existsSync(join(root, '.belay-lock'))).toBe(true);
    await open({ root }).rollTo('v1.1.0', order(fingerprint));
    expect(await open({ root }).current()).toMatchObject({ release: 'v1.1.0', previous: 'v1.0.0' });
    expect(existsSync(join(root, '.belay-lock'))).toBe(false);
  });

  it('is opened from the example of its page, as the page says', async () => {
    const { root, deploy, linked } = folders();
    deploy('v1.1.0');
    const page = readFileSync(join(import.meta.dirname, '../../../docs/targets/release-directory.md'), 'utf8');
    const yaml = /## On another host\n\n```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const { port, key, hostKey } = host();
    writeFileSync(
      join(root, 'belay.yaml'),
      yaml
        .replace(/address: .*/, `address: 127.0.0.1\n      port: ${port}`)
        .replace('user: deploy', 'user: root')
        .replace(/ key: .*/, ` key: ${key}`)
        .replace(/hostKey: .*/, `hostKey: ${hostKey}`)
        .replaceAll('/srv/shop', root),
    );
    const { system, diagnostics } = loadAndLint(root, { ...TOOLS, env: { SHOP_URL: 'https://shop.test' } });
    expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
    const [spec] = system?.targets ?? [];
    if (spec === undefined) throw new Error('the example of the page has no target');
    const target = openTarget(spec, {
      ...{ time: systemTime, processes, baseDir: root, http: createHttp({ allow: [] }) },
      remote: createSsh({ processes, dataDir: data, baseDir: root }),
    });
    await target.rollTo('v1.0.0', order((await target.current()).fingerprint));
    expect(linked()).toBe('v1.0.0');
  });
});
