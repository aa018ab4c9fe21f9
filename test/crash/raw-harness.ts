// Drives raw-child.ts: starts lives, kills them for real, and reads the file that is the judge.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { Json } from '../../src/domain/json.ts';
import { makeDataDir } from '../world/parts/embedded-store.ts';
import type { ChildOptions } from './raw-child.ts';

export interface Line {
  readonly what: string;
  readonly at: number;
  readonly pid: number;
}

const CHILD = join(import.meta.dirname, 'raw-child.ts');

export class Life {
  readonly said: Record<string, unknown>[] = [];
  readonly bornAt = Date.now();
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (line: Record<string, unknown>) => void>();
  #calls = 0;
  #errors = '';

  constructor(options: ChildOptions) {
    this.#child = spawn(process.execPath, [CHILD, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#child.stdin?.on('error', () => undefined); // It was killed: the test knows.
    const lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    lines.on('line', (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      this.said.push(line);
      if (typeof line['call'] === 'number') this.#answers.get(line['call'])?.(line);
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get errors(): string {
    return this.#errors;
  }

  async up(): Promise<{ readonly storePid: number; readonly attached: boolean; readonly storeMs: number; readonly openMs: number }> {
    await until(
      () => this.said.some((line) => line['up'] === true) || this.#child.exitCode !== null,
      () => `the child did not come up: ${this.#errors}`,
    );
    const line = this.said.find((one) => one['up'] === true);
    if (line === undefined) throw new Error(`the child ended with ${String(this.#child.exitCode)}: ${this.#errors}`);
    return line as never;
  }

  async call(name: string, ...args: Json[]): Promise<unknown> {
    this.#calls += 1;
    const call = this.#calls;
    const answer = new Promise<Record<string, unknown>>((resolve) => this.#answers.set(call, resolve));
    this.#child.stdin?.write(`${JSON.stringify({ call, name, args })}\n`);
    const line = await answer;
    if (line['error'] !== undefined) throw new Error(String(line['error']));
    return line['value'];
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** It ends by itself. */
  async gone(): Promise<void> {
    await until(
      () => this.#child.exitCode !== null || this.#child.signalCode !== null,
      () => `process ${this.pid} does not end`,
    );
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }
}

export class RawWorld {
  readonly side: string;
  readonly dataDir: string;
  readonly #runtimeDir: string;
  readonly #remove: () => Promise<void>;
  readonly #lives: Life[] = [];

  private constructor(place: { readonly dataDir: string; readonly runtimeDir: string; readonly remove: () => Promise<void> }) {
    this.dataDir = place.dataDir;
    this.#runtimeDir = place.runtimeDir;
    this.#remove = place.remove;
    this.side = join(place.runtimeDir, 'side.log');
  }

  static async make(): Promise<RawWorld> {
    return new RawWorld(await makeDataDir());
  }

  born(options: Partial<ChildOptions> = {}): Life {
    const life = new Life({ dataDir: this.dataDir, runtimeDir: this.#runtimeDir, side: this.side, ...options });
    this.#lives.push(life);
    return life;
  }

  lines(): readonly Line[] {
    if (!existsSync(this.side)) return [];
    return readFileSync(this.side, 'utf8')
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => {
        const [what = '', at, pid] = text.split(' ');
        return { what, at: Number(at), pid: Number(pid) };
      });
  }

  /** Executions of steps 0 to 9, one digit each. */
  digits(kind: 'start' | 'effect', input = 'x'): string {
    const lines = this.lines();
    return Array.from({ length: 10 }, (_, step) => lines.filter((line) => line.what === `${kind}:${input}:${step}`).length).join('');
  }

  async noted(what: string, count = 1): Promise<Line> {
    await until(
      () => this.lines().filter((line) => line.what === what).length >= count,
      () =>
        `"${what}" was not noted ${count} times; ${this.lines()
          .map((line) => line.what)
          .join(' ')}; ${this.#lives.map((life) => life.errors).join('\n')}`,
    );
    return this.lines().filter((line) => line.what === what)[count - 1] as Line;
  }

  get cluster(): string {
    return join(this.dataDir, 'postgres', 'cluster');
  }

  /** Every process of Postgres on this cluster: they work in its folder. */
  storeProcesses(): readonly number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          return readlinkSync(`/proc/${pid}/cwd`) === this.cluster;
        } catch {
          return false;
        }
      });
  }

  killStore(): void {
    for (const pid of this.storeProcesses()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It died of the others' death.
      }
    }
  }

  async remove(): Promise<void> {
    for (const life of this.#lives) await life.kill();
    this.killStore();
    await until(
      () => this.storeProcesses().length === 0,
      () => 'Postgres does not die',
    );
    await this.#remove();
  }
}

/** Of this test: it ends with it. */
export async function world(): Promise<RawWorld> {
  const made = await RawWorld.make();
  onTestFinished(() => made.remove());
  return made;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(condition: () => boolean, failure: () => string, patienceMs = 30_000): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(failure());
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}
