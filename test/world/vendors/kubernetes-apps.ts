// The API server of Kubernetes as far as Belay changes Deployments: one Deployment with its ReplicaSets and pods, for who shows the right token,
// and the controller behind it: it numbers revisions, reuses a ReplicaSet of the same template, gets there, takes its time, or misses its
// deadline. Written from the API reference (apps/v1 Deployment, ReplicaSet; core/v1 Pod, Status) and what a real 1.20 did.
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const CAUSE = 'kubernetes.io/change-cause';
type Labels = Readonly<Record<string, string>>;
interface Template {
  readonly metadata: { readonly labels: Labels };
  readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] };
}
interface Meta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly annotations: Labels;
  readonly creationTimestamp: string;
}
interface Deployment {
  readonly metadata: Meta;
  readonly spec: {
    readonly replicas: number;
    readonly paused?: boolean;
    readonly selector: { readonly matchLabels: Labels };
    readonly template: Template;
  };
  readonly status: Readonly<Record<string, unknown>>;
}
interface Set {
  readonly name: string;
  readonly template: Template;
  readonly createdAt: string;
  revision: number;
  /** Those of the Deployment while this was its newest. */
  annotations: Labels;
}
interface Pod {
  readonly name: string;
  readonly set: string;
  readonly ready: boolean;
}

export interface AppsServer extends VendorServer {
  readonly world: {
    deployment: Deployment;
    sets: Set[];
    pods: Pod[];
    /** What becomes of the next rollout. */
    next: 'succeeds' | 'lasts' | 'fails';
    /** 200, and nothing happens. */
    lies: boolean;
    /** Right before the next change is looked at. */
    before: (() => void) | null;
  };
  readonly ledger: { readonly by: 'api' | 'somebody'; readonly image: string }[];
  /** As `kubectl set image`, and `kubectl annotate` of why. */
  deploy(image: string, cause?: string): void;
  /** Its controller writes what became of a pod. */
  touch(): void;
  /** As `kubectl scale`, or an autoscaler. */
  scale(replicas: number): void;
  pause(on: boolean): void;
  settle(): void;
  prune(set: string): void;
}

const NAME = 'crm';
const LABELS = { app: NAME };
const templateOf = (image: string): Template => ({ metadata: { labels: LABELS }, spec: { containers: [{ name: 'main', image }] } });
const hashOf = (template: Template): string => createHash('sha256').update(JSON.stringify(template.spec)).digest('hex').slice(0, 9);
/** What a release of this image is called. */
export const setOf = (image: string): string => `${NAME}-${hashOf(templateOf(image))}`;
const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

