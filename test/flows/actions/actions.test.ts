// The actions over fakes: the contract for each, and what sets a rollback apart from an activation.
import { describe, expect, it } from 'vitest';
import { createVirtualDeployTarget, type VirtualRelease } from '../../../src/adapters/virtual/deploy-target.ts';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualFlowSwitch } from '../../../src/adapters/virtual/flow-switch.ts';
import { createVirtualFreezes } from '../../../src/adapters/virtual/freezes.ts';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../../src/adapters/virtual/pause.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import { ACTIONS } from '../../../src/domain/catalog.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { type ActionPorts, createActions } from '../../../src/flows/actions/index.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { DeployTarget, TargetState } from '../../../src/ports/deploy-target.ts';
import { actionContract } from '../../contracts/action.ts';
import { createFakeDatabase, type FakeDatabaseOptions } from '../../world/fakes/database.ts';
import { SHOP } from '../../world/scenes/deploy.ts';

const now = () => 1_000_000;
const RELEASES: readonly VirtualRelease[] = [
  { ref: 'v0.9.0', createdAt: 1 },
  { ref: 'v1.0.0', createdAt: 2 },
  { ref: 'v1.1.0', createdAt: 3 },
];

function worldOf(releases = RELEASES) {
  const target = createVirtualDeployTarget({ releases, now });
  const flow = createVirtualFlowSwitch({ flows: { acme: 'next', globex: 'next' }, values: ['stable', 'next'], now });
  const [disk, kill, time] = [new DurableDisk(), new KillSwitch(), createVirtualTime(now())];
  const pause = createVirtualPause({ disk, kill, time });
  const scopes = { freezes: createVirtualFreezes({ disk, kill }), system: SHOP, time };
  const ports = { targets: { shop: target }, switches: { checkout: flow }, pause, scopes } satisfies ActionPorts;
  return { target, flow, pause, actions: createActions(ports) };
}

function actionOf(actions: Readonly<Record<string, Action>>, name: string): Action {
  const action = actions[name];
  if (action === undefined) throw new Error(`no action ${name}`);
  return action;
}

const TO_OLD = { target: 'shop', to: 'v1.0.0' };

for (const name of ['deploy.rollback', 'deploy.activate']) {
  actionContract(name, async () => {
    const { target, actions } = worldOf();
    return {
      action: actionOf(actions, name),
      args: TO_OLD,
      impossible: { target: 'shop', to: 'v0.0.0' },
      interfere: async () => target.deploy('v0.9.0'),
      close: async () => undefined,
    };
  });
}
actionContract('deploy.abort', async () => {
  const { target, actions } = worldOf();
  target.begin('v0.9.0');
  return {
    action: actionOf(actions, 'deploy.abort'),
    args: { target: 'shop' },
    interfere: async () => target.begin('v1.0.0'),
    close: async () => undefined,
  };
});
const MIGRATED = { known: { v2: ['1_a', '2_b', '3_c', '4_one-way', '5_e'] }, applied: ['1_a', '2_b', '3_c'] };
const databaseOf = (o: Partial<FakeDatabaseOptions> = {}) => {
  const database = createFakeDatabase({ ...MIGRATED, ...o });
  return { database, actions: createActions({ targets: {}, switches: {}, databases: { crm: database }, pause: null as never }) };
};
actionContract('db.migrateDown', async () => {
  const { database, actions } = databaseOf();
  return {
    action: actionOf(actions, 'db.migrateDown'),
    args: { database: 'crm', to: '1_a', from: 'v2' },
    impossible: { database: 'crm', to: '4_one-way', from: 'v2' },
    interfere: async () => database.migrate('4_one-way'),
    close: async () => undefined,
  };
});
actionContract('db.apply', async () => {
  const { actions } = databaseOf({ files: { repair: 'delete from contact' } });
  return { action: actionOf(actions, 'db.apply'), args: { database: 'crm', file: 'repair' }, close: async () => undefined };
});

actionContract('db.resolve', async () => {
  const { actions, database } = databaseOf({ unfinished: ['4_one-way'] });
  return {
    action: actionOf(actions, 'db.resolve'),
    args: { database: 'crm', migration: '4_one-way', as: 'rolled-back', from: 'v2' },
    impossible: { database: 'crm', migration: '9_gone', as: 'rolled-back', from: 'v2' },
    interfere: async () => database.settled('4_one-way', 'applied'),
    close: async () => undefined,
  };
});

