// Who confirms what an unsigned sender says: triggers over counts that Belay takes itself. Whether they are in breach is asked elsewhere.
import { provenanceOf } from './source-catalog.ts';
import type { System } from './system.ts';
import type { TriggerView } from './trigger.ts';

type Watched = Pick<System, 'sources' | 'signals' | 'triggers'>;

/** Triggers of our own behind the name of a trigger, or of a source that they watch. Empty: nothing of ours is meant. */
export function corroboratorsOf(system: Watched, name: string): readonly string[] {
  return system.triggers.flatMap((rule) => {
    const sources = ownSources(system, rule.signal);
    return sources !== null && (rule.id === name || sources.includes(name)) ? [rule.id] : [];
  });
}

/** Null: people, other triggers, or somebody whose word would need confirming itself. */
function ownSources({ sources, signals }: Watched, signal: string): readonly string[] | null {
  const spec = signals.find((one) => one.id === signal);
  if (spec === undefined || spec.signal.kind === 'manual' || spec.signal.kind === 'composite') return null;
  const ids = spec.signal.kind === 'probe' ? [spec.signal.source] : spec.sources;
  const isOwn = (id: string): boolean => sources.some((source) => source.id === id && provenanceOf(source) === 'own');
  return ids.length > 0 && ids.every(isOwn) ? ids : null;
}

/** In breach now, with fresh data: for the whole system, or for the organization that it is about. */
export function confirms(view: TriggerView, scope: string): boolean {
  const isTold = view.status === 'breached' || (view.status === 'suspect' && view.announced);
  return isTold && view.overLimit && !view.unknown && (view.scope === '' || view.scope === scope);
}
