// Which actions a scene can tell of by their names: those whose state is a yes or a no. It knows no scene, and nothing is done here.
import { ACTIONS, type ActionSpec } from './catalog.ts';
import { driverOf } from './integration-catalog.ts';
import { catalogOf } from './own-action.ts';
import type { System } from './system.ts';

/** Those that a scene can tell of, by their name. */
export function toldActions({ actions = [] }: Pick<System, 'actions'>): Readonly<Record<string, ActionSpec>> {
  const known = Object.entries(ACTIONS).filter(
    ([name]) => driverOf(name) !== null || /^(?:intake|belay)\.(?!undo|pause|resume)/.test(name),
  );
  return { ...Object.fromEntries(known), ...catalogOf(actions) };
}
