// What a service of Railway is made of, read from its API and from what was kept of it. It trusts no field, and sends nothing.
import { Unusable } from '../../domain/answer.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { type Fields, fieldsIn, isFields, labelText, textIn } from '../../domain/received.ts';
import type { LiveForm, ServiceForm } from '../../ports/service-rebuild.ts';

/** A service with its values: it leaves the adapter only encrypted. */
export interface Whole extends Omit<ServiceForm, 'digests' | 'mark'> {
  /** As they are written: a reference stays one. */
  readonly variables: Readonly<Record<string, string>>;
}
export interface Seen extends Whole {
  readonly deploy: LiveForm['deploy'];
  /** Why it may not be deleted, or null. */
  readonly holds: string | null;
}

export const FORM = `query Form($project: String!, $environment: String!, $service: String!) {
  serviceInstance(environmentId: $environment, serviceId: $service) {
    startCommand buildCommand preDeployCommand rootDirectory dockerfilePath railwayConfigFile builder watchPatterns
    healthcheckPath healthcheckTimeout cronSchedule sleepApplication restartPolicyType restartPolicyMaxRetries
    region numReplicas source { repo image } domains { customDomains { domain } serviceDomains { domain } } latestDeployment { id status }
  }
  variables(projectId: $project, environmentId: $environment, serviceId: $service, unrendered: true)
  serviceInstanceLimitOverride(environmentId: $environment, serviceId: $service)
  service(id: $service) {
    repoTriggers { edges { node { branch repository environmentId } } }
    serviceInstances { edges { node { environmentId } } }
  }
  environment(id: $environment, projectId: $project) { volumeInstances { edges { node { serviceId mountPath } } } }
}`;

/** By their names in what is asked and in what is told. */
export const PLAIN_SETTINGS = [
  ...['startCommand', 'buildCommand', 'preDeployCommand', 'rootDirectory', 'dockerfilePath', 'railwayConfigFile', 'builder'],
  ...['watchPatterns', 'healthcheckPath', 'healthcheckTimeout', 'cronSchedule', 'sleepApplication', 'restartPolicyType'],
  'restartPolicyMaxRetries',
] as const;

const MOST_VARIABLES = 1_000;
const MOST_CHARS = 256 * 1024;
/** What Railway gives to each service by itself. Others that begin so are settings of people. */
const INJECTED =
  /^RAILWAY_(?:(?:PUBLIC|PRIVATE)_DOMAIN$|STATIC_URL$|TCP_|PROJECT_|ENVIRONMENT(?:$|_)|SERVICE_|REPLICA_|DEPLOYMENT_ID$|SNAPSHOT_ID$|VOLUME_|GIT_)/;

/** @throws Unusable */
export function formIn(json: unknown, { environment, service }: { readonly environment: string; readonly service: string }): Seen {
  const data = fieldsIn(json);
  if (!isFields(data['serviceInstance'])) throw new Unusable('the answer tells no settings of the service');
  const [instance, deploy] = [data['serviceInstance'], fieldsIn(fieldsIn(data['serviceInstance'])['latestDeployment'])];
  const domains = fieldsIn(instance['domains']);
  return {
    id: service,
    settings: settingsOf(instance, data['serviceInstanceLimitOverride']),
    source: sourceOf(instance, data['service'], environment),
    customDomains: namesOf(domains['customDomains']),
    ownDomains: namesOf(domains['serviceDomains']),
    variables: variablesIn(data['variables']),
    deploy: DEPLOYS[textIn(deploy['status'])] ?? (textIn(deploy['id']) === '' ? 'none' : 'coming'),
    holds: holdOf(data, environment, service),
  };
}

const DEPLOYS: Readonly<Record<string, LiveForm['deploy']>> = {
  ...{ SUCCESS: 'live', SLEEPING: 'live', FAILED: 'failed', CRASHED: 'failed', REMOVED: 'none', REMOVING: 'none', SKIPPED: 'none' },
};

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

function sourceOf(instance: Fields, service: unknown, environment: string): Whole['source'] {
  const repo = textIn(fieldsIn(instance['source'])['repo']);
  if (repo === '') return null;
  const triggers = nodesOf(fieldsIn(service)['repoTriggers']);
  const mine = triggers.find((one) => one['environmentId'] === environment && one['repository'] === repo);
  return { repo, branch: mine === undefined ? null : textIn(mine['branch']) || null };
}

/** @throws Unusable where the answer leaves out what may hold it: a list that is not told is no empty one */
function holdOf(data: Fields, environment: string, service: string): string | null {
  const [instances, volumes] = [fieldsIn(data['service'])['serviceInstances'], fieldsIn(data['environment'])['volumeInstances']];
  if (!Array.isArray(fieldsIn(instances)['edges'])) throw new Unusable('the answer does not tell in which environments the service is');
  if (!Array.isArray(fieldsIn(volumes)['edges'])) throw new Unusable('the answer does not tell its volumes');
  const elsewhere = nodesOf(instances).filter((one) => one['environmentId'] !== environment);
  if (elsewhere.length > 0)
    return `it is also in ${elsewhere.length} other environment(s), of which nothing is kept: Railway would delete it there, too`;
  const volume = nodesOf(volumes).find((one) => one['serviceId'] === service);
  if (volume !== undefined) return `it has a volume at ${labelText(volume['mountPath'], 128)}, whose data would be gone`;
  const { repo, image } = fieldsIn(fieldsIn(data['serviceInstance'])['source']);
  if (textIn(repo) !== '') return null;
  return textIn(image) === ''
    ? 'it is built from no repository, as what `railway up` brings: it could not be built again'
    : 'it runs an image and is not built from a repository';
}

const nodesOf = (connection: unknown): readonly Fields[] => {
  const { edges } = fieldsIn(connection);
  return Array.isArray(edges) ? edges.slice(0, MOST_VARIABLES).map((edge) => fieldsIn(fieldsIn(edge)['node'])) : [];
};
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
  const { belay, service, keptAt, id, settings, source, customDomains, ownDomains, variables } = fieldsIn(json);
  if (belay !== 1 || typeof keptAt !== 'number' || !isFields(settings) || textIn(id) === '')
    throw new Unusable('it is not what Belay keeps of a service');
  const list = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
  const { repo, branch } = fieldsIn(source);
  return {
    ...{ service: textIn(service), keptAt, id: textIn(id), settings: settings as JsonObject, variables: variablesIn(variables) },
    ...{ customDomains: list(customDomains), ownDomains: list(ownDomains) },
    source: textIn(repo) === '' ? null : { repo: textIn(repo), branch: textIn(branch) || null },
  };
}
