// A flow switch in memory, with a ledger of every effect.
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { FlowSwitch } from '../../ports/flow-switch.ts';

interface Entry {
  readonly value: string;
  readonly changes: number;
  readonly changedAt: Instant;
  readonly previous: string | null;
  readonly key: string;
}
export interface VirtualFlowSwitch extends FlowSwitch {
  /** Somebody else's change. */
  put(org: string, value: string): void;
  flows(): Readonly<Record<string, string>>;
  readonly effects: readonly { readonly org: string; readonly to: string; readonly key: string }[];
}

export function createVirtualFlowSwitch(o: {
  readonly flows: Readonly<Record<string, string>>;
  readonly values: readonly string[];
  readonly now: () => Instant;
}): VirtualFlowSwitch {
  const entries = new Map<string, Entry>(
    Object.entries(o.flows).map(([org, value]) => [org, { value, changes: 0, changedAt: o.now(), previous: null, key: '' }]),
  );
  const effects: { org: string; to: string; key: string }[] = [];
  const entryOf = (org: string): Entry =>
    entries.get(org) ?? { value: o.values[0] ?? '', changes: 0, changedAt: 0, previous: null, key: '' };
  const fingerprintOf = ({ value, changes }: Entry): string => `${value}#${changes}`;
  const change = (org: string, value: string, key: string): void => {
    const before = entryOf(org);
    if (before.value !== value) entries.set(org, { value, changes: before.changes + 1, changedAt: o.now(), previous: before.value, key });
  };
  return {
    effects,
    compareAndSet: 'lock',
    values: o.values,
    put: (org, value) => change(org, value, ''),
    flows: () => Object.fromEntries([...entries].map(([org, { value }]) => [org, value])),
    get: async (org) => {
      const { value, changedAt, previous } = entryOf(org);
      return { value, fingerprint: fingerprintOf(entryOf(org)), changedAt, previous };
    },
    set: async (org, value, { expected, key }) => {
      if (!o.values.includes(value)) throw new BelayError('BELAY_INPUT_INVALID', `there is no flow ${value}`);
      const now = entryOf(org);
      if (now.value === value && now.key === key) return;
      if (fingerprintOf(now) !== expected)
        throw new BelayError('BELAY_TARGET_CONFLICT', `${org} is ${fingerprintOf(now)}, not ${expected}`);
      effects.push({ org, to: value, key });
      change(org, value, key);
    },
  } satisfies VirtualFlowSwitch;
}