export async function startKubernetesApps(o: {
  readonly token: string;
  readonly namespace: string;
  readonly image: string;
}): Promise<AppsServer> {
  const metadata = {
    name: NAME,
    namespace: o.namespace,
    uid: 'd0d0d0d0-1',
    resourceVersion: '1',
    generation: 1,
    annotations: {},
    creationTimestamp: now(),
  };
  const spec = { replicas: 2, selector: { matchLabels: LABELS }, template: templateOf(o.image) };
  const world: AppsServer['world'] = {
    deployment: { metadata, spec, status: {} },
    sets: [],
    pods: [],
    next: 'succeeds',
    lies: false,
    before: null,
  };
  const ledger: AppsServer['ledger'] = [];
  reconcile(world);
  const server = await startVendor((asked): VendorReply => {
    if (asked.headers['authorization'] !== `Bearer ${o.token}`) return refusal(401, 'Unauthorized');
    const apps = `/apis/apps/v1/namespaces/${o.namespace}`;
    if (asked.method === 'GET' && asked.path === `${apps}/deployments/${NAME}`)
      return { status: 200, json: asDeployment(world.deployment) };
    if (asked.method === 'GET' && asked.path === `${apps}/replicasets`) return selected(asked.query, () => setList(world));
    if (asked.method === 'GET' && asked.path === `/api/v1/namespaces/${o.namespace}/pods`)
      return selected(asked.query, () => podList(world));
    if (asked.method === 'PUT' && asked.path === `${apps}/deployments/${NAME}`) {
      demand(asked.headers['content-type'] === 'application/json', 'the body is not said to be JSON', 415);
      const { before } = world;
      world.before = null;
      before?.();
      return put(world, JSON.parse(asked.body) as Deployment, ledger);
    }
    return refusal(404, `${asked.path} not found`);
  });
  const byHand = (change: Partial<Deployment['spec']>): void => {
    world.deployment = changed(world.deployment, { ...world.deployment.spec, ...change }, world.deployment.metadata.annotations);
    reconcile(world);
  };
  return Object.assign(server, {
    world,
    ledger,
    touch: () => {
      world.deployment = changed(world.deployment, world.deployment.spec, world.deployment.metadata.annotations);
    },
    deploy: (image: string, cause?: string) => {
      ledger.push({ by: 'somebody', image });
      const { metadata } = world.deployment;
      const annotations = { ...metadata.annotations, ...(cause === undefined ? {} : { [CAUSE]: cause }) };
      world.deployment = { ...world.deployment, metadata: { ...metadata, annotations } };
      byHand({ template: templateOf(image) });
    },
    scale: (replicas: number) => byHand({ replicas }),
    pause: (paused: boolean) => byHand({ paused }),
    settle: () => {
      world.next = 'succeeds';
      reconcile(world);
    },
    prune: (set: string) => {
      world.sets = world.sets.filter((one) => one.name !== set);
    },
  });
}

function changed(was: Deployment, spec: Deployment['spec'], annotations: Labels): Deployment {
  const isOther = !isDeepStrictEqual(spec, was.spec);
  const { metadata } = was;
  const resourceVersion = String(Number(metadata.resourceVersion) + 1);
  return { ...was, spec, metadata: { ...metadata, annotations, resourceVersion, generation: metadata.generation + (isOther ? 1 : 0) } };
}

function put(world: AppsServer['world'], body: Deployment, ledger: AppsServer['ledger']): VendorReply {
  const { metadata, spec } = world.deployment;
  if (body.metadata.resourceVersion !== metadata.resourceVersion)
    return refusal(
      409,
      `Operation cannot be fulfilled on deployments.apps "${NAME}": the object has been modified; please apply your changes to the latest version and try again`,
    );
  if (body.metadata.uid !== metadata.uid) return refusal(409, 'Precondition failed: UID in precondition');
  if (!isDeepStrictEqual(body.spec.selector, spec.selector)) return refusal(422, 'spec.selector: Invalid value: field is immutable');
  const { labels } = body.spec.template.metadata;
  if (Object.entries(spec.selector.matchLabels).some(([key, value]) => labels[key] !== value))
    return refusal(422, 'spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`');
  // Accepted by the real one, too, and then every rollout would carry it for ever.
  demand(!('pod-template-hash' in labels), 'the template carries the hash of a ReplicaSet');
  if (!world.lies) {
    world.deployment = changed(world.deployment, body.spec, body.metadata.annotations);
    ledger.push({ by: 'api', image: body.spec.template.spec.containers[0]?.image ?? '' });
    reconcile(world);
  }
  return { status: 200, json: asDeployment(world.deployment) };
}

