// Whether ssh came as far as the order: 255 is how it ends by itself, and how a program there may end, too. ssh runs a local command once the host
// has let it in and before anything is asked of it, so that what that command prints is proof from this side: no shell there has to print it, a
// forced command there changes nothing, and no program there can know it.
import { randomUUID } from 'node:crypto';

export interface Mark {
  readonly options: readonly string[];
  /** ssh starts the local command by this shell, whoever runs Belay. */
  readonly env: Readonly<Record<string, string>>;
  /** What it costs in a limit that is kept by halves. */
  readonly bytes: number;
  isIn(stderr: string): boolean;
  without(stderr: string): string;
}

export function beginMark(): Mark {
  const word = `belay-${randomUUID()}`;
  const line = `${word}\n`;
  return {
    options: ['-o', 'PermitLocalCommand=yes', '-o', `LocalCommand=echo ${word} >&2`],
    env: { SHELL: '/bin/sh' },
    bytes: 2 * line.length,
    isIn: (stderr) => stderr.includes(word),
    without: (stderr) => stderr.replace(line, ''),
  };
}
