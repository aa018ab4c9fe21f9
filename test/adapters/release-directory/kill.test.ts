// SIGKILL inside a rollback, at each of its points: what the next life sees, and that repeating the order brings it to its end.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createReleaseDirectory } from '../../../src/adapters/release-directory/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { livingPid } from '../../../src/cli/demo/program.ts';
import { ensureShop } from '../../../src/cli/demo/scene.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import type { PauseSwitch } from '../../../src/ports/pause.ts';
import { eventually, type Shop, startShop } from '../../world/parts/shop.ts';
import type { KillOrder, KillPoint } from './kill-child.ts';

const POINTS: readonly KillPoint[] = ['before the link', 'before the reload', 'after the reload'];
const KEY = 'run/switch#1:act';
const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

async function badRelease(watched: boolean) {
  const shop = await startShop();
  shops.push(shop);
  const options = { root: 'service', pidFile: 'service/run/shop.pid', ...(watched ? { versionUrl: `${shop.url}/version` } : {}) };
  const nextLife = () =>
    createReleaseDirectory(options, {
      time: systemTime,
      processes: createProcesses(),
      http: createHttp({ allow: ['127.0.0.1'] }),
      baseDir: shop.story.dir,
    });
  await nextLife().current();
  await shop.deploy('v1.1.0');
  await eventually(shop.running, (release) => release === 'v1.1.0');
  const before = await nextLife().current();
  const order: Omit<KillOrder, 'at'> = {
    baseDir: shop.story.dir,
    options: { root: 'service', pidFile: 'service/run/shop.pid' },
    to: 'v1.0.0',
    expected: before.fingerprint,
    key: KEY,
  };
  return { shop, nextLife, before, order };
}

function killAt(order: KillOrder): void {
  const ended = spawnSync(process.execPath, [join(import.meta.dirname, 'kill-child.ts'), JSON.stringify(order)], { encoding: 'utf8' });
  expect([ended.signal, ended.stderr]).toEqual(['SIGKILL', '']);
}

describe.each([
  { how: 'by signal alone', watched: false },
  { how: 'with an address that tells the release', watched: true },
])('a rollback that is killed, $how', ({ watched }) => {
  it.each(POINTS)('comes to its end when it is repeated: killed %s', async (at) => {
    const { shop, nextLife, before, order } = await badRelease(watched);
    killAt({ ...order, at });
    const target = nextLife();
    await target.rollTo('v1.0.0', { expected: before.fingerprint, key: KEY, reason: 'INC-1' });
    await eventually(shop.running, (release) => release === 'v1.0.0');
    const after = await eventually(
      () => target.current(),
      (state) => state.inFlight === undefined,
    );
    expect(after).toMatchObject({ release: 'v1.0.0', previous: 'v1.1.0' });
    expect(readdirSync(shop.service).filter((name) => name.startsWith('.current') || name.startsWith('.belay-lock'))).toEqual([]);
  });

  it('is seen as not done between link and reload: what is live has the fingerprint that was expected', async () => {
    const { shop, nextLife, before, order } = await badRelease(watched);
    killAt({ ...order, at: 'before the reload' });
    expect(shop.linked()).toBe('v1.0.0');
    expect(await shop.running()).toBe('v1.1.0');
    const target = nextLife();
    expect(await target.current()).toMatchObject({
      release: 'v1.1.0',
      fingerprint: before.fingerprint,
      inFlight: 'v1.0.0',
      previous: 'v1.0.0',
    });
    const rollback = createActions({ targets: { shop: target }, switches: {}, pause: null as unknown as PauseSwitch })['deploy.rollback'];
    expect(await rollback?.observe({ target: 'shop', to: 'v1.0.0' })).toMatchObject({ reached: false, fingerprint: before.fingerprint });
  });

  it('does not overrun a deploy that came after the kill', async () => {
    const { shop, nextLife, before, order } = await badRelease(watched);
    killAt({ ...order, at: 'before the reload' });
    expect((await shop.deploy('v1.1.0')).code).toBe(0);
    await expect(nextLife().rollTo('v1.0.0', { expected: before.fingerprint, key: KEY, reason: 'INC-1' })).rejects.toMatchObject({
      code: 'BELAY_TARGET_CONFLICT',
      effect: 'none',
    });
    expect([shop.linked(), await shop.running()]).toEqual(['v1.1.0', 'v1.1.0']);
    // Whether the killed switch was ever live, nobody can say.
    expect((await nextLife().current()).previous).toBeNull();
  });
});

describe('what a kill leaves behind', () => {
  it('counts as done once the service has been started since', async () => {
    const { shop, nextLife, order } = await badRelease(false);
    killAt({ ...order, at: 'before the reload' });
    expect(existsSync(join(shop.service, '.belay-lock'))).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    process.kill(shop.pid, 'SIGKILL');
    await eventually(
      () => livingPid(join(shop.service, 'run', 'shop.pid')),
      (pid) => pid === null,
    );
    await ensureShop(shop.story);
    expect(await nextLife().current()).toMatchObject({ release: 'v1.0.0', previous: 'v1.1.0' });
    expect(await shop.running()).toBe('v1.0.0');
  });

  it('is a lock that the next deployer of either kind proves dead and takes', async () => {
    const { shop, order } = await badRelease(false);
    killAt({ ...order, at: 'before the link' });
    expect(existsSync(join(shop.service, '.belay-lock'))).toBe(true);
    expect((await shop.deploy('v1.0.0')).code).toBe(0);
    expect(existsSync(join(shop.service, '.belay-lock'))).toBe(false);
  });
});
