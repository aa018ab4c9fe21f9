// What was rolled back lately, read from the incidents' own logs: the facts of the loop guard (G7).
import { BelayError } from '../domain/errors.ts';
import type { Incident } from '../domain/incident.ts';
import type { Instant, Json } from '../domain/json.ts';
import { recallPlan } from './plan.ts';
import type { World } from './world.ts';

export interface PastRollback {
  readonly incident: string;
  readonly at: Instant;
  /** Organization, or '*' for all. */
  readonly scope: string;
  readonly target: string;
  /** What was live before and what it was rolled back to, as the plan showed them. */
  readonly from: Json;
  readonly to: Json;
}

/** How many incidents that did something are looked through: more than any day brings. */
const LOOKED_THROUGH = 1_000;

/**
 * Newest first, those that people approved or started too: whoever did it, doing it again soon is a loop. `except` leaves out the
 * incident that is being decided.
 */
export async function pastRollbacks(
  world: Pick<World, 'incidents' | 'documents' | 'actions'>,
  o: { readonly since: Instant; readonly except: string | null },
): Promise<readonly PastRollback[]> {
  const acted = (await world.incidents.list({ doneSince: o.since, limit: LOOKED_THROUGH })).filter((one) => one.id !== o.except);
  return (await Promise.all(acted.map((incident) => rollbacksOf(world, incident)))).flat().sort((a, b) => b.at - a.at);
}

async function rollbacksOf(world: Pick<World, 'documents' | 'actions'>, incident: Incident): Promise<readonly PastRollback[]> {
  if (incident.planHash === null) return [];
  const plan = await recallPlanOrNull(world, incident.planHash);
  return (plan?.steps ?? []).flatMap((step) => {
    const action = step.action === undefined ? undefined : world.actions[step.action];
    const state = incident.steps[step.id];
    if (action === undefined || step.args === undefined || step.effect !== 'change' || state?.status !== 'done') return [];
    const scope = incident.scope.orgs === 'all' ? '*' : (incident.scope.orgs[0] ?? '*');
    // When it was done, not when the incident was declared: people may have thought about it for an hour.
    return [
      {
        incident: incident.id,
        at: state.endedAt ?? state.startedAt,
        scope,
        target: action.target(step.args),
        from: step.current ?? null,
        to: step.desired ?? null,
      },
    ];
  });
}

/** A plan that retention has removed tells nothing about targets; the incident itself still counts elsewhere. */
async function recallPlanOrNull(world: Pick<World, 'documents'>, planHash: string) {
  try {
    return await recallPlan(world, planHash);
  } catch (error) {
    if (BelayError.is(error, 'BELAY_NOT_FOUND')) return null;
    throw error;
  }
}
