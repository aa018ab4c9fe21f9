// kill -9 of a real process, again and again, while a writer appends and rotates: the store holds every line exactly once.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../../src/adapters/store-postgres/index.ts';
import { HEARD_KEY } from '../../../src/domain/minutes.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { digest, freshDatabase, migratedTemplate, settableTime } from '../store-postgres/kit.ts';
import type { ChildOptions } from './kill-child.ts';
import { LogFolder } from './kit.ts';

const KILLS = 6;
/** At least, however fast the machine is. */
const ROTATIONS = 6;
const ORGS = ['acme', 'globex', 'initech'];
let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
  await migratedTemplate(postgres);
}, 60_000);
const children = new Set<ChildProcess>();
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await postgres.stop();
});

/** Appends lines and rotates until it is stopped; knows what it wrote. */
class Writer {
  readonly written: Record<string, number> = {};
  rotations = 0;
  readonly #log: LogFolder;
  #n = 0;
  #rotatesAt = 0;

  constructor(log: LogFolder) {
    this.#log = log;
  }

  async write(stop: AbortSignal): Promise<void> {
    // A file that is born and rotated away between two readings, before Belay ever saw one, is never seen.
    this.#rotatesAt = performance.now() + 1_000;
    while (!stop.aborted) {
      const lines = Array.from({ length: 1 + Math.floor(Math.random() * 20) }, () => this.#line());
      const text = `${lines.join('\n')}\n`;
      // The process that writes has its own buffers: a line may come in two halves, and after a rotation.
      const cut = Math.floor(Math.random() * text.length);
      this.#log.write(text.slice(0, cut));
      if (Math.random() < 0.3) await wait(2);
      const rotates = performance.now() > this.#rotatesAt;
      if (rotates) {
        this.#log.rotate();
        this.rotations += 1;
        this.#rotatesAt = performance.now() + 100 + Math.random() * 400;
      }
      this.#log.write(text.slice(cut), rotates ? 'app.log.1' : 'app.log');
      await wait(15);
    }
  }

  #line(): string {
    const org = ORGS[Math.floor(Math.random() ** 2 * ORGS.length)] ?? 'acme';
    this.written[org] = (this.written[org] ?? 0) + 1;
    this.#n += 1;
    return `${this.#n} org=${org} ${'x'.repeat(Math.random() * 120)}`;
  }
}

async function born(options: ChildOptions): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-child.ts'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the child ended with ${String(code)}: ${errors}`)));
  });
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await gone;
  children.delete(child);
}

test(`${KILLS} times kill -9 while a log is written and rotated: the store counts every line exactly once`, async () => {
  const log = new LogFolder();
  const databaseUrl = await freshDatabase(postgres);
  const store = openStore({ databaseUrl, digest, time: settableTime(), poolSize: 1 });
  const counted = async (): Promise<Record<string, number>> => {
    const sums: Record<string, number> = {};
    // Who was heard in which minute is kept among them.
    for (const { signal, scope, all } of (await store.signals.load(0)).slots)
      if (signal !== HEARD_KEY) sums[scope] = (sums[scope] ?? 0) + all;
    return sums;
  };
  const total = async (): Promise<number> => Object.values(await counted()).reduce((sum, one) => sum + one, 0);
  const stop = new AbortController();
  const writer = new Writer(log);
  let child: ChildProcess | null = null;
  try {
    // Belay has looked before the first line is written: all of them are its business.
    child = await born({ databaseUrl, dir: log.dir });
    await expect
      .poll(async () => (await store.signals.load(0)).series.some((row) => row.series === '#cursor:path'), { timeout: 60_000 })
      .toBe(true);
    const writing = writer.write(stop.signal);
    const grown: boolean[] = [];
    let before = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      // Every other life has read something before it dies at a random instant; the others may die at their first reading.
      if (kill % 2 === 0) await expect.poll(total, { timeout: 60_000, interval: 20 }).toBeGreaterThan(before);
      await wait(Math.random() * 150);
      await killed(child);
      const now = await total();
      grown.push(now > before);
      before = now;
      child = await born({ databaseUrl, dir: log.dir });
    }
    while (writer.rotations < ROTATIONS) await wait(50);
    stop.abort();
    await writing;
    const written = Object.values(writer.written).reduce((sum, one) => sum + one, 0);
    await expect.poll(total, { timeout: 60_000, interval: 100 }).toBeGreaterThanOrEqual(written);
    await wait(200);
    expect(await counted()).toEqual(writer.written);
    expect(grown.filter(Boolean).length).toBeGreaterThanOrEqual(KILLS / 2);
    process.stdout.write(`${written} lines, ${writer.rotations} rotations, ${KILLS} kills\n`);
  } finally {
    stop.abort();
    if (child !== null) await killed(child);
    await store.close();
    log.remove();
  }
}, 240_000);
