// Our Kubernetes target and source against a real control plane 1.20.2: the contracts, hostile ends, and the rights that our pages name, and no
// more. Pods are what a hollow kubelet says of them. The judges are the API server, and kubectl.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KUBERNETES, skipLineOf } from '../../scripts/heavy-parts.ts';
import { KUBECTL } from '../../scripts/lanes.ts';
import { findPart } from '../../scripts/parts.ts';
import { createHttp } from '../../src/adapters/http/index.ts';
import { createKubernetesReader, createKubernetesTarget, type KubernetesSpec } from '../../src/adapters/kubernetes/index.ts';
import { systemTime } from '../../src/adapters/system/index.ts';
import type { TargetState } from '../../src/ports/deploy-target.ts';
import type { Http } from '../../src/ports/http.ts';
import { NEVER, saidIn } from '../adapters/api-source.ts';
import { type DeployTargetUnderTest, deployTargetContract } from '../contracts/deploy-target.ts';
import {
  type KubePod,
  type KubernetesPart,
  type Rule,
  runningStatus,
  startKubernetesPart,
  whyNoKubernetes,
} from '../world/parts/kubernetes.ts';
import { eventually } from '../world/parts/shop.ts';
import { openRunFile } from '../world/run-file.ts';
import { deploymentOf, IMAGES, type Listed, PATIENCE_MS, place, TARGET_RIGHTS } from './place.ts';

const HTTP = createHttp({ allow: ['127.0.0.1'] });
const order = (expected: string, key = 'run/switch#1:act') => ({ expected, key, reason: 'INC-1' });
/** What docs/sources/kubernetes.md says that it needs. */
const SOURCE_RIGHTS: readonly Rule[] = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }];

const why = whyNoKubernetes();
if (why !== null) console.log(skipLineOf(KUBERNETES, why));

