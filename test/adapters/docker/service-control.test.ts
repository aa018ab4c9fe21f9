// Containers, Swarm services and services of Compose of a real Docker Engine as something that runs: the contracts of the actions, and what they leave alone.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { COMPOSE } from '../../../scripts/lanes.ts';
import { createComposeService, createContainerService, createSwarmService } from '../../../src/adapters/docker/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { ServiceControl, ServiceState } from '../../../src/ports/service-control.ts';
import { actionContract } from '../../contracts/action.ts';
import { bringUpLoopback, type DockerdPart, startDockerd, whyNoNetwork } from '../../world/parts/dockerd.ts';
import { pythonArgvOf, whyNot } from '../../world/parts/unpacked.ts';
import { openRunFile } from '../../world/run-file.ts';
import { inspect, makeImage, runImage, STEADY } from './target-world.ts';

const why = whyNoNetwork();
const whyNoCompose = why ?? whyNot(COMPOSE);
const MS = 1_000_000;
const deps = { http: createHttp({ allow: [] }), time: systemTime };
const REASON = { key: 'run/x#1:act', reason: 'INC-1' };

function actionOn(service: ServiceControl, name: string): Action {
  const action = createActions({ targets: {}, switches: {}, services: { web: service }, pause: null as never })[name];
  if (action === undefined) throw new Error(`no action ${name}`);
  return action;
}

async function until(service: ServiceControl, isSo: (state: ServiceState) => boolean): Promise<ServiceState> {
  for (const end = Date.now() + 40_000; ; await systemTime.sleep(50)) {
    const state = await service.look();
    if (isSo(state)) return state;
    if (Date.now() > end) throw new Error(`it never was: ${JSON.stringify(state)}`);
  }
}
const isUp = (units: number) => (state: ServiceState) => state.units.length === units && state.units.every((unit) => unit.ready);

