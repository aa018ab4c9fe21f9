// How PM2 is called: by argv, over the folder that is its home, and never where none runs, because that alone would start one. PM2 itself is
// no part of Belay (AGPL-3.0).
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { Unusable } from '../../domain/answer.ts';
import type { Processes } from '../../ports/process.ts';

export const commandOf = ([program = 'pm2', ...more]: readonly string[]): readonly [string, ...string[]] => [program, ...more];

export const homeOf = (written: string | undefined, baseDir: string): string =>
  written === undefined ? path.join(homedir(), '.pm2') : path.resolve(baseDir, written);

/** PM2 wants a HOME even where it has its own. */
export const envOf = (home: string): Readonly<Record<string, string>> => ({ PM2_HOME: home, HOME: homedir(), PM2_DISCRETE_MODE: 'true' });

/** @throws Unusable where no PM2 runs over this folder */
export async function demandDaemon(home: string, processes: Pick<Processes, 'inspect'>): Promise<void> {
  const file = path.join(home, 'pm2.pid');
  let written: string;
  try {
    written = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Unusable(code === 'ENOENT' ? `no PM2 runs: there is no ${file}` : `${file} cannot be read (${code})`);
  }
  const pid = /^\d{1,9}$/.test(written.trim()) ? Number(written) : 0;
  if (pid === 0 || (await processes.inspect(pid)) === null) throw new Unusable(`no PM2 runs: the process that ${file} names is gone`);
}
