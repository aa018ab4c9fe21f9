// Reads the options of `driver: release-directory` and says all that is wrong with them at once. It touches no file.
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';

export interface Settings {
  /** Holds releases/<name>/ and current. */
  readonly root: string;
  readonly baseDir: string;
  readonly pidFile: string | null;
  readonly signal: string;
  /** Instead of a signal: what makes the service load `current`. */
  readonly reload: readonly [string, ...string[]] | null;
  /** Answers `{"release": …}` (or the bare name): what the running process really serves. */
  readonly versionUrl: string | null;
  /** Files that a whole release has. */
  readonly requires: readonly string[];
}

const KNOWN = ['root', 'pidFile', 'signal', 'reload', 'versionUrl', 'requires'];

/** @throws BELAY_CONFIG_INVALID with every problem. */
export function readSettings(options: Readonly<Record<string, unknown>>, baseDir: string): Settings {
  const problems = Object.keys(options)
    .filter((name) => !KNOWN.includes(name))
    .map((name) => `there is no option ${name}`);
  const text = (name: string): string | null => {
    const value = options[name];
    if (value === undefined) return null;
    if (typeof value === 'string' && value !== '') return value;
    problems.push(`${name} must be a text`);
    return null;
  };
  const list = (name: string): readonly string[] => {
    const value = options[name] ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')) return value as readonly string[];
    problems.push(`${name} must be a list of texts`);
    return [];
  };
  const [root, pidFile, signal, versionUrl] = [text('root'), text('pidFile'), text('signal'), text('versionUrl')];
  const [program, ...rest] = list('reload');
  if (root === null) problems.push('root is missing: the folder that holds releases/ and current');
  if (pidFile !== null && program !== undefined && signal !== null) problems.push('signal and reload exclude each other');
  if (signal !== null && pidFile === null) problems.push('signal needs pidFile');
  const settings = {
    root: resolve(baseDir, root ?? ''),
    baseDir,
    pidFile: pidFile === null ? null : resolve(baseDir, pidFile),
    signal: signal ?? 'SIGHUP',
    reload: program === undefined ? null : ([program, ...rest] as const),
    versionUrl,
    requires: list('requires'),
  };
  if (problems.length === 0) return settings;
  throw new BelayError('BELAY_CONFIG_INVALID', `driver release-directory: ${problems.join('; ')}`, {
    hint: `Options: ${KNOWN.join(', ')}.`,
  });
}
