// Which overrides Belay has turned off for a flag, in its data directory: only those come back.
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';

const pathOf = (dataDir: string, flag: string): string => join(dataDir, 'flagsmith', `${flag}.json`);

export async function readTaken(dataDir: string, flag: string): Promise<readonly number[]> {
  try {
    const ids = JSON.parse(await readFile(pathOf(dataDir, flag), 'utf8')) as unknown;
    return Array.isArray(ids) ? ids.filter((id) => typeof id === 'number') : [];
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unusable(pathOf(dataDir, flag), cause);
  }
}

/** Durable when it resolves. */
export async function writeTaken(dataDir: string, flag: string, ids: readonly number[]): Promise<void> {
  const path = pathOf(dataDir, flag);
  try {
    await mkdir(join(dataDir, 'flagsmith'), { recursive: true });
    const handle = await open(`${path}-draft`, 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify(ids));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${path}-draft`, path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function unusable(path: string, cause: unknown): BelayError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new BelayError('BELAY_TARGET_UNREACHABLE', `${path} cannot be used (${code})`, {
    hint: 'Belay keeps there which overrides it has turned off; it must be able to write its data directory.',
    cause,
  });
}
