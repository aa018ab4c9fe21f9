// Files that an incident leaves behind, under <data>/incidents/<id>/. Whole or not at all: written beside, fsynced, renamed.
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Artefacts } from '../../ports/artefacts.ts';

export interface ArtefactFilesOptions {
  /** The data directory. */
  readonly dir: string;
}

const SAFE = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export function createArtefactFiles(options: ArtefactFilesOptions) {
  const root = resolve(options.dir, 'incidents');
  let counter = 0;
  return {
    write: async (incident, name, content) => {
      const path = pathOf(root, incident, name);
      counter += 1;
      const beside = `${path}.${process.pid}.${counter}.tmp`;
      try {
        await mkdir(join(root, incident), { recursive: true });
        await writeWhole(beside, content);
        await rename(beside, path);
        await syncFolder(join(root, incident));
      } catch (cause) {
        // What could not be written may not be removable either; the first error is the one to tell.
        await rm(beside, { force: true }).catch(() => undefined);
        throw diskError(path, cause);
      }
      return path;
    },
    read: async (incident, name) => {
      try {
        return await readFile(pathOf(root, incident, name), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
  } satisfies Artefacts;
}

function pathOf(root: string, incident: string, name: string): string {
  if (!SAFE.test(incident) || !SAFE.test(name)) {
    throw new BelayError('BELAY_INPUT_INVALID', `"${incident}/${name}" is not a name of an artefact`, {
      hint: 'Use letters, digits, dots and dashes.',
    });
  }
  return join(root, incident, name);
}

async function writeWhole(path: string, content: string): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The rename itself must survive a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function diskError(path: string, cause: unknown): BelayError {
  if (BelayError.is(cause)) return cause;
  const code = (cause as NodeJS.ErrnoException).code === 'ENOSPC' ? 'BELAY_DISK_FULL' : 'BELAY_AUDIT_UNAVAILABLE';
  return new BelayError(code, `${path} cannot be written: ${String(cause)}`, {
    hint: 'Free some space or check the permissions of the data directory.',
    cause,
  });
}
