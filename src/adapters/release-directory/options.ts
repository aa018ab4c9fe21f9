// What the options of `driver: release-directory` mean, and which of them do not go together. It touches no file.
import { posix, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';
import type { NamedHost } from '../../ports/remote.ts';

export interface Settings {
  /** Holds releases/<name>/ and current. */
  readonly root: string;
  readonly baseDir: string;
  /** Null: this machine. */
  readonly host: NamedHost | null;
  readonly pidFile: string | null;
  readonly signal: string;
  /** Instead of a signal: what makes the service load `current`. */
  readonly reload: readonly [string, ...string[]] | null;
  /** What the running process really serves. */
  readonly versionUrl: string | null;
  /** Files that a whole release has. */
  readonly requires: readonly string[];
  /** A file of this name in a release says: once it has run, nothing before it can run any more. */
  readonly oneWay: string | null;
}

/** @throws BELAY_CONFIG_INVALID */
export function readSettings(options: TargetOptions<'release-directory'> & { readonly id?: string }, baseDir: string): Settings {
  const { root, pidFile, signal, versionUrl, requires = [], oneWay } = options;
  const [program, ...rest] = options.reload ?? [];
  if (signal !== undefined && pidFile === undefined) throw wrong('signal: it needs pidFile, which says whom to send it to');
  if (signal !== undefined && program !== undefined) throw wrong('signal: it and reload exclude each other');
  if (oneWay !== undefined && /[/\\]/.test(oneWay)) throw wrong('oneWay: it is the name of a file in a release, not a path');
  const { ssh } = options;
  for (const [name, path] of Object.entries({ root, pidFile }))
    if (ssh !== undefined && path?.startsWith('/') === false)
      throw wrong(`${name}: on another host it is a whole path, which begins with /`);
  const at = (path: string): string => (ssh === undefined ? resolve(baseDir, path) : posix.normalize(path));
  if (signal !== undefined && ssh !== undefined && !/^SIG[A-Z0-9]+$/.test(signal))
    throw wrong('signal: it is written as SIGHUP, SIGUSR1, …');
  return {
    root: at(root),
    baseDir,
    host: ssh === undefined ? null : { ...ssh, id: `target.${options.id ?? 'release-directory'}` },
    pidFile: pidFile === undefined ? null : at(pidFile),
    signal: signal ?? 'SIGHUP',
    reload: program === undefined ? null : [program, ...rest],
    versionUrl: versionUrl ?? null,
    requires,
    oneWay: oneWay ?? null,
  };
}

const wrong = (why: string): BelayError => new BelayError('BELAY_CONFIG_INVALID', `driver release-directory: ${why}`);
