// A plain container of a real engine is put back: with everything that people gave it, from every point at which Belay may be cut, and
// back again when the wanted image does not come up.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDockerContainer } from '../../../src/adapters/docker/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Http } from '../../../src/ports/http.ts';
import { type DockerdPart, startDockerd, whyNoDockerd } from '../../world/parts/dockerd.ts';
import { everything, inspect, makeImage, runImage } from './target-world.ts';

const why = whyNoDockerd();
const SECOND = 1_000_000_000;
const check = (argv: readonly string[]) => ({ Test: ['CMD', ...argv], Interval: SECOND / 4, Timeout: SECOND, Retries: 1 });
const WELL = check(['/bin/busybox', 'true']);
const ILL = check(['/bin/busybox', 'false']);
const ALWAYS = { RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } };

describe.skipIf(why !== null)(`a real engine${why === null ? '' : `: SKIPPED, ${why}`}`, () => {
  let docker: DockerdPart;
  beforeAll(async () => {
    docker = await startDockerd();
    await makeImage(docker, 'crm-backend:v1.0.0', { env: ['V=1', 'MODE=old'] });
    await makeImage(docker, 'crm-backend:v1.1.0', { env: ['V=2', 'MODE=old'], volumes: { '/data': {} } });
    await makeImage(docker, 'crm-backend:v0.8.0', { cmd: ['/bin/no-such-program'] });
    await makeImage(docker, 'crm-backend:v0.7.0', { healthcheck: ILL });
    await makeImage(docker, 'crm-backend:v0.6.0', { cmd: ['/bin/sh', '-c', 'exit 3'] });
    await makeImage(docker, 'crm-backend:v0.9.0');
  }, 120_000);
  afterAll(() => docker?.stop());

  const http = createHttp({ allow: [] });
  const targetOf = (o: { readonly http?: Http; readonly overlap?: boolean; readonly container?: string } = {}) =>
    createDockerContainer(
      {
        container: o.container ?? 'crm',
        repository: 'crm-backend',
        socket: docker.socket,
        overlap: o.overlap ?? false,
        healthyWithinMs: 15_000,
      },
      { http: o.http ?? http, time: systemTime },
    );
  const order = (expected: string, key = 'run/switch#1:act') => ({ expected, key, reason: 'INC-1' });

  /** Only this container, on v1.1.0. */
  async function begin(more: object = {}): Promise<void> {
    for (const name of Object.keys(await everything(docker))) await docker.ask('DELETE', `/containers/${name}?force=1&v=1`);
    await runImage(docker, 'crm', 'crm-backend:v1.1.0', more);
  }

  test('the new container has what people gave the old one, and nothing that only the old image brought', async () => {
    const Labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'crm', 'com.docker.compose.config-hash': 'abc' };
    const HostConfig = { ...ALWAYS, Binds: ['/tmp:/host-tmp:ro'], Init: false, Memory: 64_000_000 };
    await begin({ Env: ['TOKEN=secret', 'MODE=mine'], Labels, HostConfig, Healthcheck: WELL, User: '0:0', StopTimeout: 3 });
    const old = (await inspect(docker, 'crm')) as Exclude<Awaited<ReturnType<typeof inspect>>, null>;
    const volume = (old as unknown as { readonly Mounts: readonly { readonly Name?: string }[] }).Mounts.find((one) => one.Name)?.Name;
    const target = targetOf();
    await target.rollTo('v1.0.0', order((await target.current()).fingerprint));
    const now = (await inspect(docker, 'crm')) as typeof old & { readonly Mounts: readonly { readonly Name?: string }[] };
    expect(now.Id).not.toBe(old.Id);
    expect(now.Config).toMatchObject({ Image: 'crm-backend:v1.0.0', User: '0:0', StopTimeout: 3, Healthcheck: WELL });
    expect(now.Config.Env.toSorted()).toEqual(['MODE=mine', 'TOKEN=secret', 'V=1']);
    expect(now.Config.Labels).toMatchObject({ ...Labels, 'belay.target': 'crm', 'belay.release': 'v1.0.0' });
    expect(now.HostConfig).toMatchObject({ ...HostConfig, NetworkMode: 'none' });
    expect(now.Mounts.map((one) => one.Name)).toContain(volume);
    expect(await everything(docker)).toEqual({ crm: 'running' });
    expect(await target.current()).toMatchObject({ release: 'v1.0.0', previous: 'v1.1.0' });
    // Forward again: labels of the change before are not carried on.
    await target.rollTo('v1.1.0', order((await target.current()).fingerprint, 'again'));
    expect((await inspect(docker, 'crm'))?.Config.Env.toSorted()).toEqual(['MODE=mine', 'TOKEN=secret', 'V=2']);
    expect((await inspect(docker, 'crm'))?.HostConfig['RestartPolicy']).toEqual(ALWAYS.RestartPolicy);
  });

  test.each([
    ['v0.8.0', /no-such-program/],
    ['v0.7.0', /its health check fails/],
    ['v0.6.0', /ended with 3/],
  ])('when %s does not come up the old container is put back, and the target says that it gave up', async (release, reason) => {
    await begin({ HostConfig: ALWAYS });
    const old = await inspect(docker, 'crm');
    const target = targetOf();
    const before = await target.current();
    await target.rollTo(release, order(before.fingerprint));
    const after = await target.current();
    expect(after).toMatchObject({ release: 'v1.1.0', units: [{ release: 'v1.1.0', ready: true }], gaveUp: expect.stringMatching(reason) });
    expect(after.inFlight).toBeUndefined();
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect((await inspect(docker, 'crm'))?.Id).toBe(old?.Id);
    expect((await inspect(docker, 'crm'))?.HostConfig['RestartPolicy']).toEqual(ALWAYS.RestartPolicy);
    expect(await everything(docker)).toEqual({ crm: 'running', 'crm-belay-failed': expect.stringMatching(/exited|created/) });
    // The next change begins from there, and clears away what failed.
    await target.rollTo('v1.0.0', order(after.fingerprint, 'next'));
    expect(await target.current()).toMatchObject({ release: 'v1.0.0', previous: 'v1.1.0' });
    expect((await target.current()).gaveUp).toBeUndefined();
    expect(await everything(docker)).toEqual({ crm: 'running' });
  });

  test('with nothing that both cannot have, the new one is up before the old one goes; a bad one never stops it', async () => {
    for (const name of Object.keys(await everything(docker))) await docker.ask('DELETE', `/containers/${name}?force=1&v=1`);
    await runImage(docker, 'crm', 'crm-backend:v1.0.0');
    const target = targetOf({ overlap: true });
    const started = (await docker.ask('GET', '/containers/crm/json')).json as { readonly State: { readonly StartedAt: string } };
    await target.rollTo('v0.7.0', order((await target.current()).fingerprint));
    const still = (await docker.ask('GET', '/containers/crm/json')).json as typeof started;
    expect(still.State.StartedAt).toBe(started.State.StartedAt);
    expect(await target.current()).toMatchObject({ release: 'v1.0.0', gaveUp: expect.stringMatching(/health/) });
    const { gap } = await watched('crm', async () => target.rollTo('v0.9.0', order((await target.current()).fingerprint, 'b')));
    expect(gap).toBe(false);
    expect(await target.current()).toMatchObject({ release: 'v0.9.0' });
  });

  /** Was there ever a moment in which no container of that name ran, under whatever ending? And one in which two did? As the engine noted it. */
  async function watched(name: string, work: () => Promise<void>): Promise<{ readonly gap: boolean; readonly two: boolean }> {
    const up = new Set<string>();
    for (const [one, state] of Object.entries(await everything(docker)))
      if (one.startsWith(name) && state === 'running') up.add((await inspect(docker, one))?.Id ?? one);
    const since = Date.now();
    const began = up.size;
    await work();
    const noted = (await docker.noted(since)).filter((one) => one.name.startsWith(name));
    const counts = noted.map(({ action, id }) => {
      if (action === 'start') up.add(id);
      if (action === 'die') up.delete(id);
      return up.size;
    });
    expect(noted.length, 'the engine noted nothing').toBeGreaterThan(0);
    return { gap: Math.min(began, ...counts) === 0, two: Math.max(began, ...counts) > 1 };
  }

  /** The n-th change is made, its answer is lost, and the engine is asked no more: as kill -9 leaves it. */
  function cutAfter(changes: number): Http & { readonly wasCut: () => boolean } {
    let left = changes;
    let cut = false;
    const lost = () => new BelayError('BELAY_HTTP_FAILED', 'killed', { effect: 'unknown' });
    return {
      wasCut: () => cut,
      request: async (request, signal) => {
        if (cut) throw lost();
        if (request.method !== 'GET') left -= 1;
        cut = left < 0;
        const answer = await http.request(request, signal);
        if (cut) throw lost();
        return answer;
      },
    };
  }

  test.each([
    ['that comes up', 'v1.0.0', { release: 'v1.0.0', previous: 'v1.1.0' }, { crm: 'running' }],
    [
      'that does not',
      'v0.8.0',
      { release: 'v1.1.0', gaveUp: expect.any(String) },
      { crm: 'running', 'crm-belay-failed': expect.any(String) },
    ],
  ] as const)(
    'a change to a release %s, cut at any point, is gone on with by another process',
    async (_what, release, state, left) => {
      let cuts = 0;
      for (let changes = 0, wasCut = true; wasCut; changes += 1) {
        await begin({ HostConfig: ALWAYS });
        const before = await targetOf().current();
        const cut = cutAfter(changes);
        const { two } = await watched('crm', async () => {
          const ended = await targetOf({ http: cut })
            .rollTo(release, order(before.fingerprint))
            .then(
              () => 'done',
              (error: unknown) => (BelayError.is(error) ? error.effect : 'a bug'),
            );
          wasCut = cut.wasCut();
          // What was sent may have happened: nobody may say that nothing did.
          expect(ended).toBe(wasCut ? 'unknown' : 'done');
          const between = await targetOf().current();
          const isThere = between.inFlight === undefined && (between.release === release || between.gaveUp !== undefined);
          // As `do` demands: an order that is not in place yet finds the fingerprint that it was given.
          if (!isThere) expect(between.fingerprint, `cut ${changes}`).toBe(before.fingerprint);
          if (!isThere) await targetOf().rollTo(release, order(before.fingerprint));
        });
        expect(two, `cut ${changes}: two ran at once`).toBe(false);
        expect(await targetOf().current(), `cut ${changes}`).toMatchObject(state);
        expect(await everything(docker)).toEqual(left);
        expect((await inspect(docker, 'crm'))?.HostConfig['RestartPolicy']).toEqual(ALWAYS.RestartPolicy);
        cuts += 1;
      }
      expect(cuts).toBeGreaterThan(7);
    },
    300_000,
  );

  test('a change that nobody goes on with is overtaken by the next order', async () => {
    for (const changes of [1, 3, 4, 5]) {
      await begin({ HostConfig: ALWAYS });
      const before = await targetOf().current();
      await expect(targetOf({ http: cutAfter(changes) }).rollTo('v0.9.0', order(before.fingerprint, 'dead'))).rejects.toMatchObject({
        name: 'BelayError',
      });
      const between = await targetOf().current();
      expect(between).toMatchObject({ release: 'v1.1.0', inFlight: 'v0.9.0' });
      await targetOf().rollTo('v1.0.0', order(between.fingerprint, 'alive'));
      expect(await targetOf().current()).toMatchObject({ release: 'v1.0.0', previous: 'v1.1.0' });
      expect(await everything(docker)).toEqual({ crm: 'running' });
      expect((await inspect(docker, 'crm'))?.HostConfig['RestartPolicy']).toEqual(ALWAYS.RestartPolicy);
    }
  }, 120_000);

  test('somebody who deploys in the middle keeps what they deployed', async () => {
    await begin();
    const before = await targetOf().current();
    await targetOf({ http: cutAfter(2) })
      .rollTo('v1.0.0', order(before.fingerprint))
      .catch(() => undefined);
    await runImage(docker, 'crm', 'crm-backend:v0.9.0');
    await expect(targetOf().rollTo('v1.0.0', order(before.fingerprint))).rejects.toMatchObject({
      code: 'BELAY_TARGET_CONFLICT',
      effect: 'none',
    });
    expect(await targetOf().current()).toMatchObject({ release: 'v0.9.0' });
  });

  test('where the engine was killed in the middle, nothing starts by itself beside the other', async () => {
    await begin({ HostConfig: ALWAYS });
    const before = await targetOf().current();
    await targetOf({ http: cutAfter(3) })
      .rollTo('v1.0.0', order(before.fingerprint))
      .catch(() => undefined);
    await docker.kill();
    await docker.restart();
    await systemTime.sleep(500);
    expect(Object.values(await everything(docker)).filter((one) => one === 'running').length).toBeLessThan(2);
    await targetOf().rollTo('v1.0.0', order(before.fingerprint));
    expect(await everything(docker)).toEqual({ crm: 'running' });
    expect(await targetOf().current()).toMatchObject({ release: 'v1.0.0' });
  }, 60_000);

  test('what cannot be put back is refused before anything is touched', async () => {
    for (const name of Object.keys(await everything(docker))) await docker.ask('DELETE', `/containers/${name}?force=1&v=1`);
    await expect(targetOf().current()).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' });
    await begin({ HostConfig: { AutoRemove: true } });
    const { fingerprint } = await targetOf().current();
    await expect(targetOf().rollTo('v1.0.0', order(fingerprint))).rejects.toMatchObject({
      code: 'BELAY_ACT_FAILED',
      effect: 'none',
      message: expect.stringMatching(/--rm/),
    });
    for (const release of ['../../x', '', 'v1.0.0?x=1', '-v', 'sha256:zz', 'v1.0.0@x', 'x'.repeat(500)])
      expect(await targetOf().restorable(release)).toEqual({ ok: false, why: 'unknown' });
    expect(await everything(docker)).toEqual({ crm: 'running' });
  });

  test('a tag that has moved names its new image, and the image without a tag is named by its id', async () => {
    await makeImage(docker, 'crm-backend:stable', { env: ['N=1'] });
    await begin();
    await runImage(docker, 'crm', 'crm-backend:stable');
    const old = (await inspect(docker, 'crm'))?.Image ?? '';
    expect(await targetOf().current()).toMatchObject({ release: 'stable' });
    const next = await makeImage(docker, 'crm-backend:stable', { env: ['N=2'] });
    const target = targetOf();
    const state = await target.current();
    expect(state).toMatchObject({ release: old });
    await target.rollTo('stable', order(state.fingerprint));
    expect((await inspect(docker, 'crm'))?.Image).toBe(next);
    expect(await target.current()).toMatchObject({ release: 'stable', previous: old });
    const wanted = (await target.list(50)).find((one) => one.ref === 'v1.0.0')?.artefact ?? '';
    await target.rollTo(wanted, order((await target.current()).fingerprint, 'by-id'));
    expect(await target.current()).toMatchObject({ release: wanted });
    expect((await target.list(50)).find((one) => one.status === 'live')).toMatchObject({ ref: 'v1.0.0', commit: 'commit-of-v1.0.0' });
  });
});
