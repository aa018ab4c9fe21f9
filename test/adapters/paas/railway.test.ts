// What is Railway's own: statuses, instances, images, deployments that never come, mutations that answer with an error, and its freeze.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../../src/adapters/paas/history.ts';
import { createRailway } from '../../../src/adapters/paas/index.ts';
import { sightIn } from '../../../src/adapters/paas/railway-answers.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualEngine } from '../../../src/adapters/virtual/engine.ts';
import { createVirtualJournal } from '../../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../../src/adapters/virtual/pause.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import { Unusable } from '../../../src/domain/answer.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { afterAbort, type InFlight } from '../../../src/flows/in-flight.ts';
import { createFakeDigest } from '../../world/fakes/digest.ts';
import { odd, word } from '../odd.ts';
import { deps, IDS, incident, NEW_COMMIT, order, railwayWorld, TOKEN } from './world.ts';

const railway = () => incident(railwayWorld());
const byApi = (server: Awaited<ReturnType<typeof railway>>['server']) => server.ledger.filter((one) => one.by === 'api');

describe('deployments', () => {
  test.each(['SKIPPED', 'NEEDS_APPROVAL'])('that are %s are no deploy on its way, and hide none', async (status) => {
    const { server, target, names, begin } = await railway();
    const { fingerprint } = await target.current();
    server.deploy({ commitHash: 'abcdef1234567' }).status = status;
    const ignored = server.service.deployments.at(-1);
    Object.assign(server.service.deployments.at(-2) ?? {}, { status: 'SUCCESS', canRollback: true });
    Object.assign(ignored ?? {}, { canRollback: false, instances: [] });
    const state = await target.current();
    expect([state.release, state.fingerprint, state.inFlight]).toEqual([names.new, fingerprint, undefined]);
    await begin?.(names.old);
    expect((await target.current()).inFlight).toBe(names.old);
  });

  test.each(['BUILDING', 'DEPLOYING', 'INITIALIZING', 'QUEUED', 'WAITING'])('that are %s are on their way', async (status) => {
    const { server, target, names, begin } = await railway();
    await begin?.(names.old);
    Object.assign(server.service.deployments.at(-1) ?? {}, { status });
    expect(await target.current()).toMatchObject({ release: names.new, inFlight: names.old });
  });

  test('of an image are told by it, and of nothing that is told by their id', async () => {
    const { server, target } = await railway();
    server.deploy({ image: 'ghcr.io/acme/app:1.2', imageDigest: `sha256:${'ab'.repeat(32)}` });
    expect((await target.current()).release).toBe('image:abababababababababababab');
    server.deploy({});
    const { release, previous } = await target.current();
    expect([release, previous]).toEqual(['deployment:d004beef-0000-4000-8000-000000000004', 'image:abababababababababababab']);
    expect(await target.restorable(previous ?? '')).toMatchObject({ ok: true });
  });

  test('of before the retention are not offered, and what was live before is then not known', async () => {
    const { target, names, prune } = await railway();
    await prune(names.old);
    expect(await target.restorable(names.old)).toEqual({ ok: false, why: 'pruned' });
    expect((await target.current()).previous).toBeNull();
  });

  test('go back with the variables of the newest one of that commit', async () => {
    const { server, target, names, deploy } = await railway();
    server.service.variables = { SECRET: 'rotated' };
    await deploy(names.old);
    server.service.variables = { SECRET: 'of now' };
    await deploy(names.new);
    const { fingerprint } = await target.current();
    await target.rollTo(names.old, order(fingerprint));
    expect(byApi(server)).toMatchObject([{ what: 'rollback', id: 'd003beef-0000-4000-8000-000000000003' }]);
    expect(server.service.variables).toEqual({ SECRET: 'rotated' });
  });
});

test('the old deployment that is active again under its id counts as changed when the bad one came, not when it was made', async () => {
  const { server, target, names } = await incident(railwayWorld({ rollback: 'same-id' }));
  Object.assign(server.service.deployments[0] ?? {}, { createdAt: Date.now() - 86_400_000 });
  const { fingerprint, changedAt } = await target.current();
  await target.rollTo(names.old, order(fingerprint));
  expect(await target.current()).toMatchObject({ release: names.old, changedAt });
});

