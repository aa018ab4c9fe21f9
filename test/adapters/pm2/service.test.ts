// Programs of a real PM2 as a service: the contracts of the actions, the runbook "pm2 restart all", and what must not be started or shown.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createPm2Service } from '../../../src/adapters/pm2/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { ServiceControl } from '../../../src/ports/service-control.ts';
import { actionContract } from '../../contracts/action.ts';
import { createPm2, type Pm2Part, whyNoPm2 } from '../../world/parts/pm2.ts';
import { openRunFile } from '../../world/run-file.ts';

const why = whyNoPm2();
const deps = { processes: createProcesses(), time: systemTime, baseDir: '/' };
const LIVES = 'setInterval(() => undefined, 1000);';
const ARGS = { service: 'crm' };

function actionOn(service: ServiceControl, name: string): Action {
  const action = createActions({ targets: {}, switches: {}, services: { crm: service }, pause: null as never })[name];
  if (action === undefined) throw new Error(`no action ${name}`);
  return action;
}

describe.skipIf(why !== null)(`a real PM2${why === null ? '' : `: SKIPPED, ${why}`}`, () => {
  let pm2: Pm2Part;
  beforeAll(() => {
    pm2 = createPm2();
    pm2.start('api', LIVES, { instances: 2, exec_mode: 'cluster' });
    pm2.start('worker', LIVES, { kill_timeout: 500 });
  }, 90_000);
  afterAll(() => pm2?.stop(), 60_000);

  const serviceOf = (apps?: readonly string[]): ServiceControl =>
    createPm2Service({ command: pm2.command, home: pm2.home, timeoutMs: 60_000, ...(apps === undefined ? {} : { apps }) }, deps);
  const pids = (): readonly number[] =>
    (JSON.parse(pm2.run('jlist')) as readonly { readonly pid: number }[]).map((one) => one.pid).filter((pid) => pid > 0);

  actionContract('service.restart on programs of PM2', async () => ({
    action: actionOn(serviceOf(), 'service.restart'),
    args: ARGS,
    close: async () => undefined,
  }));
  test('a program becomes exactly so many, and an order that was carried out is not an error', async () => {
    const action = actionOn(serviceOf(['api']), 'service.scale');
    for (const to of [3, 2]) {
      const { fingerprint: expected } = await action.observe({ ...ARGS, to });
      for (const key of ['a', 'b']) await action.act({ ...ARGS, to }, { expected, key: `${to}${key}`, reason: 'INC-1' });
      expect(await action.observe({ ...ARGS, to })).toMatchObject({ reached: true, current: `${to} running` });
    }
  }, 120_000);

  test('a runbook restarts everything that PM2 runs, and is done when each program is another process [S1-ST-06, S1-SY-05]', async () => {
    const yaml = `belay: 1\nname: CRM\nservices:\n  crm: { driver: pm2, home: ${pm2.home}, command: ${JSON.stringify(pm2.command)} }\n`;
    const steps = `### Restart everything {#restart}

\`\`\`belay do service.restart
with: { service: crm }
verify:
  - { probe: service, with: { service: crm }, expect: running == 3 && running == wanted }
timeout: 20m
\`\`\`
`;
    const before = pids();
    expect(before).toHaveLength(3);
    const file = await openRunFile({ yaml, steps });
    expect((await file.plan()).steps).toMatchObject([{ current: 'running', desired: 'begun anew', effect: 'change' }]);
    expect(pids()).toEqual(before);
    expect(await file.run(120_000)).toMatchObject({ outcome: 'done', steps: ['restart done'] });
    const after = pids();
    expect(after).toHaveLength(3);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  }, 180_000);

  test('a program is stopped and begun by its name, and the others go on', async () => {
    const [worker, all] = [serviceOf(['worker']), serviceOf()];
    const api = (await all.look()).units.filter(({ id }) => id.startsWith('api'));
    await worker.stop(null as never);
    expect(await worker.look()).toMatchObject({ units: [], wanted: 1 });
    await worker.start(null as never);
    expect((await worker.look()).units).toMatchObject([{ ready: true }]);
    expect((await all.look()).units.filter(({ id }) => id.startsWith('api'))).toEqual(api);
  }, 120_000);

  test('one that ends again and again is told at once: PM2 has given it up', async () => {
    onTestFinished(() => void pm2.run('delete', 'dies'));
    pm2.start('dies', 'process.exit(3);', { max_restarts: 1 });
    await expect.poll(async () => (await serviceOf(['dies']).look()).gaveUp, { timeout: 30_000 }).toMatch(/given up dies/);
    expect((await serviceOf(['dies']).look()).units).toEqual([]);
  }, 60_000);

  test('a program that PM2 does not know is not there, and is not made up', async () => {
    expect(await serviceOf(['nobody']).look()).toMatchObject({ units: [], wanted: 1 });
    await expect(serviceOf(['nobody']).restart(null as never)).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'none' });
  });

  test('where no PM2 runs, none is started by looking or by an order', async () => {
    const other = createPm2();
    onTestFinished(() => rmSync(other.home, { recursive: true, force: true }));
    const service: ServiceControl = createPm2Service(
      { command: pm2.command, home: path.join(other.home, 'none'), timeoutMs: 60_000 },
      deps,
    );
    for (const order of [service.look(), service.restart(null as never)])
      await expect(order).rejects.toMatchObject({
        code: 'BELAY_TARGET_UNREACHABLE',
        effect: 'none',
        message: expect.stringContaining('no PM2 runs'),
      });
  });
});

test.each(['all', '0', '-f', 'a b', ''])('the name %j of a program is refused, because PM2 takes it for something else', (name) => {
  expect(() => createPm2Service({ command: ['pm2'], apps: [name], timeoutMs: 1_000 }, deps)).toThrow(/driver pm2: apps:/);
});

test('what a PM2 prints that fails is not shown: it may hold the environment of a program', async () => {
  const says = { code: 1, stdout: 'hunter2', stderr: 'hunter2' };
  const processes = { run: async () => says, inspect: async () => null };
  const service = createPm2Service({ command: ['pm2'], home: '/nowhere', timeoutMs: 1_000 }, { ...deps, processes });
  await expect(service.look()).rejects.toSatisfy((error: Error) => !error.message.includes('hunter2'));
});
