// The docker source against a real Docker Engine, whose containers crash, run out of memory and fall ill.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createDockerReader, type DockerSpec } from '../../../src/adapters/docker/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch, Cursor } from '../../../src/domain/signal.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import { lintFolder, told } from '../../config/workspace.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';
import { DetectWorld } from '../../flows/detect-world.ts';
import { type DockerdPart, startDockerd, whyNoDockerd } from '../../world/parts/dockerd.ts';

const http = createHttp({ allow: [] });
const NEVER = new AbortController().signal;
const PAGE = readFileSync(path.join(import.meta.dirname, '../../../docs/sources/docker.md'), 'utf8');
const why = whyNoDockerd();

const specOf = (socket: string, o: Partial<DockerSpec> = {}): DockerSpec => ({
  id: 'box',
  driver: 'docker',
  socket,
  everyMs: 50,
  timeoutMs: 5_000,
  ...o,
});
const readerOf = (socket: string, o: Partial<DockerSpec> = {}) => createDockerReader(specOf(socket, o), { http, time: systemTime });

/** `name{container}` → what it says. */
function saidIn({ samples }: Batch): Readonly<Record<string, number>> {
  return Object.fromEntries(
    samples.map((one) => {
      if (one.kind === 'probe') throw new Error('a probe');
      const number = one.kind === 'total' ? one.total : one.kind === 'delta' ? one.delta : one.value;
      return [one.labels['container'] === undefined ? one.name : `${one.name}{${one.labels['container']}}`, number];
    }),
  );
}

