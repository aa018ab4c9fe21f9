// The JSON file itself: read with a digest of its bytes, replaced in one rename. What it says of other organizations stays as it is.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { FileWriter } from '../../ports/file-writer.ts';

export interface FlowsDocument {
  readonly flows: Readonly<Record<string, unknown>>;
  readonly sha256: string;
  readonly changedAt: Instant;
  /** Spaces that the file is indented with. */
  readonly indent: number;
}

/** @throws BELAY_TARGET_UNREACHABLE */
export async function readDocument(file: string): Promise<FlowsDocument> {
  const bytes = await onDisk(file, () => readFile(file));
  const { mtimeMs } = await onDisk(file, () => stat(file));
  const text = bytes.toString('utf8');
  return {
    flows: parse(file, text),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    changedAt: Math.round(mtimeMs),
    indent: /^\{\r?\n?([ ]*)/.exec(text)?.[1]?.length ?? 2,
  };
}

function parse(file: string, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${file} is not JSON: ${(cause as Error).message}`, {
      hint: 'It holds organization and flow: { "acme": "stable" }.',
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new BelayError('BELAY_TARGET_UNREACHABLE', `${file} is not a JSON object`, {
    hint: 'It holds organization and flow: { "acme": "stable" }.',
  });
}

/**
 * Replaces the file if its bytes are still those that were read; false when somebody else wrote in between. Durable when it resolves.
 * Programs that write the file without the lock have the time of one rename left to lose their write.
 */
export function replaceDocument(
  files: FileWriter,
  file: string,
  was: FlowsDocument,
  flows: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const unchanged = async (): Promise<boolean> => (await readDocument(file)).sha256 === was.sha256;
  return files.replace(file, `${JSON.stringify(flows, null, was.indent)}\n`, { unchanged, hint: HINT });
}

const HINT = 'Check `file` of this switch, and that Belay may read and write it.';

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