describe.skipIf(why !== null)(`a real engine${why === null ? '' : `: SKIPPED, ${why}`}`, () => {
  let docker: DockerdPart;
  let made = 0;
  beforeAll(async () => {
    docker = await startDockerd();
    await bringUpLoopback(docker);
    const begun = await docker.ask('POST', '/swarm/init', { ListenAddr: '127.0.0.1:2377', AdvertiseAddr: '127.0.0.1' });
    if (begun.status !== 200) throw new Error(`no Swarm: ${JSON.stringify(begun.json)}`);
    await makeImage(docker, 'web:v1', { cmd: STEADY });
    await makeImage(docker, 'ends:v1', { cmd: ['/bin/sh', '-c', 'exit 3'] });
    await makeImage(docker, 'sick:v1', {
      cmd: STEADY,
      healthcheck: { Test: ['CMD-SHELL', 'exit 1'], Interval: 200 * MS, Timeout: 2_000 * MS, Retries: 1 },
    });
  }, 60_000);
  afterAll(() => docker?.stop());

  const gone = (name: string) => async (): Promise<void> => void (await docker.ask('DELETE', `/containers/${name}?force=1`));
  async function container(image = 'web:v1') {
    made += 1;
    const name = `web-${made}`;
    await runImage(docker, name, image);
    const service = createContainerService({ container: name, socket: docker.socket, graceMs: 2_000 }, deps);
    return { name, service, close: gone(name) };
  }

  for (const name of ['service.restart', 'service.stop']) {
    actionContract(`${name} on a container`, async () => {
      const { service, close } = await container();
      return { action: actionOn(service, name), args: { service: 'web' }, close };
    });
  }

  test('a restart of a container leaves all but its start as it was', async () => {
    const { name, service, close } = await container();
    onTestFinished(close);
    const before = await inspect(docker, name);
    const { units, at } = await service.look();
    await service.restart();
    const after = await until(service, isUp(1));
    expect(after.units[0]?.life).not.toBe(units[0]?.life);
    expect(after.units[0]?.startedAt).toBeGreaterThanOrEqual(at - 1_000);
    const now = await inspect(docker, name);
    expect({ id: now?.Id, image: now?.Image, config: now?.Config }).toEqual({
      id: before?.Id,
      image: before?.Image,
      config: before?.Config,
    });
  });

  test('a container that has ended, or is not well, is not called running', async () => {
    const [ended, sick] = [await container('ends:v1'), await container('sick:v1')];
    onTestFinished(async () => void (await Promise.all([ended.close(), sick.close()])));
    await until(ended.service, ({ units }) => units.length === 0);
    await systemTime.sleep(500);
    expect((await sick.service.look()).units).toMatchObject([{ ready: false }]);
    expect((await actionOn(sick.service, 'service.start').observe({ service: 'web' })).reached).toBe(false);
  });

  test('a container that is not there, and an engine that is not, are told with what to type', async () => {
    const nobody = createContainerService({ container: 'nobody', socket: docker.socket, graceMs: 1_000 }, deps);
    await expect(nobody.look()).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none', hint: expect.any(String) });
    const nowhere = createContainerService({ container: 'web', socket: '/nowhere.sock', graceMs: 1_000 }, deps);
    await expect(nowhere.restart()).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' });
  });

  async function swarm(replicas = 2) {
    made += 1;
    const name = `svc-${made}`;
    const answer = await docker.ask('POST', '/services/create', {
      Name: name,
      Labels: { team: 'shop' },
      TaskTemplate: {
        ContainerSpec: { Image: 'web:v1', StopGracePeriod: 1_000 * MS },
        RestartPolicy: { Condition: 'any', Delay: 100 * MS },
        Networks: [{ Target: 'host' }],
      },
      Mode: { Replicated: { Replicas: replicas } },
      UpdateConfig: { Parallelism: 0, Order: 'start-first', Monitor: 50 * MS },
    });
    if (answer.status !== 201) throw new Error(`no service ${name}: ${JSON.stringify(answer.json)}`);
    const service = createSwarmService({ service: name, socket: docker.socket }, deps);
    await until(service, isUp(replicas));
    return { name, service, close: async (): Promise<void> => void (await docker.ask('DELETE', `/services/${name}`)) };
  }
  const scaleByHand = async (name: string, replicas: number): Promise<void> => {
    const { Version, Spec } = (await docker.ask('GET', `/services/${name}`)).json as { Version: { Index: number }; Spec: object };
    const body = { ...Spec, Mode: { Replicated: { Replicas: replicas } } };
    const { status } = await docker.ask('POST', `/services/${name}/update?version=${Version.Index}`, body);
    if (status !== 200) throw new Error(`${name} was not scaled`);
  };

  for (const [name, to] of [
    ['service.restart', undefined],
    ['service.scale', 3],
  ] as const) {
    actionContract(`${name} on a service of a Swarm`, async () => {
      const { name: svc, service, close } = await swarm(name === 'service.scale' ? 1 : 2);
      const args = { service: 'web', ...(to === undefined ? {} : { to }) };
      return { action: actionOn(service, name), args, interfere: () => scaleByHand(svc, 4), close };
    });
  }

  test('a service of a Swarm that Belay stopped is begun with as many units as before; one that others stopped wants the number', async () => {
    const { name, service, close } = await swarm(2);
    onTestFinished(close);
    await service.stop({ ...REASON, seen: await service.look() });
    await until(service, ({ units }) => units.length === 0);
    await service.start({ ...REASON, seen: await service.look() });
    await until(service, isUp(2));
    expect((await docker.ask('GET', `/services/${name}`)).json).toMatchObject({ Spec: { Labels: { team: 'shop' } } });
    const other = await swarm(1);
    onTestFinished(other.close);
    await scaleByHand(other.name, 0);
    await until(other.service, ({ units }) => units.length === 0);
    await expect(other.service.start({ ...REASON, seen: await other.service.look() })).rejects.toMatchObject({
      code: 'BELAY_ACT_FAILED',
      effect: 'none',
      hint: expect.stringContaining('service.scale'),
    });
  }, 90_000);

  test('an update of somebody else between looking and acting is refused by Swarm', async () => {
    const { name, service, close } = await swarm(1);
    onTestFinished(close);
    const seen = await service.look();
    await scaleByHand(name, 2);
    await expect(service.scale(5, { ...REASON, seen })).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
    expect((await service.look()).wanted).toBe(2);
  }, 60_000);

  test('a runbook scales a service up by a written number, and back by its undo when a later check fails [S2-ST-12]', async () => {
    const { name, service, close } = await swarm(1);
    onTestFinished(close);
    const yaml = `belay: 1\nname: Vocal\nservices:\n  web: { driver: docker-service, service: ${name}, socket: ${docker.socket} }\n`;
    const scale = (more: string): string => `### Scale up {#up}

\`\`\`belay do service.scale
with: { service: web, to: 3 }
undo: { do: service.scale, with: { service: web, to: 1 } }
verify:
  - { probe: service, with: { service: web }, expect: running == 3 && wanted == 3 }
timeout: 5m
\`\`\`
${more}`;
    const file = await openRunFile({ yaml, steps: scale('') });
    expect((await file.plan()).steps).toMatchObject([
      { desired: '3 running', current: '1 running', effect: 'change', compareAndSet: 'native' },
    ]);
    expect(await file.run()).toMatchObject({ outcome: 'done', steps: ['up done'] });
    expect((await service.look()).units).toHaveLength(3);
    await scaleByHand(name, 1);
    await until(service, isUp(1));
    const check = `### See whether it helps {#helps}

\`\`\`belay verify
all: [{ probe: service, with: { service: web }, expect: running == 9 }]
timeout: 5s
fail: undo
\`\`\`
`;
    const played = await (await openRunFile({ yaml, steps: scale(check) })).run();
    expect(played.steps).toEqual(['up done', 'helps failed', 'up undone']);
    await until(service, isUp(1));
  }, 120_000);

  describe.skipIf(whyNoCompose !== null)(`with a real Compose${whyNoCompose === null ? '' : `: SKIPPED, ${whyNoCompose}`}`, () => {
    /** A project of one service that Compose has begun. */
    async function project(image = 'web:v1') {
      made += 1;
      const folder = mkdtempSync(path.join(tmpdir(), `belay-compose-${made}-`));
      const file = path.join(folder, 'docker-compose.yml');
      writeFileSync(
        file,
        `version: "2.4"\nservices:\n  evolution-api:\n    image: ${image}\n    network_mode: none\n    stop_grace_period: 1s\n  other:\n    image: web:v1\n    network_mode: none\n`,
      );
      const [service, options] = ['evolution-api', { file, socket: docker.socket, command: pythonArgvOf(COMPOSE) }];
      const open = (remove: boolean): ServiceControl =>
        createComposeService(
          { service, remove, timeoutMs: 60_000, ...options },
          { ...deps, processes: createProcesses(), baseDir: folder },
        );
      const close = async (): Promise<void> => {
        const all = (await docker.ask('GET', '/containers/json?all=1')).json as readonly { Id: string; Labels: Record<string, string> }[];
        for (const one of all)
          if (one.Labels['com.docker.compose.project'] === path.basename(folder).toLowerCase())
            await docker.ask('DELETE', `/containers/${one.Id}?force=1`);
        rmSync(folder, { recursive: true, force: true });
      };
      onTestFinished(close);
      return { file, open };
    }
    const yamlOf = (file: string): string => {
      const options = `driver: compose, file: ${file}, service: evolution-api, socket: ${docker.socket}, command: ${JSON.stringify(pythonArgvOf(COMPOSE))}`;
      return `belay: 1\nname: Julia\nservices:\n  evolution: { ${options} }\n  anew: { ${options}, remove: true }\n`;
    };
    const STEPS = `### Restart the container {#restart}

\`\`\`belay do service.restart
with: { service: evolution }
timeout: 10m
\`\`\`

### It helps {#helps}

\`\`\`belay verify
all: [{ probe: service, with: { service: evolution }, expect: running == 1 && oldestStartMs < 600000 }]
timeout: 1m
fail: goto:down
\`\`\`

### Ask whether that is all {#enough}

\`\`\`belay choose
by: '"yes"'
arms: { yes: { title: It runs, goto: end }, no: { title: It does not, goto: down } }
\`\`\`

### Down {#down}

\`\`\`belay do service.stop
with: { service: anew }
undo: { do: service.start, with: { service: anew } }
timeout: 10m
\`\`\`

### And up {#up}

\`\`\`belay do service.start
with: { service: anew }
irreversible: it is meant to run
timeout: 10m
\`\`\`

### It runs {#end}

\`\`\`belay verify
all: [{ probe: service, with: { service: evolution }, expect: running == 1 }]
timeout: 1m
\`\`\`
`;

    test('a runbook restarts the container of a service, and where that helps it goes no further [S5-ST-57, S5-SY-12]', async () => {
      const { file, open } = await project();
      await open(false).start(null as never);
      const before = (await until(open(false), isUp(1))).units[0];
      const played = await (await openRunFile({ yaml: yamlOf(file), steps: STEPS })).run(90_000);
      expect(played).toMatchObject({ outcome: 'done', steps: ['restart done', 'helps done', 'enough done', 'end done'] });
      const after = (await open(false).look()).units[0];
      expect(after?.life.split('@')[0]).toBe(before?.life.split('@')[0]);
      expect(after?.life).not.toBe(before?.life);
    }, 120_000);

    test('where a restart does not help the container is taken down and brought up anew [S5-ST-58]', async () => {
      const { file, open } = await project();
      await open(false).start(null as never);
      const before = (await until(open(false), isUp(1))).units[0];
      const steps = STEPS.replace('oldestStartMs < 600000', 'running == 2').replace('timeout: 1m\nfail', 'timeout: 1s\nfail');
      const played = await (await openRunFile({ yaml: yamlOf(file), steps })).run(90_000);
      expect(played).toMatchObject({ outcome: 'done', steps: ['restart done', 'helps failed', 'down done', 'up done', 'end done'] });
      const after = (await until(open(false), isUp(1))).units[0];
      expect(after?.life.split('@')[0]).not.toBe(before?.life.split('@')[0]);
    }, 120_000);

    test('a service is scaled and stopped, and the others of the project are not begun with it', async () => {
      const { open } = await project();
      const service = open(false);
      await service.start(null as never);
      await service.scale(2, null as never);
      await until(service, isUp(2));
      await service.stop(null as never);
      expect(await service.look()).toMatchObject({ units: [], wanted: 2 });
      const all = (await docker.ask('GET', '/containers/json?all=1')).json as readonly { Labels: Record<string, string> }[];
      expect(all.filter((one) => one.Labels['com.docker.compose.service'] === 'other')).toEqual([]);
    }, 120_000);

    test('a Compose that refuses says why', async () => {
      const { open } = await project('nobody:v9');
      await expect(open(false).start(null as never)).rejects.toMatchObject({
        code: 'BELAY_ACT_FAILED',
        effect: 'unknown',
        message: expect.stringContaining('nobody'),
      });
    }, 120_000);
  });
});
