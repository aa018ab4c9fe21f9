// The command line as a real process: what was typed, and what came out of it. It also opens the story's API for it to call.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { realTime } from '../server/story.ts';
import { type Door, type DoorOptions, openDoor } from '../server/world.ts';
import { COMPILED } from '../world/compiled.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** stdout as JSON. */
  json<T>(): T;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Sent as soon as stdout or stderr holds the text. */
  readonly interruptAt?: RegExp;
}

export function belay(args: readonly string[], o: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // Nothing of the machine that runs the tests may show: no terminal, no colours, no language but the one asked for.
    const env = { PATH: process.env['PATH'] ?? '', ...COMPILED, TZ: 'UTC', LANG: 'C', COLUMNS: '80', ...o.env };
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: o.cwd ?? tmpdir(), env, stdio: 'pipe' });
    const said = { out: '', err: '' };
    let interrupted = false;
    const take = (where: 'out' | 'err') => (bytes: Buffer) => {
      said[where] += bytes.toString('utf8');
      if (interrupted || o.interruptAt === undefined || !o.interruptAt.test(said.out + said.err)) return;
      interrupted = true;
      child.kill('SIGINT');
    };
    child.stdout.on('data', take('out'));
    child.stderr.on('data', take('err'));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said, json: <T>() => JSON.parse(said.out) as T }));
    child.stdin.end(o.input ?? '');
  });
}

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'belay-cli-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface LivingDoor extends Door {
  /** With `--data` of this Belay. */
  belay(args: readonly string[], o?: RunOptions): Promise<Ended>;
}

/** The story of the server's tests behind a real port, found through its server file as a real Belay is. */
export async function livingDoor(o: Pick<DoorOptions, 'system' | 'refusals' | 'certify' | 'certificates'> = {}): Promise<LivingDoor> {
  const door = await openDoor({ time: realTime(), ...o });
  const listening = await door.server.listen(0);
  const file = {
    pid: process.pid,
    startedTicks: null,
    startedAt: Date.now(),
    port: listening.port,
    tokenFile: door.auth.tokenFile,
    version: '0.0.0-test',
  };
  writeFileSync(join(door.dataDir, 'server.json'), JSON.stringify(file));
  return {
    ...door,
    belay: (args, o) => belay([...args, '--data', door.dataDir], o),
    remove: async () => {
      await listening.close();
      await door.remove();
    },
  };
}
