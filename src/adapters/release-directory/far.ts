// A release directory on another host. Each look and each change is one command there, by the program in far-side.sh: a change takes the lock,
// compares and switches without asking us anything, so a connection that breaks leaves no lock behind and no half of a switch.
import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path/posix';
import { BelayError } from '../../domain/errors.ts';
import type { NamedHost, Remote } from '../../ports/remote.ts';
import type { Time } from '../../ports/time.ts';
import { answerOf, linkFrom, processFrom, refusal } from './far-answers.ts';
import { historyOf, type Line } from './history.ts';
import type { Settings } from './options.ts';
import type { Change, Folder, Place } from './place.ts';
import { notReloaded } from './refusals.ts';
import { isReleaseName } from './releases.ts';

const PROGRAM = readFileSync(join(import.meta.dirname, 'far-side.sh'), 'utf8').replace(/^ *#.*\n/gm, '');
const LOCK_S = '10';
const LOOK_MS = 30_000;
/** The lock, the program that reloads, and what the disk takes. */
const CHANGE_MS = 90_000;
const SILENT_MS = 15_000;
const MOST_BYTES = 4 * 1024 * 1024;

interface Deps {
  readonly remote?: Remote;
  readonly time: Time;
}
type Ask = (verb: string, words?: readonly string[], timeoutMs?: number) => Promise<readonly string[]>;

export function farPlace(settings: Settings, host: NamedHost, { remote, time }: Deps): Place {
  const { root, pidFile } = settings;
  const name = `${host.address}:${root}`;
  const ask: Ask = async (verb, words = [], timeoutMs = LOOK_MS) => {
    if (remote === undefined) throw new BelayError('BELAY_CONFIG_INVALID', 'driver release-directory: ssh is not open here');
    const argv = ['sh', '-c', PROGRAM, 'belay', root, LOCK_S, verb, ...words] as const;
    const result = await remote.run(name, host, { argv, timeoutMs, silentMs: SILENT_MS, maxOutputBytes: MOST_BYTES });
    return answerOf(name, result, verb === 'change' || verb === 'freeze');
  };
  const see: Place['see'] = async (wanted) => {
    const answer = await ask('see', [pidFile ?? '', ...(wanted === undefined ? [''] : ['folders', ...wanted])]);
    const [, id = '', seal = '', made = '', target = '', releases = '', release = '', frozen, how, ...rest] = answer;
    const link = linkFrom(name, root, { id, seal, made, target, releases, release });
    const [pid, start, startedAt, history = '', ...folders] = rest;
    const process = how === 'unasked' ? undefined : how === 'process' ? processFrom([pid, start, startedAt]) : null;
    // What a shell gives back loses its last line ends, so something stands behind them.
    const lines = historyOf(history.slice(0, -1));
    return { link, process, history: lines, frozen: frozen === 'frozen', folders: foldersFrom(folders, wanted ?? []) };
  };
  return {
    name,
    artefact: (release) => `${name}/releases/${release}`,
    see,
    note: async (line) => void (await ask('note', [JSON.stringify(line)])),
    underLock: (work) => work((o) => change({ settings, name, ask, time }, o)),
    freeze: async (on, note) => void (await ask('freeze', on ? ['on', JSON.stringify(note)] : ['off'], CHANGE_MS)),
    changedFiles: async (from, to, within) => {
      for (const release of [from, to]) demandName(name, release);
      const changed = await ask('changed', [from, to, ...within.map((one) => inside(one))], CHANGE_MS);
      return [...new Set(changed)].toSorted();
    },
    text: async (release, path) => {
      demandName(name, release);
      const [kind, text = ''] = await ask('text', [release, inside(path)]);
      return kind === 'text' ? text.slice(0, -1) : null;
    },
  };
}

function demandName(name: string, release: string): void {
  if (!isReleaseName(release)) throw new BelayError('BELAY_NOT_FOUND', `there is no release ${release} in ${name}/releases`);
}

/** @throws BELAY_INPUT_INVALID */
function inside(path: string): string {
  const found = normalize(path === '/' ? './' : path);
  if (found === '..' || found.startsWith('../') || found.startsWith('/') || found.includes('\0'))
    throw new BelayError('BELAY_INPUT_INVALID', `${path} lies outside of a release`);
  return found;
}

function foldersFrom(answer: readonly string[], wanted: readonly string[]): readonly Folder[] {
  const found: Folder[] = [];
  for (let at = 0; at + 4 < answer.length; at += 5) {
    const [, name = '', mtime = '0', full, has = ''] = answer.slice(at, at + 5);
    found.push({ name, changedAt: Number(mtime) / 1e6, isEmpty: full === '', has: wanted.filter((_file, n) => has[n] === '1') });
  }
  return found;
}

interface Ground {
  readonly settings: Settings;
  readonly name: string;
  readonly ask: Ask;
  readonly time: Time;
}

async function change({ settings, name, ask, time }: Ground, { seen, release, line }: Change): Promise<void> {
  const seal = seen.link.fingerprint.slice(seen.link.release.length + 1);
  const told: Omit<Extract<Line, { kind: 'reloaded' }>, 'link'> = { kind: 'reloaded', at: time.now() };
  const words = [
    seal,
    time.uuid(),
    line === null ? '' : release,
    release,
    line === null ? '' : headOf(line),
    headOf(told),
    ...tellOf(settings),
  ];
  const answer = await ask('change', words, CHANGE_MS);
  const at = answer.indexOf('untold');
  if (at >= 0) throw notReloaded(`${name}: ${answer[at + 1] ?? ''}`, undefined);
  if (!answer.includes('told')) throw refusal(name, ['broken'], true);
}

/** A line of the history up to its link, which is known there and not here. */
const headOf = (line: object): string => `${JSON.stringify(line).slice(0, -1)},"link":"`;

function tellOf({ pidFile, signal, reload }: Settings): readonly string[] {
  if (reload !== null) return ['run', ...reload];
  return pidFile === null ? ['nobody'] : ['signal', signal.replace(/^SIG/, ''), pidFile];
}
