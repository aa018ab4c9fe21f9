// Flags in a file of flagd, judged by flagd's own evaluation.
import { readFileSync } from 'node:fs';
import { FlagdCore } from '@openfeature/flagd-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFlagdFile } from '../../../src/adapters/settings-file/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { actionContract } from '../../contracts/action.ts';
import { flagContract } from '../../contracts/settings.ts';
import { depsIn, folderWith } from './world.ts';

const PLAIN = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' };
const RULED = { ...PLAIN, defaultVariant: 'off', targeting: { if: [{ in: [{ var: 'targetingKey' }, ['acme', 'initech']] }, 'on', 'off'] } };

function flagd(flags: Readonly<Record<string, unknown>>) {
  const folder = folderWith('flags.json', `${JSON.stringify({ $schema: 'https://flagd.dev/schema/v0/flags.json', flags }, null, 2)}\n`);
  const flag = (key: string) =>
    createFlagdFile({ id: 'voice', driver: 'flagd-file', file: 'flags.json', key, orgKey: 'targetingKey' }, depsIn(folder.dir));
  /** By flagd's own core, from the file as it is. */
  const given = (key: string, org: string | null): boolean => {
    const core = new FlagdCore();
    core.setConfigurations(readFileSync(folder.file, 'utf8'));
    return core.resolveBooleanEvaluation(key, false, org === null ? {} : { targetingKey: org }).value;
  };
  return { ...folder, flag, given };
}

const order = (expected: string, org: string | null) => ({ expected, key: 'run/set#1:act', reason: 'INC-1', org });

flagContract('a flag file of flagd', async () => {
  const { flag, given, close } = flagd({ voice: PLAIN });
  return { flag: flag('voice'), is: true, to: false, given: async (org) => given('voice', org), close };
});

actionContract('flag.set on a flag file of flagd', async () => {
  const { flag, close, save, text } = flagd({ voice: RULED });
  const action = createActions({ targets: {}, switches: {}, pause: null as never, flags: { voice: flag('voice') } })['flag.set'];
  if (action === undefined) throw new Error('no action flag.set');
  return {
    action,
    args: { flag: 'voice', to: true },
    impossible: { flag: 'voice', to: 'purple' },
    interfere: async () => save(text().replace('initech', 'globex')),
    close,
  };
});

describe('a flag with rules of its own', () => {
  it('is off for everybody at once, past its rules, and its rules come back untouched', async () => {
    const { flag, given, text, close } = flagd({ voice: RULED, other: PLAIN });
    onTestFinished(close);
    const before = JSON.parse(text()) as unknown;
    const voice = flag('voice');
    const view = await voice.get(null);
    expect([view.value, given('voice', 'acme'), given('voice', 'globex')]).toEqual(['targeting', true, false]);
    expect(await voice.meant('off', view.value)).toBe(false);
    await voice.set(false, order(view.fingerprint, null));
    expect(['acme', 'initech', 'globex', null].map((org) => given('voice', org))).toEqual([false, false, false, false]);
    expect(given('other', 'acme')).toBe(true);
    const killed = await voice.get(null);
    expect(killed.value).toBe(false);
    await voice.set('targeting', order(killed.fingerprint, null));
    expect([given('voice', 'acme'), given('voice', 'globex')]).toEqual([true, false]);
    expect(JSON.parse(text())).toEqual(before);
  });

  it('is off for one organization, and stays as it is for the others', async () => {
    const { flag, given, close } = flagd({ voice: RULED });
    onTestFinished(close);
    const voice = flag('voice');
    const { fingerprint, value } = await voice.get('acme');
    expect(value).toBe('targeting');
    await voice.set(false, order(fingerprint, 'acme'));
    expect([given('voice', 'acme'), given('voice', 'initech'), given('voice', 'globex')]).toEqual([false, true, false]);
    await voice.set('targeting', order((await voice.get('acme')).fingerprint, 'acme'));
    expect(given('voice', 'acme')).toBe(true);
  });

  it('beats the values of single organizations when it is turned off for all', async () => {
    const { flag, given, close } = flagd({ voice: { ...PLAIN, defaultVariant: 'off' } });
    onTestFinished(close);
    const voice = flag('voice');
    await voice.set(true, order((await voice.get('acme')).fingerprint, 'acme'));
    expect([given('voice', 'acme'), given('voice', 'globex')]).toEqual([true, false]);
    await voice.set(false, order((await voice.get(null)).fingerprint, null));
    expect(given('voice', 'acme')).toBe(false);
    const own = await voice.get('acme');
    await expect(voice.set(true, order(own.fingerprint, 'acme'))).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID', effect: 'none' });
  });

  it('names the flags that there are when it is not there, and the variants when none fits', async () => {
    const { flag, close } = flagd({ voice: PLAIN });
    onTestFinished(close);
    await expect(flag('vioce').get(null)).rejects.toMatchObject({ message: expect.stringMatching(/no flag vioce \(there are: voice\)/) });
    await expect(flag('voice').meant('purple', true)).rejects.toMatchObject({ message: expect.stringMatching(/it has on, off/) });
  });
});
