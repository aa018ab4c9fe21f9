// The newest file of a folder as a source of signals: when it was written, and how large it is. It reads no file, judges nothing, and tells
// a folder that cannot be read as a dead reading with its reason.
import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import path from 'node:path';
import { deadBatch, Unusable } from '../../domain/answer.ts';
import type { Instant } from '../../domain/json.ts';
import { labelsOf } from '../../domain/received.ts';
import type { Batch, Sample } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { type Names, namesOf } from './names.ts';

export type FilesSpec = Extract<SourceSpec, { driver: 'files' }>;

const MOST_ENTRIES = 50_000;
const MOST_FILES = 5_000;
const MOST_SERIES = 1_000;
/** A file that is newer than now hides how old the others are. */
const AHEAD_MS = 5 * 60_000;

interface FilesDeps {
  readonly time: Pick<Time, 'now' | 'sleep'>;
  /** Where a relative folder starts. */
  readonly baseDir: string;
}

interface Found {
  readonly labels: Readonly<Record<string, string>>;
  readonly writtenAt: Instant;
  readonly bytes: number;
}

/**
 * @throws BELAY_CONFIG_INVALID for a match that means nothing
 * @example createFilesReader({ id: 'dumps', driver: 'files', folder: '/var/backups', match: '*.dump', least: 1, everyMs: 60_000, timeoutMs: 10_000 }, { time, baseDir })
 */
export function createFilesReader(spec: FilesSpec, { time, baseDir }: FilesDeps): SignalReader {
  const names = namesOf(spec.id, spec.match);
  const folder = path.resolve(baseDir, spec.folder);
  let isAsked = false;

  /** A disk that hangs is asked once, and not again before it has answered. */
  const within = async (signal: AbortSignal): Promise<readonly Found[]> => {
    if (isAsked) throw new Unusable('it has not answered since an earlier reading');
    isAsked = true;
    const stop = new AbortController();
    const answer = filesIn(folder, names, stop.signal).finally(() => {
      isAsked = false;
    });
    // An answer that comes too late is nobody's, also where it is an error.
    answer.catch(() => undefined);
    try {
      const late = time.sleep(spec.timeoutMs, AbortSignal.any([signal, stop.signal])).then(() => null);
      const files = await Promise.race([answer, late]);
      if (files === null) throw new Unusable(`it gave no answer within ${spec.timeoutMs} ms`);
      return files;
    } finally {
      stop.abort();
    }
  };

  const read = async (signal: AbortSignal): Promise<Batch> => {
    const at = time.now();
    try {
      return { source: spec.id, at, alive: true, samples: samplesOf(await within(signal), { at, least: spec.least }) };
    } catch (error) {
      if (error instanceof Unusable) return deadBatch(spec.id, at, `${folder}: ${error.message}`);
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      return deadBatch(spec.id, at, `${folder}: it cannot be read (${code})`);
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}

/** Plain files: what a link points to is nobody's backup, or counted where it is. */
async function filesIn(folder: string, names: Names, signal: AbortSignal): Promise<readonly Found[]> {
  if (folder.includes('\0')) throw new Unusable('it cannot be the path of a folder');
  const chosen: { readonly entry: Dirent; readonly labels: Readonly<Record<string, string>> }[] = [];
  let count = 0;
  for await (const entry of await opendir(folder)) {
    if (signal.aborted) return [];
    count += 1;
    if (count > MOST_ENTRIES) throw new Unusable(`more than ${MOST_ENTRIES} entries: give what is watched a folder of its own`);
    const labels = entry.isFile() ? names.match(entry.name) : null;
    if (labels !== null) chosen.push({ entry, labels });
    if (chosen.length > MOST_FILES) throw new Unusable(`more than ${MOST_FILES} files are meant: narrow match`);
  }
  const found: Found[] = [];
  for (const { entry, labels } of chosen) {
    if (signal.aborted) return [];
    try {
      const { mtimeMs, size } = await lstat(path.join(folder, entry.name));
      found.push({ labels: labelsOf(labels), writtenAt: mtimeMs, bytes: size });
    } catch (error) {
      // Removed since the folder was read: it is not there.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return found;
}

export function samplesOf(files: readonly Found[], { at, least }: { readonly at: Instant; readonly least: number }): readonly Sample[] {
  const series = new Map<string, Found[]>();
  for (const one of files) {
    const key = JSON.stringify(one.labels);
    series.set(key, [...(series.get(key) ?? []), one]);
  }
  if (series.size > MOST_SERIES) throw new Unusable(`${series.size} combinations of labels, more than ${MOST_SERIES}: narrow match`);
  // So that "there is none" is told, too.
  const all = series.size === 0 ? [[]] : [...series.values()];
  return all.flatMap((some: readonly Found[]): readonly Sample[] => {
    const labels = some[0]?.labels ?? {};
    const good = some.filter((one) => one.bytes >= least && one.writtenAt <= at + AHEAD_MS);
    const newest = good.reduce<Found | null>((best, one) => (best === null || one.writtenAt > best.writtenAt ? one : best), null);
    const value = (name: string, number: number): Sample => ({ kind: 'value', name, labels, at, value: number });
    return [
      value('files', good.length),
      value('files_ignored', some.length - good.length),
      ...(newest === null
        ? []
        : [value('file_newest_seconds', Math.min(newest.writtenAt, at) / 1000), value('file_newest_bytes', newest.bytes)]),
    ];
  });
}
