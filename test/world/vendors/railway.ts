// Railway's GraphQL API on loopback, with one service: deployments that remember, take their time, fail or are stopped, and somebody else's
// hands. graphql-js holds every query against the schema, and every answer, too.
import { buildSchema, type ExecutionResult, graphqlSync } from 'graphql';
import { RAILWAY_SDL } from './railway-api.ts';
import { type Asked, demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

export const schema = buildSchema(RAILWAY_SDL);

export interface RailwayDeployment {
  readonly id: string;
  status: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly variables: Readonly<Record<string, string>>;
  canRollback: boolean;
  instances: { readonly id: string; status: string }[];
  deploymentStopped: boolean;
  statusUpdatedAt?: number;
}
export interface RailwayService {
  deployments: RailwayDeployment[];
  autoDeploy: boolean;
  variables: Readonly<Record<string, string>>;
  replicas: number;
  /** What becomes of the next deployment: it gets there, fails, or lasts until `settle`. */
  next: 'succeeds' | 'fails' | 'lasts';
  /** A rollback makes a new deployment; or the old one is active again under its id: the schema does not say which. */
  rollback: 'new-id' | 'same-id';
  /** How often instances were begun. */
  begun: number;
  stale: readonly RailwayDeployment[] | null;
  /** `true`, and nothing happens. */
  lies: boolean;
  /** A mutation is answered with this error, after or instead of its effect. */
  error: { readonly message: string; readonly code?: string; readonly after: boolean } | null;
  before: (() => void) | null;
  after: (() => void) | null;
}
export interface RailwayServer extends VendorServer, RailwayOne {}
/** One service, without the way there. */
export interface RailwayOne {
  readonly service: RailwayService;
  readonly ledger: { readonly by: 'api' | 'somebody'; readonly what: string; readonly id: string }[];
  deploy(meta: Readonly<Record<string, unknown>>): RailwayDeployment;
  settle(status: 'SUCCESS' | 'FAILED' | 'CRASHED'): void;
  live(): RailwayDeployment | undefined;
  /** What it says to one question, without the way there. */
  answer(asked: Asked): VendorReply;
}
export interface RailwayIds {
  readonly project: string;
  readonly environment: string;
  readonly service: string;
}

const BEGUN = ['BUILDING', 'DEPLOYING', 'INITIALIZING', 'QUEUED', 'WAITING'];
export const ACTIVE = ['SUCCESS', 'SLEEPING', 'CRASHED'];

export interface RailwayOptions extends RailwayIds {
  readonly token: string;
  readonly tokenOf?: 'account' | 'project';
  /** Where its ids begin: those of the services of one project differ. */
  readonly idsFrom?: number;
  /** How it is called now. */
  readonly called?: () => { readonly name: string; readonly deletedAt: string | null };
}

export async function startRailway(o: RailwayOptions): Promise<RailwayServer> {
  const one = openRailway(o);
  return Object.assign(await startVendor(one.answer), one);
}

export function openRailway(o: RailwayOptions): RailwayOne {
  const service: RailwayService = {
    deployments: [],
    autoDeploy: true,
    variables: {},
    replicas: 2,
    next: 'succeeds',
    rollback: 'new-id',
    begun: 0,
    stale: null,
    lies: false,
    error: null,
    before: null,
    after: null,
  };
  const ledger: RailwayOne['ledger'] = [];
  const make = (meta: Readonly<Record<string, unknown>>, variables: Readonly<Record<string, string>>): RailwayDeployment => {
    const status = service.next === 'lasts' ? 'BUILDING' : service.next === 'fails' ? 'FAILED' : 'SUCCESS';
    const n = service.deployments.length + 1 + (o.idsFrom ?? 0);
    const made = {
      id: uuid(n),
      status: 'BUILDING',
      meta,
      createdAt: nextMoment(service),
      variables,
      canRollback: false,
      instances: [],
      deploymentStopped: false,
    };
    service.deployments.push(made);
    if (status !== 'BUILDING') settle(service, made, status);
    return made;
  };
  const root = resolvers({ ids: o, service, ledger, make });
  const reply = (asked: Asked): VendorReply => {
    const [name, value] = o.tokenOf === 'project' ? ['project-access-token', o.token] : ['authorization', `Bearer ${o.token}`];
    if (asked.headers[name] !== value) return { status: 200, json: { data: null, errors: [{ message: 'Not Authorized' }] } };
    return answer(asked, service, root);
  };
  return {
    answer: reply,
    service,
    ledger,
    deploy: (meta: Readonly<Record<string, unknown>>) => {
      const made = make(meta, service.variables);
      ledger.push({ by: 'somebody', what: 'deploy', id: made.id });
      return made;
    },
    settle: (status: 'SUCCESS' | 'FAILED' | 'CRASHED') => {
      const last = service.deployments.findLast((one) => BEGUN.includes(one.status));
      if (last === undefined) throw new Error('nothing is on its way');
      settle(service, last, status);
    },
    live: () => liveOf(service),
  };
}

const uuid = (n: number): string => `d${String(n).padStart(3, '0')}beef-0000-4000-8000-${String(n).padStart(12, '0')}`;
const liveOf = ({ deployments }: RailwayService): RailwayDeployment | undefined =>
  deployments.findLast((one) => ACTIVE.includes(one.status));
/** No two deployments are of the same moment. */
const nextMoment = ({ deployments }: RailwayService): number => Math.max(Date.now(), (deployments.at(-1)?.createdAt ?? 0) + 1);

function settle(service: RailwayService, made: RailwayDeployment, status: string): void {
  if (ACTIVE.includes(status)) for (const one of service.deployments) if (ACTIVE.includes(one.status)) remove(one);
  made.status = status;
  if (!ACTIVE.includes(status)) return;
  made.canRollback = true;
  service.variables = made.variables;
  begin(service, made, status);
}

/** Each instance is a new one. */
function begin(service: RailwayService, made: RailwayDeployment, status = 'SUCCESS'): void {
  service.begun += 1;
  made.status = status;
  made.deploymentStopped = false;
  made.statusUpdatedAt = Date.now();
  made.instances = Array.from({ length: service.replicas }, (_, n) => ({
    id: `${made.id.slice(0, 8)}-${n}${service.begun === 1 ? '' : `-${service.begun}`}`,
    status: status === 'SUCCESS' ? 'RUNNING' : 'CRASHED',
  }));
}

function remove(one: RailwayDeployment): void {
  one.status = 'REMOVED';
  one.instances = [];
  one.deploymentStopped = true;
}

interface Desk {
  readonly ids: RailwayIds & Pick<RailwayOptions, 'called'>;
  readonly service: RailwayService;
  readonly ledger: RailwayOne['ledger'];
  readonly make: (meta: Readonly<Record<string, unknown>>, variables: Readonly<Record<string, string>>) => RailwayDeployment;
}
type Ids = { readonly projectId?: string; readonly environmentId?: string; readonly serviceId?: string };

export const shown = (one: RailwayDeployment): object => ({
  ...one,
  createdAt: new Date(one.createdAt).toISOString(),
  statusUpdatedAt: new Date(one.statusUpdatedAt ?? one.createdAt).toISOString(),
});

function resolvers({ ids, service, ledger, make }: Desk): Readonly<Record<string, unknown>> {
  const mine = (given: Ids): void => {
    const isMine =
      [given.projectId ?? ids.project, given.environmentId, given.serviceId].join() === [ids.project, ids.environment, ids.service].join();
    if (!isMine) throw new Error('Not Authorized');
  };
  const find = (id: string): RailwayDeployment => {
    const found = service.deployments.find((one) => one.id === id);
    if (found === undefined) throw new Error('Deployment not found');
    return found;
  };
  const act = (what: string, id: string, work: () => void): boolean => {
    service.before?.();
    service.before = null;
    if (service.error?.after === false) throw new Error(service.error.message);
    if (!service.lies) {
      work();
      ledger.push({ by: 'api', what, id });
    }
    service.after?.();
    service.after = null;
    if (service.error !== null) throw new Error(service.error.message);
    return true;
  };
  return {
    deployments: ({ input, first }: { input: Ids; first: number }) => {
      mine(input);
      const all = (service.stale ?? service.deployments).toReversed().slice(0, first);
      return { edges: all.map((one) => ({ cursor: one.id, node: shown(one) })) };
    },
    serviceInstance: (given: Ids) => {
      mine(given);
      const active = (service.stale ?? service.deployments).filter((one) => ACTIVE.includes(one.status));
      return { id: ids.service, numReplicas: service.replicas, activeDeployments: active.map(shown) };
    },
    service: ({ id }: { id: string }) => {
      mine({ environmentId: ids.environment, serviceId: id });
      return { id, ...(ids.called?.() ?? { name: 'api', deletedAt: null }) };
    },
    serviceInstanceAutoDeployStatus: (given: Ids) => {
      mine(given);
      return { canEnable: true, enabled: service.autoDeploy };
    },
    deploymentRollback: ({ id }: { id: string }) => {
      const to = find(id);
      if (!to.canRollback) throw new Error('Deployment not found or cannot be rolled back to');
      return act('rollback', id, () => {
        if (service.rollback === 'same-id') settle(service, to, 'SUCCESS');
        else make(to.meta, to.variables);
      });
    },
    serviceInstanceDeployV2: (given: Ids & { readonly commitSha: string }) => {
      mine(given);
      let id = '';
      act('deploy', given.commitSha, () => {
        id = make({ commitHash: given.commitSha, branch: 'main' }, service.variables).id;
      });
      return id;
    },
    deploymentCancel: ({ id }: { id: string }) => {
      const one = find(id);
      return act('cancel', id, () => {
        if (BEGUN.includes(one.status)) remove(one);
      });
    },
    deploymentStop: ({ id }: { id: string }) => {
      const one = find(id);
      return act('stop', id, () => {
        one.deploymentStopped = true;
        one.instances = [];
      });
    },
    deploymentRestart: ({ id }: { id: string }) => {
      const one = find(id);
      if (!ACTIVE.includes(one.status)) throw new Error('Deployment not found');
      return act('restart', id, () => begin(service, one));
    },
    deploymentRedeploy: ({ id }: { id: string }) => {
      const one = find(id);
      let made = one;
      act('redeploy', id, () => {
        made = make(one.meta, service.variables);
      });
      return shown(made);
    },
    serviceInstanceAutoDeployUpdate: ({ input }: { input: Ids & { enabled: boolean } }) => {
      mine(input);
      act('auto-deploy', String(input.enabled), () => {
        service.autoDeploy = input.enabled;
      });
      return { enabled: service.autoDeploy };
    },
  };
}

export function answer(asked: Asked, service: Pick<RailwayService, 'error'>, root: Readonly<Record<string, unknown>>): VendorReply {
  demand(asked.method === 'POST' && asked.path === '/graphql/v2', `${asked.method} ${asked.path} is not described`, 404);
  demand(asked.headers['content-type'] === 'application/json', 'the body is not said to be JSON', 415);
  const { query, variables } = JSON.parse(asked.body) as { query: string; variables: Record<string, unknown> };
  const result: ExecutionResult = graphqlSync({ schema, source: query, rootValue: root, variableValues: variables });
  // Those of the query's form come before anything is resolved.
  const form = result.data === undefined ? (result.errors ?? []) : [];
  demand(form.length === 0, form.map((one) => one.message).join('; '));
  const drift = (result.errors ?? []).find((one) => /cannot represent|non-nullable/.test(one.message));
  if (drift !== undefined) throw new Error(`the emulator breaks the schema: ${drift.message}`);
  const code = service.error?.code;
  const errors = result.errors?.map((one) => ({ message: one.message, ...(code === undefined ? {} : { extensions: { code } }) }));
  return { status: 200, json: { data: result.data, ...(errors === undefined ? {} : { errors }) } };
}
