// `driver: flagd-file`: a flag of a file that flagd reads, for everybody or for one organization. flagd watches its file: nothing is told.
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import { isOn, type SettingValue } from '../../domain/setting.ts';
import type { FlagSpec } from '../../domain/setting-catalog.ts';
import type { Flag } from '../../ports/settings.ts';
import { readText, replaceText } from './document.ts';
import { BY_RULES, type FlagdFlag, flagIn, rewrittenFile, valueFor, withValue } from './flagd.ts';
import { FormatProblem } from './format.ts';
import type { FileDeps } from './store.ts';

const LOCK_WAIT_MS = 10_000;
const MAX_ROUNDS = 20;

type FlagdSpec = Extract<FlagSpec, { driver: 'flagd-file' }>;

export function createFlagdFile(spec: FlagdSpec, deps: FileDeps): Flag {
  const file = resolve(deps.baseDir, spec.file);
  const [key, { orgKey }] = [spec.key ?? spec.id, spec];
  const said = <T>(work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      if (!(cause instanceof FormatProblem)) throw cause;
      throw new BelayError('BELAY_INPUT_INVALID', `${file}: ${cause.message}`, { hint: `Look at the flag ${key} in that file.`, cause });
    }
  };
  const look = async () => {
    const was = await readText(file);
    return { was, flag: flagOf(file, was.text, key, orgKey) };
  };
  const fingerprint = (flag: FlagdFlag, org: string | null): string =>
    deps.digest
      .keyed(JSON.stringify([valueFor(flag, org), flag.all, org === null ? flag.orgs : (flag.orgs[org] ?? null), flag.rules]))
      .slice(0, 32);
  return {
    compareAndSet: 'lock',
    notes: [],
    knowsOrgs: true,
    onUnreachable: spec.onUnreachable ?? null,
    meant: async (to) => {
      const { flag } = await look();
      const value = inFlag(flag, to);
      return value === BY_RULES ? value : said(() => valueFor(withValue({ ...flag, all: null }, null, value), null));
    },
    get: async (org) => {
      const { flag } = await look();
      return { value: valueFor(flag, org), fingerprint: fingerprint(flag, org) };
    },
    set: (value, { org, expected }) =>
      deps.processes.locks.hold(`${file}.belay-lock`, { waitMs: LOCK_WAIT_MS }, async (lock) => {
        for (let round = 1; round <= MAX_ROUNDS; round += 1) {
          const { was, flag } = await look();
          const wanted = said(() => withValue(flag, org, inFlag(flag, value)));
          if (JSON.stringify(wanted) === JSON.stringify(flag)) return;
          if (fingerprint(flag, org) !== expected)
            throw new BelayError('BELAY_TARGET_CONFLICT', `${file}: ${key} changed in between`, {
              hint: 'Somebody else has changed it: plan again.',
            });
          await lock.assertHeld();
          if (await replaceText(deps.files, file, was, rewrittenFile(was.text, key, wanted, orgKey))) return;
        }
        throw new BelayError('BELAY_LOCK_HELD', `${file} changes all the time`, { hint: 'Stop what writes it, then try again.' });
      }),
    evaluate: async (org) => valueFor((await look()).flag, org),
  } satisfies Flag;
}

function flagOf(file: string, text: string, key: string, orgKey: string): FlagdFlag {
  try {
    return flagIn(text, key, orgKey);
  } catch (cause) {
    if (!(cause instanceof FormatProblem)) throw cause;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${file}: ${cause.message}`, { hint: 'Check `file` and `key` in belay.yaml.', cause });
  }
}

/** `off` for a flag with the variants true and false is false. */
function inFlag(flag: FlagdFlag, value: SettingValue): SettingValue {
  if (value === BY_RULES) return value;
  const on = isOn(value);
  const names = Object.keys(flag.variants);
  if (names.some((name) => flag.variants[name] === value || name === value) || on === null) return value;
  const alike = names.find((name) => flag.variants[name] === on);
  return alike === undefined ? value : on;
}
