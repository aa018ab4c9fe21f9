// A list of pods as the API server gives it, as values and as samples. It trusts no field, judges nothing and sends nothing.
import { Unusable } from '../../domain/answer.ts';
import type { Instant } from '../../domain/json.ts';
import { type Fields, fieldsIn, isFields, labelsOf, textIn } from '../../domain/received.ts';
import type { Sample } from '../../domain/signal.ts';

export const MOST_PODS = 2_000;
const MOST_CONTAINERS = 64;
const NO_IMAGE: readonly string[] = ['ImagePullBackOff', 'ErrImagePull', 'InvalidImageName', 'ErrImageNeverPull'];
const OUT_OF_MEMORY = 'OOMKilled';

type Labels = Readonly<Record<string, string>>;

interface Container {
  readonly name: string;
  readonly restarts: number;
  /** Why it does not run now; '' when it does. */
  readonly waitsFor: string;
  /** Ends for want of memory that are known, by when. */
  readonly outOfMemoryAt: readonly Instant[];
}

export interface Pod {
  readonly name: string;
  readonly uid: string;
  /** Of its workload: the same for all of its pods, now and after the next deploy. */
  readonly labels: Labels;
  /** Neither done nor on its way out. */
  readonly isWanted: boolean;
  readonly isReady: boolean;
  readonly containers: readonly Container[];
}

export interface Page {
  readonly pods: readonly Pod[];
  /** Of the next page; '' after the last one. */
  readonly next: string;
}

/** @throws Unusable */
export function pageIn(json: unknown, org: string | undefined): Page {
  const { kind, items, metadata } = fieldsIn(json);
  if (kind !== 'PodList' || !Array.isArray(items)) throw new Unusable('the answer is no PodList');
  return { pods: items.map((one, index) => podIn(one, index, org)), next: textIn(fieldsIn(metadata)['continue']) };
}

function podIn(json: unknown, index: number, org: string | undefined): Pod {
  const { metadata, status: given } = fieldsIn(json);
  const meta = fieldsIn(metadata);
  const [name, uid] = [textIn(meta['name']), textIn(meta['uid'])];
  if (name === '' || uid === '') throw new Unusable(`pod ${index} of the list has no name or no uid`);
  const status = fieldsIn(given);
  const conditions = Array.isArray(status['conditions']) ? status['conditions'].map(fieldsIn) : [];
  const lists = [status['initContainerStatuses'], status['containerStatuses']].flatMap((one): unknown[] => (Array.isArray(one) ? one : []));
  if (lists.length > MOST_CONTAINERS)
    throw new Unusable(`pod ${index} of the list has ${lists.length} containers, more than ${MOST_CONTAINERS}`);
  const containers = lists.map((one) => containerIn(one, index));
  if (new Set(containers.map((one) => one.name)).size < containers.length)
    throw new Unusable(`pod ${index} of the list has two containers of one name`);
  return {
    name,
    uid,
    labels: labelsIn(meta, name, org),
    isWanted: meta['deletionTimestamp'] === undefined && !['Succeeded', 'Failed'].includes(textIn(status['phase'])),
    isReady: conditions.some((one) => one['type'] === 'Ready' && one['status'] === 'True'),
    containers,
  };
}

/** A ReplicaSet is called as its Deployment, a dash and the hash of the template, which its pods carry as a label. */
function labelsIn(meta: Fields, name: string, org: string | undefined): Labels {
  const labels = fieldsIn(meta['labels']);
  const own = (key: string): string => (Object.hasOwn(labels, key) ? textIn(labels[key]) : '');
  const owners = Array.isArray(meta['ownerReferences']) ? meta['ownerReferences'].map(fieldsIn) : [];
  const owner = textIn((owners.find((one) => one['controller'] === true) ?? owners[0])?.['name']);
  const hash = own('pod-template-hash');
  const workload = hash !== '' && owner.endsWith(`-${hash}`) ? owner.slice(0, -hash.length - 1) : owner;
  return labelsOf({ workload: workload || name, org: org === undefined ? '' : own(org) });
}

function containerIn(json: unknown, pod: number): Container {
  const { name, restartCount: restarts, state, lastState } = fieldsIn(json);
  if (typeof name !== 'string' || name === '') throw new Unusable(`pod ${pod} of the list has a container without a name`);
  if (typeof restarts !== 'number' || !Number.isSafeInteger(restarts) || restarts < 0)
    throw new Unusable(`pod ${pod} of the list: restartCount is not a number`);
  const ends = [state, lastState].map((one) => fieldsIn(one)['terminated']).filter(isFields);
  const outOfMemoryAt = ends.filter((one) => one['reason'] === OUT_OF_MEMORY).map((one) => Date.parse(textIn(one['finishedAt'])));
  return {
    name,
    restarts,
    waitsFor: textIn(fieldsIn(fieldsIn(state)['waiting'])['reason']),
    outOfMemoryAt: [...new Set(outOfMemoryAt.filter((at) => Number.isFinite(at) && at > 0))],
  };
}

export function samplesOf(
  pods: readonly Pod[],
  { at, endsAfter }: { readonly at: Instant; readonly endsAfter: Instant },
): readonly Sample[] {
  const workloads = new Map<string, Pod[]>();
  for (const one of pods) {
    const key = JSON.stringify(one.labels);
    workloads.set(key, [...(workloads.get(key) ?? []), one]);
  }
  const seen = new Set<string>();
  return [
    ...[...workloads.values()].flatMap((all) => valuesOf(all, at)),
    ...pods.flatMap((pod) =>
      pod.containers.flatMap((one): readonly Sample[] => {
        const labels = labelsOf({ ...pod.labels, pod: pod.name, container: one.name });
        const key = JSON.stringify(labels);
        if (seen.has(key)) throw new Unusable('two pods of the list have the same name');
        seen.add(key);
        return [
          { kind: 'total', name: 'kube_restarts', labels, at, total: one.restarts },
          ...one.outOfMemoryAt
            .filter((end) => end > endsAfter)
            .map((end): Sample => {
              const id = `${pod.uid.slice(0, 64)}/${one.name.slice(0, 64)}/${end}`;
              return { kind: 'delta', id, name: 'kube_out_of_memory', labels, at: Math.min(end, at), delta: 1 };
            }),
        ];
      }),
    ),
  ];
}

function valuesOf(pods: readonly Pod[], at: Instant): readonly Sample[] {
  const labels = pods[0]?.labels ?? {};
  const wanted = pods.filter((one) => one.isWanted);
  const waiting = wanted.flatMap((one) => one.containers.map(({ waitsFor }) => waitsFor));
  const value = (name: string, number: number): Sample => ({ kind: 'value', name, labels, at, value: number });
  return [
    value('kube_pods', wanted.length),
    value('kube_pods_ready', wanted.filter((one) => one.isReady).length),
    value('kube_pods_not_ready', wanted.filter((one) => !one.isReady).length),
    value('kube_crash_looping', waiting.filter((one) => one === 'CrashLoopBackOff').length),
    value('kube_without_image', waiting.filter((one) => NO_IMAGE.includes(one)).length),
  ];
}
