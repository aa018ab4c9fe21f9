// `flow.set`: one organization is put on one flow; the others are not touched.
import type { JsonObject } from '../../domain/json.ts';
import type { Action } from '../../ports/action.ts';
import type { FlowSwitch } from '../../ports/flow-switch.ts';
import { named, specOf, textOf } from './arguments.ts';

export function flowActions(switches: Readonly<Record<string, FlowSwitch>>): readonly Action[] {
  const switchOf = (args: JsonObject): FlowSwitch => named(switches, 'switch', textOf(args, 'switch'));
  return [
    {
      spec: specOf('flow.set'),
      compareAndSet: (args) => switchOf(args).compareAndSet,
      target: (args) => `switch:${textOf(args, 'switch')}/${textOf(args, 'org')}`,
      observe: async (args) => {
        const to = textOf(args, 'to');
        const { value, fingerprint } = await switchOf(args).get(textOf(args, 'org'));
        return { current: value, desired: to, fingerprint, reached: value === to };
      },
      act: (args, o) => switchOf(args).set(textOf(args, 'org'), textOf(args, 'to'), o),
      impossible: async (args) => {
        const { values } = switchOf(args);
        return values.includes(textOf(args, 'to'))
          ? null
          : `${textOf(args, 'switch')} has no flow ${textOf(args, 'to')}; it has ${values.join(', ')}`;
      },
      lastChange: async (args) => {
        const { changedAt, previous, value } = await switchOf(args).get(textOf(args, 'org'));
        return { at: changedAt, from: previous, to: value };
      },
    },
  ];
}
