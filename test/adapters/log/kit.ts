// A folder with a log that tests write, rotate and read: real files, a reader, and the cursor that a store would keep.
import { appendFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogReader } from '../../../src/adapters/log/index.ts';
import type { Batch, Cursor } from '../../../src/domain/signal.ts';
import type { SourceSpec } from '../../../src/domain/source-catalog.ts';
import type { SignalReader } from '../../../src/ports/signal-source.ts';

export type LogSpec = Extract<SourceSpec, { driver: 'log' }>;
export const START = Date.parse('2025-03-10T12:00:00Z');

export function specOf(o: Partial<LogSpec> = {}): LogSpec {
  const form = o.format === 'json' ? {} : { pattern: '^(?<level>[A-Z]+)' };
  return {
    id: 'app',
    driver: 'log',
    path: 'app.log',
    format: 'text',
    start: 'beginning',
    everyMs: 1_000,
    timeoutMs: 10_000,
    ...form,
    ...o,
  };
}

export class LogFolder {
  readonly dir = mkdtempSync(join(tmpdir(), 'belay-log-'));
  readonly spec: LogSpec;
  readonly clock = { nowMs: START };
  cursor: Cursor = {};
  #reader: SignalReader;

  constructor(o: Partial<LogSpec> = {}) {
    this.spec = specOf(o);
    this.#reader = this.#open();
  }

  #open(): SignalReader {
    return createLogReader(this.spec, {
      time: { now: () => this.clock.nowMs, monotonicMs: () => performance.now() },
      baseDir: this.dir,
    });
  }

  at(name = 'app.log'): string {
    return join(this.dir, name);
  }

  write(text: string | Uint8Array, name = 'app.log'): void {
    appendFileSync(this.at(name), text);
  }

  /** As logrotate does: the oldest name moves first. */
  rotate(): void {
    let last = 1;
    while (existsSync(this.at(`app.log.${last}`))) last += 1;
    for (let n = last; n > 1; n -= 1) renameSync(this.at(`app.log.${n - 1}`), this.at(`app.log.${n}`));
    renameSync(this.at(), this.at('app.log.1'));
  }

  /** What a store that answers would do: the cursor is kept with the counts. */
  async read(): Promise<Batch> {
    const batch = await this.peek();
    this.cursor = batch.cursor ?? this.cursor;
    return batch;
  }

  /** A reading whose delivery fails. */
  peek(): Promise<Batch> {
    return this.#reader.read(new AbortController().signal, this.cursor);
  }

  /** kill -9: what is not in the cursor is forgotten. */
  restart(): void {
    this.#reader = this.#open();
  }

  /** Counts by name, or by name and label values. */
  async counts(): Promise<Readonly<Record<string, number>>> {
    return countsOf(await this.read());
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function countsOf(batch: Batch): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const sample of batch.samples) {
    if (sample.kind !== 'delta') throw new Error(`a ${sample.kind} from a log`);
    const values = Object.values(sample.labels);
    const key = values.length === 0 ? sample.name : `${sample.name} ${values.join(' ')}`;
    counts[key] = (counts[key] ?? 0) + sample.delta;
  }
  return counts;
}

export async function inFolder<T>(o: Partial<LogSpec>, body: (folder: LogFolder) => Promise<T>): Promise<T> {
  const folder = new LogFolder(o);
  try {
    return await body(folder);
  } finally {
    folder.remove();
  }
}
