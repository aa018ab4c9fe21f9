// What services of a project on Railway are made of, as its API has it: names, settings, variables, sources, and services that come and go. A
// service that is made anew has another id, and whoever holds the old one is told that it may not.
import { ACTIVE, type RailwayOne, shown } from './railway.ts';

export interface RailwayForm {
  id: string;
  name: string;
  /** One that is being deleted still answers. */
  deletedAt: string | null;
  /** By their names in the schema. */
  instance: Record<string, unknown>;
  repo: string | null;
  branch: string | null;
  customDomains: string[];
  ownDomains: string[];
  limits: { readonly containers: { readonly cpu?: number; readonly memoryBytes?: number } } | null;
  volume: string | null;
  tcpProxies: { readonly applicationPort: number; readonly domain: string; readonly proxyPort: number }[];
  /** Other environments that it is in. */
  elsewhere: readonly string[];
  one: RailwayOne;
}

export interface RailwayForms {
  readonly forms: RailwayForm[];
  readonly ledger: { readonly what: string; readonly id: string }[];
  /** What `main` is, for a first deploy. */
  head: Readonly<Record<string, unknown>>;
  /** Right before a mutation of this name. */
  before: ((what: string) => void) | null;
  /** Connecting turns automatic deploys on, whatever they were. */
  connectThaws: boolean;
  /** Lists go on after what was answered. */
  hasMore: boolean;
}

interface Ground {
  readonly project: string;
  readonly environment: string;
  /** Another service, with nothing in it. */
  readonly make: (name: string) => RailwayForm;
}

/** What Railway gives by itself, on top of what people have set. */
const injected = ({ id, name }: RailwayForm) => ({
  RAILWAY_SERVICE_ID: id,
  RAILWAY_SERVICE_NAME: name,
  RAILWAY_PRIVATE_DOMAIN: `${name}.internal`,
});

type Input = Readonly<Record<string, unknown>> & { readonly serviceId?: string };

