// Settings in one file, whatever its format: read and compared by the keys that are asked for, replaced in one rename under the lock file,
// and loaded by the service. "Written, but not loaded" is a state of its own, so that a kill in between is made good and not overlooked.
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { PlanNote } from '../../domain/plan.ts';
import { isSecretKey, type Secrecy, type SettingValue } from '../../domain/setting.ts';
import type { Digest } from '../../ports/digest.ts';
import type { FileWriter } from '../../ports/file-writer.ts';
import type { Processes } from '../../ports/process.ts';
import type { SettingOrder, SettingStore, SettingsView } from '../../ports/settings.ts';
import { digestOf, readNote, readText, replaceText, type TextFile, writeNote } from './document.ts';
import { type Changes, type Format, FormatProblem } from './format.ts';
import { type ReloadOptions, reloader } from './reload.ts';

const LOCK_WAIT_MS = 10_000;
/** Somebody who writes this file faster than we can read it twice is not to be outrun. */
const MAX_ROUNDS = 20;

export interface FileDeps {
  readonly processes: Processes;
  readonly files: FileWriter;
  readonly baseDir: string;
  /** Of values, so that fingerprints and marks show nothing of secrets. */
  readonly digest: Pick<Digest, 'keyed'>;
}

export interface FileOptions extends ReloadOptions {
  readonly driver: string;
  readonly file: string;
  readonly secret?: readonly string[];
  readonly shown?: readonly string[];
  /** When nobody is told to read the file. */
  readonly unread: PlanNote;
}

interface Settings {
  readonly file: string;
  readonly format: Format;
  readonly reload: (() => Promise<void>) | undefined;
  readonly deps: FileDeps;
}

/** Ours, beside the file, from before it is written until the service has read it. */
interface Pending {
  /** Of the whole file as we wrote it: anything else is somebody else's. */
  readonly sha256: string;
  readonly keys: readonly string[];
  /** The fingerprint of what the service still uses. */
  readonly before: string;
}

/** @throws BELAY_CONFIG_INVALID */
export function createFileStore(o: FileOptions, format: Format, deps: FileDeps): SettingStore {
  const settings: Settings = { file: resolve(deps.baseDir, o.file), format, reload: reloader(o.driver, o, deps), deps };
  const secrecy: Secrecy = { secret: o.secret ?? [], shown: o.shown ?? [] };
  return {
    compareAndSet: 'lock',
    notes: settings.reload === undefined ? [o.unread] : [],
    held: (key, value) => inWords(settings, 'BELAY_INPUT_INVALID', () => format.held(key, value)),
    keys: async () => {
      const { text } = await readText(settings.file);
      return [...inWords(settings, 'BELAY_TARGET_UNREACHABLE', () => format.read(text)).keys()];
    },
    isSecret: (key) => isSecretKey(key, secrecy),
    mark: (value) => deps.digest.keyed(JSON.stringify(value)),
    get: async (keys) => viewOf(settings, keys, await readText(settings.file), await readPending(settings)),
    set: (changes, order) =>
      deps.processes.locks.hold(`${settings.file}.belay-lock`, { waitMs: LOCK_WAIT_MS }, (lock) => change(settings, changes, order, lock)),
  } satisfies SettingStore;
}

function viewOf(settings: Settings, keys: readonly string[], file: TextFile, pending: Pending | null): SettingsView {
  const all = inWords(settings, 'BELAY_TARGET_UNREACHABLE', () => settings.format.read(file.text));
  const values = Object.fromEntries(keys.map((key) => [key, all.get(key) ?? null]));
  const waits = pending !== null && pending.sha256 === file.sha256 && keys.some((key) => pending.keys.includes(key));
  if (!waits) return { values, fingerprint: fingerprintOf(settings, values) };
  return { values, fingerprint: pending.before, pending: 'written, but the service has not read it' };
}

function fingerprintOf({ deps }: Settings, values: SettingsView['values']): string {
  return deps.digest.keyed(JSON.stringify(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)))).slice(0, 32);
}

async function change(
  settings: Settings,
  changes: Changes,
  { expected }: SettingOrder,
  lock: { assertHeld(): Promise<void> },
): Promise<void> {
  const { file, format } = settings;
  const keys = Object.keys(changes);
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const was = await readText(file);
    const now = viewOf(settings, keys, was, await readPending(settings));
    const inPlace = keys.every((key) => now.values[key] === changes[key]);
    if (inPlace && now.pending === undefined) return;
    if (now.fingerprint !== expected)
      throw new BelayError('BELAY_TARGET_CONFLICT', `${file}: ${keys.join(', ')} changed in between`, {
        hint: 'Somebody else has changed it: plan again.',
      });
    if (!inPlace) {
      const text = inWords(settings, 'BELAY_INPUT_INVALID', () => rewritten(format, was.text, changes));
      await notePending(settings, { sha256: digestOf(text), keys, before: expected });
      await lock.assertHeld();
      if (!(await replaceText(settings.deps.files, file, was, text))) continue;
    }
    await settings.reload?.();
    return doneWith(settings);
  }
  throw new BelayError('BELAY_LOCK_HELD', `${file} changes all the time`, { hint: 'Stop what writes it, then try again.' });
}

/** It is set by now, and read: whatever fails here is nothing that changed nothing. */
async function doneWith(settings: Settings): Promise<void> {
  try {
    await notePending(settings, null);
  } catch (cause) {
    if (!BelayError.is(cause)) throw cause;
    throw new BelayError(cause.code, `${settings.file} is written and the service was told to read it, but ${cause.message}`, {
      effect: 'unknown',
      hint: `Remove ${noteOf(settings.file)}: while it is there the change counts as unread, and the service is told once more.`,
      cause,
    });
  }
}

/** Read back before it is written: all that was asked for, and nothing else, is different. */
function rewritten(format: Format, text: string, changes: Changes): string {
  const after = format.write(text, changes);
  const [was, is] = [format.read(text), format.read(after)];
  for (const key of new Set([...was.keys(), ...is.keys(), ...Object.keys(changes)])) {
    const wanted: SettingValue | null | undefined = Object.hasOwn(changes, key) ? changes[key] : was.get(key);
    if ((is.get(key) ?? null) !== (wanted ?? null)) throw new FormatProblem(`${key} could not be written so that it reads the same`);
  }
  return after;
}

const noteOf = (file: string): string => `${file}.belay-pending`;

async function readPending({ file, reload }: Settings): Promise<Pending | null> {
  if (reload === undefined) return null;
  const text = await readNote(noteOf(file));
  if (text === null) return null;
  try {
    return JSON.parse(text) as Pending;
  } catch (cause) {
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${noteOf(file)} is damaged`, {
      hint: 'Reload the service by hand, then remove that file.',
      cause,
    });
  }
}

async function notePending({ file, reload, deps }: Settings, pending: Pending | null): Promise<void> {
  if (reload !== undefined) await writeNote(deps.files, noteOf(file), pending === null ? null : `${JSON.stringify(pending)}\n`);
}

function inWords<T>({ file }: Settings, code: 'BELAY_INPUT_INVALID' | 'BELAY_TARGET_UNREACHABLE', work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof FormatProblem)) throw cause;
    throw new BelayError(code, `${file}: ${cause.message}`, {
      hint:
        code === 'BELAY_INPUT_INVALID'
          ? 'Give another value, or change the file by hand.'
          : 'Belay refuses what it cannot read for certain: mend that place.',
      cause,
    });
  }
}
