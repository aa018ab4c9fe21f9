// What a service of Railway is made of, read from its API and from what was kept of it. It trusts no field, and sends nothing.
import { Unusable } from '../../domain/answer.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { type Fields, fieldsIn, isFields, labelText, textIn } from '../../domain/received.ts';
import type { Deployed, LiveForm, ServiceForm } from '../../ports/service-rebuild.ts';
import { type Deployment, MOST_DEPLOYMENTS, nodesOf, sightIn } from './railway-answers.ts';

/** A service with its values: it leaves the adapter only encrypted. */
export interface Whole extends Omit<ServiceForm, 'digests' | 'mark'> {
  /** As they are written: a reference stays one. */
  readonly variables: Readonly<Record<string, string>>;
}
export interface Seen extends Whole, Pick<LiveForm, 'deploy' | 'newest' | 'coming'> {
  readonly frozen: boolean;
  /** Why it may not be deleted, or null. */
  readonly holds: string | null;
}

export const FORM = `query Form($project: String!, $environment: String!, $service: String!) {
  serviceInstance(environmentId: $environment, serviceId: $service) {
    startCommand buildCommand preDeployCommand rootDirectory dockerfilePath railwayConfigFile builder watchPatterns
    healthcheckPath healthcheckTimeout cronSchedule sleepApplication restartPolicyType restartPolicyMaxRetries
    region numReplicas source { repo image } domains { customDomains { domain } serviceDomains { domain } } activeDeployments { id }
  }
  deployments(first: ${MOST_DEPLOYMENTS}, input: { projectId: $project, environmentId: $environment, serviceId: $service }) {
    edges { node { id status createdAt statusUpdatedAt canRollback deploymentStopped meta instances { id status } } }
  }
  serviceInstanceAutoDeployStatus(projectId: $project, environmentId: $environment, serviceId: $service) { enabled }
  tcpProxies(environmentId: $environment, serviceId: $service) { applicationPort domain proxyPort }
  variables(projectId: $project, environmentId: $environment, serviceId: $service, unrendered: true)
  serviceInstanceLimitOverride(environmentId: $environment, serviceId: $service)
  service(id: $service) {
    repoTriggers { edges { node { branch repository environmentId } } pageInfo { hasNextPage } }
    serviceInstances { edges { node { environmentId } } pageInfo { hasNextPage } }
  }
  environment(id: $environment, projectId: $project) {
    volumeInstances { edges { node { serviceId mountPath } } pageInfo { hasNextPage } }
  }
}`;

/** By their names in what is asked and in what is told. */
export const PLAIN_SETTINGS = [
  ...['startCommand', 'buildCommand', 'preDeployCommand', 'rootDirectory', 'dockerfilePath', 'railwayConfigFile', 'builder'],
  ...['watchPatterns', 'healthcheckPath', 'healthcheckTimeout', 'cronSchedule', 'sleepApplication', 'restartPolicyType'],
  'restartPolicyMaxRetries',
] as const;

const MOST_VARIABLES = 1_000;
/** Of triggers, environments and volumes. */
const MOST_LISTED = 1_000;
const MOST_CHARS = 256 * 1024;
/** What Railway gives to each service by itself. Others that begin so are settings of people. */
const INJECTED =
  /^RAILWAY_(?:(?:PUBLIC|PRIVATE)_DOMAIN$|STATIC_URL$|TCP_|PROJECT_|ENVIRONMENT(?:$|_)|SERVICE_|REPLICA_|DEPLOYMENT_ID$|SNAPSHOT_ID$|VOLUME_|GIT_)/;

