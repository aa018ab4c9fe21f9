// Files of settings in folders of their own, and what the loaders of services make of them.

import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFileWriter } from '../../../src/adapters/file-writer/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createDigest } from '../../../src/adapters/system/index.ts';

export const processes = createProcesses();
export const digest = createDigest('of the tests');

export interface Folder {
  readonly dir: string;
  readonly file: string;
  text(): string;
  /** As an editor saves it. */
  save(text: string): void;
  close(): Promise<void>;
}

export function folderWith(name: string, text: string): Folder {
  const dir = mkdtempSync(path.join(tmpdir(), 'belay-settings-'));
  const file = path.join(dir, name);
  writeFileSync(file, text);
  return {
    dir,
    file,
    text: () => readFileSync(file, 'utf8'),
    save: (next) => {
      writeFileSync(`${file}.other`, next);
      renameSync(`${file}.other`, file);
    },
    close: async () => rmSync(dir, { recursive: true, force: true }),
  };
}

export const depsIn = (dir: string) => ({ processes, digest, files: createFileWriter(), baseDir: dir });
