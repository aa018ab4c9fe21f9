// "Dashboard > Rollback to <hash>" as a runbook: the examples of the pages of both platforms, read by the real loader, planned, and run step
// by step against a platform on which a bad release is live. The judge is the platform's own ledger.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { createProcesses } from '../../src/adapters/process/index.ts';
import { systemTime } from '../../src/adapters/system/index.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualJournal } from '../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../src/adapters/virtual/pause.ts';
import { loadAndLint } from '../../src/config/lint.ts';
import { createActions } from '../../src/flows/actions/index.ts';
import { performDo } from '../../src/flows/do.ts';
import { makePlan } from '../../src/flows/plan.ts';
import { createProbes } from '../../src/flows/probes/index.ts';
import { openTargets } from '../../src/registry.ts';
import { deps, herokuWorld, incident, railwayWorld, TOKEN, vercelWorld } from '../adapters/paas/world.ts';
import { TOOLS } from '../config/workspace.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import type { Asked } from '../world/vendors/vendor-server.ts';

const FRONT = `---
belay: 1
id: back
title: Roll the app back
version: 1.0.0
lang: en
severity: P1
components: [app]
---

# Roll the app back

## Roll back

### Put the release of a hash back {#switch}
`;

/** The example of the page with its runbook, at this platform. */
function example(page: string, url: string, hash: string) {
  const text = readFileSync(path.join(import.meta.dirname, `../../docs/targets/${page}.md`), 'utf8');
  const folder = mkdtempSync(path.join(tmpdir(), `belay-${page}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const yaml = /```yaml\n(belay: 1\n[\s\S]*?)```/.exec(text)?.[1] ?? '';
  writeFileSync(path.join(folder, 'belay.yaml'), yaml.replace(`    driver: ${page}`, `$&\n    url: ${url}`));
  const steps = (/````markdown\n([\s\S]*?)````/.exec(text)?.[1] ?? '').replace('60883d9', hash);
  mkdirSync(path.join(folder, 'runbooks'));
  // Each block of the page becomes a step.
  writeFileSync(path.join(folder, 'runbooks/back.runbook.md'), FRONT + steps.replaceAll('```\n\n```belay', '```\n\n### Then\n\n```belay'));
  const loaded = loadAndLint(folder, {
    ...TOOLS,
    env: { HEROKU_TOKEN: TOKEN, RAILWAY_TOKEN: TOKEN, VERCEL_TOKEN: TOKEN, APP_URL: 'https://app.test' },
  });
  expect(loaded.diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
  const runbook = loaded.runbooks['back']?.runbook;
  if (loaded.system === null || runbook === undefined) throw new Error('the example of the page cannot be read');
  return { system: loaded.system, pinned: { runbook, irHash: 'ir' }, baseDir: folder };
}

/** Planned, and then each `do` of the plan by the protocol of `do`, against the fingerprint that was planned with. */
function rehearse(page: string, url: string, hash = '60883d9') {
  const { system, pinned, baseDir } = example(page, url, hash);
  const targets = openTargets(system, { ...deps, processes: createProcesses(), baseDir });
  const [disk, kill] = [new DurableDisk(), new KillSwitch()];
  const pause = createVirtualPause({ disk, kill, time: systemTime });
  const probes = createProbes({ http: deps.http, readings: null as never, targets, switches: {}, workingCopies: null as never });
  const actions = createActions({ targets, switches: {}, pause });
  const world = { system, targets, probes, actions, expression: createCel(), digest: createFakeDigest() };
  const running = {
    ...world,
    journal: createVirtualJournal({ digest: createFakeDigest(), disk, kill }),
    pause,
    engine: { mayAct: async () => true } as never,
    time: systemTime,
  };
  const plan = () => makePlan(world, pinned, { inputs: {}, incident: { id: 'INC-1' }, outputs: {} });
  const perform = async (planned: Awaited<ReturnType<typeof plan>>, timeoutMs = 5_000) => {
    const outcomes = [];
    for (const { id, action: name = '', args = {}, expected = null } of planned.steps) {
      const action = actions[name];
      if (action === undefined) throw new Error(`no action ${name}`);
      const about = { key: `run/${id}`, run: 'run', incident: 'INC-1', step: id, attempt: 1, reason: 'INC-1', actor: 'belay', earlier: [] };
      outcomes.push(await performDo(running, { action, args, verify: [], lookup: () => undefined, timeoutMs, expected, ...about }));
    }
    return outcomes;
  };
  return { plan, perform };
}

const WORLDS = {
  heroku: async () => {
    const world = await incident(herokuWorld());
    return { ...world, url: world.server.url };
  },
  railway: async () => {
    const world = await incident(railwayWorld({ tokenOf: 'project' }));
    return { ...world, url: `${world.server.url}/graphql/v2` };
  },
} as const;

/** What the API was told to do, by the platform's ledger. */
const done = ({ server }: { readonly server: { readonly ledger: readonly { readonly by: string }[] } }) =>
  server.ledger.filter((one) => one.by === 'api');

test('the release of a hash goes back live on Heroku: named in the plan, with what comes back with it, and seen on every dyno [S3-ST-06] [S3-SY-03]', async () => {
  const world = await WORLDS.heroku();
  const { server, names, target } = world;
  server.setConfig({ MAIL: 'new' });
  const { plan, perform } = rehearse('heroku', world.url);
  const planned = await plan();
  expect(planned.unknowns).toEqual([]);
  expect(planned.steps).toMatchObject([
    {
      args: { target: 'app', to: names.old },
      current: names.new,
      desired: names.old,
      compareAndSet: 'none',
      notes: ['restores-config', 'runs-release-hooks', 'unguarded'],
      undo: { args: { to: names.new } },
    },
  ]);
  // Dynos follow a while later: until then it is not done.
  server.app.dynosFollow = false;
  const running = perform(planned);
  await expect.poll(() => done(world).length).toBe(1);
  expect((await target.current()).units.filter((unit) => unit.ready)).toEqual([]);
  server.follow();
  expect(await running).toMatchObject([{ status: 'done', current: names.old }]);
  expect(server.app.releases.at(-1)).toMatchObject({ version: 4, description: 'Rollback to v1' });
  expect(server.app.dynos.map((one) => one.version)).toEqual([4, 4, 4]);
  expect(server.app.config).toEqual({});
  expect([server.refused, done(world).length]).toEqual([[], 1]);
});

test('the deployment of a hash goes back live on Railway: automatic deploys off, named in the plan, and seen on every instance [S3-ST-06] [S3-SY-04]', async () => {
  const world = await WORLDS.railway();
  const { server, names } = world;
  const { plan, perform } = rehearse('railway', world.url);
  const planned = await plan();
  expect(planned.unknowns).toEqual([]);
  expect(planned.steps).toMatchObject([
    { action: 'deploy.freeze' },
    {
      args: { target: 'app', to: names.old },
      current: names.new,
      desired: names.old,
      compareAndSet: 'none',
      notes: ['restores-config', 'unguarded'],
    },
  ]);
  server.service.next = 'lasts';
  const running = perform(planned);
  await expect.poll(() => done(world).length).toBe(2);
  server.settle('SUCCESS');
  expect(await running).toMatchObject([{ status: 'done' }, { status: 'done', current: names.old }]);
  expect(server.service.autoDeploy).toBe(false);
  expect(server.live()?.instances.map((one) => one.status)).toEqual(['RUNNING', 'RUNNING']);
  expect(server.ledger.filter((one) => one.by === 'api').map((one) => one.what)).toEqual(['auto-deploy', 'rollback']);
  expect(server.refused).toEqual([]);
});

test('the deployment of a hash goes back live on Vercel: the domains held first, named in the plan, and seen where the domains point', async () => {
  const { server, names } = await incident(vercelWorld());
  const { plan, perform } = rehearse('vercel', server.url);
  const planned = await plan();
  expect(planned.unknowns).toEqual([]);
  expect(planned.steps).toMatchObject([
    { action: 'deploy.freeze' },
    {
      args: { target: 'app', to: names.old },
      current: names.new,
      desired: names.old,
      compareAndSet: 'none',
      notes: ['restores-config', 'unguarded'],
    },
  ]);
  server.service.next = 'lasts';
  const running = perform(planned);
  await expect.poll(() => done({ server }).length).toBe(2);
  server.settle('succeeded');
  expect(await running).toMatchObject([{ status: 'done' }, { status: 'done', current: names.old }]);
  server.build('1f2e3d4c5b6a79880910a1b2c3d4e5f6a7b8c9d0');
  expect(server.service.production).toBe(server.service.deployments.at(-1)?.uid);
  const byApi = server.ledger.filter((one) => one.by === 'api').map((one) => one.what);
  expect([server.refused, byApi]).toEqual([[], ['auto-assign', 'promote']]);
});

describe.each(Object.entries(WORLDS))('on %s', (page, make) => {
  test('a hash that nobody knows is refused when the plan is made, with the nearest', async () => {
    const world = await make();
    const { unknowns } = await rehearse(page, world.url, '60883aa').plan();
    expect(unknowns).toMatchObject([
      { why: expect.stringMatching(new RegExp(`"60883aa" is no release; the nearest: ${world.names.old} `)) },
    ]);
    expect(done(world)).toEqual([]);
  });

  test('a deploy between the plan and the act is a conflict, and stays', async () => {
    const world = await make();
    const { plan, perform } = rehearse(page, world.url);
    const planned = await plan();
    await world.deploy(world.names.new);
    const outcomes = await perform(planned);
    expect(outcomes.at(-1)).toMatchObject({ status: 'conflict', current: world.names.new });
    expect(await world.running()).toBe(world.names.new);
  });

  test('a deploy that came right after the act is found by looking: it is not called done', async () => {
    const world = await make();
    const { plan, perform } = rehearse(page, world.url);
    const planned = await plan();
    world.overtake('after');
    const outcomes = await perform({ ...planned, steps: planned.steps.slice(-1) }, 1_500);
    expect(outcomes).toMatchObject([{ status: 'unknown', current: world.names.new, desired: world.names.old }]);
    expect(await world.running()).toBe(world.names.new);
  });

  test('an answer that never came after the deed is settled by looking, and nothing is done twice', async () => {
    const world = await make();
    const { plan, perform } = rehearse(page, world.url);
    const planned = await plan();
    Object.assign(world.server, {
      mood: 'done-then-cut',
      moodFor: (one: Asked) => one.method === 'POST' && !one.body.includes('query Look'),
    });
    expect(await perform({ ...planned, steps: planned.steps.slice(-1) })).toMatchObject([{ status: 'done', current: world.names.old }]);
    expect(done(world)).toHaveLength(1);
  });

  test('a yes after which nothing happens is not called done', async () => {
    const world = await make();
    const { plan, perform } = rehearse(page, world.url);
    const planned = await plan();
    world.lie();
    const outcomes = await perform({ ...planned, steps: planned.steps.slice(-1) }, 1_000);
    expect(outcomes).toMatchObject([{ status: 'failed', effect: 'none', code: 'BELAY_DEPLOY_TIMEOUT' }]);
  });

  test('what the platform could not put live is told at once, not waited for', async () => {
    const world = await make();
    const { plan, perform } = rehearse(page, world.url);
    const planned = await plan();
    world.next('fails');
    const began = Date.now();
    const outcomes = await perform({ ...planned, steps: planned.steps.slice(-1) }, 60_000);
    expect(outcomes).toMatchObject([{ status: 'unknown', message: expect.stringMatching(/gave up: .+could not put .+ live/) }]);
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(await world.running()).toBe(world.names.new);
  });
});
