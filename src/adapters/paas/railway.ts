// Railway: deployments of one service in one environment. A rollback names a deployment and answers a bare yes, so what came of it is seen
// by looking; a release is told by its commit, or by its image. The variables of that deployment come back with it.
import { Unusable, withoutSecrets } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import { fieldsIn, labelText } from '../../domain/received.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';
import type { DeployTarget } from '../../ports/deploy-target.ts';
import { type Ask, type AskDeps, asking, demandToken, UNSHOWN, wrongOption } from './ask.ts';
import { type Artefact, type Platform, targetOn } from './platform.ts';
import {
  artefactOf,
  type Deployment,
  dataIn,
  isId,
  isRefusal,
  keyOf,
  kindOfError,
  MOST_DEPLOYMENTS,
  namesIn,
  ownerIn,
  sightIn,
  type Told,
} from './railway-answers.ts';

const LOOK = `query Look($project: String!, $environment: String!, $service: String!, $first: Int!) {
  deployments(first: $first, input: { projectId: $project, environmentId: $environment, serviceId: $service }) {
    edges { node { id status createdAt statusUpdatedAt canRollback deploymentStopped meta instances { id status } } }
  }
  serviceInstance(environmentId: $environment, serviceId: $service) { numReplicas activeDeployments { id } }
  serviceInstanceAutoDeployStatus(projectId: $project, environmentId: $environment, serviceId: $service) { enabled }
  service(id: $service) { name deletedAt }
}`;
const NAMES =
  'query Names($project: String!) { project(id: $project) { services { edges { node { id name deletedAt } } pageInfo { hasNextPage } } } }';
const ROLL_BACK = 'mutation RollBack($id: String!) { deploymentRollback(id: $id) }';
export const DEPLOY = `mutation Deploy($environment: String!, $service: String!, $commit: String!) {
  serviceInstanceDeployV2(environmentId: $environment, serviceId: $service, commitSha: $commit)
}`;
export const CANCEL = 'mutation Cancel($id: String!) { deploymentCancel(id: $id) }';
export const AUTO_DEPLOY = `mutation AutoDeploy($input: ServiceInstanceAutoDeployUpdateInput!) {
  serviceInstanceAutoDeployUpdate(input: $input) { enabled }
}`;

export interface Service {
  readonly name: string;
  readonly ask: Ask;
  readonly url: string;
  /** What Railway says may repeat the token. */
  readonly plain: (text: string) => string;
  /** A service that is called by its name is looked for: made anew it has another id. */
  ids(): Promise<Ids>;
  /** The name that it is called by; null for one that is called by its id. */
  readonly called: string | null;
  /** What was found is not believed any more. @returns whether it had been found by its name */
  forget(): boolean;
}
/** What one look saw, and of which service. */
export interface Seen extends Told {
  readonly service: string;
  readonly changes: readonly Owned[];
}
export interface Owned extends Deployment {
  /** The id of its service. */
  readonly of: string;
}
export interface Ids {
  readonly project: string;
  readonly environment: string;
  readonly service: string;
}

/** @throws BELAY_CONFIG_INVALID */
export function serviceAt(options: TargetOptions<'railway'>, deps: AskDeps): Service {
  const { project, environment, service, token, tokenOf, url, timeoutMs } = options;
  for (const [what, id] of Object.entries({ project, environment }))
    if (!isId(id)) throw wrongOption('railway', `${what}: it is an id such as 6b1f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c, not a name`);
  if (!isId(service) && !/^[\w][\w .-]{0,63}$/.test(service)) throw wrongOption('railway', 'service: it is neither an id nor a name');
  demandToken('railway', token);
  const key: Readonly<Record<string, string>> =
    tokenOf === 'project' ? { 'project-access-token': token } : { authorization: `Bearer ${token}` };
  const name = `Railway service ${service}`;
  const headers = { accept: 'application/json', 'content-type': 'application/json', ...key };
  let found: string | null = isId(service) ? service : null;
  const place: Service = {
    ...{
      name,
      url,
      called: isId(service) ? null : service,
      plain: (text) => withoutSecrets(text, [token]),
      ask: asking({ name, token, headers, timeoutMs }, deps),
    },
    ids: async () => {
      found ??= await idOf(place, project, service);
      return { project, environment, service: found };
    },
    forget: () => {
      if (isId(service) || found === null) return false;
      found = null;
      return true;
    },
  };
  return place;
}

