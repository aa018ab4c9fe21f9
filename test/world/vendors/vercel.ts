// Vercel's REST API on loopback, with one project: production deployments that are built once, domains that point at one of them, requests to
// point them elsewhere that take their time or fail, instant rollback by somebody's hand. Requests are held against what the vendor documents.
import { type Asked, demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

export interface VercelDeployment {
  readonly uid: string;
  readonly commit: string;
  readonly created: number;
  state: 'READY' | 'BUILDING' | 'ERROR' | 'CANCELED' | 'DELETED';
  substate: 'STAGED' | 'PROMOTED';
}
interface AliasRequest {
  readonly fromDeploymentId: string;
  readonly toDeploymentId: string;
  readonly requestedAt: number;
  readonly type: 'promote' | 'rollback';
  jobStatus: 'pending' | 'in-progress' | 'succeeded' | 'failed';
}
type Picture = Pick<VercelProject, 'deployments' | 'production' | 'request'>;

export interface VercelProject {
  deployments: readonly VercelDeployment[];
  /** The deployment that the domains point at. */
  production: string;
  request: AliasRequest | null;
  autoAssign: boolean;
  /** What becomes of the next request. */
  next: 'succeeds' | 'lasts' | 'fails';
  /** Says yes to the next requests and does nothing. */
  lies: boolean;
  /** What it tells in place of what is. */
  stale: Picture | null;
  before: (() => void) | null;
  after: (() => void) | null;
}

export interface VercelServer extends VendorServer {
  readonly service: VercelProject;
  /** What was done, by whom. */
  readonly ledger: { readonly by: 'api' | 'somebody'; readonly what: string; readonly id: string }[];
  /** Somebody pushes: a new deployment, which gets the domains unless they are held. */
  build(commit: string): VercelDeployment;
  /** Somebody points the domains at a deployment in the dashboard. */
  point(uid: string, type: AliasRequest['type']): void;
  /** Ends the request that lasts. */
  settle(status: 'succeeded' | 'failed'): void;
}

export async function startVercel(o: { readonly project: string; readonly team?: string; readonly token: string }): Promise<VercelServer> {
  const service: VercelProject = {
    ...{ deployments: [], production: '', request: null, autoAssign: true, next: 'succeeds', lies: false },
    ...{ stale: null, before: null, after: null },
  };
  const ledger: VercelServer['ledger'] = [];
  let last = 0;
  const now = (): number => {
    last = Math.max(Date.now(), last + 1);
    return last;
  };
  const heldBack = (): boolean =>
    !service.autoAssign || (service.request?.type === 'rollback' && service.request.toDeploymentId === service.production);
  const request = (by: 'api' | 'somebody', uid: string, type: AliasRequest['type']): void => {
    ledger.push({ by, what: type, id: uid });
    const jobStatus = ({ succeeds: 'succeeded', lasts: 'in-progress', fails: 'failed' } as const)[service.next];
    service.request = { fromDeploymentId: service.production, toDeploymentId: uid, requestedAt: now(), type, jobStatus };
    if (jobStatus === 'succeeded') goLive(service, uid);
  };
  const server = await startVendor((asked) => {
    if (asked.headers['authorization'] !== `Bearer ${o.token}`)
      return { status: 403, json: { error: { code: 'forbidden', message: 'Not authorized', invalidToken: true } } };
    demand(asked.query.get('teamId') === (o.team ?? null), 'the team is another one', 403);
    return answer(asked, { project: o.project, service, ledger, request });
  });
  return Object.assign(server, {
    service,
    ledger,
    build: (commit: string) => {
      const uid = `dpl_${String(service.deployments.length + 1).padStart(3, '0')}FqxYdDMDG1jTrHFnNZ2e`;
      const made: VercelDeployment = { uid, commit, created: now(), state: 'READY', substate: 'STAGED' };
      service.deployments = [made, ...service.deployments];
      if (!heldBack()) goLive(service, uid);
      return made;
    },
    point: (uid: string, type: AliasRequest['type']) => request('somebody', uid, type),
    settle: (status: 'succeeded' | 'failed') => {
      if (service.request?.jobStatus !== 'in-progress') throw new Error('nothing is on its way');
      service.request.jobStatus = status;
      if (status === 'succeeded') goLive(service, service.request.toDeploymentId);
    },
  });
}

function goLive(service: VercelProject, uid: string): void {
  service.production = uid;
  for (const one of service.deployments) if (one.uid === uid) one.substate = 'PROMOTED';
}

interface Place {
  readonly project: string;
  readonly service: VercelProject;
  readonly ledger: VercelServer['ledger'];
  readonly request: (by: 'api', uid: string, type: 'promote') => void;
}

function answer(asked: Asked, place: Place): VendorReply {
  const { project, service } = place;
  const told = service.stale ?? service;
  if (asked.method === 'GET' && asked.path === '/v6/deployments') {
    demand(asked.query.get('projectId') === project && asked.query.get('target') === 'production', 'deployments of another project');
    const limit = Number(asked.query.get('limit'));
    demand(limit >= 1 && limit <= 100, 'limit is not 1 to 100');
    const deployments = told.deployments.slice(0, limit).map(({ uid, ...one }) => ({ uid, ...shown(project, one) }));
    return { status: 200, json: { deployments, pagination: { count: deployments.length, next: null, prev: null } } };
  }
  if (asked.path === `/v9/projects/${project}`) {
    if (asked.method === 'PATCH') {
      const body = JSON.parse(asked.body) as { readonly autoAssignCustomDomains?: unknown };
      demand(typeof body.autoAssignCustomDomains === 'boolean' && Object.keys(body).length === 1, 'the body is not described');
      place.ledger.push({ by: 'api', what: 'auto-assign', id: String(body.autoAssignCustomDomains) });
      service.autoAssign = body.autoAssignCustomDomains;
    } else demand(asked.method === 'GET', 'this method is not described', 405);
    const live = told.deployments.find((one) => one.uid === told.production);
    const production = live === undefined ? null : { id: live.uid, ...shown(project, live) };
    const { autoAssign: autoAssignCustomDomains } = service;
    return {
      status: 200,
      json: { id: project, name: 'shop', autoAssignCustomDomains, targets: { production }, lastAliasRequest: told.request },
    };
  }
  const to = /^\/v10\/projects\/([^/]+)\/promote\/([^/]+)$/.exec(asked.path);
  demand(asked.method === 'POST' && to?.[1] === project, `${asked.method} ${asked.path} is not described`, 404);
  return promote(place, to[2] ?? '');
}

/** 202 without a body: it was taken, and is done later. */
function promote({ service, request }: Place, uid: string): VendorReply {
  service.before?.();
  service.before = null;
  const found = service.deployments.find((one) => one.uid === uid);
  if (found === undefined) return { status: 404, json: { error: { code: 'not_found', message: 'Deployment not found' } } };
  if (found.state !== 'READY' || service.request?.jobStatus === 'in-progress')
    return { status: 409, json: { error: { code: 'conflict', message: 'The deployment cannot be promoted' } } };
  if (!service.lies) request('api', uid, 'promote');
  service.after?.();
  service.after = null;
  return { status: 202 };
}

const shown = (project: string, { commit, created, state, substate }: Omit<VercelDeployment, 'uid'>) => ({
  ...{ name: 'shop', projectId: project, url: 'shop-9jaeg38me.vercel.app', created, createdAt: created, state, readyState: state },
  ...(state === 'READY' ? { readySubstate: substate } : {}),
  ...{
    target: 'production',
    source: 'git',
    creator: { uid: 'kr1PsOIzqEL5Xg6M4VZcZosf' },
    meta: { githubCommitSha: commit, githubCommitRef: 'main' },
  },
});
