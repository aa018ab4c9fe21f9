// Answers "why": of an incident, from its log; of a trigger, from what detection knows now.
import { type ExplainedSilence, type Explanation, explainIncident, explainNow, silencesOn } from '../domain/explanation.ts';
import { worstFirst } from '../domain/trigger-list.ts';
import { listSilences } from '../flows/silences.ts';
import { findIncident, type ReadWorld } from './snapshot.ts';
import { watchedTrigger } from './triggers.ts';

/** Most scopes that one answer explains: the worst ones. */
const MOST = 50;

export async function explain(world: ReadWorld, { of, org }: { readonly of: string; readonly org?: string | undefined }) {
  const explanations = /^INC-\d{1,9}$/.test(of) ? await ofIncident(world, of) : await ofTrigger(world, of, org);
  const { zone, organizations } = world.system;
  return { explanations, zone, organizations: organizations.map(({ id, name }) => ({ id, name })) };
}

async function ofIncident(world: ReadWorld, id: string): Promise<readonly Explanation[]> {
  const incident = await findIncident(world, id);
  if (incident.trigger === null) return [];
  const which = watched(world, incident.trigger);
  const [events, silencesOf] = await Promise.all([world.incidents.events(incident.id), silencesFor(world, which)]);
  const explained = explainIncident(which, events, silencesOf);
  return explained === null ? [] : [explained];
}

async function ofTrigger(world: ReadWorld, id: string, org: string | undefined): Promise<readonly Explanation[]> {
  const which = watched(world, id);
  const views = (await world.readings.views(id)).filter((view) => org === undefined || view.scope === org);
  const silencesOf = await silencesFor(world, which);
  return worstFirst(views, [which])
    .slice(0, MOST)
    .map((view) => explainNow(which, view, silencesOf(view.scope)));
}

async function silencesFor(
  world: ReadWorld,
  { rule, spec }: Pick<ReturnType<typeof watched>, 'rule' | 'spec'>,
): Promise<(scope: string) => readonly ExplainedSilence[]> {
  const silences = await listSilences(world);
  const members = spec.signal.kind === 'composite' ? spec.signal.of : [];
  return (scope) => silencesOn(silences, { trigger: rule.id, members, scope, now: world.time.now() });
}

function watched(world: ReadWorld, id: string) {
  const { rule, spec } = watchedTrigger(world, id);
  return { rule, spec, kind: spec.signal.kind, ...(spec.signal.kind === 'quantile' ? { q: spec.signal.q } : {}) };
}
