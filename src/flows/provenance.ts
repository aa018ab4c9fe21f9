// Guard G10 as it runs: whose word the counts are, and whether something of our own confirms what an unsigned sender says.
import { confirms, corroboratorsOf } from '../domain/corroboration.ts';
import type { ProvenanceFacts } from '../domain/guardrail.ts';
import { provenanceOf } from '../domain/source-catalog.ts';
import type { Transition } from '../domain/trigger.ts';
import type { World } from './world.ts';

type Asked = Pick<World, 'system' | 'readings'>;

/** Scrapes and probes are Belay's own counts; what is sent is signed, or anybody's. */
export async function provenanceFacts(world: Asked, transition: Transition): Promise<readonly ProvenanceFacts[]> {
  const sources = world.system.sources.filter((source) => transition.inputs.sources.includes(source.id));
  const { truncatedAt = {} } = await world.readings.health({ sources: transition.inputs.sources });
  const from = transition.since - transition.inputs.overMs;
  return Promise.all(
    sources.map(async (source): Promise<ProvenanceFacts> => {
      const kind = provenanceOf(source);
      const by = kind === 'unsigned' && 'corroboratedBy' in source ? source.corroboratedBy : undefined;
      // From the window of the breach on: what was left out may be what would have told another story.
      const truncated = (truncatedAt[source.id] ?? -Infinity) >= from;
      const facts = { source: source.id, kind, ...(truncated ? { truncated } : {}) };
      return by === undefined ? facts : { ...facts, corroborated: await isConfirmed(world, by, transition) };
    }),
  );
}

async function isConfirmed({ system, readings }: Asked, by: string, { scope }: Transition): Promise<boolean> {
  const triggers = corroboratorsOf(system, by);
  const views = await Promise.all(triggers.map((id) => readings.views(id)));
  return views.flat().some((view) => confirms(view, scope));
}
