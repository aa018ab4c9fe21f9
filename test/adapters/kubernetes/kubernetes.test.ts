// The kubernetes source against a contract server: what pods are, what they do, and what an API server may refuse.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { KUBECTL } from '../../../scripts/lanes.ts';
import { findPart } from '../../../scripts/parts.ts';
import { createKubernetesReader, type KubernetesSpec } from '../../../src/adapters/kubernetes/index.ts';
import { pageIn, samplesOf } from '../../../src/adapters/kubernetes/pods.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch, Cursor } from '../../../src/domain/signal.ts';
import { DetectWorld } from '../../flows/detect-world.ts';
import { makeCertificate } from '../../world/parts/certificate.ts';
import { type KubernetesServer, type PodState, startKubernetes } from '../../world/vendors/kubernetes.ts';
import { apiSource, demandTame, exampleOf, http, NEVER, type ReaderTime, SECRET, saidIn, sourceIn } from '../api-source.ts';
import { becomesSamplesOrReason, odd, word } from '../odd.ts';

const crm = (n: number, o: Partial<PodState> = {}): PodState => ({
  name: `crm-6d8f-${n}`,
  labels: { app: 'crm', 'pod-template-hash': '6d8f', tenant: 'acme' },
  owner: 'crm-6d8f',
  ...o,
});

async function started(pods: readonly PodState[] = [crm(1), crm(2)]): Promise<KubernetesServer> {
  const server = await startKubernetes({ token: SECRET });
  server.pods.set('crm', pods);
  return server;
}

function readerOf(url: string, o: Partial<KubernetesSpec> = {}, time: ReaderTime = systemTime) {
  const spec: KubernetesSpec = {
    id: 'pods',
    driver: 'kubernetes',
    url,
    namespace: 'crm',
    token: SECRET,
    everyMs: 20,
    timeoutMs: 2_000,
    ...o,
  };
  return createKubernetesReader(spec, { http, time, baseDir: '/' });
}

apiSource('kubernetes', async () => {
  const server = await started();
  return { server, reader: ({ time, timeoutMs }) => readerOf(server.url, { timeoutMs, selector: 'app=crm' }, time) };
});

async function reading(pods: readonly PodState[], o: Partial<KubernetesSpec> = {}, from: Cursor = {}): Promise<Batch> {
  const server = await started(pods);
  onTestFinished(server.close);
  return readerOf(server.url, o).read(NEVER, from);
}

describe('pods', () => {
  test('are told of by workload, and their containers by pod', async () => {
    const batch = await reading([crm(1, { restarts: 2 }), crm(2, { ready: false, waiting: 'CrashLoopBackOff', restarts: 5 })], {
      org: 'tenant',
    });
    expect(saidIn(batch, 'workload', 'pod', 'org')).toEqual({
      'kube_pods{crm,acme}': 2,
      'kube_pods_ready{crm,acme}': 1,
      'kube_pods_not_ready{crm,acme}': 1,
      'kube_crash_looping{crm,acme}': 1,
      'kube_without_image{crm,acme}': 0,
      'kube_restarts{crm,crm-6d8f-1,acme}': 2,
      'kube_restarts{crm,crm-6d8f-2,acme}': 5,
    });
  });

  test('that are done or on their way out are no longer wanted, and one without an owner is its own workload', async () => {
    const said = saidIn(
      await reading([
        crm(1, { isGoing: true, ready: false }),
        crm(2, { phase: 'Succeeded', ready: false }),
        { name: 'alone', labels: {}, waiting: 'ErrImagePull', ready: false },
      ]),
      'workload',
    );
    expect(said).toMatchObject({
      'kube_pods{crm}': 0,
      'kube_pods_not_ready{crm}': 0,
      'kube_pods{alone}': 1,
      'kube_without_image{alone}': 1,
    });
  });

  test('that ran out of memory count once for each end, and not for those of before Belay', async () => {
    const server = await started([crm(1, { outOfMemoryAt: new Date(Date.now() - 3_600_000).toISOString() })]);
    onTestFinished(server.close);
    const reader = readerOf(server.url);
    const first = await reader.read(NEVER, {});
    const ends = (batch: Batch) => batch.samples.flatMap((one) => (one.kind === 'delta' ? [one.id] : []));
    expect(ends(first)).toEqual([]);
    const at = new Date(Date.now() + 5).toISOString();
    server.pods.set('crm', [crm(1, { outOfMemoryAt: at, restarts: 1 })]);
    const second = await reader.read(NEVER, first.cursor ?? {});
    const third = await reader.read(NEVER, second.cursor ?? {});
    expect(ends(second)).toEqual([`uid-of-crm-6d8f-1/main/${Date.parse(at)}`]);
    expect(ends(third)).toEqual(ends(second));
  });

  test('of several pages are all read, and a list that expired in between is a dead reading', async () => {
    const many = Array.from({ length: 600 }, (_, n) => crm(n));
    const server = await started(many);
    onTestFinished(server.close);
    const reader = readerOf(server.url);
    expect(saidIn(await reader.read(NEVER, {}), 'workload')).toMatchObject({ 'kube_pods{crm}': 600 });
    expect(server.asked).toHaveLength(3);
    server.expired = true;
    expect(await reader.read(NEVER, {})).toMatchObject({
      alive: false,
      reason: expect.stringMatching(/answered 410: The provided continue/),
    });
  });

  test('more than can be read are a dead reading that says what to do', async () => {
    const many = Array.from({ length: 2_001 }, (_, n) => crm(n));
    expect(await reading(many)).toMatchObject({
      alive: false,
      reason: expect.stringMatching(/more than 2000 pods: choose some by selector$/),
    });
  });

  test('are chosen by the selector', async () => {
    const pods = [crm(1), { name: 'db-0', labels: { app: 'db' }, owner: 'db' }];
    expect(Object.keys(saidIn(await reading(pods, { selector: 'app!=crm' }), 'workload'))).toContain('kube_pods{db}');
    expect(Object.keys(saidIn(await reading(pods, { selector: 'app!=crm' }), 'workload'))).not.toContain('kube_pods{crm}');
  });
});

