// Vercel: production deployments of one project, each built once. A rollback points the production domains at a named deployment and answers that
// it was taken, so what came of it is seen by looking. A deployment holds the variables that it was built with.
import { Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';
import type { DeployTarget } from '../../ports/deploy-target.ts';
import { type Ask, type AskDeps, asking, demandToken, wrongOption } from './ask.ts';
import type { Change } from './history.ts';
import { type Artefact, type Platform, targetOn } from './platform.ts';
import { artefactOf, type Deployment, MOST_DEPLOYMENTS, sightIn, type Told } from './vercel-answers.ts';

interface Project {
  readonly name: string;
  readonly ask: Ask;
  /** An address of the API with these values behind it. */
  readonly at: (path: string, values?: Readonly<Record<string, string>>) => string;
  readonly id: string;
}

/** @throws BELAY_CONFIG_INVALID */
export function createVercel(options: TargetOptions<'vercel'>, deps: AskDeps): DeployTarget {
  const { project, team, token, url, timeoutMs } = options;
  if (!/^[\w.-]{1,100}$/.test(project) || /^\.+$/.test(project))
    throw wrongOption('vercel', 'project: it is the id of a project (prj_…) or its name');
  if (team !== undefined && !/^team_\w{1,100}$/.test(team)) throw wrongOption('vercel', 'team: it is an id such as team_1a2b3c');
  demandToken('vercel', token);
  const headers = { accept: 'application/json', 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const name = `Vercel project ${project}`;
  const base = url.replace(/\/+$/, '');
  const at: Project['at'] = (path, values = {}) => {
    const query = new URLSearchParams({ ...values, ...(team === undefined ? {} : { teamId: team }) }).toString();
    return `${base}${path}${query === '' ? '' : `?${query}`}`;
  };
  const place: Project = { name, at, id: project, ask: asking({ name, token, headers, timeoutMs }, deps) };
  return targetOn(
    {
      caps: { compareAndSet: 'none', freeze: true, restoresConfig: 'all', races: true },
      name,
      hint: 'Look at the production deployments of the project: those that the retention has taken cannot be put back.',
      look: () => look(place),
      changes: async () => (await look(place)).changes,
      describe: async (changes, keys) => described(changes as readonly Deployment[], keys),
      keyOf: (changes, ref) => (changes as readonly Deployment[]).find((one) => artefactOf(one).ref === ref)?.key ?? null,
      isThere: async ({ canReturn }) => canReturn,
      put: (change) => promote(place, change),
      freeze: (on) => setAutoAssign(place, !on),
    } satisfies Platform,
    deps.time,
  );
}

/** The project last: what it says is live may be younger than the list, and never older. @throws BELAY_TARGET_UNREACHABLE */
async function look({ name, ask, at, id }: Project): Promise<Told> {
  const values = { projectId: id, target: 'production', limit: String(MOST_DEPLOYMENTS) };
  const list = await ask({ method: 'GET', url: at('/v6/deployments', values), acts: false });
  const project = await ask({ method: 'GET', url: at(`/v9/projects/${encodeURIComponent(id)}`), acts: false });
  try {
    if (list === null || project === null) throw new Unusable('there is no such project, or the token may not see it (404)');
    return sightIn(list, project);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${name}: ${error.message}`, { hint: 'Check the project, the team and the token.' });
  }
}

function described(changes: readonly Deployment[], keys: readonly string[]): ReadonlyMap<string, Artefact> {
  const found = changes.filter((one) => keys.includes(one.key)).map((one) => [one.key, artefactOf(one)] as const);
  return new Map(found);
}

async function promote({ name, ask, at, id }: Project, change: Change): Promise<void> {
  const url = at(`/v10/projects/${encodeURIComponent(id)}/promote/${encodeURIComponent(change.id)}`);
  if ((await ask({ method: 'POST', url, acts: true, mayBeEmpty: true })) !== null) return;
  throw new BelayError('BELAY_ACT_FAILED', `${name}: ${change.id} is not there any more (404)`, { hint: 'Plan again.' });
}

/** Somebody who promotes by hand is not kept out. */
async function setAutoAssign(place: Project, enabled: boolean): Promise<void> {
  const { name, ask, at, id } = place;
  const isSo = ({ frozen, isRolledBack }: Awaited<ReturnType<typeof look>>): boolean => frozen === !enabled && !(enabled && isRolledBack);
  if (isSo(await look(place))) return;
  const body = JSON.stringify({ autoAssignCustomDomains: enabled });
  await ask({ method: 'PATCH', url: at(`/v9/projects/${encodeURIComponent(id)}`), body, acts: true });
  const now = await look(place);
  if (isSo(now)) return;
  throw new BelayError(
    'BELAY_ACT_FAILED',
    `${name}: new deployments are ${enabled ? 'still kept from' : 'still given'} the production domains`,
    {
      hint: now.isRolledBack
        ? 'An instant rollback holds the domains until a deployment is promoted: promote the one that shall be live.'
        : 'Look at Settings, Environments, Production: "Auto-assign Custom Production Domains".',
    },
  );
}