function reconcile(world: AppsServer['world']): void {
  const { spec, metadata } = world.deployment;
  if (spec.paused === true) {
    report(world, { progressing: 'Unknown', reason: 'DeploymentPaused' });
    return;
  }
  const top = Math.max(0, ...world.sets.map((one) => one.revision));
  let set = world.sets.find((one) => isDeepStrictEqual(one.template, spec.template));
  if (set === undefined) {
    const createdAt = `${new Date(Date.now() - (60 - world.sets.length) * 1000).toISOString().slice(0, 19)}Z`;
    set = { name: `${NAME}-${hashOf(spec.template)}`, template: spec.template, createdAt, revision: 0, annotations: {} };
    world.sets.push(set);
  }
  const isNew = set.revision < top || set.revision === 0;
  if (isNew) set.revision = top + 1;
  set.annotations = metadata.annotations;
  world.deployment = {
    ...world.deployment,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [REVISION]: String(set.revision) } },
  };
  const name = set.name;
  const mine = Array.from({ length: spec.replicas }, (_, n) => ({ name: `${name}-${n}`, set: name, ready: world.next === 'succeeds' }));
  const others = world.pods.filter((one) => one.set !== name);
  const isThere = world.pods.filter((one) => one.set === name && one.ready).length >= spec.replicas && others.length === 0;
  world.pods = world.next === 'succeeds' || isThere ? mine.map((one) => ({ ...one, ready: true })) : [...others, ...mine];
  report(
    world,
    world.next === 'fails' && !isThere
      ? { progressing: 'False', reason: 'ProgressDeadlineExceeded' }
      : { progressing: 'True', reason: 'NewReplicaSetAvailable' },
    name,
  );
}

function report(world: AppsServer['world'], o: { readonly progressing: string; readonly reason: string }, newest?: string): void {
  const { pods, deployment } = world;
  const updatedReplicas = newest === undefined ? deployment.status['updatedReplicas'] : pods.filter((one) => one.set === newest).length;
  const condition = {
    type: 'Progressing',
    status: o.progressing,
    reason: o.reason,
    message: `ReplicaSet "${newest ?? ''}"`,
    lastUpdateTime: now(),
  };
  const status = { observedGeneration: deployment.metadata.generation, replicas: pods.length, updatedReplicas, conditions: [condition] };
  world.deployment = { ...deployment, status };
}

const asDeployment = (one: Deployment): object => ({ kind: 'Deployment', apiVersion: 'apps/v1', ...one });

function selected(query: URLSearchParams, list: () => object): VendorReply {
  demand(query.get('labelSelector') === `app=${NAME}`, `labelSelector ${query.get('labelSelector')} is not that of the Deployment`);
  return { status: 200, json: list() };
}

function setList({ sets, deployment }: AppsServer['world']): object {
  const { uid, namespace } = deployment.metadata;
  const items = sets.map((one) => {
    const labels = { ...one.template.metadata.labels, 'pod-template-hash': one.name.slice(NAME.length + 1) };
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: NAME, uid, controller: true }];
    const annotations = { ...one.annotations, [REVISION]: String(one.revision) };
    const metadata = {
      name: one.name,
      namespace,
      uid: `uid-of-${one.name}`,
      labels,
      annotations,
      ownerReferences,
      creationTimestamp: one.createdAt,
    };
    return { metadata, spec: { template: { ...one.template, metadata: { ...one.template.metadata, labels } } } };
  });
  // One of another Deployment with the same labels.
  const foreign = {
    metadata: { name: 'other-1', ownerReferences: [{ uid: 'another' }], annotations: { [REVISION]: '99' } },
    spec: { template: {} },
  };
  return { kind: 'ReplicaSetList', apiVersion: 'apps/v1', metadata: {}, items: [...items, foreign] };
}

function podList({ pods, deployment }: AppsServer['world']): object {
  const items = pods.map((one) => ({
    metadata: {
      name: one.name,
      namespace: deployment.metadata.namespace,
      ownerReferences: [{ kind: 'ReplicaSet', name: one.set, controller: true }],
    },
    status: { phase: one.ready ? 'Running' : 'Pending', conditions: [{ type: 'Ready', status: one.ready ? 'True' : 'False' }] },
  }));
  const going = {
    metadata: { name: 'going', deletionTimestamp: now(), ownerReferences: [{ name: pods[0]?.set ?? '' }] },
    status: { phase: 'Running' },
  };
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [...items, going] };
}

function refusal(code: number, message: string): VendorReply {
  const reason = { 401: 'Unauthorized', 404: 'NotFound', 409: 'Conflict', 422: 'Invalid' }[code] ?? 'BadRequest';
  return { status: code, json: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code } };
}
