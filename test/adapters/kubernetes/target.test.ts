// A Deployment of Kubernetes as a deploy target, on the contract server: the contracts, hostile ends, and a runbook to an explicit revision.
// The judge is what the controller was told, and what its pods run.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createKubernetesTarget } from '../../../src/adapters/kubernetes/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { actionContract } from '../../contracts/action.ts';
import { type DeployTargetUnderTest, deployTargetContract } from '../../contracts/deploy-target.ts';
import { openRunFile } from '../../world/run-file.ts';
import { type AppsServer, setOf, startKubernetesApps } from '../../world/vendors/kubernetes-apps.ts';
import { BAD_MOODS } from '../../world/vendors/vendor-server.ts';

const TOKEN = 'hunter2-hunter2-hunter2';
const IMAGES = { old: 'registry.test/crm:v1.0.0', new: 'registry.test/crm:v1.1.0' };
const NAMES = { old: setOf(IMAGES.old), new: setOf(IMAGES.new) };
const imageOf = (release: string): string => (release === NAMES.old ? IMAGES.old : IMAGES.new);
const order = (expected: string, key = 'run/switch#1:act') => ({ expected, key, reason: 'INC-1' });
const deps = { http: createHttp({ allow: ['127.0.0.1'] }), baseDir: '/' };

interface World extends DeployTargetUnderTest {
  readonly server: AppsServer;
}

async function world(): Promise<World> {
  const server = await startKubernetesApps({ token: TOKEN, namespace: 'crm', image: IMAGES.old });
  return {
    server,
    names: NAMES,
    target: createKubernetesTarget({ url: server.url, namespace: 'crm', deployment: 'crm', token: TOKEN, timeoutMs: 1_500 }, deps),
    deploy: async (release) => server.deploy(imageOf(release)),
    running: async () => [...new Set(server.world.pods.map((one) => one.set))].join(' '),
    prune: async (release) => server.prune(release),
    close: server.close,
  };
}

/** The new release is live. */
async function incident(): Promise<World> {
  const made = await world();
  onTestFinished(made.close);
  await made.deploy(NAMES.new);
  return made;
}

deployTargetContract('a Deployment of Kubernetes', world);

for (const name of ['deploy.rollback', 'deploy.activate']) {
  actionContract(`${name} on a Deployment of Kubernetes`, async () => {
    const { target, deploy, close, server } = await world();
    await deploy(NAMES.new);
    const action = createActions({ targets: { crm: target }, switches: {}, pause: null as never })[name];
    if (action === undefined) throw new Error(`no action ${name}`);
    return {
      action,
      args: { target: 'crm', to: NAMES.old },
      impossible: { target: 'crm', to: 'crm-nobody' },
      interfere: async () => server.deploy('registry.test/crm:v1.2.0'),
      close,
    };
  });
}

