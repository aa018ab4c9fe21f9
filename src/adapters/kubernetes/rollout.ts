// What the API server says of one Deployment, its ReplicaSets and their pods, as releases and as the state of a target. A release is a
// ReplicaSet: its name stays, while revision numbers move with each rollback. Values in, values out.
import type { Instant } from '../../domain/json.ts';
import { type Fields, fieldsIn, labelText, textIn } from '../../domain/received.ts';
import type { Release, TargetState } from '../../ports/deploy-target.ts';

const MOST = 2_000;
const REVISION = 'deployment.kubernetes.io/revision';
export const CAUSE = 'kubernetes.io/change-cause';
export const OURS = 'belay.dev/';

export interface ReplicaSet {
  readonly name: string;
  readonly revision: number;
  readonly createdAt: Instant;
  /** Why it was made, where somebody said so. */
  readonly cause: string;
  readonly template: Fields;
  /** Of its containers, in their order. */
  readonly images: readonly string[];
}

export interface Pod {
  readonly name: string;
  /** Of its ReplicaSet. */
  readonly owner: string;
  readonly isReady: boolean;
}

export interface Seen {
  readonly deployment: Fields;
  /** Newest revision first. */
  readonly sets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
}

const metaOf = (json: unknown): Fields => fieldsIn(fieldsIn(json)['metadata']);
const annotationsOf = (json: unknown): Fields => fieldsIn(metaOf(json)['annotations']);
const numberIn = (value: unknown): number => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0);
const listIn = (json: unknown): readonly unknown[] => {
  const { items } = fieldsIn(json);
  return Array.isArray(items) ? items.slice(0, MOST) : [];
};
const timeIn = (value: unknown): Instant => {
  const at = Date.parse(textIn(value));
  return Number.isFinite(at) ? at : 0;
};

/** `app=crm,tier=web`; null for a Deployment whose selector is more than labels, which this cannot say in a query. */
export function selectorOf(deployment: Fields): string | null {
  const { matchLabels, matchExpressions } = fieldsIn(fieldsIn(deployment['spec'])['selector']);
  const pairs = Object.entries(fieldsIn(matchLabels));
  if (matchExpressions !== undefined || pairs.length === 0) return null;
  return pairs.map(([key, value]) => `${key}=${textIn(value)}`).join(',');
}

/** Those of the Deployment itself, newest revision first. */
export function setsIn(json: unknown, deployment: Fields): readonly ReplicaSet[] {
  const uid = metaOf(deployment)['uid'];
  return listIn(json)
    .filter((one) => ownersOf(one).some((owner) => owner['uid'] === uid))
    .map((one) => {
      const template = fieldsIn(fieldsIn(fieldsIn(one)['spec'])['template']);
      const { containers } = fieldsIn(template['spec']);
      return {
        name: textIn(metaOf(one)['name']),
        revision: Number(textIn(annotationsOf(one)[REVISION])) || 0,
        createdAt: timeIn(metaOf(one)['creationTimestamp']),
        cause: textIn(annotationsOf(one)[CAUSE]),
        template,
        images: Array.isArray(containers) ? containers.map((container) => labelText(fieldsIn(container)['image'])) : [],
      };
    })
    .filter((one) => one.name !== '')
    .toSorted((a, b) => b.revision - a.revision);
}

const ownersOf = (json: unknown): readonly Fields[] => {
  const { ownerReferences } = metaOf(json);
  return Array.isArray(ownerReferences) ? ownerReferences.map(fieldsIn) : [];
};

/** Neither ended nor on their way out, of these ReplicaSets. */
export function podsIn(json: unknown, sets: readonly ReplicaSet[]): readonly Pod[] {
  const names = new Set(sets.map((one) => one.name));
  return listIn(json)
    .filter((one) => metaOf(one)['deletionTimestamp'] === undefined)
    .map((one) => {
      const { phase, conditions } = fieldsIn(fieldsIn(one)['status']);
      const isReady = Array.isArray(conditions) && conditions.map(fieldsIn).some((is) => is['type'] === 'Ready' && is['status'] === 'True');
      const owner = textIn(ownersOf(one).find((is) => names.has(textIn(is['name'])))?.['name']);
      return { name: labelText(metaOf(one)['name']), owner, isReady: isReady && phase === 'Running', phase: textIn(phase) };
    })
    .filter((one) => one.owner !== '' && !['Succeeded', 'Failed'].includes(one.phase))
    .map(({ name, owner, isReady }) => ({ name, owner, isReady }));
}

