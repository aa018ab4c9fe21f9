// Where configuration is read from: the disk, or the disk with texts laid over it that nobody has saved yet. It knows no format.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

export interface Files {
  /** @throws as `readFileSync` does */
  read(file: string): string;
  /** Null for what is not there. */
  kindOf(where: string): 'file' | 'folder' | null;
  /** What a folder holds; nothing for one that is not there. */
  names(folder: string): readonly string[];
}

export const DISK: Files = {
  read: (file) => readFileSync(file, 'utf8'),
  kindOf: (where) => {
    const found = statSync(where, { throwIfNoEntry: false });
    return found === undefined ? null : found.isDirectory() ? 'folder' : 'file';
  },
  names: (folder) => (DISK.kindOf(folder) === 'folder' ? readdirSync(folder) : []),
};

/** The files with texts laid over them, by absolute path: a text counts as a file, whether or not there is one below it. */
export function withTexts(below: Files, texts: ReadonlyMap<string, string>): Files {
  const isAbove = (folder: string): boolean => [...texts.keys()].some((file) => file.startsWith(`${folder}${path.sep}`));
  return {
    read: (file) => texts.get(path.resolve(file)) ?? below.read(file),
    kindOf: (where) =>
      texts.has(path.resolve(where)) ? 'file' : (below.kindOf(where) ?? (isAbove(path.resolve(where)) ? 'folder' : null)),
    names: (folder) => {
      const here = path.resolve(folder);
      const added = [...texts.keys()].filter((file) => path.dirname(file) === here).map((file) => path.basename(file));
      return [...new Set([...below.names(folder), ...added])];
    },
  };
}
