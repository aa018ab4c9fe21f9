// A target that really changes, with a ledger of every effect: the judge of crash tests. State and ledger survive kills on the disk
// of the world. Foreign deployers can move it at any time.

import type { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import type { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import type { ActionSpec } from '../../../src/domain/catalog.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { Action } from '../../../src/ports/action.ts';

export interface FakeTarget {
  value: string;
  revision: number;
  changedAt: number;
  previous: string | null;
  readonly effects: { readonly by: string; readonly to: string; readonly key: string }[];
}

export function fakeTargetOn(disk: DurableDisk, name: string, value: string): FakeTarget {
  return disk.part<FakeTarget>(`target:${name}`, () => ({ value, revision: 1, changedAt: 0, previous: null, effects: [] }));
}

/** Somebody else's deploy. */
export function moveTarget(target: FakeTarget, to: string, by = 'somebody else'): void {
  target.previous = target.value;
  target.value = to;
  target.revision += 1;
  target.effects.push({ by, to, key: '' });
}

export interface FakeActionOptions {
  readonly spec: ActionSpec;
  readonly target: FakeTarget;
  readonly name: string;
  readonly kill: KillSwitch;
  /** The value that the arguments ask for. */
  readonly wanted: (args: JsonObject) => string;
  /** Ran between the comparison of the caller and the act: where a foreign deploy can slip in. */
  readonly beforeAct?: () => void;
  /** False: the target takes any act, whatever it looked like (no compare-and-set). */
  readonly compares?: boolean;
}

export function createFakeAction(o: FakeActionOptions): Action {
  const { target, kill } = o;
  return {
    spec: o.spec,
    compareAndSet: () => (o.compares === false ? 'none' : 'native'),
    target: () => o.name,
    observe: async (args) => {
      await kill.gate();
      return {
        current: target.value,
        desired: o.wanted(args),
        fingerprint: `${target.value}@${target.revision}`,
        reached: target.value === o.wanted(args),
      };
    },
    act: async (args, { expected, key }) => {
      await kill.at(`act:${o.name}:before`);
      o.beforeAct?.();
      if ((o.compares ?? true) && `${target.value}@${target.revision}` !== expected) {
        throw new BelayError('BELAY_TARGET_CONFLICT', `${o.name} is ${target.value}@${target.revision}, not ${expected}`, {
          effect: 'none',
        });
      }
      moveTarget(target, o.wanted(args), 'belay');
      target.effects[target.effects.length - 1] = { by: 'belay', to: o.wanted(args), key };
      await kill.at(`act:${o.name}:after`);
    },
    impossible: async () => null,
    lastChange: async () => ({ at: target.changedAt, from: target.previous, to: target.value }),
  } satisfies Action;
}