describe.skipIf(why !== null)(`a real engine${why === null ? '' : `: SKIPPED, ${why}`}`, () => {
  let docker: DockerdPart;
  beforeAll(async () => {
    docker = await startDockerd();
  }, 60_000);
  afterAll(() => docker?.stop());
  afterEach(async () => {
    const { json } = await docker.ask('GET', '/containers/json?all=1');
    for (const { Id } of json as readonly { readonly Id: string }[]) await docker.ask('DELETE', `/containers/${Id}?force=1&v=1`);
  });

  const read = (o: Partial<DockerSpec> = {}, from: Cursor = {}): Promise<Batch> => readerOf(docker.socket, o).read(NEVER, from);
  /** Reads until it is so, or for 20 s. */
  async function until(isSo: (said: Readonly<Record<string, number>>) => boolean, o: Partial<DockerSpec> = {}): Promise<Batch> {
    for (const end = Date.now() + 20_000; ; ) {
      const batch = await read(o);
      if (isSo(saidIn(batch))) return batch;
      if (Date.now() > end) throw new Error(`it never was: ${JSON.stringify(batch)}`);
      await systemTime.sleep(100);
    }
  }
  const always = { HostConfig: { RestartPolicy: { Name: 'always' } } };

  signalSourceContract('the docker adapter', async () => {
    const waiting: (() => void)[] = [];
    let socket = docker.socket;
    const reader = readerOf(docker.socket);
    const source = polled(
      {
        ...reader,
        read: async (signal, from) => {
          const batch = await readerOf(socket).read(signal, from);
          for (const wake of waiting.splice(0)) wake();
          return batch;
        },
      },
      systemTime,
    );
    return {
      source,
      beat: async (count) => {
        for (let n = 0; n <= count; n += 1)
          await Promise.race([new Promise<void>((resolve) => waiting.push(resolve)), systemTime.sleep(300)]);
      },
      trouble: async (on) => {
        socket = on ? `${docker.socket}.gone` : docker.socket;
      },
      close: async () => undefined,
    };
  });

  test('tells of a container that runs, with the labels of Compose and its organization', async () => {
    const Labels = { 'com.docker.compose.service': 'crm', 'com.docker.compose.project': 'shop', tenant: 'acme' };
    await docker.run('crm-1', ['/bin/busybox', 'sleep', '600'], { Labels });
    const batch = await read({ org: 'tenant' });
    expect(batch).toMatchObject({ source: 'box', alive: true });
    const labels = { container: 'crm-1', service: 'crm', project: 'shop', org: 'acme' };
    expect(batch.samples).toContainEqual({ kind: 'total', name: 'container_restarts', labels, at: batch.at, total: 0 });
    expect(batch.samples).toContainEqual({ kind: 'value', name: 'container_running', labels, at: batch.at, value: 1 });
    expect(saidIn(batch)).toEqual({
      containers: 1,
      containers_running: 1,
      'container_restarts{crm-1}': 0,
      'container_running{crm-1}': 1,
      'container_failed{crm-1}': 0,
      'container_out_of_memory{crm-1}': 0,
    });
  });

  test('counts what Docker starts again as restarts, and never as exits too', async () => {
    await docker.run('crash', ['/bin/sh', '-c', 'exit 3'], always);
    const batch = await until((said) => (said['container_restarts{crash}'] ?? 0) >= 3);
    const said = saidIn(await read({}, { exitsAfter: 0 }));
    expect(said['container_exits{crash}']).toBeUndefined();
    expect(saidIn(batch)['container_restarts{crash}']).toBeGreaterThanOrEqual(3);
    expect((await until((one) => one['container_failed{crash}'] === 1)).alive).toBe(true);
  });

  test('counts an end with an exit code once, however often it is read, and those of before Belay not at all', async () => {
    await docker.run('before', ['/bin/sh', '-c', 'exit 1']);
    await until((said) => said['container_failed{before}'] === 1);
    const first = await read();
    expect(saidIn(first)['container_exits{before}']).toBeUndefined();
    await docker.run('after', ['/bin/sh', '-c', 'exit 2']);
    await until((said) => said['container_failed{after}'] === 1);
    const second = await read({}, first.cursor);
    const third = await read({}, second.cursor);
    const exits = [second, third].flatMap((batch) => batch.samples.filter((one) => one.kind === 'delta'));
    expect(exits.map((one) => one.labels['container'])).toEqual(['after', 'after']);
    expect(new Set(exits.map((one) => one.id)).size).toBe(1);
    for (const one of exits) expect(one.at).toBeLessThanOrEqual(second.at);
  });

  test('takes an end that was asked for as no failure, and one for want of memory as what it is', async () => {
    await docker.run('polite', ['/bin/sh', '-c', 'trap "exit 143" TERM; while :; do busybox sleep 0.1; done']);
    await docker.run('hungry', ['/bin/sh', '-c', 'busybox tail /dev/zero'], { HostConfig: { Memory: 8_000_000 } });
    await docker.ask('POST', '/containers/polite/stop');
    // The engine says that it has ended before it says that memory was why.
    const isSaid = (one: Readonly<Record<string, number>>): boolean =>
      one['container_failed{hungry}'] === 1 && one['container_out_of_memory{hungry}'] === 1 && one['container_running{polite}'] === 0;
    const said = saidIn(await until(isSaid));
    expect(said).toMatchObject({ 'container_failed{polite}': 0, 'container_out_of_memory{polite}': 0 });
  });

  test('says that a health check fails, and nothing of health where there is none', async () => {
    const Healthcheck = { Test: ['CMD', '/bin/busybox', 'false'], Interval: 1_000_000_000, Timeout: 1_000_000_000, Retries: 1 };
    await docker.run('ill', ['/bin/busybox', 'sleep', '600'], { Healthcheck });
    await docker.run('well', ['/bin/busybox', 'sleep', '600']);
    const said = saidIn(await until((one) => one['container_unhealthy{ill}'] === 1));
    expect(said['container_unhealthy{well}']).toBeUndefined();
    expect(said).toMatchObject({ 'container_running{ill}': 1, containers_running: 2 });
  });

  test('says 0 of one that is paused, and chooses by name and by label', async () => {
    await docker.run('one', ['/bin/busybox', 'sleep', '600'], { Labels: { tier: 'web', extra: '1' } });
    await docker.run('two', ['/bin/busybox', 'sleep', '600'], { Labels: { tier: 'db' } });
    await docker.ask('POST', '/containers/one/pause');
    expect(saidIn(await read({ labels: ['tier=web', 'extra'] }))).toMatchObject({ containers: 1, 'container_running{one}': 0 });
    const named = saidIn(await read({ containers: ['two', 'three'] }));
    expect(named).toMatchObject({ containers: 1, 'container_running{two}': 1, 'container_missing{two}': 0, 'container_missing{three}': 1 });
    expect(named['container_running{one}']).toBeUndefined();
    await docker.ask('POST', '/containers/one/unpause');
  });

  test('tells of the newest task of a place in a Swarm, under a name that stays', async () => {
    const task = (id: string) => ({
      Labels: { 'com.docker.swarm.task.name': `web.1.${id}`, 'com.docker.swarm.task.id': id, 'com.docker.swarm.service.name': 'web' },
    });
    await docker.run('web.1.aaa', ['/bin/sh', '-c', 'exit 1'], task('aaa'));
    await until((said) => said['container_failed{web.1}'] === 1);
    await docker.run('web.1.bbb', ['/bin/busybox', 'sleep', '600'], task('bbb'));
    const said = saidIn(await read({}, { exitsAfter: 1 }));
    expect(said).toMatchObject({ containers: 1, 'container_running{web.1}': 1, 'container_failed{web.1}': 0, 'container_exits{web.1}': 1 });
  });

  test('that was killed is a dead reading with its reason, and after its start it is read again', async () => {
    await docker.kill();
    expect(await read()).toMatchObject({ alive: false, samples: [], reason: expect.stringMatching(/d\.sock: no Docker Engine answers/) });
    await docker.restart();
    expect(await read()).toMatchObject({ alive: true });
  }, 60_000);

  /** The example of the page, read by the real loader; each reading is one of its beats. */
  function example() {
    const folder = mkdtempSync(path.join(tmpdir(), 'belay-docker-page-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(path.join(folder, 'belay.yaml'), /```yaml\n([\s\S]+?)```/.exec(PAGE)?.[1] ?? '');
    const loaded = lintFolder(folder);
    expect(told(loaded)).toEqual([]);
    const spec = loaded.system?.sources[0];
    if (loaded.system === null || spec?.driver !== 'docker') throw new Error('the example has no docker source');
    const world = new DetectWorld(loaded.system);
    world.clock.nowMs = Date.now();
    let cursor: Cursor = {};
    const reader = createDockerReader({ ...spec, socket: docker.socket }, { http, time: { ...systemTime, now: () => world.clock.nowMs } });
    const pass = async (readings: number): Promise<void> => {
      for (let n = 0; n < readings; n += 1) {
        world.clock.nowMs += spec.everyMs;
        const batch = await reader.read(NEVER, cursor);
        expect(batch.reason).toBeUndefined();
        for (const one of batch.samples) expect(PAGE).toContain(`\`${'name' in one ? one.name : ''}\``);
        cursor = batch.cursor ?? cursor;
        await world.detector.ingest(batch);
      }
    };
    return { world, pass };
  }

  test('the example of the page asks about a container that crashes again and again, and says nothing of one that is well', async () => {
    const { world, pass } = example();
    await docker.run('crm-backend', ['/bin/busybox', 'sleep', '600']);
    await pass(60);
    for (const id of ['crm-restarting', 'crm-exited', 'crm-unhealthy']) expect(await world.path('', id)).toEqual([]);
    await docker.ask('DELETE', '/containers/crm-backend?force=1');
    await docker.run('crm-backend', ['/bin/sh', '-c', 'exit 3'], always);
    for (let n = 0; n < 5; n += 1) {
      await until((said) => (said['container_restarts{crm-backend}'] ?? 0) > n);
      await pass(3);
    }
    expect(await world.path('', 'crm-restarting')).toContain('suspect→suspect!');
    expect(await world.path('', 'crm-exited')).toEqual([]);
  }, 60_000);

  test('the example of the page breaches when a container ends with an exit code, once', async () => {
    const { world, pass } = example();
    await docker.run('crm-backend', ['/bin/sh', '-c', 'busybox sleep 1; exit 3']);
    world.clock.nowMs = Date.now() - 5_000;
    await pass(1);
    await until((said) => said['container_failed{crm-backend}'] === 1);
    world.clock.nowMs = Date.now();
    await pass(3);
    expect(await world.path('', 'crm-exited')).toEqual(['ok→suspect', 'suspect→breached']);
  }, 60_000);
});