describe('while it rolls out', () => {
  test('what was live before counts until every pod is a new one, and the order may be repeated', async () => {
    const { target, server } = await incident();
    const before = await target.current();
    server.world.next = 'lasts';
    await target.rollTo(NAMES.old, order(before.fingerprint));
    const during = await target.current();
    expect(during).toMatchObject({ release: NAMES.new, inFlight: NAMES.old, fingerprint: before.fingerprint });
    await target.rollTo(NAMES.old, order(before.fingerprint));
    await expect(target.rollTo(NAMES.old, order(before.fingerprint, 'another'))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT' });
    server.settle();
    expect(await target.current()).toMatchObject({ release: NAMES.old, previous: NAMES.new, units: [{ ready: true }, { ready: true }] });
    expect(server.ledger.filter((one) => one.by === 'api')).toEqual([{ by: 'api', image: IMAGES.old }]);
  });

  test('a rollout that misses its deadline is given up at once', async () => {
    const { target, server } = await incident();
    const { fingerprint } = await target.current();
    server.world.next = 'fails';
    await target.rollTo(NAMES.old, order(fingerprint));
    const after = await target.current();
    expect(after).toMatchObject({ gaveUp: expect.stringContaining('ProgressDeadlineExceeded') });
    expect(after.fingerprint).not.toBe(fingerprint);
  });

  test('an autoscaler moves nothing that was planned', async () => {
    const { target, server } = await incident();
    const { fingerprint } = await target.current();
    server.scale(3);
    expect(await target.current()).toMatchObject({ fingerprint, release: NAMES.new });
    await target.rollTo(NAMES.old, order(fingerprint));
    expect((await target.current()).units).toHaveLength(3);
  });

  test('a pod that is not ready, and one that is missing, is a unit that is not there', async () => {
    const { target, server } = await incident();
    server.world.pods = [{ name: 'a', set: NAMES.new, ready: false }];
    expect((await target.current()).units.map((unit) => [unit.release, unit.ready])).toEqual([
      [NAMES.new, false],
      ['', false],
    ]);
  });
});

test('a paused Deployment is shown as frozen, and is told instead of rolled nowhere', async () => {
  const { target, server } = await incident();
  server.pause(true);
  const { fingerprint, frozen } = await target.current();
  expect(frozen).toBe(true);
  await expect(target.rollTo(NAMES.old, order(fingerprint))).rejects.toMatchObject({
    effect: 'none',
    hint: expect.stringContaining('rollout resume'),
  });
});

test('a deploy between the look and the change is refused by the API server itself, seen at the next look, and stays', async () => {
  const { target, server } = await incident();
  const { fingerprint } = await target.current();
  server.world.before = () => server.deploy('registry.test/crm:v1.2.0');
  await expect(target.rollTo(NAMES.old, order(fingerprint))).rejects.toMatchObject({
    code: 'BELAY_TARGET_CONFLICT',
    effect: 'none',
    message: expect.stringMatching(/it is crm-\w+ \(.*@3\), not /),
  });
  expect(server.ledger.filter((one) => one.by === 'api')).toEqual([]);
  expect(server.world.deployment.spec.template.spec.containers[0]?.image).toBe('registry.test/crm:v1.2.0');
});

test('what its controller writes in between, because pods come and go, is no deploy', async () => {
  const { target, server } = await incident();
  const { fingerprint } = await target.current();
  server.world.before = () => {
    server.touch();
    server.world.before = () => server.touch();
  };
  await target.rollTo(NAMES.old, order(fingerprint));
  expect(await target.current()).toMatchObject({ release: NAMES.old });
});

test('a Deployment into which its controller never stops writing is told as a conflict, and nothing is changed', async () => {
  const { target, server } = await incident();
  const { fingerprint } = await target.current();
  const again = (): void => {
    server.touch();
    server.world.before = again;
  };
  server.world.before = again;
  await expect(target.rollTo(NAMES.old, order(fingerprint))).rejects.toMatchObject({
    code: 'BELAY_TARGET_CONFLICT',
    effect: 'none',
    message: expect.stringContaining('has been modified'),
  });
  expect(server.ledger.filter((one) => one.by === 'api')).toEqual([]);
});

test('why a release was made goes back with it, for kubectl rollout history', async () => {
  const { target, server } = await incident();
  server.deploy(IMAGES.old, 'the good one');
  server.deploy(IMAGES.new, 'the bad one');
  await target.rollTo(NAMES.old, order((await target.current()).fingerprint));
  expect(server.world.deployment.metadata.annotations['kubernetes.io/change-cause']).toBe('the good one');
  server.deploy('registry.test/crm:v1.2.0');
  await target.rollTo(NAMES.new, order((await target.current()).fingerprint));
  expect(server.world.deployment.metadata.annotations['kubernetes.io/change-cause']).toBe('the bad one');
});

test('a revision and a tag are names of a release, and what means two is asked back', async () => {
  const { target, server } = await incident();
  for (const one of ['1', 'v1.0.0', IMAGES.old, NAMES.old]) expect(await target.resolve?.(one), one).toBe(NAMES.old);
  server.deploy('mirror.test/crm:v1.0.0');
  await expect(target.resolve?.('v1.0.0')).rejects.toMatchObject({
    code: 'BELAY_INPUT_INVALID',
    hint: expect.stringContaining(`${NAMES.old} (revision 1)`),
  });
});

test('an answer that never came after the deed is settled by looking', async () => {
  const { target, server } = await incident();
  const { fingerprint } = await target.current();
  Object.assign(server, { mood: 'done-then-cut', moodFor: (one: { readonly method: string }) => one.method === 'PUT' });
  await expect(target.rollTo(NAMES.old, order(fingerprint))).rejects.toMatchObject({ effect: 'unknown' });
  expect(await target.current()).toMatchObject({ release: NAMES.old });
  await target.rollTo(NAMES.old, order(fingerprint));
  expect(server.ledger.filter((one) => one.by === 'api')).toHaveLength(1);
});

test('a yes after which nothing happens changes nothing that is seen', async () => {
  const { target, server } = await incident();
  const before = await target.current();
  server.world.lies = true;
  await target.rollTo(NAMES.old, order(before.fingerprint));
  expect(await target.current()).toEqual(before);
});

test.each(BAD_MOODS.filter((mood) => mood !== 'lie'))(
  'an API server that is %s is a target that cannot be reached, and the token is not shown',
  async (mood) => {
    const { target, server } = await incident();
    server.mood = mood;
    await expect(target.current()).rejects.toSatisfy(
      (error: Error & { code?: string; effect?: string }) =>
        error.code === 'BELAY_TARGET_UNREACHABLE' && error.effect === 'none' && !error.message.includes(TOKEN),
    );
  },
);

const PAGE = readFileSync(path.join(import.meta.dirname, '../../../docs/targets/kubernetes.md'), 'utf8');

test('a runbook puts an explicit revision of a Deployment back, by the example of the page, and is done when every pod runs it [S1-SY-03]', async () => {
  const { server } = await incident();
  const yaml = (/```yaml\n(belay: 1\n[\s\S]*?)```/.exec(PAGE)?.[1] ?? '').replace('    driver: kubernetes', `$&\n    url: ${server.url}`);
  const steps = `### Put it back {#switch}\n\n${/````markdown\n([\s\S]*?)````/.exec(PAGE)?.[1] ?? ''}`;
  const file = await openRunFile({ yaml, steps, env: { KUBERNETES_TOKEN: TOKEN, CRM_URL: 'http://127.0.0.1:1' } });
  const plan = await file.plan();
  expect(plan.unknowns).toEqual([]);
  expect(plan.steps).toMatchObject([
    { args: { to: NAMES.old }, current: NAMES.new, desired: NAMES.old, compareAndSet: 'native', undo: { args: { to: NAMES.new } } },
  ]);
  server.world.next = 'lasts';
  const running = file.run();
  await expect.poll(() => server.ledger.filter((one) => one.by === 'api').length, { timeout: 30_000 }).toBe(1);
  server.settle();
  expect(await running).toMatchObject({ outcome: 'done', steps: ['switch done'] });
  expect(server.world.pods.map((one) => [one.set, one.ready])).toEqual([
    [NAMES.old, true],
    [NAMES.old, true],
  ]);
  expect(server.world.sets.map((one) => [one.name, one.revision])).toEqual([
    [NAMES.old, 3],
    [NAMES.new, 2],
  ]);
  expect(server.refused).toEqual([]);
});
