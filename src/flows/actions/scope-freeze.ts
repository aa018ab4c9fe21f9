// `belay.freeze` and `belay.thaw`: nothing new is put live for an organization, or on a component, or again it is.
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { ScopeFreeze } from '../../domain/scope-freeze.ts';
import { scopeNamed } from '../../domain/scope-freeze.ts';
import type { System } from '../../domain/system.ts';
import type { Action } from '../../ports/action.ts';
import type { Freezes } from '../../ports/freezes.ts';
import type { Time } from '../../ports/time.ts';
import { specOf } from './arguments.ts';

export interface FreezePorts {
  readonly freezes: Freezes;
  readonly system: Pick<System, 'organizations' | 'components'>;
  readonly time: Pick<Time, 'now'>;
}

export function scopeFreezeActions(ports: FreezePorts): readonly Action[] {
  return [scopeFreezeAction('belay.freeze', true, ports), scopeFreezeAction('belay.thaw', false, ports)];
}

function scopeFreezeAction(name: string, on: boolean, { freezes, system, time }: FreezePorts): Action {
  const found = async (args: JsonObject): Promise<ScopeFreeze | null> => {
    const scope = scopeOf(args);
    return (await freezes.list()).find((one) => one.scope === scope) ?? null;
  };
  return {
    spec: specOf(name),
    compareAndSet: () => 'native',
    target: (args) => `scope:${scopeOf(args)}`,
    observe: async (args) => {
      const held = await found(args);
      const current = held === null ? 'open' : 'frozen';
      const fingerprint = held === null ? 'open' : `frozen@${held.at}`;
      return { current, desired: on ? 'frozen' : 'open', fingerprint, reached: (held !== null) === on };
    },
    act: async (args, { expected, reason }) => {
      const scope = scopeOf(args);
      const why = typeof args['why'] === 'string' ? args['why'] : reason;
      const done = on
        ? await freezes.set({ scope, incident: reason, by: 'belay', why, at: time.now() })
        : await freezes.lift(scope, Number(expected.slice('frozen@'.length)));
      if (!done)
        throw new BelayError('BELAY_TARGET_CONFLICT', `somebody changed the freeze of ${scope} in the same moment`, { effect: 'none' });
    },
    impossible: async (args) => (scopeNamed(system, scopeOf(args)) === null ? `there is no ${scopeOf(args).replace('/', ' ')}` : null),
    // When it was last frozen says nothing about what broke the service.
    lastChange: async () => null,
  };
}

/** @throws BELAY_INPUT_INVALID */
function scopeOf(args: JsonObject): string {
  const { org, component } = args;
  if (typeof org === 'string' && component === undefined) return `org/${org}`;
  if (typeof component === 'string' && org === undefined) return `component/${component}`;
  throw new BelayError('BELAY_INPUT_INVALID', 'a freeze is of one organization or of one component', {
    hint: 'Give org or component in `with`, not both.',
  });
}