/** @throws BELAY_TARGET_UNREACHABLE */
async function idOf(place: Service, project: string, wanted: string): Promise<string> {
  const named = await namedIn(place, project);
  const [id, another] = named.flatMap((one) => (one.name === wanted ? [one.id] : []));
  if (id !== undefined && another === undefined) return id;
  throw new BelayError('BELAY_TARGET_UNREACHABLE', `Railway: ${id === undefined ? 'no service is' : 'two services are'} called ${wanted}`, {
    hint: `There are: ${named.map((one) => labelText(one.name, 64)).join(', ') || 'none'}.`,
  });
}

/** Of the whole project. @throws BELAY_TARGET_UNREACHABLE */
export async function namedIn(place: Service, project: string): Promise<readonly { readonly id: string; readonly name: string }[]> {
  return asked(place, NAMES, { project }, namesIn);
}

/** One question and what is read in its answer. @throws BELAY_TARGET_UNREACHABLE */
export async function asked<T>(
  place: Service,
  query: string,
  variables: Readonly<Record<string, unknown>>,
  read: (data: unknown) => T,
): Promise<T> {
  const json = await post(place, query, variables, false);
  try {
    return read(dataIn(json));
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', place.plain(`${place.name}: ${error.message}`), {
      hint: 'Check the ids and the token.',
    });
  }
}

/** @throws BELAY_CONFIG_INVALID */
export function createRailway(options: TargetOptions<'railway'>, deps: AskDeps): DeployTarget {
  const place = serviceAt(options, deps);
  const { name } = place;
  const target = targetOn(
    {
      caps: { compareAndSet: 'none', freeze: true, restoresConfig: 'custom' },
      name,
      hint: 'Look at the deployments of the service: those older than the retention of the plan cannot be put back.',
      look: () => look(place),
      changes: async () => (await look(place)).changes,
      describe: async (changes, keys) => described(changes as readonly Deployment[], keys),
      keyOf,
      isThere: async ({ canReturn }) => canReturn,
      put: async (change) => {
        await demandStill(place, (change as Owned).of);
        demandYes(place, await act(place, ROLL_BACK, { id: change.id }), 'deploymentRollback');
      },
      freeze: (on) => setAutoDeploy(place, !on),
    } satisfies Platform,
    deps.time,
  );
  return {
    ...target,
    abort: (inFlight) => abort(place, inFlight),
    commits: {
      // As `artefactOf` calls it.
      refOf: (commit) => (/^[0-9a-f]{40}$/i.test(commit) ? commit.toLowerCase().slice(0, 12) : null),
      deploy: async (commit) => {
        place.forget();
        const { environment, service } = await place.ids();
        await act(place, DEPLOY, { environment, service, commit: commit.toLowerCase() });
      },
    },
  };
}

/** One question, so that all of it is of the same moment. @throws BELAY_TARGET_UNREACHABLE */
export async function look(place: Service): Promise<Seen> {
  const seen = (await lookOnce(place, false)) ?? (await lookOnce(place, true));
  if (seen !== null) return seen;
  throw new BelayError('BELAY_TARGET_UNREACHABLE', `${place.name}: it has been deleted, or has another name`, {
    hint: 'Look at the services of the project, and at what belay.yaml calls this one.',
  });
}

/** Null: what was found under the name has it no more, though it still answers. */
async function lookOnce(place: Service, isLast: boolean): Promise<Seen | null> {
  try {
    const ids = await place.ids();
    const [told, owner] = await asked(place, LOOK, { ...ids, first: MOST_DEPLOYMENTS }, (data) => [sightIn(data), ownerIn(data)] as const);
    const { service } = ids;
    if (!owner.isDeleted && (place.called === null || owner.name === place.called))
      return { ...told, service, changes: told.changes.map((one) => ({ ...one, of: service })) };
    place.forget();
    return null;
  } catch (error) {
    // One of that name may have been made anew, and nobody may ask for the one of before.
    if (place.forget() && !isLast) return null;
    throw error;
  }
}

