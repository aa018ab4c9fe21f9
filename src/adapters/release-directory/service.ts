// The running service behind a release directory: is it alive, what does it serve, and how it is told to load `current`.
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { TargetState } from '../../ports/deploy-target.ts';
import type { Http } from '../../ports/http.ts';
import type { Processes, ProcessSighting } from '../../ports/process.ts';
import type { Supervisor } from '../../ports/supervisor.ts';
import type { Settings } from './options.ts';
import { notReloaded } from './refusals.ts';

const VERSION_TIMEOUT_MS = 2_000;
const RELOAD_TIMEOUT_MS = 60_000;
/** Clocks of files and of processes are read from different sources. */
const CLOCK_SLACK_MS = 2_000;

export interface ServiceDeps {
  readonly processes: Processes;
  readonly http?: Http;
  readonly supervisor?: Supervisor;
}

export interface Sight {
  /** The proven process; null when there is none, undefined when no pid file is configured. */
  readonly process: ProcessSighting | null | undefined;
  /** What it says it serves; null when it does not say, undefined when no address is configured. */
  readonly serves: string | null | undefined;
  /** Of a supervisor: each of its processes. */
  readonly units?: TargetState['units'];
  readonly gaveUp?: string;
}

/** `process`: what the pid file names, as it was seen. */
export async function look(settings: Settings, deps: ServiceDeps, process: Sight['process']): Promise<Sight> {
  if (deps.supervisor !== undefined) return supervised(settings, deps.supervisor);
  const serves =
    settings.versionUrl === null
      ? undefined
      : process === null
        ? null
        : await servedRelease(settings.versionUrl, process?.pid ?? null, deps.http);
  return { process, serves };
}

/** What they serve is what all of them run; '' while they do not agree. */
async function supervised({ root }: Settings, supervisor: Supervisor): Promise<Sight> {
  const { units: found, gaveUp } = await supervisor.look();
  const releases = await realOr(join(root, 'releases'));
  const units = found.map(({ id, ready, folder }) => ({
    id,
    ready,
    release: folder === null ? '' : releaseOf(relative(releases, folder)),
  }));
  const [first] = units;
  const serves = first !== undefined && units.every((one) => one.release === first.release) ? first.release : '';
  return { process: undefined, serves, units, ...(gaveUp === undefined ? {} : { gaveUp }) };
}

async function realOr(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    // Listing them will say what is wrong.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return path;
  }
}

/** A folder of a release that has been removed under its process says so behind its name. */
function releaseOf(inside: string): string {
  const [name = ''] = inside.split(sep);
  return name === '..' || name.endsWith(' (deleted)') ? '' : name;
}

/** `linked` is what a process that cannot be asked is taken to serve. */
export function unitsOf(settings: Settings, sight: Sight, linked: string): TargetState['units'] {
  if (sight.units !== undefined) return sight.units;
  const id = settings.pidFile === null ? 'current' : basename(settings.pidFile).replace(/\.pid$/, '');
  const release = sight.serves === undefined ? linked : (sight.serves ?? '');
  return [{ id, release, ready: sight.process !== null && sight.serves !== null }];
}

/**
 * The process that a pid file names, if it is provably still that one: the file's second line holds its start, or else it was
 * running when the file was written (a number that was given out again belongs to a younger process).
 */
export async function provenProcess(path: string, processes: Processes): Promise<ProcessSighting | null> {
  const file = await pidFile(path);
  if (file === null) return null;
  const seen = await processes.inspect(file.pid);
  if (seen === null) return null;
  if (file.start !== '' && seen.start !== '') return file.start === seen.start ? seen : null;
  return seen.startedAt !== null && seen.startedAt <= file.writtenAt + CLOCK_SLACK_MS ? seen : null;
}

async function pidFile(path: string): Promise<{ readonly pid: number; readonly start: string; readonly writtenAt: number } | null> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const [pid = '', start = ''] = text.split('\n');
    return /^\s*\d+\s*$/.test(pid) ? { pid: Number(pid), start: start.trim(), writtenAt: mtimeMs } : null;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return null;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${path} cannot be read (${code ?? String(cause)})`, {
      hint: 'Run Belay as a user who may read it.',
      cause,
    });
  }
}

async function servedRelease(url: string, pid: number | null, http: Http | undefined): Promise<string | null> {
  if (http === undefined) return null;
  try {
    const { status, body } = await http.request({ method: 'GET', url, timeoutMs: VERSION_TIMEOUT_MS, maxBytes: 64 * 1024 });
    return status >= 400 ? null : releaseIn(body, pid);
  } catch (error) {
    if (BelayError.is(error, 'BELAY_HTTP_REFUSED'))
      throw new BelayError('BELAY_TARGET_UNREACHABLE', error.message, {
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        cause: error,
      });
    // No answer: the unit is not ready, and that is what the state says.
    if (BelayError.is(error)) return null;
    throw error;
  }
}

/** `{"release": …}`, `{"version": …}` or the bare name. An answer of another process than the proven one does not count. */
function releaseIn(body: string, pid: number | null): string | null {
  try {
    const { release, version, pid: by } = JSON.parse(body) as { release?: unknown; version?: unknown; pid?: unknown };
    if (pid !== null && typeof by === 'number' && by !== pid) return null;
    const name = release ?? version;
    return typeof name === 'string' ? name : null;
  } catch {
    const name = body.trim();
    return /^\S{1,200}$/.test(name) ? name : null;
  }
}

/** A service that is down needs no telling: it loads `current` when it starts. @throws BELAY_ACT_FAILED (effect unknown) */
export async function reload(settings: Settings, release: string, deps: ServiceDeps): Promise<void> {
  if (deps.supervisor !== undefined) return told(() => deps.supervisor?.reload(join(settings.root, 'current')));
  if (settings.reload !== null) return runReload(settings, settings.reload, release, deps);
  if (settings.pidFile === null) return;
  const process = await provenProcess(settings.pidFile, deps.processes);
  if (process === null) return;
  try {
    await deps.processes.signal(process, settings.signal);
  } catch (cause) {
    if ((await provenProcess(settings.pidFile, deps.processes)) === null) return;
    throw notReloaded(`${settings.signal} could not be sent to process ${process.pid}`, cause);
  }
}

/** The link is switched by then: whatever went wrong, something has happened. */
async function told(reload: () => Promise<void> | undefined): Promise<void> {
  try {
    await reload();
  } catch (cause) {
    if (!BelayError.is(cause)) throw cause;
    throw notReloaded('the programs were not reloaded', cause);
  }
}

async function runReload(settings: Settings, argv: readonly [string, ...string[]], release: string, deps: ServiceDeps): Promise<void> {
  let result: Awaited<ReturnType<Processes['run']>>;
  try {
    result = await deps.processes.run(argv, { cwd: settings.baseDir, env: { BELAY_RELEASE: release }, timeoutMs: RELOAD_TIMEOUT_MS });
  } catch (cause) {
    throw notReloaded(`${argv[0]} did not reload the service`, cause);
  }
  if (result.code !== 0) throw notReloaded(`${argv.join(' ')} ended with ${result.code}: ${result.stderr.trim().slice(-500)}`, undefined);
}
