// The probes `flag`, `ofrep` and `config`: what an application gets for an organization, and how a setting stands. Of secrets they say only
// whether they are there, and a mark by which two can be told apart.
import { isOn } from '../../domain/setting.ts';
import type { Probe } from '../../ports/probe.ts';
import type { Flag, FlagService, SettingStore } from '../../ports/settings.ts';
import { named, textOf } from '../actions/arguments.ts';
import { probeOf, unknown } from './probe.ts';

export function flagProbe(flags: Readonly<Record<string, Flag>>): Probe {
  return probeOf('flag', async (args) => {
    const name = textOf(args, 'flag');
    const value = await named(flags, 'flag', name).evaluate(args['org'] === undefined ? null : textOf(args, 'org'));
    if (value === null) return unknown(`the flag ${name} is not there`);
    return { known: true, values: { value: String(value), on: isOn(value) === true } };
  });
}

/** Any server of the protocol: the flag need not stand in belay.yaml. */
export function ofrepProbe(service: FlagService): Probe {
  return probeOf('ofrep', async (args) => {
    const [url, flag] = [textOf(args, 'url'), textOf(args, 'flag')];
    const value = await service.evaluate({ url, flag, org: args['org'] === undefined ? null : textOf(args, 'org') });
    if (value === null) return unknown(`there is no flag ${flag} at ${url}`);
    return { known: true, values: { value: String(value), on: isOn(value) === true } };
  });
}

export function configProbe(configs: Readonly<Record<string, SettingStore>>): Probe {
  return probeOf('config', async (args) => {
    const [store, key] = [named(configs, 'config', textOf(args, 'config')), textOf(args, 'key')];
    const { values, pending } = await store.get([key]);
    const value = values[key] ?? null;
    const facts = { present: value !== null, loaded: pending === undefined, mark: value === null ? '' : store.mark(value).slice(0, 16) };
    // Without a value a condition on it is inconclusive: that a secret is "not x" is nothing that anybody may ask.
    return { known: true, values: store.isSecret(key) ? facts : { ...facts, value: value === null ? '' : String(value) } };
  });
}