describe('instances', () => {
  test('of a deployment that is still coming are listed and not ready', () => {
    const made = (id: string, status: string, day: number) => ({
      node: {
        ...{ id: `${id}beef-0000-4000-8000-000000000001`, status, createdAt: `2026-01-0${day}T00:00:00Z`, canRollback: true },
        ...{ deploymentStopped: false, meta: { commitHash: NEW_COMMIT }, instances: [{ id, status: 'RUNNING' }] },
      },
    });
    const edges = [made('d001', 'SUCCESS', 1), made('d002', 'DEPLOYING', 2)];
    const activeDeployments = edges.map(({ node }) => ({ id: node.id }));
    const sight = sightIn({
      deployments: { edges },
      serviceInstance: { activeDeployments },
      serviceInstanceAutoDeployStatus: { enabled: true },
    });
    expect(sight.units.map(({ id, ready }) => [id, ready])).toEqual([
      ['d002', false],
      ['d001', true],
    ]);
  });

  test('that crashed, restart or stopped are not ready; a service that sleeps is', async () => {
    const { server, target } = await railway();
    const live = server.live();
    const ready = async () => (await target.current()).units.map((unit) => unit.ready);
    expect(await ready()).toEqual([true, true]);
    for (const status of ['CRASHED', 'RESTARTING', 'INITIALIZING', 'STOPPED']) {
      Object.assign(live?.instances[0] ?? {}, { status });
      expect([status, await ready()]).toEqual([status, [false, true]]);
    }
    Object.assign(live ?? {}, { status: 'SLEEPING' });
    expect(await ready()).toEqual([true]);
    Object.assign(live ?? {}, { status: 'CRASHED' });
    expect(await ready()).toEqual([false, false]);
    Object.assign(live ?? {}, { status: 'SUCCESS', instances: [] });
    expect(await ready()).toEqual([false]);
  });

  test('of a deployment that was stopped are not ready', async () => {
    const { server, target } = await railway();
    Object.assign(server.live() ?? {}, { deploymentStopped: true });
    expect((await target.current()).units.map((unit) => unit.ready)).toEqual([false, false]);
  });
});

describe('an error in place of a yes', () => {
  test.each([
    ['Not Authorized', undefined, 'none'],
    ['Deployment not found', undefined, 'none'],
    ['no', 'BAD_USER_INPUT', 'none'],
    ['Problem processing request', undefined, 'unknown'],
    ['oops', 'INTERNAL_SERVER_ERROR', 'unknown'],
  ])('(%s, %s) has the effect %s', async (message, code, effect) => {
    const { server, target, names } = await railway();
    const { fingerprint } = await target.current();
    server.service.error = { message, after: effect === 'unknown', ...(code === undefined ? {} : { code }) };
    await expect(target.rollTo(names.old, order(fingerprint))).rejects.toMatchObject({ effect });
    server.service.error = null;
    expect((await target.current()).release).toBe(effect === 'unknown' ? names.old : names.new);
  });
});

test('a deploy that is stopped is cancelled once, and one that has got there in the meantime is left alone', async () => {
  const { server, target, names, begin } = await railway();
  await begin?.(names.old);
  server.settle('SUCCESS');
  await target.abort?.(names.old);
  expect(byApi(server)).toEqual([]);
  await begin?.(names.new);
  await target.abort?.(names.new);
  await target.abort?.(names.new);
  expect(byApi(server).map((one) => one.what)).toEqual(['cancel']);
});

test.each(['lasts', 'SUCCESS', 'FAILED'] as const)(
  'a rollback stops the deployment that is on its way first, by what Railway shows of it (%s)',
  async (end) => {
    const { server, target, names } = await railway();
    server.service.next = 'lasts';
    server.deploy({ commitHash: 'c'.repeat(40) });
    server.service.next = 'succeeds';
    const actions = createActions({ targets: { app: target }, switches: {}, pause: null as never });
    const action = actions['deploy.rollback'];
    if (action === undefined) throw new Error('no action deploy.rollback');
    const args = { target: 'app', to: names.old };
    const planned = { ...(await action.onItsWay?.(args)), live: names.new };
    expect(planned).toEqual({ release: 'cccccccccccc', then: 'abort', live: names.new });
    const { fingerprint } = await action.observe(args);
    if (end !== 'lasts') server.settle(end);
    const [disk, kill] = [new DurableDisk(), new KillSwitch()];
    const world = {
      ...{
        journal: createVirtualJournal({ digest: createFakeDigest(), disk, kill }),
        pause: createVirtualPause({ disk, kill, time: systemTime }),
        probes: {},
        actions,
      },
      ...{ engine: createVirtualEngine({ disk, clock: createVirtualTime(0), kill }), time: systemTime },
      expression: { check: () => [], evaluate: () => ({ ok: true as const, value: true }) },
    };
    const request = { key: 'run/back#1:act', run: 'run', incident: 'INC-1', step: 'back', attempt: 1, actor: 'belay', reason: 'INC-1' };
    const outcome = await afterAbort(
      world,
      { ...request, action, args, expected: fingerprint, verify: [], lookup: () => undefined, timeoutMs: 5_000, earlier: [] },
      planned as InFlight,
    );
    // What landed or failed by itself is another world than the approved one: nothing is done in it.
    expect(outcome.status).toBe(end === 'lasts' ? 'done' : 'conflict');
    expect(byApi(server).map((one) => one.what)).toEqual(end === 'lasts' ? ['cancel', 'rollback'] : []);
    expect((await target.current()).release).toBe({ lasts: names.old, SUCCESS: 'cccccccccccc', FAILED: names.new }[end]);
  },
);