/** @throws Unusable */
export function formIn(json: unknown, { environment, service }: { readonly environment: string; readonly service: string }): Seen {
  const data = fieldsIn(json);
  if (!isFields(data['serviceInstance'])) throw new Unusable('the answer tells no settings of the service');
  const instance = data['serviceInstance'];
  const domains = fieldsIn(instance['domains']);
  const { changes, frozen } = sightIn(data);
  const live = changes.find((one) => one.phase === 'live');
  const told = changes.filter((one) => one.phase !== 'gone');
  const source = sourceOf(instance, {
    service: data['service'],
    environment,
    branch: (live ?? told.find((one) => one.branch))?.branch ?? null,
  });
  const commit = live?.commit ?? null;
  return {
    id: service,
    settings: settingsOf(instance, data['serviceInstanceLimitOverride']),
    ...{ source, commit, frozen, tcpProxies: tcpProxiesIn(data['tcpProxies']) },
    customDomains: namesOf(domains['customDomains']),
    ownDomains: namesOf(domains['serviceDomains']),
    variables: variablesIn(data['variables']),
    deploy: deployOf(told[0]),
    newest: told[0] === undefined ? null : deployed(told[0]),
    coming: changes.filter((one) => one.phase === 'begun').map(deployed),
    holds: holdOf(data, environment, service) ?? unbuiltOf(source, commit),
  };
}

const deployed = ({ id, commit }: Deployment): Deployed => ({ id, commit });

function deployOf(newest: Deployment | undefined): LiveForm['deploy'] {
  if (newest?.phase === 'begun') return 'coming';
  if (newest?.phase === 'failed' || (newest?.phase === 'live' && newest.status === 'CRASHED')) return 'failed';
  return newest?.phase === 'live' ? 'live' : 'none';
}

/** @throws Unusable */
function tcpProxiesIn(json: unknown): Whole['tcpProxies'] {
  if (!Array.isArray(json)) throw new Unusable('the answer does not tell its TCP proxies');
  const all = json.map(fieldsIn).map(({ applicationPort, domain, proxyPort }) => {
    if (typeof applicationPort !== 'number') throw new Unusable('a TCP proxy is told without its port');
    return { port: applicationPort, at: `${labelText(domain, 253)}:${labelText(proxyPort, 8)}` };
  });
  return all.toSorted((a, b) => a.port - b.port || (a.at < b.at ? -1 : 1));
}

function settingsOf(instance: Fields, override: unknown): JsonObject {
  const plain = PLAIN_SETTINGS.flatMap((name): [string, Json][] => {
    const value = instance[name] as Json | undefined;
    return value === null || value === undefined || (Array.isArray(value) && value.length === 0) ? [] : [[name, value]];
  });
  const [region, replicas] = [labelText(instance['region'], 64), instance['numReplicas']];
  return {
    ...Object.fromEntries(plain),
    ...(region === '' ? {} : { region }),
    ...(typeof replicas === 'number' ? { numReplicas: replicas } : {}),
    ...limitsOf(override),
  };
}

/** Null where the plan's own are left as they are. @throws Unusable for a form that is not known: it could not be put back */
function limitsOf(override: unknown): JsonObject {
  if (override === null || override === undefined) return {};
  const { cpu, memoryBytes } = fieldsIn(fieldsIn(override)['containers']);
  if (typeof cpu !== 'number' && typeof memoryBytes !== 'number')
    throw new Unusable('its limits are told in a form that is not known: they could not be put back');
  return {
    ...(typeof cpu === 'number' ? { vCPUs: cpu } : {}),
    ...(typeof memoryBytes === 'number' ? { memoryGB: memoryBytes / 1_000_000_000 } : {}),
  };
}

interface Branching {
  readonly service: unknown;
  readonly environment: string;
  /** Of its deployments. */
  readonly branch: string | null;
}

/** What pushes are waited for from; where that is not told, what was built. @throws Unusable */
function sourceOf(instance: Fields, { service, environment, branch }: Branching): Whole['source'] {
  const repo = textIn(fieldsIn(instance['source'])['repo']);
  if (repo === '') return null;
  const { repoTriggers } = fieldsIn(service);
  const triggers = repoTriggers === undefined || repoTriggers === null ? [] : nodesOf(repoTriggers, 'triggers', MOST_LISTED);
  const mine = triggers.find((one) => one['environmentId'] === environment && one['repository'] === repo);
  return { repo, branch: textIn(mine?.['branch']) || branch };
}