/** Right before each act the name is looked up anew: one that was renamed still answers. @throws BELAY_TARGET_CONFLICT */
export async function demandStill(place: Service, service: string): Promise<void> {
  if (place.called === null) return;
  place.forget();
  if ((await place.ids()).service === service) return;
  throw new BelayError('BELAY_TARGET_CONFLICT', `${place.name}: another service has this name by now`, {
    effect: 'none',
    hint: 'It was renamed or made anew in between: plan again.',
  });
}

async function post({ ask, url }: Service, query: string, variables: Readonly<Record<string, unknown>>, acts: boolean): Promise<unknown> {
  return ask({ method: 'POST', url, body: JSON.stringify({ query, variables }), acts, unquoted: hasValues(variables) });
}

/** Variables of a service: GraphQL says of what it refuses how it was written. */
const hasValues = ({ input }: Readonly<Record<string, unknown>>): boolean => fieldsIn(input)['variables'] !== undefined;

/** Only what says that it was refused has not been taken: an error of the server may have come afterwards. */
export async function act(place: Service, query: string, variables: Readonly<Record<string, unknown>>): Promise<unknown> {
  const json = await post(place, query, variables, true);
  try {
    return dataIn(json);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    const hasRefused = json === null || isRefusal(json);
    const why = hasValues(variables) ? `it did not say yes (${kindOfError(json) ?? 'no known code'})${UNSHOWN}` : error.message;
    throw new BelayError(hasRefused ? 'BELAY_ACT_FAILED' : 'BELAY_DEPLOY_TIMEOUT', place.plain(`${place.name}: ${why}`), {
      effect: hasRefused ? 'none' : 'unknown',
      hint: 'Look what is live before doing it again.',
    });
  }
}

export function demandYes({ name }: Service, data: unknown, mutation: string): void {
  const said = fieldsIn(data)[mutation];
  if (said === true) return;
  throw new BelayError(said === false ? 'BELAY_ACT_FAILED' : 'BELAY_DEPLOY_TIMEOUT', `${name}: ${mutation} was not answered with yes`, {
    effect: said === false ? 'none' : 'unknown',
    hint: 'Look what is live before doing it again.',
  });
}

/** `changes` are those that `look` made. */
function described(changes: readonly Deployment[], keys: readonly string[]): ReadonlyMap<string, Artefact> {
  const known = new Map<string, Artefact>();
  for (const key of keys) {
    const change = changes.find((one) => one.key === key);
    if (change !== undefined) known.set(key, artefactOf(change));
  }
  return known;
}

async function abort(place: Service, inFlight: string): Promise<void> {
  const { changes } = await look(place);
  const key = keyOf(changes, inFlight);
  for (const one of changes) {
    if (one.key !== key || one.phase !== 'begun') continue;
    await demandStill(place, one.of);
    demandYes(place, await act(place, CANCEL, { id: one.id }), 'deploymentCancel');
  }
}

/** Deploys that somebody starts by hand are not kept out. */
async function setAutoDeploy(place: Service, enabled: boolean): Promise<void> {
  const { frozen, service } = await look(place);
  if (frozen === !enabled) return;
  await demandStill(place, service);
  const { project, environment } = await place.ids();
  const input = { projectId: project, environmentId: environment, serviceId: service, enabled };
  const data = await act(place, AUTO_DEPLOY, { input });
  if (fieldsIn(fieldsIn(data)['serviceInstanceAutoDeployUpdate'])['enabled'] === enabled) return;
  throw new BelayError('BELAY_ACT_FAILED', `${place.name}: automatic deploys could not be ${enabled ? 'allowed' : 'stopped'}`, {
    hint: 'Railway says whether it can be in the settings of the service.',
  });
}