/** The last part of an image's name that people know it by: its tag, or the beginning of its digest. */
export function tagOf(image: string): string {
  const [, tag, digest] = /^[^@]*?(?::([\w][\w.-]*))?(?:@sha256:([0-9a-f]{12})[0-9a-f]*)?$/.exec(image) ?? [];
  return tag ?? digest ?? image;
}

export function releasesOf({ sets, ...seen }: Seen): readonly Release[] {
  const { release } = stateOf({ sets, ...seen });
  return sets
    .map(
      (one): Release => ({
        ref: one.name,
        version: one.images.map(tagOf).join('+') || one.name,
        artefact: one.images.join(', '),
        createdAt: one.createdAt,
        status: one.name === release ? 'live' : 'available',
      }),
    )
    .toSorted((a, b) => b.createdAt - a.createdAt || b.ref.localeCompare(a.ref));
}

/** What Belay wrote when it last changed the Deployment; null when that is not what it is now. */
export interface Mine {
  readonly key: string;
  readonly release: string;
  readonly before: Pick<TargetState, 'release' | 'fingerprint' | 'changedAt' | 'previous'>;
}

export function mineIn(deployment: Fields): Mine | null {
  const own = annotationsOf(deployment);
  const [key, release, text] = ['key', 'release', 'before'].map((one) => textIn(own[`${OURS}${one}`]));
  try {
    const before = fieldsIn(JSON.parse(text ?? ''));
    const { release: was, fingerprint, changedAt, previous, generation } = before;
    // A change of somebody else carries annotations on: the number of changes tells them apart.
    if (numberIn(metaOf(deployment)['generation']) !== numberIn(generation) + 1) return null;
    if (typeof was !== 'string' || typeof fingerprint !== 'string' || typeof changedAt !== 'number') return null;
    return {
      key: key ?? '',
      release: release ?? '',
      before: { release: was, fingerprint, changedAt, previous: typeof previous === 'string' ? previous : null },
    };
  } catch {
    // None of Belay's, or somebody else's words.
    return null;
  }
}

export const generationOf = (deployment: Fields): number => numberIn(metaOf(deployment)['generation']);

export function stateOf({ deployment, sets, pods }: Seen): TargetState {
  const [spec, status] = [fieldsIn(deployment['spec']), fieldsIn(deployment['status'])];
  const conditions = Array.isArray(status['conditions']) ? status['conditions'].map(fieldsIn) : [];
  const progress = conditions.find((one) => one['type'] === 'Progressing') ?? {};
  const isObserved = numberIn(status['observedGeneration']) >= generationOf(deployment);
  const revision = textIn(annotationsOf(deployment)[REVISION]) || '0';
  const newest = sets[0];
  const replicas = typeof spec['replicas'] === 'number' ? Math.min(numberIn(spec['replicas']), MOST) : 1;
  const [updated, all] = [numberIn(status['updatedReplicas']), numberIn(status['replicas'])];
  const gaveUp =
    progress['status'] === 'False' && isObserved
      ? { gaveUp: labelText(`${textIn(progress['reason'])}: ${textIn(progress['message'])}`, 300) }
      : {};
  const found = pods.map((pod) => ({ id: pod.name, release: pod.owner, ready: pod.isReady }));
  const missing = Array.from({ length: Math.max(0, replicas - found.length) }, (_, n) => ({
    id: `not there ${n + 1}`,
    release: '',
    ready: false,
  }));
  const common = { units: [...found, ...missing], frozen: spec['paused'] === true, ...gaveUp };
  const fingerprint = `${textIn(metaOf(deployment)['uid']).slice(0, 8)}@${revision}${isObserved ? '' : `+${generationOf(deployment)}`}`;
  const mine = mineIn(deployment);
  const own = mine !== null && (!isObserved || mine.release === newest?.name) ? mine : null;
  const isRolling = !isObserved || updated < replicas || all > updated;
  if (isRolling && newest !== undefined && gaveUp.gaveUp === undefined) {
    const old = sets.find((one) => one.name !== newest.name && pods.some((pod) => pod.owner === one.name)) ?? sets[1];
    if (own !== null) return { ...common, ...own.before, inFlight: own.release };
    return {
      ...common,
      release: old?.name ?? newest.name,
      fingerprint,
      changedAt: newest.createdAt,
      previous: null,
      inFlight: newest.name,
    };
  }
  return {
    ...common,
    release: newest?.name ?? '',
    fingerprint,
    changedAt: timeIn(progress['lastUpdateTime']) || (newest?.createdAt ?? 0),
    previous: sets[1]?.name ?? null,
  };
}
