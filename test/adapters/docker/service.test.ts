// A service of a real Swarm of one node: the contracts, Swarm's own way back, and the requests that are lost in a switch.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createDockerService } from '../../../src/adapters/docker/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import type { TargetState } from '../../../src/ports/deploy-target.ts';
import { actionContract } from '../../contracts/action.ts';
import { type DeployTargetUnderTest, deployTargetContract } from '../../contracts/deploy-target.ts';
import { bringUpLoopback, type DockerdPart, startDockerd, whyNoNetwork } from '../../world/parts/dockerd.ts';
import { makeImage, STEADY, startTraffic, WEB, webSetup } from './target-world.ts';

const why = whyNoNetwork();
const MS = 1_000_000;

interface ServiceJson {
  readonly Version: { readonly Index: number };
  readonly Spec: { readonly TaskTemplate: { readonly ContainerSpec: { readonly Image: string } } & object } & object;
  readonly UpdateStatus?: { readonly State: string };
}

describe.skipIf(why !== null)(`a real Swarm${why === null ? '' : `: SKIPPED, ${why}`}`, () => {
  let docker: DockerdPart;
  let made = 0;
  beforeAll(async () => {
    docker = await startDockerd();
    await bringUpLoopback(docker);
    const begun = await docker.ask('POST', '/swarm/init', { ListenAddr: '127.0.0.1:2377', AdvertiseAddr: '127.0.0.1' });
    if (begun.status !== 200) throw new Error(`no Swarm: ${JSON.stringify(begun.json)}`);
  }, 60_000);
  afterAll(() => docker?.stop());

  const service = async (name: string) => (await docker.ask('GET', `/services/${name}`)).json as ServiceJson;
  const targetOf = (name: string) =>
    createDockerService({ service: name, repository: name, socket: docker.socket }, { http: createHttp({ allow: [] }), time: systemTime });

  async function create(name: string, o: { readonly replicas?: number; readonly monitorMs?: number; readonly container?: object } = {}) {
    const answer = await docker.ask('POST', '/services/create', {
      Name: name,
      Labels: { team: 'shop' },
      TaskTemplate: {
        ContainerSpec: { Image: `${name}:v1.0.0`, Env: ['MODE=mine'], StopGracePeriod: 2_000 * MS, ...o.container },
        RestartPolicy: { Condition: 'any', Delay: 100 * MS },
        Networks: [{ Target: 'host' }],
      },
      Mode: { Replicated: { Replicas: o.replicas ?? 1 } },
      UpdateConfig: { Parallelism: 1, Order: 'start-first', Monitor: (o.monitorMs ?? 50) * MS, FailureAction: 'rollback' },
      RollbackConfig: { Parallelism: 1, Order: 'start-first', Monitor: 50 * MS },
    });
    if (answer.status !== 201) throw new Error(`no service ${name}: ${JSON.stringify(answer.json)}`);
    await settled(name);
  }

  /** Until Swarm is at rest and every task runs. */
  async function settled(name: string): Promise<TargetState> {
    for (const end = Date.now() + 40_000; ; ) {
      const state = await targetOf(name).current();
      const isWell = state.gaveUp !== undefined || state.units.every((unit) => unit.ready && unit.release === state.release);
      if (state.inFlight === undefined && isWell) return state;
      if (Date.now() > end) throw new Error(`${name} does not settle: ${JSON.stringify(state)}`);
      await systemTime.sleep(50);
    }
  }

  /** As `docker service update --image` of somebody else. */
  async function deploy(name: string, release: string): Promise<void> {
    await begin(name, release);
    await settled(name);
  }

  async function begin(name: string, release: string): Promise<void> {
    const { Version, Spec } = await service(name);
    const { TaskTemplate } = Spec;
    const body = {
      ...Spec,
      TaskTemplate: { ...TaskTemplate, ContainerSpec: { ...TaskTemplate.ContainerSpec, Image: `${name}:${release}` } },
    };
    const answer = await docker.ask('POST', `/services/${name}/update?version=${Version.Index}`, body);
    if (answer.status !== 200) throw new Error(`${name} was not updated: ${JSON.stringify(answer.json)}`);
  }

  async function underTest(): Promise<DeployTargetUnderTest> {
    made += 1;
    const name = `web-${made}`;
    for (const tag of ['v1.0.0', 'v1.1.0']) await makeImage(docker, `${name}:${tag}`, { env: [`V=${tag}`], cmd: STEADY });
    await create(name);
    return {
      target: targetOf(name),
      deploy: (release) => deploy(name, release),
      running: async () => (await settled(name)).units.map((unit) => unit.release).join(' '),
      prune: async (release) => void (await docker.ask('DELETE', `/images/${name}:${release}?force=1`)),
      close: async () => void (await docker.ask('DELETE', `/services/${name}`)),
    };
  }

  deployTargetContract('a Swarm service', underTest);

  actionContract('deploy.rollback on a Swarm service', async () => {
    const { target, deploy: put, close } = await underTest();
    await put('v1.1.0');
    const action = createActions({ targets: { shop: target }, switches: {}, pause: null as never })['deploy.rollback'];
    if (action === undefined) throw new Error('no action deploy.rollback');
    return {
      action,
      args: { target: 'shop', to: 'v1.0.0' },
      impossible: { target: 'shop', to: 'v9' },
      interfere: () => put('v1.1.0'),
      close,
    };
  });

  const order = (expected: string, key = 'run/switch#1:act') => ({ expected, key, reason: 'INC-1' });

  test('everything but the image and the labels of Belay stays as it is now', async () => {
    const { target, deploy: put, close } = await underTest();
    const name = `web-${made}`;
    await put('v1.1.0');
    const before = await service(name);
    await target.rollTo('v1.0.0', order((await target.current()).fingerprint));
    await settled(name);
    const after = await service(name);
    const bare = ({ TaskTemplate, ...rest }: ServiceJson['Spec']) => ({
      ...rest,
      Labels: null,
      TaskTemplate: { ...TaskTemplate, ContainerSpec: { ...TaskTemplate.ContainerSpec, Image: null } },
    });
    expect(bare(after.Spec)).toEqual(bare(before.Spec));
    expect(after.Spec.TaskTemplate.ContainerSpec.Image).toBe(`${name}:v1.0.0`);
    expect(after.Spec).toMatchObject({ Labels: { team: 'shop', 'belay.release': 'v1.0.0' } });
    await close();
  }, 120_000);

  test('an update that Swarm takes back by itself is given up at once, and is not taken for the wanted release', async () => {
    made += 1;
    const name = `web-${made}`;
    await makeImage(docker, `${name}:v1.0.0`);
    await makeImage(docker, `${name}:v0.9.0`, { cmd: ['/bin/sh', '-c', 'exit 3'] });
    await create(name, { monitorMs: 3_000 });
    const target = targetOf(name);
    const before = await target.current();
    await target.rollTo('v0.9.0', order(before.fingerprint));
    const during = await target.current();
    expect(during).toMatchObject({ release: 'v1.0.0', inFlight: 'v0.9.0', fingerprint: before.fingerprint });
    const after = await settled(name);
    expect(after).toMatchObject({ release: 'v1.0.0', gaveUp: expect.stringMatching(/rollback/) });
    expect(after.fingerprint).not.toBe(before.fingerprint);
    await expect(target.rollTo('v0.9.0', order(before.fingerprint))).rejects.toMatchObject({
      code: 'BELAY_TARGET_CONFLICT',
      effect: 'none',
    });
    await docker.ask('DELETE', `/services/${name}`);
  }, 120_000);

  test('a rollback overtakes the deploy that is on its way, and says so beforehand', async () => {
    made += 1;
    const name = `web-${made}`;
    for (const tag of ['v1.0.0', 'v1.1.0']) await makeImage(docker, `${name}:${tag}`, { env: [`V=${tag}`], cmd: STEADY });
    await create(name, { monitorMs: 20_000 });
    await begin(name, 'v1.1.0');
    const target = targetOf(name);
    const action = createActions({ targets: { shop: target }, switches: {}, pause: null as never })['deploy.rollback'];
    const args = { target: 'shop', to: 'v1.0.0' };
    expect(await action?.onItsWay?.(args)).toEqual({ release: 'v1.1.0', then: 'overtake' });
    expect(await action?.impossible(args)).toBeNull();
    // Swarm counts its own steps, too: an order that comes between two of them is a conflict, and is given again.
    for (let tries = 1; ; tries += 1) {
      const seen = await action?.observe(args);
      expect(seen).toMatchObject({ current: 'v1.0.0', reached: false });
      try {
        await action?.act(args, order(seen?.fingerprint ?? '', `k${tries}`));
        break;
      } catch (error) {
        expect(error).toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
        if (tries === 20) throw error;
      }
    }
    const { TaskTemplate } = (await service(name)).Spec;
    expect(TaskTemplate.ContainerSpec.Image).toContain('v1.0.0');
    expect((await target.current()).inFlight).not.toBe('v1.1.0');
    await docker.ask('DELETE', `/services/${name}`);
  }, 60_000);

  test('a client loses no request while one task after the other is replaced, the new one first', async () => {
    made += 1;
    const name = `web-${made}`;
    for (const tag of ['v1.0.0', 'v1.1.0']) await makeImage(docker, `${name}:${tag}`, { cmd: WEB, setup: webSetup(tag) });
    const Healthcheck = { Test: ['CMD-SHELL', 'busybox pidof busybox'], Interval: 250 * MS, Timeout: 2_000 * MS, Retries: 3 };
    await create(name, { container: { Healthcheck } });
    await deploy(name, 'v1.1.0');
    // What went before has its grace to end.
    await systemTime.sleep(4_000);
    const traffic = startTraffic(docker);
    onTestFinished(traffic.end);
    await systemTime.sleep(500);
    const target = targetOf(name);
    const began = Date.now();
    await target.rollTo('v1.0.0', order((await target.current()).fingerprint));
    await settled(name);
    const tookMs = Date.now() - began;
    await systemTime.sleep(4_000);
    const seen = await traffic.stop();
    console.info(`swarm, start-first: ${JSON.stringify({ ...seen, tookMs })}`);
    expect(seen.versions[0]).toBe('v1.1.0');
    expect(seen.versions.at(-1)).toBe('v1.0.0');
    expect(seen.asked).toBeGreaterThan(50);
    expect(seen.failed).toBe(0);
    await docker.ask('DELETE', `/services/${name}`);
  }, 120_000);
});
