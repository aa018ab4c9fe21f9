// What Railway's API answers, as changes and units. It trusts no field, above all not `meta`, which has no type, and sends nothing.
import { Unusable } from '../../domain/answer.ts';
import { type Fields, fieldsIn, isFields, labelText, textIn } from '../../domain/received.ts';
import type { Change, Changes, Phase } from './history.ts';
import type { Artefact, Sight } from './platform.ts';

export const MOST_DEPLOYMENTS = 100;
const MOST_UNITS = 500;

/** null: it is live or was, which is told by what is active. */
const PHASES: Readonly<Record<string, Phase | null>> = {
  BUILDING: 'begun',
  DEPLOYING: 'begun',
  INITIALIZING: 'begun',
  QUEUED: 'begun',
  WAITING: 'begun',
  FAILED: 'failed',
  SUCCESS: null,
  SLEEPING: null,
  CRASHED: null,
  REMOVING: null,
  REMOVED: null,
  /** It waits for a person, perhaps for ever; the other one was left out because nothing of it had changed. */
  NEEDS_APPROVAL: 'gone',
  SKIPPED: 'gone',
};

export interface Deployment extends Change {
  readonly status: string;
  readonly commit: string | null;
  readonly branch: string | null;
  readonly image: string | null;
  readonly isStopped: boolean;
  /** When its status last changed; null where it is not said. */
  readonly statusAt: number | null;
  readonly instances: readonly { readonly id: string; readonly status: string }[];
}

export interface Told extends Sight {
  /** How many instances there should be; null where it is not said. */
  readonly replicas: number | null;
  readonly changes: readonly Deployment[];
}

/** @throws Unusable */
export function sightIn(json: unknown): Told {
  const { deployments, serviceInstance, serviceInstanceAutoDeployStatus: autoDeploy } = fieldsIn(json);
  const { edges } = fieldsIn(deployments);
  const { activeDeployments, numReplicas } = fieldsIn(serviceInstance);
  const enabled = fieldsIn(autoDeploy)['enabled'];
  if (!Array.isArray(edges) || !Array.isArray(activeDeployments) || typeof enabled !== 'boolean')
    throw new Unusable('the answer is not what was asked for');
  const active = new Set(activeDeployments.map((one) => textIn(fieldsIn(one)['id'])));
  const all = edges
    .slice(0, MOST_DEPLOYMENTS)
    .map((edge) => deploymentIn(fieldsIn(edge)['node']))
    .toSorted((a, b) => b.at - a.at);
  const live = liveAmong(all, active);
  const changes = all.map((one) => (one.id === live?.id ? { ...one, phase: 'live' as const } : one));
  const replicas = typeof numReplicas === 'number' && numReplicas > 0 && numReplicas <= MOST_UNITS ? numReplicas : null;
  return { replicas, changes, units: changes.filter((one) => active.has(one.id)).flatMap(unitsOf), frozen: !enabled };
}

/** The newest that is active and has got there; a crashed one is no longer active everywhere, and is live all the same. */
function liveAmong(all: readonly Deployment[], active: ReadonlySet<string>): Deployment | undefined {
  const there = all.filter((one) => ['SUCCESS', 'SLEEPING', 'CRASHED'].includes(one.status));
  return there.find((one) => active.has(one.id)) ?? there[0];
}

/** @throws Unusable */
function deploymentIn(json: unknown): Deployment {
  const { id, status, createdAt, statusUpdatedAt, canRollback, deploymentStopped, instances, meta } = fieldsIn(json);
  const [name, at, state] = [textIn(id), Date.parse(textIn(createdAt)), textIn(status)];
  const changedAt = Date.parse(textIn(statusUpdatedAt));
  const phase = Object.hasOwn(PHASES, state) ? PHASES[state] : undefined;
  if (!isId(name) || !Number.isFinite(at)) throw new Unusable('deployments: one has no id or no date');
  if (phase === undefined) throw new Unusable(`deployments: ${labelText(state, 40)} is no status that is known`);
  if (!Array.isArray(instances)) throw new Unusable('deployments: one has no instances');
  const { commit, image, key } = broughtBy(isFields(meta) ? meta : {}, name);
  const canReturn = canRollback === true;
  const units = instances
    .slice(0, MOST_UNITS)
    .map((one) => ({ id: labelText(fieldsIn(one)['id']), status: textIn(fieldsIn(one)['status']) }));
  return {
    id: name,
    mark: name.slice(0, 8),
    key,
    at,
    // Whether one that cannot be put back has ever been live, or was stopped on its way, cannot be told.
    phase: phase ?? (canReturn || state !== 'REMOVED' ? 'past' : 'gone'),
    canReturn,
    status: state,
    commit,
    branch: isFields(meta) ? labelText(meta['branch'], 250) || null : null,
    image,
    isStopped: deploymentStopped === true,
    statusAt: Number.isFinite(changedAt) ? changedAt : null,
    instances: units,
  };
}

export const isId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