export function formRoot(state: RailwayForms, { project, environment, make }: Ground): Readonly<Record<string, unknown>> {
  const formOf = (id: unknown): RailwayForm => {
    const found = state.forms.find((one) => one.id === id);
    if (found === undefined) throw new Error('Not Authorized');
    return found;
  };
  const edgesOf = (nodes: readonly unknown[]) => ({ edges: nodes.map((node) => ({ node })), pageInfo: { hasNextPage: state.hasMore } });
  const acts = (what: string, id: string): void => {
    state.before?.(what);
    state.ledger.push({ what, id });
  };
  const instanceOf = (form: RailwayForm) => ({
    ...{ builder: 'NIXPACKS', restartPolicyType: 'ON_FAILURE', restartPolicyMaxRetries: 10, watchPatterns: [] },
    ...form.instance,
    ...{
      id: form.id,
      environmentId: environment,
      activeDeployments: form.one.service.deployments.filter((one) => ACTIVE.includes(one.status)).map(shown),
    },
    numReplicas: form.instance['numReplicas'] ?? null,
    source: form.repo === null ? null : { repo: form.repo, image: null },
    domains: {
      customDomains: form.customDomains.map((domain) => ({ domain })),
      serviceDomains: form.ownDomains.map((domain) => ({ domain })),
    },
  });
  const serviceOf = (form: RailwayForm) => ({
    ...{ id: form.id, name: form.name, deletedAt: form.deletedAt },
    repoTriggers: edgesOf(form.branch === null ? [] : [{ branch: form.branch, environmentId: environment, repository: form.repo }]),
    serviceInstances: edgesOf([environment, ...form.elsewhere].map((one) => ({ ...instanceOf(form), environmentId: one }))),
  });
  return {
    project: ({ id }: { id: string }) => {
      if (id !== project) throw new Error('Not Authorized');
      return { id, services: edgesOf(state.forms.map(serviceOf)) };
    },
    service: ({ id }: { id: string }) => serviceOf(formOf(id)),
    environment: ({ id }: { id: string }) => ({
      id,
      volumeInstances: edgesOf(state.forms.flatMap((one) => (one.volume === null ? [] : [{ mountPath: one.volume, serviceId: one.id }]))),
    }),
    serviceInstance: ({ serviceId }: Input) => instanceOf(formOf(serviceId)),
    deployments: ({ input, first }: { input: Input; first: number }) => {
      const all = formOf(input.serviceId).one.service.deployments.toReversed().slice(0, first);
      return { edges: all.map((one) => ({ cursor: one.id, node: shown(one) })) };
    },
    serviceInstanceAutoDeployStatus: ({ serviceId }: Input) => ({ canEnable: true, enabled: formOf(serviceId).one.service.autoDeploy }),
    tcpProxies: ({ serviceId }: Input) => formOf(serviceId).tcpProxies.map((one) => ({ ...one, id: `${one.proxyPort}` })),
    serviceInstanceLimitOverride: ({ serviceId }: Input) => formOf(serviceId).limits,
    variables: ({ serviceId, unrendered }: Input) => {
      // Rendered, a reference would be lost.
      if (unrendered !== true) throw new Error('the emulator renders nothing');
      const form = formOf(serviceId);
      return { ...form.one.service.variables, ...injected(form) };
    },
    serviceDelete: ({ id }: { id: string }) => {
      formOf(id);
      acts('delete', id);
      for (const one of formOf(id).one.service.deployments)
        Object.assign(one, { status: 'REMOVED', instances: [], deploymentStopped: true });
      state.forms.splice(
        state.forms.findIndex((one) => one.id === id),
        1,
      );
      return true;
    },
    serviceCreate: ({ input }: { input: Input }) => {
      const name = String(input['name']);
      const form = make(name);
      acts('create', form.id);
      form.one.service.variables = { ...(input['variables'] as Readonly<Record<string, string>> | undefined) };
      state.forms.push(form);
      return serviceOf(form);
    },
    variableCollectionUpsert: ({ input }: { input: Input }) => {
      const { one, id } = formOf(input.serviceId);
      acts('variables', id);
      const before = input['replace'] === true ? {} : one.service.variables;
      one.service.variables = { ...before, ...(input['variables'] as Readonly<Record<string, string>>) };
      if (input['skipDeploys'] !== true) throw new Error('the emulator deploys nothing by itself');
      return true;
    },
    serviceInstanceUpdate: ({ serviceId, input }: Input & { input: Readonly<Record<string, unknown>> }) => {
      const form = formOf(serviceId);
      acts('settings', form.id);
      const { multiRegionConfig, region: _ignored, ...plain } = input;
      const [region] = Object.entries((multiRegionConfig ?? {}) as Readonly<Record<string, { numReplicas: number }>>);
      form.instance = {
        ...form.instance,
        ...plain,
        ...(region === undefined ? {} : { region: region[0], numReplicas: region[1].numReplicas }),
      };
      return true;
    },
    serviceInstanceLimitsUpdate: ({ input }: { input: Input & { vCPUs?: number; memoryGB?: number } }) => {
      const form = formOf(input.serviceId);
      acts('limits', form.id);
      const { vCPUs: cpu, memoryGB } = input;
      form.limits = {
        containers: { ...(cpu === undefined ? {} : { cpu }), ...(memoryGB === undefined ? {} : { memoryBytes: memoryGB * 1_000_000_000 }) },
      };
      return true;
    },
    serviceDomainCreate: ({ input }: { input: Input }) => {
      const form = formOf(input.serviceId);
      acts('domain', form.id);
      const domain = `${form.name}-${form.id.slice(0, 4)}.up.railway.app`;
      form.ownDomains.push(domain);
      return { domain };
    },
    serviceConnect: ({ id, input }: { id: string; input: { repo: string; branch: string } }) => {
      const form = formOf(id);
      acts('connect', id);
      [form.repo, form.branch] = [input.repo, input.branch];
      if (state.connectThaws) form.one.service.autoDeploy = true;
      form.one.deploy(state.head);
      return serviceOf(form);
    },
  };
}
