// The API server of Kubernetes as far as Belay asks it: lists of pods with a label selector, in pages, for who shows the right token.
// Written from the API reference (core/v1, PodList and Status); kubectl is driven against it where it is there.
import { demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

export interface PodState {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of its ReplicaSet. */
  readonly owner?: string;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly restarts?: number;
  readonly waiting?: string;
  /** ISO time of its last end for want of memory. */
  readonly outOfMemoryAt?: string;
  readonly isGoing?: boolean;
}

export interface KubernetesServer extends VendorServer {
  /** By namespace. */
  readonly pods: Map<string, readonly PodState[]>;
  /** The next page is too old to go on with. */
  expired: boolean;
}

export async function startKubernetes(o: {
  readonly token: string;
  readonly tls?: { readonly cert: string; readonly key: string };
}): Promise<KubernetesServer> {
  const pods = new Map<string, readonly PodState[]>();
  const state = { expired: false };
  const server = await startVendor(({ method, path, query, headers }): VendorReply => {
    if (headers['authorization'] !== `Bearer ${o.token}`) return { status: 401, json: status(401, 'Unauthorized') };
    if (method === 'GET' && path in DISCOVERY) return { status: 200, json: DISCOVERY[path] };
    const namespace = /^\/api\/v1\/namespaces\/([a-z0-9-]{1,63})\/pods$/.exec(path)?.[1];
    demand(method === 'GET' && namespace !== undefined, `${method} ${path} is not a list of pods`, 405);
    demand(headers['accept'] === 'application/json', `accept: ${headers['accept']} is not JSON`, 406);
    const known = ['labelSelector', 'limit', 'continue', 'fieldSelector', 'resourceVersion', 'timeoutSeconds'];
    for (const key of query.keys()) demand(known.includes(key), `there is no parameter ${key}`);
    const limit = Number(query.get('limit') ?? '0');
    demand(Number.isInteger(limit) && limit >= 0, 'limit is not a number');
    const all = pods.get(namespace);
    if (all === undefined)
      return { status: 403, json: status(403, `pods is forbidden: cannot list resource "pods" in the namespace "${namespace}"`) };
    const at = Number(query.get('continue') ?? '0');
    demand(Number.isInteger(at), 'continue key is not valid');
    if (at > 0 && state.expired)
      return { status: 410, json: status(410, 'The provided continue parameter is too old to display a consistent list result.') };
    const chosen = all.filter((pod) => matches(pod.labels, query.get('labelSelector') ?? ''));
    const page = limit === 0 ? chosen : chosen.slice(at, at + limit);
    const more = at + page.length < chosen.length;
    const metadata = { resourceVersion: '1', ...(more ? { continue: String(at + page.length), remainingItemCount: 1 } : {}) };
    return { status: 200, json: { kind: 'PodList', apiVersion: 'v1', metadata, items: page.map((pod) => podOf(pod, namespace)) } };
  }, o.tls ?? null);
  return Object.defineProperty(Object.assign(server, { pods }), 'expired', {
    get: () => state.expired,
    set: (on: boolean) => {
      state.expired = on;
    },
  }) as KubernetesServer;
}

/** What a client asks before it knows where pods are. */
const DISCOVERY: Readonly<Record<string, object>> = {
  '/version': { major: '1', minor: '30', gitVersion: 'v1.30.0', gitCommit: '', platform: 'linux/amd64' },
  '/api': { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [{ name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list'], shortNames: ['po'] }],
  },
};

function status(code: number, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code };
}

/** `a=b,c!=d,e`. */
function matches(labels: Readonly<Record<string, string>>, selector: string): boolean {
  return selector
    .split(',')
    .filter((one) => one !== '')
    .every((one) => {
      const [, key = '', op = '', value = ''] = /^([^!=]+)(!=|==?)?(.*)$/.exec(one) ?? [];
      return op === '' ? key in labels : (labels[key] === value) === (op !== '!=');
    });
}

function podOf(pod: PodState, namespace: string): object {
  const { name, labels, owner, phase = 'Running', ready = true, restarts = 0, waiting, outOfMemoryAt, isGoing = false } = pod;
  const state =
    waiting === undefined ? { running: { startedAt: '2026-11-27T10:00:00Z' } } : { waiting: { reason: waiting, message: 'back-off 5m0s' } };
  const terminated = {
    exitCode: 137,
    reason: 'OOMKilled',
    startedAt: outOfMemoryAt,
    finishedAt: outOfMemoryAt,
    containerID: 'containerd://x',
  };
  return {
    metadata: {
      name,
      namespace,
      uid: `uid-of-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-11-27T10:00:00Z',
      labels,
      ...(isGoing ? { deletionTimestamp: '2026-11-27T11:00:00Z' } : {}),
      ...(owner === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: 'u', controller: true }] }),
    },
    spec: { containers: [{ name: 'main', image: 'crm:1' }] },
    status: {
      phase,
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: ready ? 'True' : 'False' },
      ],
      containerStatuses: [
        {
          name: 'main',
          state,
          lastState: outOfMemoryAt === undefined ? {} : { terminated },
          ready,
          restartCount: restarts,
          image: 'crm:1',
          imageID: '',
        },
      ],
    },
  };
}
