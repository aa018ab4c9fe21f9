// Belay as a process of its own: started detached, found again by its server file, stopped by a signal.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BelayError, EXIT } from '../domain/errors.ts';
import type { ServerFile } from './server-file.ts';
import { livingServer } from './server-file.ts';

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;
const MOST_STARTS = 4;

export interface ServerOptions {
  readonly dataDir: string;
  readonly configDir: string;
  readonly port: number;
  /** The whole environment of the server. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
}

/**
 * The living server of a data directory, or a new one. One that was killed or lost its store while it came up is started again.
 * @throws BELAY_STORE_UNAVAILABLE with the end of its log when it does not come up.
 */
export async function ensureServer(o: ServerOptions): Promise<ServerFile> {
  for (let starts = 1; ; starts += 1) {
    const living = livingServer(o.dataDir);
    if (living !== null) o.say(`Belay runs already (pid ${living.pid}); following it.`);
    const server = await untilListening(o.dataDir, living === null ? startServer(o) : () => goneFrom(o.dataDir));
    if (typeof server === 'object') return server;
    if (server === 'give up' || starts === MOST_STARTS)
      throw new BelayError('BELAY_STORE_UNAVAILABLE', `Belay did not come up. The end of its log:\n${lastLines(o.dataDir)}`, {
        hint: `The whole log: ${logPath(o.dataDir)}`,
      });
    o.say('Belay went away while it came up; starting it again.');
    await sleep(500);
  }
}

export const logPath = (dataDir: string): string => join(dataDir, 'belay.log');

/** Exit code, or the signal that killed it. */
type End = number | NodeJS.Signals;

/** @returns a look at how the new process ended: null while it runs. */
function startServer(o: ServerOptions): () => End | null {
  mkdirSync(o.dataDir, { recursive: true, mode: 0o711 });
  const log = openSync(logPath(o.dataDir), 'a', 0o600);
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const argv = [
    '--disable-warning=ExperimentalWarning',
    main,
    'up',
    '--data',
    o.dataDir,
    '--config',
    o.configDir,
    '--port',
    String(o.port),
  ];
  // Its own session: neither Ctrl-C nor the death of this process reaches it.
  const child = spawn(process.execPath, argv, { detached: true, stdio: ['ignore', log, log], env: { ...o.env } });
  closeSync(log);
  child.unref();
  return () => child.exitCode ?? child.signalCode;
}

/** How a server that was found running ended, which only its own parent could tell better. */
const goneFrom = (dataDir: string): End | null => (livingServer(dataDir) === null ? EXIT.unreachable : null);

/**
 * Waits for whoever serves the directory: the process that we started, or one that was quicker.
 * @returns the server; else whether another start may help.
 */
async function untilListening(dataDir: string, ended: () => End | null): Promise<ServerFile | 'try again' | 'give up'> {
  let other = false;
  for (const timeout = Date.now() + START_TIMEOUT_MS; Date.now() < timeout; await sleep(50)) {
    // Asked before the file is read: one that listened and then ended has left no file.
    const end = ended();
    const server = livingServer(dataDir);
    if (server !== null && server.port !== 0) return server;
    if (end === null) continue;
    other ||= server !== null;
    if (server === null) return typeof end === 'string' || end === EXIT.unreachable || other ? 'try again' : 'give up';
  }
  return 'give up';
}

function lastLines(dataDir: string): string {
  return readFileSync(logPath(dataDir), 'utf8').trimEnd().split('\n').slice(-12).join('\n');
}

/** Asks it to stop and waits; the step in progress is finished first. */
export async function stopServer(dataDir: string): Promise<void> {
  const server = livingServer(dataDir);
  if (server === null) return;
  process.kill(server.pid, 'SIGTERM');
  const end = Date.now() + STOP_TIMEOUT_MS;
  while (livingServer(dataDir) !== null) {
    if (Date.now() > end)
      throw new BelayError('BELAY_TIMEOUT', `Belay (pid ${server.pid}) did not stop within ${STOP_TIMEOUT_MS / 1000} s.`, {
        hint: `See ${logPath(dataDir)}`,
      });
    await sleep(50);
  }
}
