// `deploy.freeze` and `deploy.thaw`: other deployers are kept out, or let in again. What is live is not touched.
import type { JsonObject } from '../../domain/json.ts';
import type { Action } from '../../ports/action.ts';
import type { DeployTarget } from '../../ports/deploy-target.ts';
import { named, specOf, textOf } from './arguments.ts';

type Targets = Readonly<Record<string, DeployTarget>>;

export function freezeActions(targets: Targets): readonly Action[] {
  return [freezeAction('deploy.freeze', targets, true), freezeAction('deploy.thaw', targets, false)];
}

function freezeAction(name: string, targets: Targets, on: boolean): Action {
  const targetOf = (args: JsonObject): DeployTarget => named(targets, 'target', textOf(args, 'target'));
  return {
    spec: specOf(name),
    compareAndSet: () => 'none',
    // Not `target:…`: freezing does not move the fingerprint that a later rollback was planned with.
    target: (args) => `freeze:${textOf(args, 'target')}`,
    observe: async (args) => {
      const { frozen } = await targetOf(args).current();
      return { current: word(frozen), desired: word(on), fingerprint: word(frozen), reached: frozen === on };
    },
    act: (args, { reason }) => targetOf(args).freeze(on, typeof args['why'] === 'string' ? args['why'] : reason),
    impossible: async (args) => (targetOf(args).caps.freeze ? null : `${textOf(args, 'target')} cannot keep other deployers out`),
    // When it was last frozen says nothing about what broke the service.
    lastChange: async () => null,
  };
}

const word = (frozen: boolean): string => (frozen ? 'frozen' : 'open');
