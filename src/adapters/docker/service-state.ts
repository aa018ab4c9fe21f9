// What the Engine says of one Swarm service and its tasks: what is live, what is on its way, and whether Swarm itself has taken a change
// back. Values in, values out.
import type { Instant } from '../../domain/json.ts';
import { type Fields, fieldsIn, isFields, labelText, textIn } from '../../domain/received.ts';
import type { TargetState } from '../../ports/deploy-target.ts';
import { OURS } from './container-config.ts';
import { type Image, refOf } from './images.ts';

const MOST_TASKS = 1_000;

export interface Service {
  readonly id: string;
  readonly version: number;
  readonly spec: Fields;
  /** As the specification writes it. */
  readonly image: string;
  readonly previousImage: string | null;
  /** Its labels of Belay were there before its last update: somebody else updated it, and carried them on. */
  readonly isCarriedOn: boolean;
  /** '' when nothing is on record: never updated, or not begun yet. */
  readonly update: string;
  readonly message: string;
  readonly changedAt: Instant;
  /** Null for a service that runs once on each node. */
  readonly replicas: number | null;
}

export interface Task {
  readonly id: string;
  readonly image: string;
  readonly isReady: boolean;
}

export interface BeforeUpdate {
  readonly release: string;
  readonly fingerprint: string;
  readonly changedAt: Instant;
  readonly previous: string | null;
}

/** `GET /services/{id}`; null when it is none. */
export function serviceIn(json: unknown): Service | null {
  const { ID: id, Version: version, Spec: spec, PreviousSpec: previous, UpdateStatus: update, UpdatedAt: at } = fieldsIn(json);
  const index = fieldsIn(version)['Index'];
  if (typeof id !== 'string' || !/^[a-z0-9]{1,64}$/.test(id) || !isFields(spec) || !Number.isSafeInteger(index)) return null;
  const status = fieldsIn(update);
  const mode = fieldsIn(spec['Mode']);
  const replicas = fieldsIn(mode['Replicated'])['Replicas'];
  return {
    id,
    version: index as number,
    spec,
    image: imageIn(spec),
    previousImage: isFields(previous) ? imageIn(previous) : null,
    isCarriedOn: isFields(previous) && ['key', 'before'].every((one) => labelOf(previous, one) === labelOf(spec, one)),
    update: textIn(status['State']),
    message: labelText(status['Message'], 300),
    changedAt: timeIn(status['StartedAt']) ?? timeIn(at) ?? 0,
    replicas: typeof replicas === 'number' && replicas >= 0 && replicas <= 100_000 ? replicas : null,
  };
}

const labelOf = (spec: Fields, name: string): string => textIn(fieldsIn(spec['Labels'])[`${OURS}${name}`]);

const imageIn = (spec: Fields): string => textIn(fieldsIn(fieldsIn(spec['TaskTemplate'])['ContainerSpec'])['Image']);

function timeIn(value: unknown): Instant | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) && at > 0 ? at : null;
}

/** `GET /tasks`: those that shall run; null when it is no list of tasks. */
export function tasksIn(json: unknown): readonly Task[] | null {
  if (!Array.isArray(json) || json.length > MOST_TASKS) return null;
  return json
    .map((one) => fieldsIn(one))
    .filter((task) => ['running', 'ready'].includes(textIn(task['DesiredState'])))
    .map((task) => ({
      id: labelText(task['ID'], 64),
      image: textIn(fieldsIn(fieldsIn(task['Spec'])['ContainerSpec'])['Image']),
      isReady: textIn(fieldsIn(task['Status'])['State']) === 'running',
    }));
}