describe('a token', () => {
  test('in a file is read at each reading, because it is renewed', async () => {
    const server = await started();
    onTestFinished(server.close);
    const folder = mkdtempSync(path.join(tmpdir(), 'belay-kube-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const tokenFile = path.join(folder, 'token');
    writeFileSync(tokenFile, 'old-token');
    const spec: KubernetesSpec = {
      id: 'pods',
      driver: 'kubernetes',
      url: server.url,
      namespace: 'crm',
      tokenFile,
      everyMs: 20,
      timeoutMs: 2_000,
    };
    const reader = createKubernetesReader(spec, { http, time: systemTime, baseDir: '/' });
    const refused = await reader.read(NEVER, {});
    expect(refused).toMatchObject({ alive: false, reason: expect.stringMatching(/answered 401: Unauthorized$/) });
    writeFileSync(tokenFile, `${SECRET}\n`);
    expect(await reader.read(NEVER, {})).toMatchObject({ alive: true });
    rmSync(tokenFile);
    expect(await reader.read(NEVER, {})).toMatchObject({ alive: false, reason: expect.stringMatching(/token cannot be read \(ENOENT\)/) });
  });

  test('that is none, or a namespace that may not be listed, is told', async () => {
    expect(await reading([], { token: 'a\nb' })).toMatchObject({
      alive: false,
      reason: expect.stringMatching(/its token is empty, or holds/),
    });
    expect(await reading([], { namespace: 'other' })).toMatchObject({
      alive: false,
      reason: expect.stringMatching(/answered 403: pods is forbidden/),
    });
  });
});

describe('over TLS, with a certificate that only its own authority vouches for', () => {
  const made = makeCertificate({ names: ['127.0.0.1'], days: 30 });

  async function world() {
    const server = await startKubernetes({ token: SECRET, tls: made });
    onTestFinished(server.close);
    server.pods.set('crm', [crm(1, { restarts: 3 }), { name: 'db-0', labels: { app: 'db' }, owner: 'db' }]);
    const folder = mkdtempSync(path.join(tmpdir(), 'belay-kube-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const caFile = path.join(folder, 'ca.crt');
    writeFileSync(caFile, made.cert);
    return { server, caFile };
  }

  test('it is read where caFile names that authority, and nowhere else', async () => {
    const { server, caFile } = await world();
    expect(saidIn(await readerOf(server.url, { caFile }).read(NEVER, {}), 'pod')).toMatchObject({ 'kube_restarts{crm-6d8f-1}': 3 });
    expect(await readerOf(server.url).read(NEVER, {})).toMatchObject({
      alive: false,
      reason: expect.stringMatching(/self.signed certificate/),
    });
  });

  const kubectl = findPart(KUBECTL);
  test.skipIf(kubectl === null)(
    'kubectl reads from the contract server what Belay reads',
    async () => {
      const { server, caFile } = await world();
      const args = ['get', 'pods', '--namespace', 'crm', '--selector', 'app=crm', '--output', 'json', '--kubeconfig', '/dev/null'];
      const where = ['--server', server.url, '--token', SECRET, '--certificate-authority', caFile, '--cache-dir', path.dirname(caFile)];
      const { stdout } = await promisify(execFile)(kubectl?.file ?? '', [...args, ...where], { timeout: 30_000 });
      const items = (JSON.parse(stdout) as { readonly items: readonly { readonly metadata: { readonly name: string } }[] }).items;
      expect(items.map((one) => one.metadata.name)).toEqual(['crm-6d8f-1']);
      expect(server.refused).toEqual([]);
      const asked = server.asked.filter((one) => one.path.endsWith('/pods'));
      await readerOf(server.url, { caFile, selector: 'app=crm' }).read(NEVER, {});
      const ours = server.asked.at(-1);
      expect([ours?.path, ours?.query.get('labelSelector')]).toEqual([asked[0]?.path, asked[0]?.query.get('labelSelector')]);
    },
    60_000,
  );
});

test('the example of the page breaches for pods that loop or run out of memory, and says nothing of those that are well', async () => {
  const server = await started([crm(1), crm(2)]);
  onTestFinished(server.close);
  const { system, text } = exampleOf('kubernetes', { from: 'https://k8s.example.com', to: server.url });
  const spec = sourceIn(system, 'kubernetes');
  const world = new DetectWorld(system);
  world.clock.nowMs = Date.now();
  const reader = createKubernetesReader(spec, { http, time: { ...systemTime, now: () => world.clock.nowMs }, baseDir: '/' });
  let cursor: Cursor = {};
  const pass = async (readings: number): Promise<void> => {
    for (let n = 0; n < readings; n += 1) {
      world.clock.nowMs += spec.everyMs;
      const batch = await reader.read(NEVER, cursor);
      expect(batch.reason).toBeUndefined();
      demandTame(batch, text);
      cursor = batch.cursor ?? cursor;
      await world.detector.ingest(batch);
    }
  };
  await pass(70);
  for (const { id } of system.triggers) expect(await world.path('', id)).toEqual([]);
  server.pods.set('crm', [
    crm(1, { waiting: 'CrashLoopBackOff', ready: false, restarts: 5, outOfMemoryAt: new Date(world.clock.nowMs).toISOString() }),
    crm(2),
  ]);
  await pass(14);
  expect(await world.path('', 'crm-restarting')).toContain('suspect→suspect!');
  expect(await world.path('', 'crm-looping')).toContain('suspect→breached');
  expect(await world.path('', 'crm-out-of-memory')).toEqual(['ok→suspect', 'suspect→breached']);
});

test('ten thousand lists become finite samples with short, plain labels, one of each series, or a sentence', () => {
  const text = odd(word('crm', 'org', 'OOMKilled', 'CrashLoopBackOff', '2026-11-27T10:00:00Z', 'Succeeded'));
  const ended = odd(
    fc.record({ terminated: odd(fc.record({ reason: text, finishedAt: text })), waiting: odd(fc.record({ reason: text })) }),
  );
  const container = odd(fc.record({ name: text, restartCount: odd(fc.nat()), state: ended, lastState: ended }));
  const labels = odd(fc.record({ org: text, 'pod-template-hash': text }));
  const owners = odd(fc.array(odd(fc.record({ name: text })), { maxLength: 2 }));
  const metadata = odd(fc.record({ name: text, uid: text, labels, ownerReferences: owners }));
  const status = odd(fc.record({ phase: text, containerStatuses: odd(fc.array(container, { maxLength: 2 })) }));
  const items = odd(fc.array(odd(fc.record({ metadata, status })), { maxLength: 3 }));
  const list = fc.record({ kind: odd(fc.constant('PodList')), items, metadata: odd(fc.record({ continue: text })) });
  becomesSamplesOrReason(list, (one) => samplesOf(pageIn(one, 'org').pods, { at: 5, endsAfter: 1 }));
}, 60_000);
