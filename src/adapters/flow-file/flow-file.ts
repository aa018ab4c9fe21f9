// A flow switch in a JSON file, one key an organization. A change is made under the lock file, only if the organization's value is
// still the one that was expected, and in one rename; what others write for other organizations at the same time is kept.
import { assert } from '../../domain/assert.ts';
import { BelayError } from '../../domain/errors.ts';
import type { SwitchOptions } from '../../domain/switch-catalog.ts';
import type { FileWriter } from '../../ports/file-writer.ts';
import type { FlowState, FlowSwitch } from '../../ports/flow-switch.ts';
import type { HeldLock } from '../../ports/lock.ts';
import type { Processes } from '../../ports/process.ts';
import type { Time } from '../../ports/time.ts';
import { type FlowsDocument, readDocument, replaceDocument } from './document.ts';
import { type Memory, type Remembered, readMemory, refreshed, writeMemory } from './memory.ts';
import { type Settings as Options, readSettings } from './options.ts';

const LOCK_WAIT_MS = 10_000;
/** Looking only takes the lock to remember what it saw; it does not wait for a busy one. */
const NOTE_WAIT_MS = 0;
/** Somebody who writes this file faster than we can read it twice is not to be outrun. */
const MAX_ROUNDS = 20;

interface Settings extends Options {
  readonly files: FileWriter;
}
interface Deps {
  readonly time: Time;
  readonly processes: Processes;
  readonly files: FileWriter;
  readonly baseDir: string;
}
interface Change {
  readonly org: string;
  readonly value: string;
  readonly expected: string;
  readonly key: string;
}

/** @throws BELAY_CONFIG_INVALID */
export function createFlowFile(options: SwitchOptions<'flow-file'>, deps: Deps) {
  const settings: Settings = { ...readSettings(options, deps.baseDir), files: deps.files };
  const underLock = <T>(waitMs: number, work: (lock: HeldLock) => Promise<T>): Promise<T> =>
    deps.processes.locks.hold(`${settings.file}.belay-lock`, { waitMs }, work);
  return {
    compareAndSet: 'lock',
    values: settings.values,
    get: async (org) => {
      const [document, memory] = [await readDocument(settings.file), await readMemory(settings.file)];
      const next = remember(settings, document, memory, org);
      // Dated now, or the next look could not tell this change from one of another organization.
      if (next !== memory) await note(settings, underLock, org);
      return stateOf(entryOf(next, org));
    },
    set: async (org, value, { expected, key }) => {
      if (!settings.values.includes(value)) {
        throw new BelayError('BELAY_INPUT_INVALID', `"${value}" is not a flow of ${settings.file}`, {
          hint: `Flows: ${settings.values.join(', ')}.`,
        });
      }
      await underLock(LOCK_WAIT_MS, (lock) => change(settings, { org, value, expected, key }, deps.time.now(), lock));
    },
  } satisfies FlowSwitch;
}

/** The memory after a look at the file: the same object when it has nothing new. All organizations, for they share one file date. */
function remember(settings: Settings, document: FlowsDocument, memory: Memory, org: string): Memory {
  const orgs = new Set([...Object.keys(document.flows), ...Object.keys(memory), org]);
  const next = Object.fromEntries(
    [...orgs].map((one) => [one, refreshed(memory[one], flowOf(settings, document, one), document.changedAt)]),
  );
  return [...orgs].some((one) => next[one] !== memory[one]) ? next : memory;
}

function flowOf(settings: Settings, document: FlowsDocument, org: string): string {
  const value = Object.hasOwn(document.flows, org) ? document.flows[org] : undefined;
  return value === undefined ? settings.otherwise : typeof value === 'string' ? value : JSON.stringify(value);
}

function entryOf(memory: Memory, org: string): Remembered {
  const entry = memory[org];
  assert(entry !== undefined, `${org} was not remembered`);
  return entry;
}

function stateOf({ value, changes, changedAt, previous }: Remembered): FlowState {
  return { value, fingerprint: `${value}#${changes}`, changedAt, previous };
}

async function note(settings: Settings, underLock: <T>(waitMs: number, work: () => Promise<T>) => Promise<T>, org: string): Promise<void> {
  try {
    await underLock(NOTE_WAIT_MS, async () => {
      const memory = await readMemory(settings.file);
      const next = remember(settings, await readDocument(settings.file), memory, org);
      if (next !== memory) await writeMemory(settings.files, settings.file, next);
    });
  } catch (error) {
    // Looking must work where writing does not, or while somebody holds the lock: the next look or change writes it down.
    if (!BelayError.is(error)) throw error;
  }
}

async function change(settings: Settings, wanted: Change, at: number, lock: HeldLock): Promise<void> {
  const { file } = settings;
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const document = await readDocument(file);
    const memory = remember(settings, document, await readMemory(file), wanted.org);
    const now = entryOf(memory, wanted.org);
    if (now.value === wanted.value && now.key === wanted.key) return writeMemory(settings.files, file, memory);
    refuseForeign(settings, wanted, now);
    if (now.value === wanted.value) return writeMemory(settings.files, file, memory);
    await writeMemory(settings.files, file, { ...memory, [wanted.org]: { ...now, intent: { to: wanted.value, key: wanted.key, at } } });
    await lock.assertHeld();
    if (!(await replaceDocument(settings.files, file, document, { ...document.flows, [wanted.org]: wanted.value }))) continue;
    return writeMemory(settings.files, file, {
      ...memory,
      [wanted.org]: { value: wanted.value, changes: now.changes + 1, changedAt: at, previous: now.value, key: wanted.key },
    });
  }
  throw new BelayError('BELAY_LOCK_HELD', `${file} changes all the time`, { hint: 'Stop what writes it, then try again.' });
}

function refuseForeign({ file }: Settings, { org, expected }: Change, now: Remembered): void {
  const { fingerprint } = stateOf(now);
  if (fingerprint === expected) return;
  throw new BelayError('BELAY_TARGET_CONFLICT', `${file}: ${org} is ${fingerprint}, not ${expected}`, {
    hint: 'Somebody else has changed it in between: plan again.',
  });
}
