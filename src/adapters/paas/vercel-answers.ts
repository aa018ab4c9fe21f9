// What Vercel's API answers, as changes: each production deployment, and the last request to point the domains at one of them, which is a change
// of its own because it brings an old deployment back under its old name. It trusts no field and sends nothing.
import { Unusable } from '../../domain/answer.ts';
import { fieldsIn, isFields, labelText, textIn } from '../../domain/received.ts';
import type { Change, Phase } from './history.ts';
import type { Artefact, Sight } from './platform.ts';

export const MOST_DEPLOYMENTS = 100;
const MARK_LENGTH = 10;

/** null: it is left out. One that was called off has changed nothing. */
const PHASES: Readonly<Record<string, Phase | null>> = {
  QUEUED: 'begun',
  INITIALIZING: 'begun',
  BUILDING: 'begun',
  ERROR: 'failed',
  READY: 'past',
  DELETED: 'past',
  CANCELED: null,
  BLOCKED: null,
};
const REQUESTS: Readonly<Record<string, Phase>> = {
  pending: 'begun',
  'in-progress': 'begun',
  succeeded: 'past',
  failed: 'failed',
  skipped: 'gone',
};

export interface Deployment extends Change {
  readonly commit: string | null;
}

export interface Told extends Sight {
  readonly changes: readonly Deployment[];
  /** The domains stay where an instant rollback has put them until something is promoted. */
  readonly isRolledBack: boolean;
}

export const isDeploymentId = (text: string): boolean => /^dpl_[A-Za-z0-9]{8,64}$/.test(text);

/** `list`: production deployments; `project`: asked afterwards. @throws Unusable */
export function sightIn(list: unknown, project: unknown): Told {
  const { deployments } = fieldsIn(list);
  const { targets, lastAliasRequest, autoAssignCustomDomains } = fieldsIn(project);
  if (!Array.isArray(deployments) || !isFields(targets)) throw new Unusable('the answer is not what was asked for');
  const production = textIn(fieldsIn(targets['production'])['id']);
  const known = deployments.slice(0, MOST_DEPLOYMENTS).flatMap((one) => deploymentIn(one, production));
  const isListed = known.some((one) => one.id === production);
  // One that came after the list was told, or is older than what it tells.
  const all = isListed || production === '' ? known : [...known, ...deploymentIn(targets['production'], production)];
  const request = requestIn(lastAliasRequest, all);
  const withRequest = [...(request === null ? [] : [request.change]), ...all].toSorted((a, b) => b.at - a.at);
  const live = withRequest.find((one) => one.phase === 'past' && one.id === production);
  const passedOver = live !== undefined && live === request?.change ? notBefore(withRequest, live, request.from) : undefined;
  const changes = withRequest.map((one) =>
    one === live ? { ...one, phase: 'live' as const } : one === passedOver ? { ...one, phase: 'gone' as const } : one,
  );
  const isRolledBack = request?.isRollback === true && live === request.change;
  return {
    changes,
    isRolledBack,
    // An instant rollback holds the domains only until somebody promotes: that is no freeze to rely on.
    frozen: autoAssignCustomDomains === false,
    units: live === undefined ? [] : [{ id: 'production', key: live.key, ready: live.canReturn }],
  };
}

/** Only the last request is told: where it came from another deployment than the newest, what was live before is not the newest. */
function notBefore(all: readonly Deployment[], live: Deployment, from: string): Deployment | undefined {
  const newest = all.find((one) => one.key !== live.key && one.phase === 'past');
  return newest?.key === from ? undefined : newest;
}

/** None for one that never served production: its name would only be offered. @throws Unusable */
function deploymentIn(json: unknown, production: string): readonly Deployment[] {
  const { uid, id, state, readyState, readySubstate, created, createdAt, meta } = fieldsIn(json);
  const name = textIn(uid) || textIn(id);
  const at = typeof created === 'number' ? created : createdAt;
  const status = textIn(readyState) || textIn(state);
  const phase = Object.hasOwn(PHASES, status) ? PHASES[status] : undefined;
  if (!isDeploymentId(name) || typeof at !== 'number' || !Number.isFinite(at)) throw new Unusable('deployments: one has no id or no date');
  if (phase === undefined) throw new Unusable(`deployments: ${labelText(status, 40)} is no status that is known`);
  if (phase === null) return [];
  if (status === 'READY' && readySubstate === 'STAGED' && name !== production) return [];
  const isRolling = readySubstate === 'ROLLING' && name !== production;
  return [
    {
      id: name,
      key: name,
      mark: name.slice(4, 4 + MARK_LENGTH),
      at,
      phase: isRolling ? 'begun' : phase,
      canReturn: status === 'READY',
      commit: commitIn(fieldsIn(meta)),
    },
  ];
}

interface Request {
  readonly change: Deployment;
  /** What the domains pointed at when it was made. */
  readonly from: string;
  readonly isRollback: boolean;
}

function requestIn(json: unknown, all: readonly Deployment[]): Request | null {
  const { fromDeploymentId, toDeploymentId, jobStatus, requestedAt, type } = fieldsIn(json);
  const phase = Object.hasOwn(REQUESTS, textIn(jobStatus)) ? REQUESTS[textIn(jobStatus)] : undefined;
  const to = all.find((one) => one.id === textIn(toDeploymentId));
  if (to === undefined || phase === undefined || typeof requestedAt !== 'number' || !Number.isSafeInteger(requestedAt)) return null;
  const change = { ...to, phase, at: requestedAt, mark: `${to.mark}.${requestedAt.toString(36)}` };
  return { change, from: textIn(fromDeploymentId), isRollback: type === 'rollback' };
}

function commitIn(meta: Readonly<Record<string, unknown>>): string | null {
  const said = ['githubCommitSha', 'gitlabCommitSha', 'bitbucketCommitSha'].map((name) => textIn(meta[name]).toLowerCase());
  return said.find((one) => /^[0-9a-f]{7,64}$/.test(one)) ?? null;
}

/** The commit, for people, and the deployment, which tells two builds of one commit apart. */
export function artefactOf({ id, commit }: Deployment): Artefact {
  const short = id.slice(4, 4 + MARK_LENGTH);
  const ref = `${commit?.slice(0, 12) ?? 'deployment'}-${short}`;
  return { ref, version: short, artefact: id, ...(commit === null ? {} : { commit }) };
}
