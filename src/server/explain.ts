// Answers "why": of an incident, from its log; of a trigger, from what detection knows now.
import { BelayError } from '../domain/errors.ts';
import { type Explanation, explainIncident, explainNow } from '../domain/explanation.ts';
import { findIncident, type ReadWorld } from './snapshot.ts';

/** Most scopes that one answer explains: the worst ones. */
const MOST = 50;
const BADNESS = ['ok', 'cleared', 'suspect', 'breached'];

export async function explain(world: ReadWorld, { of, org }: { readonly of: string; readonly org?: string | undefined }) {
  const explanations = /^INC-\d{1,9}$/.test(of) ? await ofIncident(world, of) : await ofTrigger(world, of, org);
  const { zone, organizations } = world.system;
  return { explanations, zone, organizations: organizations.map(({ id, name }) => ({ id, name })) };
}

async function ofIncident(world: ReadWorld, id: string): Promise<readonly Explanation[]> {
  const incident = await findIncident(world, id);
  if (incident.trigger === null) return [];
  const explained = explainIncident(watched(world, incident.trigger), await world.incidents.events(incident.id));
  return explained === null ? [] : [explained];
}

async function ofTrigger(world: ReadWorld, id: string, org: string | undefined): Promise<readonly Explanation[]> {
  const which = watched(world, id);
  const views = (await world.readings.views(id)).filter((view) => org === undefined || view.scope === org);
  const worst = views.toSorted(
    (a, b) =>
      BADNESS.indexOf(b.status) - BADNESS.indexOf(a.status) || Number(b.overLimit) - Number(a.overLimit) || (a.scope < b.scope ? -1 : 1),
  );
  return worst.slice(0, MOST).map((view) => explainNow(which, view));
}

function watched({ system }: ReadWorld, id: string) {
  const rule = system.triggers.find((one) => one.id === id);
  const signal = system.signals.find((one) => one.id === rule?.signal)?.signal;
  if (rule === undefined || signal === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `there is no trigger ${id}`, { hint: 'See which there are: belay status' });
  return { rule, kind: signal.kind, ...(signal.kind === 'quantile' ? { q: signal.q } : {}) };
}
