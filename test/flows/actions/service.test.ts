// The actions on services over a fake: the contract of each, and what a restart is confirmed by, also after a kill in the middle of it.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualJournal } from '../../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../../src/adapters/virtual/pause.ts';
import { createVirtualService, type VirtualService } from '../../../src/adapters/virtual/service-control.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { performDo } from '../../../src/flows/do.ts';
import { createProbes } from '../../../src/flows/probes/index.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { ServiceState } from '../../../src/ports/service-control.ts';
import { actionContract } from '../../contracts/action.ts';
import { createFakeDigest } from '../../world/fakes/digest.ts';

const START = 1_000_000;

function actionOn(service: Partial<VirtualService>, name: string): Action {
  const action = createActions({ targets: {}, switches: {}, services: { web: service as VirtualService }, pause: null as never })[name];
  if (action === undefined) throw new Error(`no action ${name}`);
  return action;
}

for (const [name, more, units] of [
  ['service.restart', {}, 2],
  ['service.stop', {}, 2],
  ['service.scale', { to: 5 }, 2],
] as const) {
  actionContract(name, async () => {
    const service = createVirtualService({ units, now: () => START });
    return {
      action: actionOn(service, name),
      args: { service: 'web', ...more },
      ...(name === 'service.scale' ? { impossible: { service: 'web', to: 5_000 } } : {}),
      interfere: async () => service.scaleByHand(3),
      close: async () => undefined,
    };
  });
}
actionContract('service.start', async () => {
  const service = createVirtualService({ units: 2, now: () => START });
  await service.stop(null as never);
  return { action: actionOn(service, 'service.start'), args: { service: 'web' }, close: async () => undefined };
});

const ARGS: JsonObject = { service: 'web' };

describe('a restart', () => {
  it('is done by none of the units that ran before, and not before the last one has gone', async () => {
    const service = createVirtualService({ units: 3, now: () => START });
    const action = actionOn(service, 'service.restart');
    const { mark: since = '', fingerprint: expected } = await action.observe(ARGS);
    service.half(2);
    await action.act(ARGS, { expected, key: 'a', reason: 'INC-1' });
    expect(await action.observe(ARGS, { since })).toMatchObject({ reached: false, desired: 'begun anew' });
    service.fall(2);
    expect(await action.observe(ARGS, { since })).toMatchObject({ reached: true, current: 'begun anew' });
    expect((await action.observe(ARGS)).reached).toBe(false);
  });

  it('is not refused because a unit fell over and got up between the plan and the act', async () => {
    const service = createVirtualService({ units: 2, now: () => START });
    const action = actionOn(service, 'service.restart');
    const { fingerprint: expected } = await action.observe(ARGS);
    service.fall(0);
    await action.act(ARGS, { expected, key: 'a', reason: 'INC-1' });
    expect(service.ledger).toEqual(['restart']);
  });

  it('is done once under one key, and again under the next', async () => {
    const service = createVirtualService({ units: 2, now: () => START });
    const action = actionOn(service, 'service.restart');
    const { fingerprint: expected } = await action.observe(ARGS);
    for (const key of ['a', 'a', 'b']) await action.act(ARGS, { expected, key, reason: 'INC-1' });
    expect(service.ledger).toEqual(['restart', 'restart']);
  });

  it.each<readonly [string, Partial<ServiceState>]>([
    ['a new unit is still on its way up', { units: [{ id: 'unit-0', life: '9', ready: false, startedAt: null }] }],
    ['fewer run than should', { wanted: 2, units: [{ id: 'unit-0', life: '9', ready: true, startedAt: null }] }],
    ['nothing runs', { units: [] }],
  ])('is not done while %s', async (_what, state) => {
    const service = createVirtualService({ units: 1, now: () => START });
    const action = actionOn({ ...service, look: async () => ({ ...(await service.look()), ...state }) }, 'service.restart');
    expect((await action.observe(ARGS, { since: '["unit-0 1"]' })).reached).toBe(false);
  });
});

describe('a verb that a driver does not have', () => {
  it('is told when the plan is made', async () => {
    const service = { ...createVirtualService({ units: 1, now: () => START }), verbs: ['restart'] as const };
    expect(await actionOn(service, 'service.scale').impossible({ service: 'web', to: 2 })).toContain('web cannot be told to scale');
    expect(await actionOn(service, 'service.restart').impossible(ARGS)).toBeNull();
  });

  it.each([undefined, '3', 1.5, -1])('and so is the number %s', async (to) => {
    const service = createVirtualService({ units: 1, now: () => START });
    const args = { service: 'web', ...(to === undefined ? {} : { to }) };
    await expect(actionOn(service, 'service.scale').observe(args)).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID', effect: 'none' });
  });
});

