// Belay as a process of its own: started detached, found again by its server file, stopped by a signal.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BelayError } from '../domain/errors.ts';
import type { ServerFile } from './server-file.ts';
import { livingServer } from './server-file.ts';

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;

export interface ServerOptions {
  readonly dataDir: string;
  readonly configDir: string;
  readonly port: number;
  /** The whole environment of the server. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
}

/** The living server of a data directory, or a new one. @throws BELAY_STORE_UNAVAILABLE with the end of its log when it does not come up. */
export async function ensureServer(o: ServerOptions): Promise<ServerFile> {
  const living = livingServer(o.dataDir);
  if (living !== null) {
    o.say(`Belay runs already (pid ${living.pid}); following it.`);
    return untilListening(o, () => livingServer(o.dataDir) !== null);
  }
  const child = startServer(o);
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  return untilListening(o, () => !ended);
}

export const logPath = (dataDir: string): string => join(dataDir, 'belay.log');

function startServer(o: ServerOptions) {
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
  return child;
}

async function untilListening(o: ServerOptions, alive: () => boolean): Promise<ServerFile> {
  const end = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const server = livingServer(o.dataDir);
    if (server !== null && server.port !== 0) return server;
    if (!alive() || Date.now() > end) {
      throw new BelayError('BELAY_STORE_UNAVAILABLE', `Belay did not come up. The end of its log:\n${lastLines(o.dataDir)}`, {
        hint: `The whole log: ${logPath(o.dataDir)}`,
      });
    }
    await sleep(50);
  }
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
