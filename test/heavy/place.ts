// One Deployment, `crm`, in a namespace of its own on a real control plane, with somebody who has the rights that our page names; and the hands of
// somebody who deploys to it. It judges nothing.
import type { KubernetesPart, Rule } from '../world/parts/kubernetes.ts';
import { eventually } from '../world/parts/shop.ts';

export const PATIENCE_MS = 60_000;
export const IMAGES = { old: 'registry.test/crm:v1.0.0', new: 'registry.test/crm:v1.1.0' };
/** What docs/targets/kubernetes.md says that it needs. */
export const TARGET_RIGHTS: readonly Rule[] = [
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'update'] },
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get', 'list'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
];

export interface Deployment {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly generation: number;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> } };
  };
  readonly status: Readonly<Record<string, unknown>>;
}
export interface Listed {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly annotations: Readonly<Record<string, string>>;
      readonly deletionTimestamp?: string;
      readonly ownerReferences?: readonly { readonly name: string }[];
    };
  }[];
}

let namespaces = 0;

/** A namespace with the Deployment `crm` of the old image, all of whose pods run. */
export async function place(cluster: KubernetesPart) {
  namespaces += 1;
  const namespace = `crm-${namespaces}`;
  const token = await cluster.namespace(namespace, TARGET_RIGHTS);
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const where = `${apps}/deployments/crm`;
  const read = async (): Promise<Deployment> => {
    const { status, json } = await cluster.ask('GET', where);
    if (status !== 200) throw new Error(`${where}: ${status} ${JSON.stringify(json)}`);
    return json as Deployment;
  };
  /** As `kubectl rollout status` waits for it. */
  const settled = () =>
    eventually(
      read,
      ({ metadata, spec, status }) =>
        Number(status['observedGeneration'] ?? 0) >= metadata.generation &&
        ['updatedReplicas', 'replicas', 'availableReplicas'].every((one) => status[one] === spec.replicas),
      PATIENCE_MS,
    );
  const seen = ({ metadata }: Deployment) =>
    eventually(read, ({ status }) => Number(status['observedGeneration'] ?? 0) >= metadata.generation, PATIENCE_MS);
  const patch = async (change: object): Promise<Deployment> => {
    const { status, json } = await cluster.ask('PATCH', where, change);
    if (status !== 200) throw new Error(`${where} was not changed: ${JSON.stringify(json)}`);
    await seen(json as Deployment);
    return json as Deployment;
  };
  const deploy = (image: string) => patch({ spec: { template: { spec: { containers: [{ name: 'main', image }] } } } });
  const made = await cluster.ask('POST', `${apps}/deployments`, deploymentOf(IMAGES.old));
  if (made.status !== 201) throw new Error(JSON.stringify(made.json));
  await settled();
  return { namespace, token, apps, where, read, settled, patch, deploy };
}

export function deploymentOf(image: string): object {
  const template = { metadata: { labels: { app: 'crm' } }, spec: { containers: [{ name: 'main', image }] } };
  const spec = { replicas: 2, progressDeadlineSeconds: 10, selector: { matchLabels: { app: 'crm' } }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'crm' }, spec };
}
