// A file that a command writes where none was: what is there already is not touched.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { BelayError } from '../domain/errors.ts';

/** @throws BELAY_USAGE when it is there, or cannot be */
export function writeNew(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR')
      throw new BelayError('BELAY_USAGE', `${file} is there already and was not touched.`, {
        hint: 'Name another one with --out.',
        cause: error,
      });
    throw error;
  }
}
