// A real control plane of Kubernetes for tests, of the folder that scripts/build-kubernetes.ts fills outside of the clone: etcd, the API server and
// the controllers of Deployments and ReplicaSets, each a child on free ports. No machine runs a pod: a hollow kubelet says of pods what they
// are. It judges nothing.
import { generateKeyPairSync } from 'node:crypto';
import { request } from 'node:https';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { folderOf, KUBERNETES, whyNotHeavy } from '../../../scripts/heavy-parts.ts';
import { makeCertificate, type SelfMade } from './certificate.ts';
import { freePort, type ServerProcess, startServer } from './server-process.ts';

const ADMIN = 'hunter2-token-of-the-admin';
const READY_WITHIN_MS = 180_000;
const KUBELET_EVERY_MS = 50;

export interface Answer {
  readonly status: number;
  readonly json: unknown;
}
export interface KubernetesPart {
  readonly url: string;
  readonly version: string;
  /** The certificate of its API server. */
  readonly caFile: string;
  /** May do anything. */
  readonly admin: string;
  /** Its API, as who may do anything, or as who holds this token. */
  ask(method: string, where: string, body?: object, token?: string): Promise<Answer>;
  /** A namespace with somebody in it who may do only this. Returns the token. */
  namespace(name: string, rules: readonly Rule[]): Promise<string>;
  /** What the kubelet says of a pod; images that end in `bad` never become ready. Null: the pod is left alone. */
  kubelet: (pod: KubePod) => object | null;
  stop(): Promise<void>;
}
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
export interface KubePod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] };
  readonly status: { readonly phase: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Null when it is there. */
export const whyNoKubernetes = (): string | null => whyNotHeavy(KUBERNETES);

const program = (name: string): string => path.join(folderOf(KUBERNETES), name);
const OTHER_TOKENS = Array.from({ length: 64 }, (_, n) => `hunter2-token-of-user-${n}`);

export async function startKubernetesPart(): Promise<KubernetesPart> {
  const begun: ServerProcess[] = [];
  const end = async (): Promise<void> => {
    for (const one of begun.toReversed()) await one.stop();
  };
  const begin = async (starting: Promise<ServerProcess>): Promise<ServerProcess> => {
    const one = await starting;
    begun.push(one);
    return one;
  };
  const made = makeCertificate({ names: ['127.0.0.1'], days: 30 });
  try {
    const api = await begin(startApi(await begin(startEtcd()), made));
    await begin(startControllers(api, made));
    return partOf(api, made, end);
  } catch (error) {
    await end();
    throw error;
  }
}

function partOf(api: ServerProcess, made: SelfMade, end: () => Promise<void>): KubernetesPart {
  const ask: KubernetesPart['ask'] = (method, where, body, token = ADMIN) =>
    asked(`${httpsOf(api)}${where}`, { method, body, token, ca: made.cert });
  const over = new AbortController();
  let users = 0;
  const part: KubernetesPart = {
    url: httpsOf(api),
    version: KUBERNETES.version,
    caFile: path.join(api.folder, 'tls.crt'),
    admin: ADMIN,
    ask,
    kubelet: wellUnlessBad,
    namespace: async (name, rules) => {
      const user = `user-${users}`;
      const token = OTHER_TOKENS[users] ?? '';
      users += 1;
      const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${name}`;
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'belay' };
      const subjects = [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }];
      for (const [where, body] of [
        ['/api/v1/namespaces', { metadata: { name } }],
        [`${rbac}/roles`, { metadata: { name: 'belay' }, rules }],
        [`${rbac}/rolebindings`, { metadata: { name: 'belay' }, roleRef, subjects }],
      ] as const) {
        const { status, json } = await ask('POST', where, body);
        if (status !== 201) throw new Error(`no ${where}: ${JSON.stringify(json)}`);
      }
      return token;
    },
    stop: async () => {
      over.abort();
      await kubelet;
      await end();
    },
  };
  const kubelet = keepPods(part, over.signal);
  return part;
}

const httpsOf = ({ port }: { readonly port: number }): string => `https://127.0.0.1:${port}`;

async function startEtcd(): Promise<ServerProcess> {
  const peers = `http://127.0.0.1:${await freePort()}`;
  return startServer({
    name: 'etcd',
    file: program('tools/usr/bin/etcd'),
    version: '3.4',
    args: ({ port, folder }) => [
      ...['--data-dir', path.join(folder, 'data'), '--listen-client-urls', `http://127.0.0.1:${port}`],
      ...['--advertise-client-urls', `http://127.0.0.1:${port}`, '--listen-peer-urls', peers],
      ...['--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`],
    ],
    works: async (url) => ((await (await fetch(`${url}/health`)).json()) as { readonly health?: unknown }).health === 'true',
    readyWithinMs: READY_WITHIN_MS,
  });
}

async function startApi(etcd: ServerProcess, made: SelfMade): Promise<ServerProcess> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const tokens = [`${ADMIN},admin,1,system:masters`, ...OTHER_TOKENS.map((token, n) => `${token},user-${n},${n + 2}`)];
  return startServer({
    name: 'kube-apiserver',
    file: program('bin/kube-apiserver'),
    version: KUBERNETES.version,
    files: {
      ...{ 'tls.crt': made.cert, 'tls.key': made.key, 'tokens.csv': `${tokens.join('\n')}\n` },
      'sa.pub': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      'sa.key': privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    },
    args: ({ port, folder }) => [
      ...[`--etcd-servers=${etcd.url}`, '--bind-address=127.0.0.1', `--secure-port=${port}`, '--insecure-port=0', `--cert-dir=${folder}`],
      ...['--tls-cert-file=tls.crt', '--tls-private-key-file=tls.key', '--token-auth-file=tokens.csv', '--authorization-mode=RBAC'],
      ...['--disable-admission-plugins=ServiceAccount', '--endpoint-reconciler-type=none', '--service-cluster-ip-range=10.96.0.0/24'],
      ...['--service-account-key-file=sa.pub', '--service-account-signing-key-file=sa.key', '--service-account-issuer=https://k.local'],
      '--storage-media-type=application/json',
    ],
    works: async (url) => {
      const answer = await asked(`${url.replace('http:', 'https:')}/readyz`, {
        method: 'GET',
        token: ADMIN,
        ca: made.cert,
        body: undefined,
      });
      return answer.status === 200;
    },
    readyWithinMs: READY_WITHIN_MS,
  });
}

async function startControllers(api: ServerProcess, made: SelfMade): Promise<ServerProcess> {
  const kubeconfig = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'it' },
    clusters: [{ name: 'it', cluster: { server: httpsOf(api), 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'it', user: { token: ADMIN } }],
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
  };
  return startServer({
    name: 'kube-controller-manager',
    file: program('bin/kube-controller-manager'),
    version: KUBERNETES.version,
    files: { kubeconfig: JSON.stringify(kubeconfig), 'tls.crt': made.cert, 'tls.key': made.key },
    args: ({ port, folder }) => [
      ...['--kubeconfig=kubeconfig', '--controllers=deployment,replicaset,garbagecollector,endpoint,namespace', '--leader-elect=false'],
      ...['--port=0', `--secure-port=${port}`, '--bind-address=127.0.0.1', `--cert-dir=${folder}`],
      ...[
        '--tls-cert-file=tls.crt',
        '--tls-private-key-file=tls.key',
        `--service-account-private-key-file=${path.join(api.folder, 'sa.key')}`,
      ],
    ],
    works: async (url) =>
      (await asked(`${url.replace('http:', 'https:')}/healthz`, { method: 'GET', token: '', ca: made.cert, body: undefined })).status ===
      200,
    readyWithinMs: READY_WITHIN_MS,
  });
}

function asked(
  address: string,
  o: { readonly method: string; readonly body: object | undefined; readonly token: string; readonly ca: string },
): Promise<Answer> {
  const { method, body, token, ca } = o;
  const text = body === undefined ? '' : JSON.stringify(body);
  const kind = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = {
    accept: 'application/json',
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    // Said, because Node does not say it of a DELETE.
    ...(text === '' ? {} : { 'content-type': kind, 'content-length': Buffer.byteLength(text) }),
  };
  return new Promise((resolve, reject) => {
    const sending = request(address, { method, ca, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode ?? 0, json: text.startsWith('{') ? (JSON.parse(text) as unknown) : text });
      });
    });
    sending.once('error', reject);
    sending.end(text);
  });
}

