// Refused requests in one file of the data directory, readable by its owner alone: written beside and renamed, so that it is whole.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Refusal } from '../../domain/refusal.ts';
import type { RefusalLog } from '../../ports/refusal-log.ts';

export function createRefusalFile({ dataDir }: { readonly dataDir: string }) {
  const path = join(dataDir, 'refused.json');
  return {
    load: async () => {
      try {
        const kept: unknown = JSON.parse(await readFile(path, 'utf8'));
        return Array.isArray(kept) ? kept.filter(isRefusal) : [];
      } catch {
        // Not there yet, or not whole: it is a help for people, and nothing depends on it.
        return [];
      }
    },
    save: async (all) => {
      await mkdir(dataDir, { recursive: true });
      await writeFile(`${path}.tmp`, JSON.stringify(all), { mode: 0o600 });
      await rename(`${path}.tmp`, path);
    },
  } satisfies RefusalLog;
}

function isRefusal(one: unknown): one is Refusal {
  const { source, at, status, reason, more } = (one ?? {}) as Partial<Refusal>;
  return typeof source === 'string' && typeof reason === 'string' && [at, status, more].every((number) => typeof number === 'number');
}