/** Why what is built from a repository could not be built again, or null. */
function unbuiltOf(source: Whole['source'], commit: string | null): string | null {
  if (source !== null && source.branch === null)
    return 'nobody tells from which branch it is built: choose one in its settings, and deploy it once';
  return commit === null
    ? 'no commit of it is live, and what it would be built from cannot be kept: put one live first (deploy.commit)'
    : null;
}

/** @throws Unusable where the answer leaves out what may hold it: a list that is not told is no empty one */
function holdOf(data: Fields, environment: string, service: string): string | null {
  const [instances, volumes] = [fieldsIn(data['service'])['serviceInstances'], fieldsIn(data['environment'])['volumeInstances']];
  const mounted = nodesOf(volumes, 'volumes', MOST_LISTED);
  const elsewhere = nodesOf(instances, 'environments', MOST_LISTED).filter((one) => one['environmentId'] !== environment);
  if (elsewhere.length > 0)
    return `it is also in ${elsewhere.length} other environment(s), of which nothing is kept: Railway would delete it there, too`;
  const volume = mounted.find((one) => one['serviceId'] === service);
  if (volume !== undefined) return `it has a volume at ${labelText(volume['mountPath'], 128)}, whose data would be gone`;
  const { repo, image } = fieldsIn(fieldsIn(data['serviceInstance'])['source']);
  if (textIn(repo) !== '') return null;
  return textIn(image) === ''
    ? 'it is built from no repository, as what `railway up` brings: it could not be built again'
    : 'it runs an image and is not built from a repository';
}

const namesOf = (list: unknown): readonly string[] =>
  (Array.isArray(list) ? list : []).map((one) => labelText(fieldsIn(one)['domain'], 253)).toSorted();

/** @throws Unusable */
export function variablesIn(json: unknown): Whole['variables'] {
  if (!isFields(json)) throw new Unusable('the answer tells no variables');
  const all = Object.entries(json).filter(([name]) => !INJECTED.test(name));
  if (all.length > MOST_VARIABLES) throw new Unusable(`it has more than ${MOST_VARIABLES} variables`);
  for (const [name, value] of all) {
    // A masked or missing value put back would be worse than none.
    if (typeof value !== 'string') throw new Unusable(`the value of ${labelText(name, 128)} is not told`);
    if (value.length > MOST_CHARS) throw new Unusable(`the value of ${labelText(name, 128)} is longer than 256 KiB`);
  }
  return Object.fromEntries(all as [string, string][]);
}

/** What was kept. @throws Unusable */
export function keptIn(json: unknown): Whole & { readonly service: string; readonly keptAt: number } {
  const { belay, service, keptAt, id, settings, source, customDomains, ownDomains, variables, commit, frozen, tcpProxies } = fieldsIn(json);
  if (belay !== 1 || typeof keptAt !== 'number' || !isFields(settings) || textIn(id) === '')
    throw new Unusable('it is not what Belay keeps of a service');
  const list = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
  const { repo, branch } = fieldsIn(source);
  return {
    ...{ service: textIn(service), keptAt, id: textIn(id), settings: settings as JsonObject, variables: variablesIn(variables) },
    ...{ customDomains: list(customDomains), ownDomains: list(ownDomains) },
    source: textIn(repo) === '' ? null : { repo: textIn(repo), branch: textIn(branch) || null },
    // An older Belay kept neither.
    commit: textIn(commit) || null,
    frozen: typeof frozen === 'boolean' ? frozen : null,
    tcpProxies: (Array.isArray(tcpProxies) ? tcpProxies : []).map((one) => ({
      port: Number(fieldsIn(one)['port']),
      at: textIn(fieldsIn(one)['at']),
    })),
  };
}