test('a freeze that Railway does not do is not called done', async () => {
  const { server, target } = await railway();
  server.service.lies = true;
  await expect(target.freeze(true, 'INC-1')).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'none' });
  expect((await target.current()).frozen).toBe(false);
});

test('ids of another service are refused by Railway and told as such', async () => {
  const { server } = await railway();
  const other = { ...IDS, service: '9d3f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c' };
  const target = createRailway({ ...other, token: TOKEN, tokenOf: 'account', url: `${server.url}/graphql/v2`, timeoutMs: 5_000 }, deps);
  await expect(target.current()).rejects.toMatchObject({
    code: 'BELAY_TARGET_UNREACHABLE',
    message: expect.stringContaining('Not Authorized'),
  });
});

test.each([
  ['project', { project: 'shop' }],
  ['environment', { environment: 'production' }],
  ['service', { service: '{}' }],
  ['token', { token: 'hunter2 hunter2' }],
])('an option that means nothing (%s) is told and no secret is shown', (option, wrong) => {
  const make = () => createRailway({ ...IDS, token: TOKEN, tokenOf: 'project', url: 'https://api.test', timeoutMs: 1, ...wrong }, deps);
  expect(make).toThrow(
    expect.objectContaining({ code: 'BELAY_CONFIG_INVALID', message: expect.stringMatching(`^driver railway: ${option}: `) }),
  );
  expect(make).not.toThrow(/hunter2/);
});

test('whatever is answered is read, briefly, or called unusable', () => {
  const id = fc.constantFrom(
    'd001beef-0000-4000-8000-000000000001',
    'd002beef-0000-4000-8000-000000000002',
    'd003beef-0000-4000-8000-000000000003',
  );
  const status = fc.constantFrom(
    'BUILDING',
    'CRASHED',
    'FAILED',
    'NEEDS_APPROVAL',
    'REMOVED',
    'REMOVING',
    'SKIPPED',
    'SLEEPING',
    'SUCCESS',
    'WAITING',
  );
  const meta = odd(
    fc.record({
      commitHash: odd(fc.constantFrom(NEW_COMMIT, 'x'), 5),
      image: odd(word('app:1'), 5),
      imageDigest: odd(word('sha256:a'), 5),
    }),
    5,
  );
  const instances = odd(fc.array(odd(fc.record({ id: word('a'), status: word('RUNNING', 'CRASHED') })), { maxLength: 3 }));
  const node = odd(
    fc.record({
      id: odd(id),
      status: odd(status),
      createdAt: odd(fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')),
      canRollback: odd(fc.boolean()),
      deploymentStopped: odd(fc.boolean()),
      instances,
      meta,
    }),
  );
  const answer = odd(
    fc.record({
      deployments: odd(fc.record({ edges: odd(fc.array(odd(fc.record({ node })), { maxLength: 4 })) })),
      serviceInstance: odd(fc.record({ activeDeployments: odd(fc.array(odd(fc.record({ id })), { maxLength: 2 })) })),
      serviceInstanceAutoDeployStatus: odd(fc.record({ enabled: odd(fc.boolean()) })),
    }),
  );
  const seen = { read: 0, unusable: 0 };
  fc.assert(
    fc.property(answer, (json) => {
      try {
        const sight = sightIn(json);
        if (fingerprintOf(sight.changes).length > 40 || JSON.stringify(sight).length > 10_000) throw new Error('too much was taken over');
        seen.read += 1;
      } catch (error) {
        if (!(error instanceof Unusable)) throw error;
        seen.unusable += 1;
      }
    }),
    { numRuns: 10_000 },
  );
  expect(Math.min(seen.read, seen.unusable)).toBeGreaterThan(300);
});