const isBad = ({ spec }: KubePod): boolean => spec.containers.some((one) => one.image.endsWith('bad'));
const isReady = ({ status }: KubePod): boolean => (status.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True');

/** As a kubelet whose pods all start at once: bad images never do. */
function wellUnlessBad(pod: KubePod): object | null {
  if (isBad(pod) || (pod.status.phase === 'Running' && isReady(pod))) return null;
  return runningStatus(pod, true);
}

export function runningStatus({ spec }: KubePod, ready: boolean): object {
  const containerStatuses = spec.containers.map((one) => ({
    ...{ name: one.name, image: one.image, imageID: '', ready, restartCount: 0 },
    state: { running: { startedAt: `${new Date().toISOString().slice(0, 19)}Z` } },
  }));
  return { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }], containerStatuses };
}

/** Says of each pod what it is, and lets go of those that are to be deleted. */
async function keepPods(part: KubernetesPart, signal: AbortSignal): Promise<void> {
  for (; !signal.aborted; await wait(KUBELET_EVERY_MS)) {
    // One that is not answered asks again.
    const answer = await part.ask('GET', '/api/v1/pods').catch(() => null);
    for (const pod of (answer?.json as { readonly items?: readonly KubePod[] } | undefined)?.items ?? []) {
      const where = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
      const status = pod.metadata.deletionTimestamp === undefined ? part.kubelet(pod) : null;
      if (pod.metadata.deletionTimestamp !== undefined) await part.ask('DELETE', where, { gracePeriodSeconds: 0 });
      else if (status !== null) await part.ask('PATCH', `${where}/status`, { status });
    }
  }
}
