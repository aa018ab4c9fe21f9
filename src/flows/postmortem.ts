// Drafts the post-mortem of an incident: renders it from the log, keeps what people wrote, and records the draft once.
import { BelayError } from '../domain/errors.ts';
import { foldLog } from '../domain/incident-fold.ts';
import type { Plan } from '../domain/plan.ts';
import { humanSections, renderPostmortem } from '../domain/postmortem.ts';
import type { Lang } from '../domain/system.ts';
import type { World } from './world.ts';

export type PostmortemWorld = Pick<World, 'incidents' | 'documents' | 'outbox' | 'digest' | 'artefacts' | 'time' | 'system'>;

export const POSTMORTEM_FILE = 'postmortem.md';

/** Writes `postmortem.md` (or `postmortem.<lang>.md` in another language than the system's) and returns its path. @throws BELAY_NOT_FOUND */
export async function writePostmortem(world: PostmortemWorld, incidentId: string, o: { readonly lang?: Lang } = {}): Promise<string> {
  const lang = o.lang ?? world.system.lang;
  const name = lang === world.system.lang ? POSTMORTEM_FILE : `postmortem.${lang}.md`;
  const log = await world.incidents.events(incidentId);
  const incident = foldLog(log);
  if (incident === null)
    throw new BelayError('BELAY_NOT_FOUND', `there is no incident ${incidentId}`, { hint: 'Run `belay status` to list incidents.' });
  // Drawn from the log alone, without earlier drafts and as of its last fact: repeating it after a crash draws the same.
  const events = log.filter((event) => event.type !== 'postmortem.drafted');
  const last = events.at(-1);
  const earlier = await world.artefacts.read(incidentId, name);
  const text = renderPostmortem({
    incident,
    events,
    plan: await planOf(world, incident.planHash),
    deliveries: await world.outbox.ofIncident(incidentId),
    system: world.system,
    lang,
    zone: world.system.zone,
    now: last?.observedAt ?? incident.declaredAt,
    human: earlier === null ? {} : humanSections(earlier),
  });
  const path = await world.artefacts.write(incidentId, name, text);
  const sha256 = world.digest.ofText(text);
  await world.incidents.append(incidentId, {
    key: `postmortem/${name}/${last?.hash ?? ''}`,
    events: [{ type: 'postmortem.drafted', data: { path: name, sha256 }, at: world.time.now(), actor: { kind: 'engine', id: 'belay' } }],
  });
  return path;
}

async function planOf(world: Pick<World, 'documents'>, planHash: string | null): Promise<Plan | null> {
  if (planHash === null || planHash === '') return null;
  try {
    const value = (await world.documents.get(planHash)) as unknown as Partial<Plan>;
    // Documents are stored under their own hash; the plan's hash is that of its binding part, which does not name itself.
    return value.steps === undefined ? null : ({ guards: [], unknowns: [], ...value, planHash } as Plan);
  } catch (error) {
    if (BelayError.is(error, 'BELAY_NOT_FOUND')) return null;
    throw error;
  }
}
