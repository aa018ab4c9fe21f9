// Flags, settings and shares of a proxy in memory: what was set is there, compared before it is set.
import { BelayError } from '../../domain/errors.ts';
import type { SettingValue } from '../../domain/setting.ts';
import type { Flag, SettingStore } from '../../ports/settings.ts';
import type { TrafficSplit } from '../../ports/traffic-split.ts';

const FIXED = { compareAndSet: 'lock', notes: [] } as const;

const demandSame = (found: string, expected: string): void => {
  if (found !== expected) throw new BelayError('BELAY_TARGET_CONFLICT', `it is ${found}, not ${expected}`, { effect: 'none' });
};

export interface VirtualFlag extends Flag {
  states(): Readonly<Record<string, SettingValue>>;
}

/** `value`: of everybody who has none of their own. */
export function createVirtualFlag(value: SettingValue): VirtualFlag {
  const held = new Map<string | null, SettingValue>([[null, value]]);
  const of = (org: string | null): SettingValue => held.get(org) ?? held.get(null) ?? value;
  return {
    ...FIXED,
    knowsOrgs: true,
    onUnreachable: null,
    states: () => Object.fromEntries([...held].map(([org, set]) => [org ?? '', set])),
    meant: async (to) => to,
    get: async (org) => ({ value: of(org), fingerprint: String(of(org)) }),
    evaluate: async (org) => of(org),
    set: async (to, { org, expected }) => {
      demandSame(String(of(org)), expected);
      held.set(org, to);
    },
  } satisfies VirtualFlag;
}

export interface VirtualSettings extends SettingStore {
  states(): Readonly<Record<string, SettingValue>>;
}

export function createVirtualSettings(values: Readonly<Record<string, SettingValue>>): VirtualSettings {
  const held = new Map(Object.entries(values));
  const seen = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, held.get(key) ?? null]));
  const fingerprintOf = (keys: readonly string[]): string => JSON.stringify(seen([...keys].sort()));
  return {
    ...FIXED,
    states: () => Object.fromEntries(held),
    held: (_key, value) => value,
    keys: async () => [...held.keys()],
    isSecret: () => false,
    mark: String,
    get: async (keys) => ({ values: seen(keys), fingerprint: fingerprintOf(keys) }),
    set: async (changes, { expected }) => {
      demandSame(fingerprintOf(Object.keys(changes)), expected);
      for (const [key, value] of Object.entries(changes)) {
        if (value === null) held.delete(key);
        else held.set(key, value);
      }
    },
  } satisfies VirtualSettings;
}

/** The first one gets everything. */
export function createVirtualProxy(names: readonly string[]): TrafficSplit {
  let shares: Readonly<Record<string, number>> = Object.fromEntries(names.map((name, n) => [name, n === 0 ? 1 : 0]));
  return {
    compareAndSet: 'native',
    names,
    look: async () => ({ shares, up: names, fingerprint: JSON.stringify(shares) }),
    put: async (to, share, { expected }) => {
      demandSame(JSON.stringify(shares), expected);
      shares = Object.fromEntries(names.map((name) => [name, name === to ? share : 1 - share]));
    },
  } satisfies TrafficSplit;
}
