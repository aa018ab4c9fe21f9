// A server program as a child in the foreground: its own folder, a free port, ready when what it is for works, ended by its own pid.
// It knows no program.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly version: string;
  /** Of the child that runs now. */
  readonly pid: number;
  /** Its folder: configuration and data. */
  readonly folder: string;
  /** The last lines that it wrote. */
  log(): string;
  /** kill -9: what it had only in memory is gone. */
  kill(): Promise<void>;
  /** After `kill`: the same folder, the same port. */
  restart(): Promise<void>;
  /** TERM, and KILL when that is not heard; the folder goes too. */
  stop(): Promise<void>;
}

export interface ServerProgram {
  readonly name: string;
  readonly file: string;
  readonly version: string;
  /** Written into the folder before it starts. */
  readonly files?: Readonly<Record<string, string>>;
  readonly args: (o: { readonly port: number; readonly folder: string }) => readonly string[];
  /** Does what it is for work? A refusal or a throw is a no. */
  readonly works: (url: string) => Promise<boolean>;
  /** 30 s, if not given. */
  readonly readyWithinMs?: number;
}

const READY_WITHIN_MS = 30_000;
const TERM_HEARD_WITHIN_MS = 5_000;

export async function startServer(program: ServerProgram): Promise<ServerProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), `belay-${program.name}-`));
  for (const [name, text] of Object.entries(program.files ?? {})) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  let life = await firstLife(program, folder);
  const { port } = life;
  const lastResort = (): void => void life.child.kill('SIGKILL');
  process.on('exit', lastResort);
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    life.child.kill(signal);
    await Promise.race([life.ended, wait(TERM_HEARD_WITHIN_MS, undefined, { ref: false })]);
    life.child.kill('SIGKILL');
    await life.ended;
  };
  return {
    url: urlOf(port),
    port,
    version: program.version,
    get pid() {
      return life.child.pid ?? 0;
    },
    folder,
    log: () => life.log(),
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGKILL');
      life = launch(program, folder, port);
      await untilWorks(program, life);
    },
    stop: async () => {
      process.off('exit', lastResort);
      await end('SIGTERM');
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

interface Life {
  readonly child: ChildProcess;
  readonly port: number;
  readonly ended: Promise<void>;
  log(): string;
  over(): boolean;
}

/** Between asking for a free port and using it somebody else may take it: then another one is tried. */
async function firstLife(program: ServerProgram, folder: string): Promise<Life> {
  for (let tries = 1; ; tries += 1) {
    const life = launch(program, folder, await freePort());
    try {
      await untilWorks(program, life);
      return life;
    } catch (error) {
      life.child.kill('SIGKILL');
      await life.ended;
      if (tries < 3 && /address already in use/.test(life.log())) continue;
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      throw error;
    }
  }
}

function launch(program: ServerProgram, folder: string, port: number): Life {
  const child = spawn(program.file, program.args({ port, folder }), { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const note = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-16_384);
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  let over = false;
  const ended = new Promise<void>((resolve) => {
    const finish = (): void => {
      over = true;
      resolve();
    };
    child.once('exit', finish);
    child.once('error', finish);
  });
  return { child, port, ended, log: () => text, over: () => over };
}

async function untilWorks(program: ServerProgram, life: Life): Promise<void> {
  const { readyWithinMs = READY_WITHIN_MS } = program;
  const until = Date.now() + readyWithinMs;
  while (!(await program.works(urlOf(life.port)).catch(() => false))) {
    if (life.over()) throw new Error(`${program.name} ended before it was ready: ${life.log()}`);
    if (Date.now() > until) throw new Error(`${program.name} was not ready within ${readyWithinMs} ms: ${life.log()}`);
    await wait(25);
  }
  // Another server may answer on a port that was lost to it.
  if (life.over()) throw new Error(`${program.name} ended while it was asked: ${life.log()}`);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** Does a query over its HTTP API give an answer? */
export async function answersQueries(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/api/v1/query?query=1`, { signal: AbortSignal.timeout(2_000) });
  return answer.ok && ((await answer.json()) as { readonly status?: unknown }).status === 'success';
}

export async function answersOk(address: string): Promise<boolean> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(2_000) });
  await answer.arrayBuffer();
  return answer.ok;
}
