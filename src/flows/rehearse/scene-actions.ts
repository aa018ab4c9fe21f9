// Actions of a scene beyond targets and switches: what a runbook does to integrations, to intakes, to freezes, and by actions of the user's own.
// Marks say whether each is done already; none of them can be carried out, and of a database, whose loss nobody told, there is none.
import { assert } from '../../domain/assert.ts';
import type { ActionSpec } from '../../domain/catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { SceneMark } from '../../domain/scene.ts';
import type { System } from '../../domain/system.ts';
import { toldActions } from '../../domain/told-actions.ts';
import type { Action } from '../../ports/action.ts';

type ActionMark = Extract<SceneMark, { what: 'action' }>;

/** Not done yet, where no mark says otherwise. */
export function actionsAsTold(system: Pick<System, 'actions'>, marks: readonly SceneMark[]): Readonly<Record<string, Action>> {
  const said = marks.filter((one): one is ActionMark => one.what === 'action');
  return Object.fromEntries(Object.values(toldActions(system)).map((spec) => [spec.name, actionOf(spec, said)]));
}

function actionOf(spec: ActionSpec, said: readonly ActionMark[]): Action {
  const stateOf = (args: JsonObject): ActionMark['state'] =>
    said.findLast(({ action, of }) => action === spec.name && (of === null || Object.values(args).includes(of)))?.state ?? 'undone';
  return {
    spec,
    compareAndSet: () => 'none',
    notes: () => ['unguarded'],
    target: (args) => `action:${spec.name}(${Object.values(args).map(String).join(', ')})`,
    observe: async (args) => {
      const state = stateOf(args);
      if (state === 'unknown')
        throw new BelayError('BELAY_TARGET_UNREACHABLE', `the scene says that nobody can tell whether ${spec.name} was done`);
      return { current: state, desired: 'done', fingerprint: state, reached: state === 'done' };
    },
    act: async () => assert(false, 'a scene was asked to change something'),
    impossible: async () => null,
    lastChange: async () => null,
  };
}
