// Lines of a log file as counters, each counted once: the cursor, kept with the counts, says where reading goes on, through rotation
// and kill -9 alike. It judges nothing; what cannot be read is told as a dead reading with its reason.
import { resolve } from 'node:path';
import type { Batch, Cursor } from '../../domain/signal.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { NotAFile } from './files.ts';
import type { LogSpec } from './meaning.ts';
import { readerOf } from './meaning.ts';
import { cursorOf, hashOf, positionOf } from './place.ts';
import { type Memory, Reading } from './reading.ts';
import { LabelSets } from './tally.ts';

export { createLogLook, seenIn } from './look.ts';

interface LogDeps {
  readonly time: Pick<Time, 'now' | 'monotonicMs'>;
  /** Where a relative path starts. */
  readonly baseDir: string;
}

/**
 * @throws BELAY_CONFIG_INVALID for options that cannot mean anything
 * @example createLogReader({ id: 'shop', driver: 'log', path: 'app.log', format: 'text', pattern: '^(?<level>[A-Z]+) ', start: 'end', everyMs: 1000, timeoutMs: 1000 }, { time, baseDir })
 */
export function createLogReader(spec: LogSpec, { time, baseDir }: LogDeps): SignalReader {
  const path = resolve(baseDir, spec.path);
  const pathNumber = hashOf(Buffer.from(path));
  const reader = readerOf(spec);
  const sets = new LabelSets(reader.labels);
  const memory: Memory = { toldOf: 0, before: null };

  const read = async (signal: AbortSignal, from: Cursor): Promise<Batch> => {
    const now = time.now();
    const end = time.monotonicMs() + spec.timeoutMs;
    const isOver = (): boolean => signal.aborted || time.monotonicMs() >= end;
    const reading = new Reading({ path, start: spec.start, reader, sets, withNumber: spec.number !== undefined, now, isOver, memory });
    try {
      const position = await reading.from(positionOf(from, pathNumber));
      if (typeof position === 'string') return deadReading(spec.id, now, position);
      // What is left for the next readings is not late: this one speaks for what it has read.
      const at = reading.isBehind ? reading.tally.newest : now;
      const cursor = cursorOf(position, pathNumber);
      const crowded = sets.folded === 0 ? {} : { folded: sets.folded };
      return { source: spec.id, at, alive: true, samples: reading.tally.samples(at), cursor, ...crowded };
    } catch (error) {
      if (error instanceof NotAFile) return deadReading(spec.id, now, error.message);
      if (typeof (error as NodeJS.ErrnoException).syscall === 'string') return deadReading(spec.id, now, (error as Error).message);
      throw error;
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}

function deadReading(source: string, at: number, reason: string): Batch {
  return { source, at, alive: false, reason, samples: [] };
}
