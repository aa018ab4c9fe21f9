// Guard G4: what the services of others say that the hit components depend on. A rollback does not mend somebody else's outage.
import type { DecisionFacts } from '../domain/guardrail.ts';
import type { Component } from '../domain/system.ts';
import type { TriggerView } from '../domain/trigger.ts';
import type { World } from './world.ts';

type Upstream = NonNullable<DecisionFacts['upstreams']>[number];

/** Of everything that the components depend on, near or far, what says when it is down. Null: its trigger has seen nothing, or nothing lately. */
export async function upstreamFacts(
  world: Pick<World, 'system' | 'readings'>,
  components: readonly string[],
): Promise<readonly Upstream[]> {
  const told = dependenciesOf(world.system.components, components).flatMap(({ id, downWhen }) =>
    downWhen === undefined ? [] : [{ id, downWhen }],
  );
  return Promise.all(told.map(async ({ id, downWhen }) => ({ id, healthy: healthOf(await world.readings.views(downWhen)) })));
}

function dependenciesOf(all: readonly Component[], hit: readonly string[]): readonly Component[] {
  const found = new Set<string>();
  const look = (id: string): void => {
    for (const next of all.find((one) => one.id === id)?.dependsOn ?? []) {
      if (found.has(next) || hit.includes(next)) continue;
      found.add(next);
      look(next);
    }
  };
  for (const id of hit) look(id);
  return all.filter((one) => found.has(one.id));
}

function healthOf(views: readonly TriggerView[]): boolean | null {
  if (views.some((view) => view.status === 'breached' || view.status === 'suspect')) return false;
  // Beyond its limit, but not yet for long enough, or with too little data: nobody can say yet that it is well.
  const isWell = (view: TriggerView): boolean =>
    !view.unknown && !view.warming && !view.overLimit && view.baseline !== null && view.value !== null;
  return views.length > 0 && views.every(isWell) ? true : null;
}