actionContract('db.freeze', async () => {
  const { actions } = databaseOf();
  return { action: actionOf(actions, 'db.freeze'), args: { database: 'crm', why: 'drill' }, close: async () => undefined };
});
actionContract('db.thaw', async () => {
  const { actions, database } = databaseOf();
  await database.freeze?.set(true, 'drill');
  return { action: actionOf(actions, 'db.thaw'), args: { database: 'crm' }, close: async () => undefined };
});

describe('a way back of a database', () => {
  it.each([
    ['-1', ['1_a', '2_b'], /relative/],
    ['head', ['1_a', '2_b'], /relative/],
    ['9_x', ['1_a', '2_b'], /release v2 has no migration 9_x/],
    ['2_b', ['1_a'], /a way up/],
    ['1_a', ['1_a', '2_b', '9_foreign'], /has 9_foreign, which release v2 does not know/],
    ['3_c', ['1_a', '2_b', '3_c', '4_one-way'], /no way back is written for 4_one-way/],
  ])('to %s from %j is refused before it begins', async (to, applied, why) => {
    const { actions } = databaseOf({ applied });
    const action = actionOf(actions, 'db.migrateDown');
    const args = { database: 'crm', to, from: 'v2' };
    expect(await action.impossible(args)).toMatch(why);
    const { fingerprint } = await action.observe(args);
    await expect(action.act(args, { expected: fingerprint, key: 'k', reason: 'INC-1' })).rejects.toMatchObject({ effect: 'none' });
  });

  it('to what the release before knows takes back what the bad one brought, and nothing where it brought nothing', async () => {
    const known = { v1: ['1_a', '2_b'], v2: ['1_a', '2_b', '3_c'] };
    const args = { database: 'crm', keep: 'v1', from: 'v2' };
    for (const applied of [
      ['1_a', '2_b', '3_c'],
      ['1_a', '2_b'],
    ]) {
      const { actions, database } = databaseOf({ known, applied });
      const action = actionOf(actions, 'db.migrateDown');
      const before = await action.observe(args);
      expect(before).toMatchObject({ desired: '2_b', reached: applied.length === 2 });
      await action.act(args, { expected: before.fingerprint, key: 'k', reason: 'INC-1' });
      expect(await database.migrations?.applied('v2')).toEqual(['1_a', '2_b']);
      expect(await action.observe(args)).toMatchObject({ reached: true });
    }
  });

  it.each([
    [{ v1: [], v2: ['1_a', '2_b'] }, ['1_a', '2_b'], /release v1 knows no migration that is applied/],
    [{ v1: ['2_b'], v2: ['1_a', '2_b', '3_c'] }, ['1_a', '2_b', '3_c'], /1_a lies before a migration that release v1 knows/],
    [{ v1: ['1_a'], v2: ['1_a', '4_one-way'] }, ['1_a', '4_one-way'], /no way back is written for 4_one-way/],
    [{ v1: ['1_a'], v2: ['1_a', '2_b'] }, ['1_a', '2_b', '9_foreign'], /has 9_foreign, which release v2 does not know/],
  ])('to what the release of %j knows is refused where it would take back too much or too little', async (known, applied, why) => {
    const { actions } = databaseOf({ known, applied });
    const action = actionOf(actions, 'db.migrateDown');
    const args = { database: 'crm', keep: 'v1', from: 'v2' };
    expect(await action.impossible(args)).toMatch(why);
    const { fingerprint } = await action.observe(args);
    await expect(action.act(args, { expected: fingerprint, key: 'k', reason: 'INC-1' })).rejects.toMatchObject({ effect: 'none' });
  });

  it('to base takes all back, and the database that is there already is left alone', async () => {
    const { actions, database } = databaseOf();
    const action = actionOf(actions, 'db.migrateDown');
    const args = { database: 'crm', to: 'base', from: 'v2' };
    const before = await action.observe(args);
    await action.act(args, { expected: before.fingerprint, key: 'k', reason: 'INC-1' });
    expect(await database.migrations?.applied('v2')).toEqual([]);
    expect(await action.observe(args)).toMatchObject({ reached: true, current: 'base', desired: 'base' });
  });
});

