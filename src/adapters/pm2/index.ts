// Programs under PM2 as a source of signals: what `pm2 jlist` prints. It judges nothing, and it does not call PM2 where none runs: that alone
// would start one.
import { deadBatch, Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import { labelText } from '../../domain/received.ts';
import type { Batch } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Processes } from '../../ports/process.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { commandOf, demandDaemon, envOf, homeOf } from './command.ts';
import { programsIn, samplesOf } from './programs.ts';

export { createPm2Service } from './service.ts';
export { createPm2Supervisor } from './supervisor.ts';

export type Pm2Spec = Extract<SourceSpec, { driver: 'pm2' }>;

const MOST_BYTES = 16 * 1024 * 1024;

interface Pm2Deps {
  readonly processes: Pick<Processes, 'run' | 'inspect'>;
  readonly time: Pick<Time, 'now'>;
  readonly baseDir: string;
}

/** @example createPm2Reader({ id: 'crm', driver: 'pm2', command: ['pm2'], everyMs: 10_000, timeoutMs: 10_000 }, { processes, time, baseDir }) */
export function createPm2Reader(spec: Pm2Spec, { processes, time, baseDir }: Pm2Deps): SignalReader {
  const [program, ...more] = commandOf(spec.command);
  const home = homeOf(spec.home, baseDir);

  const read = async (): Promise<Batch> => {
    const at = time.now();
    try {
      await demandDaemon(home, processes);
      const argv = [program, ...more, 'jlist'] as const;
      const { code, stdout } = await processes.run(argv, { env: envOf(home), timeoutMs: spec.timeoutMs, maxOutputBytes: MOST_BYTES });
      // What it printed may hold the environment of its programs: it is not repeated.
      if (code !== 0) throw new Unusable(`${labelText(program)} jlist ended with ${code}`);
      const { apps } = spec;
      const programs = programsIn(stdout).filter((one) => apps === undefined || apps.includes(one.name));
      return { source: spec.id, at, alive: true, samples: samplesOf(programs, { at, wanted: apps ?? [] }) };
    } catch (error) {
      if (error instanceof Unusable) return deadBatch(spec.id, at, error.message);
      // The end of what it wrote would stand in the message of a program that was stopped.
      if (BelayError.is(error, 'BELAY_TIMEOUT')) return deadBatch(spec.id, at, `${program} jlist did not end within ${spec.timeoutMs} ms`);
      if (BelayError.is(error)) return deadBatch(spec.id, at, error.message);
      throw error;
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}
