// `flag.set`, `config.set` and `config.unset`: what a service reads besides its code is set to explicit values. Several keys go together or
// not at all; secrets are never written from a runbook, and never shown.
import { BelayError } from '../../domain/errors.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { type SettingValue, saysTheSame, shownValue } from '../../domain/setting.ts';
import type { Action, Observation } from '../../ports/action.ts';
import type { Flag, SettingStore } from '../../ports/settings.ts';
import { named, specOf, textOf } from './arguments.ts';

type Flags = Readonly<Record<string, Flag>>;
type Configs = Readonly<Record<string, SettingStore>>;
type Changes = Readonly<Record<string, SettingValue | null>>;

export function settingActions(flags: Flags, configs: Configs): readonly Action[] {
  return [
    flagAction(flags),
    configAction('config.set', configs, (args, store) => heldChanges(args, store)),
    configAction('config.unset', configs, (args) => Object.fromEntries(keysOf(args).map((key) => [key, null]))),
  ];
}

function flagAction(flags: Flags): Action {
  const flagOf = (args: JsonObject): Flag => named(flags, 'flag', textOf(args, 'flag'));
  const look = async (args: JsonObject) => {
    const [flag, org] = [flagOf(args), orgOf(args)];
    const view = await flag.get(org);
    const to = await flag.meant(plainOf(args['to'], 'to'), view.value);
    return { flag, org, view, to };
  };
  return {
    spec: specOf('flag.set'),
    compareAndSet: (args) => flagOf(args).compareAndSet,
    target: (args) => `flag:${textOf(args, 'flag')}${args['org'] === undefined ? '' : `/${textOf(args, 'org')}`}`,
    notes: (args) => flagOf(args).notes,
    observe: async (args): Promise<Observation> => {
      const { flag, org, view, to } = await look(args);
      const { fingerprint, pending } = view;
      if (view.value !== to) return { current: view.value, desired: to, fingerprint, reached: false };
      if (pending !== undefined) return { current: `${String(to)} (${pending})`, desired: to, fingerprint, reached: false };
      // By effect: what an application gets, not what the store holds.
      const given = await flag.evaluate(org);
      const reached = saysTheSame(given, to);
      return { current: reached ? to : `${String(to)} (applications still get ${String(given)})`, desired: to, fingerprint, reached };
    },
    act: async (args, o) => {
      const { flag, org, to } = await look(args);
      await flag.set(to, { ...o, org, reason: typeof args['why'] === 'string' ? args['why'] : o.reason });
    },
    impossible: async (args) => {
      const flag = flagOf(args);
      if (orgOf(args) !== null && !flag.knowsOrgs)
        return `the flag ${textOf(args, 'flag')} has one value for all organizations: leave out org`;
      const { value } = await flag.get(orgOf(args));
      return sentenceOf(() => flag.meant(plainOf(args['to'], 'to'), value));
    },
    lastChange: async () => null,
  };
}

type ChangesOf = (args: JsonObject, store: SettingStore) => Changes;

function configAction(name: string, configs: Configs, changesOf: ChangesOf): Action {
  const storeOf = (args: JsonObject): SettingStore => named(configs, 'config', textOf(args, 'config'));
  return {
    spec: specOf(name),
    compareAndSet: (args) => storeOf(args).compareAndSet,
    target: (args) => `config:${textOf(args, 'config')}/${touched(args).toSorted().join(',')}`,
    notes: (args) => storeOf(args).notes,
    observe: async (args) => {
      const store = storeOf(args);
      const changes = changesOf(args, store);
      const { values, fingerprint, pending } = await store.get(Object.keys(changes));
      const inPlace = Object.keys(changes).every((key) => values[key] === changes[key]);
      const current = pending === undefined ? shown(store, values) : `${JSON.stringify(shown(store, values))} (${pending})`;
      return { current, desired: shown(store, changes), fingerprint, reached: inPlace && pending === undefined };
    },
    act: (args, o) => {
      const store = storeOf(args);
      return store.set(changesOf(args, store), o);
    },
    impossible: async (args) => {
      const store = storeOf(args);
      const secret = Object.entries(writtenIn(args)).flatMap(([key, value]) => (value !== null && store.isSecret(key) ? [key] : []));
      if (secret.length > 0)
        return `${secret.join(', ')} is secret: a runbook does not hold its value; set it by hand, or name it under shown`;
      return sentenceOf(async () => changesOf(args, store));
    },
    lastChange: async () => null,
  };
}

function shown(store: SettingStore, values: Changes): Json {
  const marked = (key: string, value: SettingValue | null): Json =>
    shownValue(value, value !== null && store.isSecret(key) ? { mark: store.mark(value) } : null);
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, marked(key, value)]));
}

function heldChanges(args: JsonObject, store: SettingStore): Changes {
  const set = writtenIn(args);
  if (Object.keys(set).length === 0)
    throw new BelayError('BELAY_INPUT_INVALID', 'set names no settings', { hint: 'Write set: { KEY: value }.' });
  return Object.fromEntries(Object.entries(set).map(([key, value]) => [key, value === null ? null : store.held(key, plainOf(value, key))]));
}

function keysOf(args: JsonObject): readonly string[] {
  const { keys } = args;
  if (Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key === 'string')) return keys;
  throw new BelayError('BELAY_INPUT_INVALID', 'keys is not a list of names', { hint: 'Write keys: [KEY].' });
}

function writtenIn({ set }: JsonObject): JsonObject {
  return typeof set === 'object' && set !== null && !Array.isArray(set) ? (set as JsonObject) : {};
}

const touched = (args: JsonObject): readonly string[] => (args['set'] === undefined ? keysOf(args) : Object.keys(writtenIn(args)));

const orgOf = (args: JsonObject): string | null => (args['org'] === undefined ? null : textOf(args, 'org'));

function plainOf(value: Json | undefined, name: string): SettingValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw new BelayError(
    'BELAY_INPUT_INVALID',
    `${name} is ${value === undefined ? 'missing' : `no plain value: ${JSON.stringify(value)}`}`,
    {
      hint: `Give ${name} a text, a number, true or false.`,
    },
  );
}

async function sentenceOf(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (BelayError.is(error, 'BELAY_INPUT_INVALID')) return error.message;
    throw error;
  }
}