/** A rollback brings the same commit, or the same image, under a new id. What says neither is only itself. */
function broughtBy(meta: Fields, id: string): { readonly commit: string | null; readonly image: string | null; readonly key: string } {
  const commit = textIn(meta['commitHash']).toLowerCase();
  if (/^[0-9a-f]{7,64}$/.test(commit)) return { commit, image: null, key: commit };
  const image = labelText([meta['imageDigest'], meta['image']].map(textIn).find((one) => one !== '') ?? '');
  if (image !== '') return { commit: null, image, key: `image ${image}` };
  return { commit: null, image: null, key: `deployment ${id}` };
}

/** Each instance; a deployment that sleeps, or that says nothing of its instances, is one unit. */
function unitsOf(one: Deployment): Sight['units'] {
  const { key, phase, status, isStopped, mark } = one;
  const isThere = phase === 'live' && !isStopped;
  const counted = one.instances.filter((unit) => !['REMOVED', 'REMOVING', 'EXITED', 'SKIPPED'].includes(unit.status));
  if (status === 'SLEEPING' || counted.length === 0)
    return phase === 'live' ? [{ id: mark, key, ready: isThere && status === 'SLEEPING' }] : [];
  return counted.map((unit) => ({ id: unit.id, key, ready: isThere && status === 'SUCCESS' && unit.status === 'RUNNING' }));
}

/** A digest, or an image's name with its tag, is told by its end. */
const shortOf = (image: string): string => image.replaceAll(/[^\w.:-]/g, '-').slice(-24);

export function artefactOf(change: Deployment): Artefact {
  const { commit, image, mark } = change;
  if (commit !== null) return { ref: commit.slice(0, 12), version: mark, commit, artefact: `commit ${commit}` };
  if (image !== null) return { ref: `image:${shortOf(image)}`, version: mark, artefact: image };
  return { ref: `deployment:${change.id}`, version: mark, artefact: `deployment ${change.id}` };
}

export function keyOf(changes: Changes, ref: string): string | null {
  const keys = new Set((changes as readonly Deployment[]).filter((one) => artefactOf(one).ref === ref).map((one) => one.key));
  return keys.size === 1 ? ([...keys][0] ?? null) : null;
}

const MOST_SERVICES = 500;

/** @throws Unusable */
export function namesIn(json: unknown): readonly { readonly id: string; readonly name: string }[] {
  const nodes = nodesOf(fieldsIn(fieldsIn(json)['project'])['services'], 'services', MOST_SERVICES);
  return nodes.flatMap(({ id, name, deletedAt }) =>
    isId(textIn(id)) && typeof deletedAt !== 'string' ? [{ id: textIn(id), name: textIn(name) }] : [],
  );
}

/** All of a list. @throws Unusable for one that is not told, and for one that goes on: what stands in the rest cannot be known */
export function nodesOf(connection: unknown, what: string, most: number): readonly Fields[] {
  const { edges, pageInfo } = fieldsIn(connection);
  if (!Array.isArray(edges)) throw new Unusable(`the answer does not tell its ${what}`);
  if (edges.length > most || fieldsIn(pageInfo)['hasNextPage'] === true)
    throw new Unusable(`it has more ${what} than one answer tells (${edges.length}): not all of them can be looked at`);
  return edges.map((edge) => fieldsIn(fieldsIn(edge)['node']));
}

/** Whose deployments they are: an id answers on when its service is called otherwise, or is being deleted. @throws Unusable */
export function ownerIn(json: unknown): { readonly name: string; readonly isDeleted: boolean } {
  const { name, deletedAt } = fieldsIn(fieldsIn(json)['service']);
  if (textIn(name) === '') throw new Unusable('the answer does not say how the service is called');
  return { name: textIn(name), isDeleted: typeof deletedAt === 'string' };
}

/** GraphQL says no with 200. @throws Unusable */
export function dataIn(json: unknown): unknown {
  const { data, errors } = fieldsIn(json);
  if (Array.isArray(errors) && errors.length > 0) {
    const said = labelText(fieldsIn(errors[0])['message'], 200);
    throw new Unusable(said === '' ? 'it answered with an error that says nothing' : said);
  }
  if (!isFields(data)) throw new Unusable('the answer holds no data');
  return data;
}

const REFUSALS: readonly string[] = ['BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN'];

/** What kind of error it is, by a word of its own; null for any other word. */
export function kindOfError(json: unknown): string | null {
  const { errors } = fieldsIn(json);
  const code = textIn(fieldsIn(fieldsIn(Array.isArray(errors) ? errors[0] : null)['extensions'])['code']);
  return [...REFUSALS, 'INTERNAL_SERVER_ERROR'].includes(code) ? code : null;
}

/** An error that says that nothing was begun. */
export function isRefusal(json: unknown): boolean {
  const { errors } = fieldsIn(json);
  const [error] = Array.isArray(errors) ? (errors as readonly unknown[]) : [];
  const { message, extensions } = fieldsIn(error);
  return REFUSALS.includes(textIn(fieldsIn(extensions)['code'])) || /^(not authorized|.{0,40}not found)/i.test(textIn(message));
}