actionContract('flow.set', async () => {
  const { flow, actions } = worldOf();
  return {
    action: actionOf(actions, 'flow.set'),
    args: { switch: 'checkout', org: 'acme', to: 'stable' },
    impossible: { switch: 'checkout', org: 'acme', to: 'nxet' },
    interfere: async () => {
      flow.put('acme', 'stable');
      flow.put('acme', 'next');
    },
    close: async () => undefined,
  };
});
for (const [name, args] of [
  ['deploy.freeze', { target: 'shop' }],
  ['belay.pause', { why: 'drill' }],
] as const) {
  actionContract(name, async () => ({ action: actionOf(worldOf().actions, name), args: args as JsonObject, close: async () => undefined }));
}
actionContract('deploy.thaw', async () => {
  const { target, actions } = worldOf();
  await target.freeze(true, 'INC-1');
  return { action: actionOf(actions, 'deploy.thaw'), args: { target: 'shop' }, close: async () => undefined };
});
actionContract('belay.resume', async () => {
  const { pause, actions } = worldOf();
  await pause.pause('ana', 'drill');
  return { action: actionOf(actions, 'belay.resume'), args: {}, close: async () => undefined };
});

describe('the catalog and the actions', () => {
  it('name the same things, but for taking back, which is the interpreter’s', () => {
    expect(Object.keys(worldOf().actions).toSorted()).toEqual(
      Object.keys(ACTIONS)
        .filter((name) => name !== 'belay.undo')
        .toSorted(),
    );
  });

  it('do not know names that every object has', async () => {
    await expect(actionOf(worldOf().actions, 'deploy.freeze').observe({ target: 'constructor' })).rejects.toMatchObject({
      code: 'BELAY_NOT_FOUND',
    });
  });
});

describe('a rollback', () => {
  it('is impossible to where it is already; an activation is a noop there', async () => {
    const { actions } = worldOf();
    const live = { target: 'shop', to: 'v1.1.0' };
    expect(await actionOf(actions, 'deploy.rollback').impossible(live)).toContain('already runs v1.1.0');
    expect(await actionOf(actions, 'deploy.activate').impossible(live)).toBeNull();
    expect((await actionOf(actions, 'deploy.activate').observe(live)).reached).toBe(true);
  });

  it('never goes behind the newest stable release; an activation may', async () => {
    const { actions } = worldOf(RELEASES.map((one) => (one.ref === 'v1.0.0' ? { ...one, stableMs: 172_800_000 } : one)));
    expect(await actionOf(actions, 'deploy.rollback').impossible({ target: 'shop', to: 'v0.9.0' })).toContain('behind v1.0.0');
    expect(await actionOf(actions, 'deploy.rollback').impossible(TO_OLD)).toBeNull();
    expect(await actionOf(actions, 'deploy.activate').impossible({ target: 'shop', to: 'v0.9.0' })).toBeNull();
  });

  it.each<readonly [string, Partial<TargetState>]>([
    [
      'a unit runs another release',
      {
        units: [
          { id: 'a', release: 'v1.0.0', ready: true },
          { id: 'b', release: 'v1.1.0', ready: true },
        ],
      },
    ],
    ['a unit is not ready', { units: [{ id: 'a', release: 'v1.0.0', ready: false }] }],
    ['a switch is still on its way', { inFlight: 'v1.0.0' }],
  ])('is not reached while %s', async (_what, over) => {
    const { target } = worldOf();
    target.deploy('v1.0.0');
    const odd: DeployTarget = { ...target, current: async () => ({ ...(await target.current()), ...over }) };
    const { 'deploy.rollback': rollback } = createActions({ ...worldOf(), targets: { shop: odd }, switches: {} });
    expect((await rollback?.observe(TO_OLD))?.reached).toBe(false);
    expect(await rollback?.impossible(TO_OLD)).toBeNull();
  });

  it('tells when its target last changed, and a freeze does not count as a change', async () => {
    const { target, actions } = worldOf();
    target.deploy('v1.0.0');
    expect(await actionOf(actions, 'deploy.rollback').lastChange(TO_OLD)).toEqual({ at: now(), from: 'v1.1.0', to: 'v1.0.0' });
    expect(await actionOf(actions, 'deploy.freeze').lastChange({ target: 'shop' })).toBeNull();
    expect(actionOf(actions, 'deploy.freeze').target(TO_OLD)).not.toBe(actionOf(actions, 'deploy.rollback').target(TO_OLD));
  });
});
