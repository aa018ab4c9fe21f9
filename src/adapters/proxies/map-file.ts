// The map file of HAProxy: `key value` a line, read with a digest of its bytes and replaced in one rename. Comments stay, and what Belay has
// done to a key stands in one, `#belay …`, so that the file and what is known of it can never disagree.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { BelayError } from '../../domain/errors.ts';
import { fieldsIn, textIn } from '../../domain/received.ts';
import type { FileWriter } from '../../ports/file-writer.ts';

const MOST_BYTES = 16 * 1024 * 1024;

export interface Noted {
  readonly value: string;
  readonly changes: number;
  readonly changedAt: number;
  readonly previous: string | null;
  readonly key: string;
}

export interface MapFile {
  readonly lines: readonly string[];
  readonly sha256: string;
  readonly changedAt: number;
}

/** @throws BELAY_TARGET_UNREACHABLE */
export async function readMap(file: string): Promise<MapFile> {
  const [bytes, { mtimeMs }] = await onDisk(file, () => Promise.all([readFile(file), stat(file)]));
  if (bytes.length > MOST_BYTES)
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${file} is larger than 16 MiB`, { hint: 'Is it a map file of HAProxy?' });
  const lines = bytes.toString('utf8').replace(/\n$/, '').split('\n');
  return { lines, sha256: createHash('sha256').update(bytes).digest('hex'), changedAt: Math.round(mtimeMs) };
}

/** The first line of a key counts, as it does for HAProxy. */
export function valueIn({ lines }: MapFile, key: string): string | null {
  const found = lines.map(pairIn).find((pair) => pair?.[0] === key);
  return found?.[1] ?? null;
}

function pairIn(line: string): readonly [string, string] | null {
  const [, key, value] = /^\s*([^\s#]\S*)\s+(\S.*?)\s*$/.exec(line) ?? [];
  return key === undefined || value === undefined ? null : [key, value];
}

const NOTE = '#belay ';

export function noteIn({ lines }: MapFile, org: string): Noted | null {
  const line = lines.findLast((one) => one.startsWith(`${NOTE}${org} `));
  if (line === undefined) return null;
  try {
    const { value, changes, changedAt, previous, key } = fieldsIn(JSON.parse(line.slice(NOTE.length + org.length + 1)));
    if (typeof value !== 'string' || typeof changes !== 'number' || typeof changedAt !== 'number') return null;
    return { value, changes, changedAt, previous: typeof previous === 'string' ? previous : null, key: textIn(key) };
  } catch {
    // Somebody else's words: nothing is known then.
    return null;
  }
}

/** With another value for one key; every other line stays as it is. */
export function withValue({ lines }: MapFile, org: string, noted: Noted): readonly string[] {
  const kept = lines.filter((line) => !line.startsWith(`${NOTE}${org} `) && line !== '');
  const at = kept.findIndex((line) => pairIn(line)?.[0] === org);
  const written = [`${NOTE}${org} ${JSON.stringify(noted)}`, `${org} ${noted.value}`];
  return at === -1 ? [...kept, ...written] : [...kept.slice(0, at), ...written, ...kept.slice(at + 1)];
}

/** False when somebody else wrote in between. Durable when it resolves. */
export function replaceMap(files: FileWriter, file: string, was: MapFile, lines: readonly string[]): Promise<boolean> {
  const unchanged = async (): Promise<boolean> => (await readMap(file)).sha256 === was.sha256;
  return files.replace(file, `${lines.join('\n')}\n`, { unchanged, hint: HINT });
}

const HINT = 'Check `map` of this switch, and that Belay may read and write it and its folder.';

async function onDisk<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (BelayError.is(cause)) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new BelayError(code === 'ENOSPC' ? 'BELAY_DISK_FULL' : 'BELAY_TARGET_UNREACHABLE', `${file} cannot be used (${code})`, {
      hint: HINT,
      cause,
    });
  }
}
