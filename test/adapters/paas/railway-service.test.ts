// A service on Railway as something that runs: what the API is told, by its ledger, and a bare yes that is not believed.
import { expect, onTestFinished, test } from 'vitest';
import { createRailwayService } from '../../../src/adapters/paas/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { ServiceControl } from '../../../src/ports/service-control.ts';
import { actionContract } from '../../contracts/action.ts';
import { type RailwayServer, startRailway } from '../../world/vendors/railway.ts';
import { deps, IDS, NEW_COMMIT, OLD_COMMIT, TOKEN } from './world.ts';

async function world(): Promise<{ readonly server: RailwayServer; readonly service: ServiceControl }> {
  const server = await startRailway({ ...IDS, token: TOKEN });
  server.deploy({ commitHash: OLD_COMMIT });
  const url = `${server.url}/graphql/v2`;
  return { server, service: createRailwayService({ ...IDS, token: TOKEN, tokenOf: 'account', url, timeoutMs: 5_000 }, deps) };
}

async function here() {
  const made = await world();
  onTestFinished(made.server.close);
  return made;
}

function actionOn(service: ServiceControl, name: string): Action {
  const action = createActions({ targets: {}, switches: {}, services: { api: service }, pause: null as never })[name];
  if (action === undefined) throw new Error(`no action ${name}`);
  return action;
}

const ARGS = { service: 'api' };
const told = ({ ledger }: RailwayServer): readonly string[] => ledger.filter((one) => one.by === 'api').map((one) => one.what);
const order = (seen: Awaited<ReturnType<ServiceControl['look']>>) => ({ seen, key: 'run/x#1:act', reason: 'INC-1' });

for (const name of ['service.restart', 'service.stop', 'service.start']) {
  actionContract(`${name} on a service on Railway`, async () => {
    const { server, service } = await world();
    if (name === 'service.start') await service.stop(order(await service.look()));
    return { action: actionOn(service, name), args: ARGS, close: server.close };
  });
}

test('what was stopped runs nothing, keeps its deployment, and comes back with the same commit and the variables of now', async () => {
  const { server, service } = await here();
  await service.stop(order(await service.look()));
  expect(await service.look()).toMatchObject({ units: [], wanted: 2 });
  expect(server.live()?.meta).toEqual({ commitHash: OLD_COMMIT });
  server.service.variables = { MAIL: 'new' };
  await service.start(order(await service.look()));
  expect(await service.look()).toMatchObject({ units: [{ ready: true }, { ready: true }] });
  expect(server.live()).toMatchObject({ meta: { commitHash: OLD_COMMIT }, variables: { MAIL: 'new' } });
  expect([told(server), server.refused]).toEqual([['stop', 'redeploy'], []]);
});

test('what has crashed is begun again by a start, and a start leaves alone what runs', async () => {
  const { server, service } = await here();
  const start = actionOn(service, 'service.start');
  expect((await start.observe(ARGS)).reached).toBe(true);
  const live = server.live();
  if (live === undefined) throw new Error('nothing is live');
  Object.assign(live, { status: 'CRASHED', instances: live.instances.map((one) => ({ ...one, status: 'CRASHED' })) });
  const seen = await start.observe(ARGS);
  expect(seen).toMatchObject({ reached: false, current: 'not running' });
  await start.act(ARGS, { expected: seen.fingerprint, key: 'a', reason: 'INC-1' });
  expect((await start.observe(ARGS)).reached).toBe(true);
  expect(told(server)).toEqual(['restart']);
});

test('a yes after which nothing happens is seen: neither stopped nor begun anew', async () => {
  const { server, service } = await here();
  server.service.lies = true;
  for (const name of ['service.stop', 'service.restart']) {
    const action = actionOn(service, name);
    const { mark, fingerprint: expected } = await action.observe(ARGS);
    await action.act(ARGS, { expected, key: name, reason: 'INC-1' });
    expect((await action.observe(ARGS, mark === undefined ? {} : { since: mark })).reached).toBe(false);
  }
});

test('while a deploy is on its way nothing is stopped or begun: it would come up a moment later', async () => {
  const { server, service } = await here();
  server.service.next = 'lasts';
  server.deploy({ commitHash: NEW_COMMIT });
  expect((await service.look()).units.map((unit) => unit.ready)).toEqual([true, true, false]);
  for (const tell of [service.stop, service.restart, service.start])
    await expect(tell(order(await service.look()))).rejects.toMatchObject({
      code: 'BELAY_ACT_FAILED',
      effect: 'none',
      hint: expect.stringContaining('deploy.abort'),
    });
  expect(told(server)).toEqual([]);
});

test('a refusal, and an answer that never came, say what is known of the effect, without the token', async () => {
  const { server, service } = await here();
  server.service.error = { message: `Not Authorized ${TOKEN}`, after: false };
  await expect(service.stop(order(await service.look()))).rejects.toSatisfy(
    (error: Error & { effect?: string }) => error.effect === 'none' && !error.message.includes(TOKEN),
  );
  server.service.error = { message: 'Problem processing request', after: true };
  await expect(service.stop(order(await service.look()))).rejects.toMatchObject({ effect: 'unknown' });
  expect((await service.look()).units).toEqual([]);
});