describe('the protocol of do, with a restart', () => {
  function worldOf(service: VirtualService) {
    const [disk, kill] = [new DurableDisk(), new KillSwitch()];
    const clock = createVirtualTime(START);
    const time = clock.ofLife(kill);
    const pause = createVirtualPause({ disk, kill, time });
    const journal = createVirtualJournal({ digest: createFakeDigest(), disk, kill });
    const probes = createProbes({
      http: null as never,
      readings: null as never,
      targets: {},
      switches: {},
      services: { web: service },
      workingCopies: null as never,
    });
    const engine = { mayAct: async () => true } as never;
    const world = { journal, pause, engine, time, probes, expression: null as never };
    const perform = (action: Action) =>
      performDo(world, {
        action,
        args: ARGS,
        key: 'run/restart#1:act',
        run: 'run',
        incident: 'INC-1',
        step: 'restart',
        attempt: 1,
        expected: null,
        reason: 'INC-1',
        actor: 'belay',
        verify: [],
        lookup: () => undefined,
        timeoutMs: 5_000,
        earlier: [],
      });
    return { perform, clock, journal, probe: probes['service'] };
  }

  it('is confirmed by what is new, and writes down what there was before', async () => {
    const service = createVirtualService({ units: 2, now: () => START });
    const { perform, journal } = worldOf(service);
    expect(await perform(actionOn(service, 'service.restart'))).toMatchObject({ status: 'done', recovered: false, current: 'begun anew' });
    const lines = await journal.ofKey('run/restart#1:act');
    expect(lines.map((line) => [line.kind, line.mark])).toEqual([
      ['intent', '["unit-0 1","unit-1 2"]'],
      ['outcome', undefined],
    ]);
  });

  it('that was cut off after the deed is found done, and nothing is begun anew once more', async () => {
    const service = createVirtualService({ units: 2, now: () => START });
    const { perform } = worldOf(service);
    const dies = { ...service, restart: (o: never) => service.restart(o).then(() => new Promise<never>(() => undefined)) };
    void perform(actionOn(dies, 'service.restart'));
    await expect.poll(() => service.ledger).toEqual(['restart']);
    expect(await perform(actionOn(service, 'service.restart'))).toMatchObject({ status: 'done', recovered: true });
    expect(service.ledger).toEqual(['restart']);
  });

  it('that was cut off half way is carried on', async () => {
    const service = createVirtualService({ units: 2, now: () => START });
    const { perform } = worldOf(service);
    service.half(1);
    const dies = { ...service, restart: (o: never) => service.restart(o).then(() => new Promise<never>(() => undefined)) };
    void perform(actionOn(dies, 'service.restart'));
    await expect.poll(() => service.ledger).toEqual(['restart']);
    expect(await perform(actionOn(service, 'service.restart'))).toMatchObject({ status: 'done' });
    expect(service.ledger).toEqual(['restart', 'restart']);
  });

  it('whose yes is a lie is not called done', async () => {
    const service = createVirtualService({ units: 2, now: () => START });
    const { perform, clock } = worldOf(service);
    const ended = perform(actionOn({ ...service, restart: async () => undefined }, 'service.restart'));
    await clock.advance(10_000);
    expect(await ended).toMatchObject({ status: 'failed', effect: 'none', code: 'BELAY_DEPLOY_TIMEOUT' });
  });

  it('that did only half is not called nothing', async () => {
    const service = createVirtualService({ units: 2, now: () => START });
    const { perform, clock } = worldOf(service);
    service.half(1);
    const ended = perform(actionOn(service, 'service.restart'));
    await clock.advance(10_000);
    expect(await ended).toMatchObject({ status: 'unknown' });
  });

  it('has a probe that says how many run, and since when', async () => {
    const service = createVirtualService({ units: 2, now: () => START });
    const { probe } = worldOf(service);
    expect(await probe?.measure(ARGS)).toEqual({ known: true, values: { running: 2, wanted: 2, restarts: 0, oldestStartMs: 0 } });
    expect(await probe?.measure({ service: 'nobody' })).toMatchObject({ known: false, why: expect.stringContaining('no service nobody') });
  });
});