describe.skipIf(why !== null)(`a real control plane ${KUBERNETES.version}`, () => {
  let cluster: KubernetesPart;
  const names = { old: '', new: '' };
  beforeAll(async () => {
    cluster = await startKubernetesPart();
    // The hash of a template is the same wherever it stands: what releases will be called is seen once.
    const { apps, deploy } = await place(cluster);
    await deploy(IMAGES.new);
    const sets = ((await cluster.ask('GET', `${apps}/replicasets`)).json as Listed).items;
    const nameOf = (revision: string): string =>
      sets.find((one) => one.metadata.annotations['deployment.kubernetes.io/revision'] === revision)?.metadata.name ?? '';
    Object.assign(names, { old: nameOf('1'), new: nameOf('2') });
  }, 300_000);
  afterAll(() => cluster?.stop());

  async function world(http: Http = HTTP) {
    const one = await place(cluster);
    // Kubernetes writes times in whole seconds: which of two releases is newer is not to be seen within one.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const { namespace, token, apps } = one;
    const options = { url: cluster.url, namespace, deployment: 'crm', token, caFile: cluster.caFile, timeoutMs: 20_000 };
    const owners = async (): Promise<string> => {
      await one.settled();
      const pods = ((await cluster.ask('GET', `/api/v1/namespaces/${namespace}/pods`)).json as Listed).items;
      const running = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
      return [...new Set(running.map((pod) => pod.metadata.ownerReferences?.[0]?.name ?? ''))].join(' ');
    };
    const sets = async () =>
      Object.fromEntries(
        ((await cluster.ask('GET', `${apps}/replicasets`)).json as Listed).items.map(({ metadata }) => [
          metadata.name,
          metadata.annotations,
        ]),
      );
    return { ...one, target: createKubernetesTarget(options, { http, baseDir: '/' }), running: owners, sets };
  }

  /** The new release is live, everywhere. */
  async function incident(http?: Http) {
    const made = await world(http);
    await made.deploy(IMAGES.new);
    await made.settled();
    return made;
  }

  deployTargetContract('a Deployment of a real Kubernetes', async (): Promise<DeployTargetUnderTest> => {
    const { target, deploy, running, apps } = await world();
    return {
      target,
      names,
      deploy: async (release) => {
        await deploy(release === names.old ? IMAGES.old : IMAGES.new);
      },
      running,
      prune: async (release) => {
        await cluster.ask('DELETE', `${apps}/replicasets/${release}`, { propagationPolicy: 'Background' });
      },
      close: async () => undefined,
    };
  });

  test('goes back to a named revision: its template without the hash of its ReplicaSet, a new revision, and every pod is one of it', async () => {
    const { target, running, read, sets } = await incident();
    const { fingerprint } = await target.current();
    const begun = performance.now();
    await target.rollTo(await target.resolve('1'), order(fingerprint));
    const toldMs = performance.now() - begun;
    await eventually(
      () => target.current(),
      (state) =>
        state.inFlight === undefined && state.release === names.old && state.units.every((one) => one.ready && one.release === names.old),
      PATIENCE_MS,
    );
    console.log(
      `Kubernetes ${KUBERNETES.version}: a rollback is told in ${Math.round(toldMs)} ms, and seen on every pod after ${Math.round(performance.now() - begun)} ms`,
    );
    expect(await running()).toBe(names.old);
    expect(Object.keys((await read()).spec.template.metadata.labels)).toEqual(['app']);
    const revisions = Object.entries(await sets()).map(([name, all]) => [name, all['deployment.kubernetes.io/revision']]);
    expect(Object.fromEntries(revisions)).toEqual({ [names.old]: '3', [names.new]: '2' });
  });

  test('that somebody deployed to between the look and the change refuses it by itself, and theirs stays', async () => {
    const hands: { once: (() => Promise<unknown>) | null } = { once: null };
    const { target, deploy, read } = await incident(beforePut(hands));
    const { fingerprint } = await target.current();
    hands.once = () => deploy('registry.test/crm:v1.2.0');
    await expect(target.rollTo(names.old, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
    expect(JSON.stringify((await read()).spec)).toContain('v1.2.0');
  });

  test('into which its own controller wrote meanwhile, because pods come and go, is rolled back all the same', async () => {
    const hands: { once: (() => Promise<unknown>) | null } = { once: null };
    const { target, read, namespace, running } = await incident(beforePut(hands));
    const { fingerprint } = await target.current();
    hands.once = async () => {
      const { metadata } = await read();
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      const all = ((await cluster.ask('GET', pods)).json as { readonly items: readonly KubePod[] }).items;
      const kubelet = cluster.kubelet;
      cluster.kubelet = (pod) => (pod.metadata.namespace === namespace ? null : kubelet(pod));
      for (const pod of all) await cluster.ask('PATCH', `${pods}/${pod.metadata.name}/status`, { status: runningStatus(pod, false) });
      await eventually(read, (now) => now.metadata.resourceVersion !== metadata.resourceVersion, PATIENCE_MS);
      cluster.kubelet = kubelet;
    };
    await target.rollTo(names.old, order(fingerprint));
    expect(hands.once).toBeNull();
    expect(await running()).toBe(names.old);
  });

  test('whose rollout missed its deadline says so, and the way back is not given up for it', async () => {
    const { target, deploy, running } = await world();
    await deploy('registry.test/crm:bad');
    const failed = await eventually(
      () => target.current(),
      (state) => state.gaveUp !== undefined,
      PATIENCE_MS,
    );
    expect(failed.gaveUp).toContain('ProgressDeadlineExceeded');
    const states: TargetState[] = [];
    await target.rollTo(names.old, order(failed.fingerprint));
    do states.push(await target.current());
    while (states.at(-1)?.release !== names.old || states.at(-1)?.inFlight !== undefined);
    expect(states.filter((one) => one.gaveUp !== undefined)).toEqual([]);
    expect(await running()).toBe(names.old);
  });

  test('that is paused is frozen, and a rollback is refused with what to type', async () => {
    const { target, patch } = await incident();
    await patch({ spec: { paused: true } });
    const { frozen, fingerprint } = await target.current();
    expect(frozen).toBe(true);
    await expect(target.rollTo(names.old, order(fingerprint))).rejects.toMatchObject({
      effect: 'none',
      hint: expect.stringContaining('rollout resume'),
    });
  });

  test('that an autoscaler scales is as it was planned, and live since when it was', async () => {
    const { target, patch, settled, running } = await incident();
    const { fingerprint, changedAt } = await target.current();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await patch({ spec: { replicas: 3 } });
    await settled();
    expect((await target.current()).changedAt).toBe(changedAt);
    await target.rollTo(names.old, order(fingerprint));
    expect(await running()).toBe(names.old);
    expect((await target.current()).units).toHaveLength(3);
  });

  test('that a token may only read says what the token lacks, and the token is not shown', async () => {
    const { namespace } = await incident();
    const token = await cluster.namespace(`${namespace}-reader`, []);
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    const rules = TARGET_RIGHTS.map((rule) => ({ ...rule, verbs: rule.verbs.filter((verb) => verb !== 'update') }));
    await cluster.ask('POST', `${rbac}/roles`, { metadata: { name: 'reader' }, rules });
    const subjects = [{ kind: 'User', name: await userOf(token), apiGroup: 'rbac.authorization.k8s.io' }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' };
    await cluster.ask('POST', `${rbac}/rolebindings`, { metadata: { name: 'reader' }, roleRef, subjects });
    const options = { url: cluster.url, namespace, deployment: 'crm', token, caFile: cluster.caFile, timeoutMs: 20_000 };
    const target = createKubernetesTarget(options, { http: HTTP, baseDir: '/' });
    const { fingerprint } = await target.current();
    const error = await target.rollTo(names.old, order(fingerprint)).catch((one: unknown) => one as Error);
    expect(error).toMatchObject({
      code: 'BELAY_ACT_FAILED',
      effect: 'none',
      message: expect.stringContaining('cannot update resource "deployments"'),
    });
    expect((error as Error).message).not.toContain(token);
  });

  /** Who the API server takes a token for. */
  async function userOf(token: string): Promise<string> {
    const { json } = await cluster.ask('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } });
    return (json as { readonly status: { readonly user: { readonly username: string } } }).status.user.username;
  }

  const kubectl = findPart(KUBECTL);
  const kube = async (args: readonly string[], input = ''): Promise<string> => {
    const who = ['--kubeconfig', '/dev/null', '--server', cluster.url, '--token', cluster.admin, '--certificate-authority', cluster.caFile];
    const running = promisify(execFile)(kubectl?.file ?? '', [...args, ...who, '--cache-dir', path.dirname(cluster.caFile)], {
      timeout: PATIENCE_MS,
    });
    running.child.stdin?.end(input);
    return (await running).stdout;
  };

  test.skipIf(kubectl === null)(
    'that kubectl applied goes back, kubectl agrees about its history, and its next apply brings the bad one back, as our page says',
    async () => {
      const { target, namespace, settled, running, sets } = await world();
      const manifest = (image: string, cause: string): string =>
        JSON.stringify({
          ...deploymentOf(image),
          metadata: { name: 'crm', namespace, annotations: { 'kubernetes.io/change-cause': cause } },
        });
      await kube(['apply', '-f', '-'], manifest(IMAGES.old, 'the first'));
      await settled();
      await kube(['apply', '-f', '-'], manifest(IMAGES.new, 'a new one'));
      await settled();
      await target.rollTo(names.old, order((await target.current()).fingerprint));
      expect(await running()).toBe(names.old);
      expect(await kube(['-n', namespace, 'rollout', 'history', 'deployment/crm'])).toMatch(/2\s+a new one\n3\s+the first/);
      expect((await sets())[names.old]?.['belay.dev/reason']).toBe('INC-1');
      await kube(['apply', '-f', '-'], manifest(IMAGES.new, 'a new one'));
      expect(await running()).toBe(names.new);
      // Its ReplicaSet carries what Belay wrote once: kubectl puts that into the Deployment, and it is not taken for an order of ours.
      await kube(['-n', namespace, 'rollout', 'undo', 'deployment/crm']);
      expect(await running()).toBe(names.old);
      expect(await target.current()).toMatchObject({ release: names.old, previous: names.new });
      await kube(['-n', namespace, 'rollout', 'pause', 'deployment/crm']);
      expect((await target.current()).frozen).toBe(true);
    },
  );

  test('is put back by the runbook of the page, to an explicit revision, and done when every pod runs it [S1-SY-03]', async () => {
    const { namespace, token, running } = await incident();
    const page = readFileSync(path.join(import.meta.dirname, '../../docs/targets/kubernetes.md'), 'utf8');
    const where = `    driver: kubernetes\n    url: ${cluster.url}\n    caFile: ${cluster.caFile}`;
    const yaml = (/```yaml\n(belay: 1\n[\s\S]*?)```/.exec(page)?.[1] ?? '')
      .replace('    driver: kubernetes', where)
      .replace('namespace: crm', `namespace: ${namespace}`);
    const steps = `### Put it back {#switch}\n\n${/````markdown\n([\s\S]*?)````/.exec(page)?.[1] ?? ''}`;
    const file = await openRunFile({ yaml, steps, env: { KUBERNETES_TOKEN: token, CRM_URL: 'http://127.0.0.1:1' } });
    const plan = await file.plan();
    expect(plan.steps).toMatchObject([{ args: { to: names.old }, current: names.new, desired: names.old, compareAndSet: 'native' }]);
    expect(await file.run()).toMatchObject({ outcome: 'done', steps: ['switch done'] });
    expect(await running()).toBe(names.old);
  });

  describe('as a source', () => {
    let sources = 0;
    async function pods(count: number) {
      sources += 1;
      const namespace = `pods-${sources}`;
      const token = await cluster.namespace(namespace, SOURCE_RIGHTS);
      const where = `/api/v1/namespaces/${namespace}/pods`;
      for (let n = 0; n < count; n += 1) await cluster.ask('POST', where, podOf(n));
      const spec: KubernetesSpec = {
        ...{ id: 'pods', driver: 'kubernetes', url: cluster.url, namespace, token, caFile: cluster.caFile },
        ...{ everyMs: 20, timeoutMs: 20_000 },
      };
      return { namespace, where, spec, reader: createKubernetesReader(spec, { http: HTTP, time: systemTime, baseDir: '/' }) };
    }

    test('says of a Deployment what its pods are', async () => {
      const { namespace, token } = await incident();
      const spec: KubernetesSpec = {
        ...{ id: 'pods', driver: 'kubernetes', url: cluster.url, namespace, token, caFile: cluster.caFile },
        ...{ selector: 'app=crm', everyMs: 20, timeoutMs: 20_000 },
      };
      const reader = createKubernetesReader(spec, { http: HTTP, time: systemTime, baseDir: '/' });
      const batch = await reader.read(NEVER, {});
      expect(batch.reason).toBeUndefined();
      expect(saidIn(batch, 'workload')).toMatchObject({ 'kube_pods{crm}': 2, 'kube_pods_ready{crm}': 2, 'kube_crash_looping{crm}': 0 });
    });

    test('reads, with the right to list pods and no other, more of them than stand on one page, and what a kubelet says of one that loops and ran out of memory', async () => {
      const { where, namespace, reader } = await pods(260);
      const first = await reader.read(NEVER, {});
      expect(first.reason).toBeUndefined();
      const kubelet = cluster.kubelet;
      cluster.kubelet = (pod) => (pod.metadata.namespace === namespace && pod.metadata.name === 'lone-0' ? null : kubelet(pod));
      const finishedAt = `${new Date(Date.now() + 1_000).toISOString().slice(0, 19)}Z`;
      const looping = {
        ...{ name: 'main', image: 'a:1', imageID: '', ready: false, restartCount: 7 },
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt } },
      };
      const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }], containerStatuses: [looping] };
      expect(await cluster.ask('PATCH', `${where}/lone-0/status`, { status })).toMatchObject({ status: 200 });
      const said = saidIn(await reader.read(NEVER, first.cursor ?? {}), 'workload', 'pod');
      cluster.kubelet = kubelet;
      expect(said).toMatchObject({
        'kube_restarts{lone-0,lone-0}': 7,
        'kube_crash_looping{lone-0}': 1,
        'kube_out_of_memory{lone-0,lone-0}': 1,
      });
      expect(Object.keys(said).filter((one) => one.startsWith('kube_pods{'))).toHaveLength(260);
    });

    test('that may not list says so, and a namespace that is not there is not taken for an empty one', async () => {
      const { spec } = await pods(0);
      const other = createKubernetesReader({ ...spec, namespace: 'not-there' }, { http: HTTP, time: systemTime, baseDir: '/' });
      expect(await other.read(NEVER, {})).toMatchObject({ alive: false, reason: expect.stringMatching(/answered 403: pods is forbidden/) });
      const wrong = createKubernetesReader({ ...spec, token: 'hunter2-of-nobody' }, { http: HTTP, time: systemTime, baseDir: '/' });
      expect(await wrong.read(NEVER, {})).toMatchObject({ alive: false, reason: expect.stringMatching(/answered 401: Unauthorized$/) });
    });
  });
});

const podOf = (n: number): object => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: `lone-${n}` } },
  spec: { containers: [{ name: 'main', image: 'a:1' }] },
});

/** Somebody else's hands, right before the next order is sent. */
function beforePut(hands: { once: (() => Promise<unknown>) | null }): Http {
  return {
    ...HTTP,
    request: async (asked, signal) => {
      const { once } = hands;
      if (asked.method === 'PUT' && once !== null) {
        hands.once = null;
        await once();
      }
      return HTTP.request(asked, signal);
    },
  };
}
