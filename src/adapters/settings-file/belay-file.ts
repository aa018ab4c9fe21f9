// `driver: belay`: flags that Belay keeps itself, in one JSON file that applications read when Belay cannot be asked. Each flag says there
// what an application does that can read neither.
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { isOn, type SettingValue } from '../../domain/setting.ts';
import type { FlagSpec } from '../../domain/setting-catalog.ts';
import type { Flag } from '../../ports/settings.ts';
import { readNote, readText, replaceText } from './document.ts';
import type { FileDeps } from './store.ts';

const LOCK_WAIT_MS = 10_000;
const MAX_ROUNDS = 20;
/** What is shown where organizations differ. */
const BY_ORG = 'by organization';
const EMPTY = '{\n  "flags": {}\n}\n';

type BelaySpec = Extract<FlagSpec, { driver: 'belay' }>;
interface Deps extends FileDeps {
  readonly dataDir: string;
  readonly time: { now(): number };
}
interface Entry {
  readonly value: SettingValue;
  readonly orgs: Readonly<Record<string, SettingValue>>;
}

/** @throws BELAY_CONFIG_INVALID */
export function createBelayFlag(spec: BelaySpec, deps: Deps): Flag {
  const file = spec.file === undefined ? resolve(deps.dataDir, 'flags.json') : resolve(deps.baseDir, spec.file);
  const otherwise = inKind(spec, spec.default);
  if (otherwise === null) throw new BelayError('BELAY_CONFIG_INVALID', `driver belay: default: it must be one of ${wordsOf(spec)}`);
  const entryIn = (text: string): Entry => {
    const { value, orgs } = (flagsIn(file, text)[spec.id] ?? {}) as JsonObject;
    return { value: isPlain(value) ? value : otherwise, orgs: orgsIn(orgs) };
  };
  const look = async (): Promise<Entry> => entryIn((await readNote(file)) ?? EMPTY);
  const fingerprint = ({ value, orgs }: Entry, org: string | null): string =>
    deps.digest
      .keyed(JSON.stringify([value, org === null ? Object.entries(orgs).toSorted(([a], [b]) => (a < b ? -1 : 1)) : (orgs[org] ?? null)]))
      .slice(0, 32);
  return {
    compareAndSet: 'lock',
    notes: [],
    knowsOrgs: true,
    onUnreachable: spec.onUnreachable ?? null,
    meant: async (to) => {
      const value = inKind(spec, to);
      if (value !== null) return value;
      throw new BelayError('BELAY_INPUT_INVALID', `the flag ${spec.id} cannot become ${JSON.stringify(to)}`, {
        hint: `It knows ${wordsOf(spec)}.`,
      });
    },
    get: async (org) => {
      const entry = await look();
      return { value: valueIn(entry, org), fingerprint: fingerprint(entry, org) };
    },
    set: (value, { org, expected, reason }) =>
      deps.processes.locks.hold(`${file}.belay-lock`, { waitMs: LOCK_WAIT_MS }, async (lock) => {
        await begin(file, deps);
        for (let round = 1; round <= MAX_ROUNDS; round += 1) {
          const was = await readText(file);
          const entry = entryIn(was.text);
          if (valueIn(entry, org) === value) return;
          if (fingerprint(entry, org) !== expected)
            throw new BelayError('BELAY_TARGET_CONFLICT', `${spec.id} changed in between`, {
              hint: 'Somebody else has changed it: plan again.',
            });
          const changed = org === null ? { value, orgs: {} } : { value: entry.value, orgs: { ...entry.orgs, [org]: value } };
          await lock.assertHeld();
          if (await replaceText(deps.files, file, was, written(file, was.text, spec, { ...changed, reason, at: deps.time.now() }))) return;
        }
        throw new BelayError('BELAY_LOCK_HELD', `${file} changes all the time`, { hint: 'Stop what writes it, then try again.' });
      }),
    evaluate: async (org) => {
      const { value, orgs } = await look();
      return (org === null ? undefined : orgs[org]) ?? value;
    },
  } satisfies Flag;
}

function valueIn({ value, orgs }: Entry, org: string | null): SettingValue {
  if (org !== null) return orgs[org] ?? value;
  return Object.values(orgs).every((one) => one === value) ? value : BY_ORG;
}

const wordsOf = ({ values }: BelaySpec): string => values?.join(', ') ?? 'on, off';

function inKind({ values }: BelaySpec, to: SettingValue): SettingValue | null {
  return values === undefined ? isOn(to) : values.includes(String(to)) ? String(to) : null;
}

function flagsIn(file: string, text: string): JsonObject {
  try {
    const { flags } = JSON.parse(whole(text)) as { flags?: Json };
    if (typeof flags === 'object' && flags !== null && !Array.isArray(flags)) return flags as JsonObject;
  } catch (cause) {
    throw damaged(file, cause);
  }
  throw damaged(file, undefined);
}

const damaged = (file: string, cause: unknown): BelayError =>
  new BelayError('BELAY_TARGET_UNREACHABLE', `${file} is damaged`, {
    hint: 'Mend it, or remove it: then every flag has its default again.',
    cause,
  });

const isPlain = (value: Json | undefined): value is SettingValue => ['string', 'number', 'boolean'].includes(typeof value);

function orgsIn(orgs: Json | undefined): Entry['orgs'] {
  if (typeof orgs !== 'object' || orgs === null || Array.isArray(orgs)) return {};
  return Object.fromEntries(Object.entries(orgs as JsonObject).filter((one): one is [string, SettingValue] => isPlain(one[1])));
}

function written(file: string, text: string, spec: BelaySpec, entry: Entry & { readonly reason: string; readonly at: number }): string {
  const { value, orgs, reason, at } = entry;
  const flag: JsonObject = {
    value,
    ...(Object.keys(orgs).length === 0 ? {} : { orgs }),
    ...(spec.onUnreachable === undefined ? {} : { onUnreachable: spec.onUnreachable }),
    reason,
    changedAt: new Date(at).toISOString(),
  };
  return `${JSON.stringify({ ...(JSON.parse(whole(text)) as JsonObject), flags: { ...flagsIn(file, text), [spec.id]: flag } }, null, 2)}\n`;
}

/** An empty file holds no flag; one was left by a kill of earlier versions, or made with `touch`. */
const whole = (text: string): string => (text.trim() === '' ? EMPTY : text);

/** Readable by the applications beside Belay, and there as a whole or not at all. */
async function begin(file: string, { files }: Pick<FileDeps, 'files'>): Promise<void> {
  if ((await readNote(file)) !== null) return;
  await files.replace(file, EMPTY, { mode: 0o644, hint: 'Its folder must be there, and Belay must be able to write in it.' });
}
