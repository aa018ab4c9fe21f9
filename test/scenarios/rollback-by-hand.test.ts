// Both scenes on the real service with real traffic, driven by the `do` protocol itself over the real adapters: what a run of Belay
// does in the middle, without the rest of it. The judge is the served requests.

import { afterEach, describe, expect, it } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { createFileWriter } from '../../src/adapters/file-writer/index.ts';
import { createFlowFile } from '../../src/adapters/flow-file/index.ts';
import { createHttp } from '../../src/adapters/http/index.ts';
import { createProcesses } from '../../src/adapters/process/index.ts';
import { createReleaseDirectory } from '../../src/adapters/release-directory/index.ts';
import { systemTime } from '../../src/adapters/system/index.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualJournal } from '../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../src/adapters/virtual/pause.ts';
import { provoke } from '../../src/cli/demo/scene.ts';
import type { Scenario } from '../../src/cli/demo/story.ts';
import type { Check } from '../../src/domain/ir.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { createActions } from '../../src/flows/actions/index.ts';
import { performDo } from '../../src/flows/do.ts';
import { createProbes } from '../../src/flows/probes/index.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { eventually, type Shop, startShop } from '../world/parts/shop.ts';

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

async function scene(scenario: Scenario) {
  const shop = await startShop({ scenario, trafficPerSecond: 20 });
  shops.push(shop);
  const http = createHttp({ allow: ['127.0.0.1'] });
  const deps = { time: systemTime, processes: createProcesses(), files: createFileWriter(), http, baseDir: shop.story.dir };
  const targets = { shop: createReleaseDirectory({ root: 'service', pidFile: 'service/run/shop.pid', signal: 'SIGHUP' }, deps) };
  const switches = { checkout: createFlowFile({ file: 'service/flows.json', values: ['stable', 'next'] }, deps) };
  const [disk, kill] = [new DurableDisk(), new KillSwitch()];
  const pause = createVirtualPause({ disk, kill, time: systemTime });
  const world = {
    journal: createVirtualJournal({ digest: createFakeDigest(), disk, kill }),
    pause,
    engine: { mayAct: async () => true } as never,
    time: systemTime,
    probes: createProbes({ http, readings: null as never, targets, switches, workingCopies: null as never }),
    expression: createCel(),
  };
  const actions = createActions({ targets, switches, pause });
  const perform = (name: string, args: JsonObject, verify: readonly Check[] = []) => {
    const action = actions[name];
    if (action === undefined) throw new Error(`no action ${name}`);
    const about = {
      key: `run/${name}`,
      run: 'run',
      incident: 'INC-1',
      step: name,
      attempt: 1,
      expected: null,
      reason: 'INC-1',
      actor: 'belay',
      earlier: [],
    };
    return performDo(world, { action, args, verify, lookup: () => undefined, timeoutMs: 10_000, ...about });
  };
  await Promise.all([targets.shop.current(), switches.checkout.get('acme')]);
  await eventually(
    () => shop.served().length,
    (count) => count > 60,
  );
  const badSince = await provoke(shop.story);
  await eventually(
    () => shop.served().filter((one) => one.t > badSince && one.status >= 500).length,
    (count) => count > 10,
  );
  return { shop, perform, badSince };
}

describe('the real service', () => {
  it('is rolled back from the bad release: frozen, switched, proven, and nobody can put it back', async () => {
    const { shop, perform } = await scene('deploy');
    expect(await perform('deploy.freeze', { target: 'shop' })).toMatchObject({ status: 'done' });
    const decided = Date.now();
    const done = await perform('deploy.rollback', { target: 'shop', to: 'v1.0.0' }, [
      { probe: 'release', with: { target: 'shop' }, expect: 'uniform' },
      { probe: 'http', with: { url: `${shop.url}/checkout?org=acme`, times: 10 }, expect: 'ok == tried' },
    ]);
    expect(done).toMatchObject({ status: 'done', current: 'v1.0.0' });
    const good = shop.served().find((one) => one.t >= decided && one.release === 'v1.0.0');
    expect((good?.t ?? Number.POSITIVE_INFINITY) - decided).toBeLessThan(1_000);
    const lastBad = shop.served().findLast((one) => one.release === 'v1.1.0')?.t ?? 0;
    await eventually(
      () => shop.served().at(-1)?.t ?? 0,
      (t) => t > lastBad + 500,
    );
    expect(shop.served().filter((one) => one.t > lastBad && one.status >= 400)).toEqual([]);
    expect(shop.asked().filter((one) => one.status === null)).toEqual([]);
    expect(await shop.deploy('v1.1.0')).toMatchObject({ code: 3, said: expect.stringContaining('INC-1') });
  });

  it('is rolled back for one organization; the other two keep the new flow and lose nothing', async () => {
    const { shop, perform } = await scene('org');
    const done = await perform('flow.set', { switch: 'checkout', org: 'acme', to: 'stable' }, [
      { probe: 'flow', with: { switch: 'checkout', org: 'acme' }, expect: 'value == "stable"' },
      { probe: 'http', with: { url: `${shop.url}/checkout?org=acme`, times: 20 }, expect: 'ok == tried' },
    ]);
    expect(done).toMatchObject({ status: 'done', current: 'stable' });
    const from = Date.now();
    await eventually(
      () => shop.served().at(-1)?.t ?? 0,
      (t) => t > from + 500,
    );
    const after = shop.served().filter((one) => one.t > from);
    expect([...new Set(after.map((one) => `${one.org} ${one.flow} ${one.status}`))].toSorted()).toEqual([
      'acme stable 200',
      'globex next 200',
      'initech next 200',
    ]);
    expect(shop.asked().filter((one) => one.org !== 'acme' && one.status !== 200)).toEqual([]);
    expect(shop.asked().some((one) => one.org === 'acme' && one.status === 502)).toBe(true);
  });
});