/** `repo:tag@sha256:…`, `repo:tag` or `repo@sha256:…` as a release. */
export function releaseOf(images: readonly Image[], repository: string, written: string): string {
  const rest = written.startsWith(repository) ? written.slice(repository.length) : '';
  const [, tag, digest] = /^(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(rest) ?? [];
  if (digest === undefined) return tag ?? labelText(written);
  const image = images.find((one) => one.digest === digest);
  return image === undefined ? (tag ?? digest) : refOf(images, image.id, tag);
}

export const fingerprintOf = ({ id, version }: Service): string => `${id}@${version}`;

/** Written into the service's own labels, which change no task. */
export function labelsOfUpdate(
  labels: Fields,
  o: { readonly key: string; readonly release: string; readonly reason: string; readonly before: BeforeUpdate },
): Fields {
  return {
    ...labels,
    [`${OURS}key`]: o.key,
    [`${OURS}release`]: o.release,
    [`${OURS}reason`]: labelText(o.reason),
    [`${OURS}before`]: JSON.stringify(o.before),
  };
}

/** The update of ours that made the specification what it is; null when it is somebody else's. */
export function updateOf({
  spec,
  isCarriedOn,
}: Service): { readonly key: string; readonly release: string; readonly before: BeforeUpdate } | null {
  const [key, release] = [labelOf(spec, 'key'), labelOf(spec, 'release')];
  const before = beforeIn(labelOf(spec, 'before'));
  return isCarriedOn || key === '' || before === null ? null : { key, release, before };
}

function beforeIn(text: string): BeforeUpdate | null {
  try {
    const { release, fingerprint, changedAt, previous } = fieldsIn(JSON.parse(text));
    if (typeof release !== 'string' || typeof fingerprint !== 'string' || typeof changedAt !== 'number') return null;
    return { release, fingerprint, changedAt, previous: typeof previous === 'string' ? previous : null };
  } catch {
    // Somebody else's label: then it is not ours.
    return null;
  }
}

export interface Seen {
  readonly service: Service;
  readonly tasks: readonly Task[];
  readonly images: readonly Image[];
  readonly repository: string;
  readonly now: Instant;
}

/** An update of ours that takes longer no longer counts as one that will end: a new order may overtake it. */
const STUCK_MS = 120_000;

export function serviceState({ service, tasks, images, repository, now }: Seen): TargetState {
  const called = (image: string): string => releaseOf(images, repository, image);
  const wanted = called(service.image);
  const before = service.previousImage === null ? null : called(service.previousImage);
  const units = unitsOf(service, tasks, called);
  const mine = updateOf(service);
  const isMine = mine !== null && mine.release === wanted;
  const common = { units, frozen: false };
  const takenBack = service.update.startsWith('rollback') || service.update === 'paused';
  if (!takenBack && isOnItsWay(service, tasks)) {
    const old = isMine
      ? { ...mine.before, ...(now - service.changedAt > STUCK_MS ? { fingerprint: fingerprintOf(service) } : {}) }
      : { release: before ?? wanted, fingerprint: fingerprintOf(service), changedAt: service.changedAt, previous: null };
    return { ...common, ...old, inFlight: wanted };
  }
  return {
    ...common,
    release: wanted,
    fingerprint: fingerprintOf(service),
    changedAt: service.changedAt,
    previous: takenBack ? null : before === null || before === wanted ? (isMine ? mine.before.release : null) : before,
    ...(takenBack ? { gaveUp: `Swarm says ${service.update}${service.message === '' ? '' : `: ${service.message}`}` } : {}),
    ...(service.update === 'rollback_started' ? { inFlight: wanted } : {}),
  };
}

/** Swarm begins a moment after it has taken the order, and until then it says nothing. */
const isOnItsWay = ({ update, image }: Service, tasks: readonly Task[]): boolean =>
  update === 'updating' || (update === '' && tasks.some((one) => one.image !== image));

function unitsOf({ replicas }: Service, tasks: readonly Task[], called: (image: string) => string): TargetState['units'] {
  const found = tasks.map((one) => ({ id: one.id, release: called(one.image), ready: one.isReady }));
  const missing = found.length < (replicas ?? 1) ? [{ id: 'missing', release: '', ready: false }] : [];
  return [...found, ...missing];
}
