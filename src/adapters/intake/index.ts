// Belay's own intakes as a source of signals: what waits in each line, what was set aside, and whether the breaker of its receiver is open.
// It judges nothing and hands nothing on; a store that cannot be asked is a dead reading with its reason.
import { breakersNow } from '../../domain/breaker.ts';
import { BelayError } from '../../domain/errors.ts';
import type { IntakeSpec } from '../../domain/intake.ts';
import type { Batch, Sample } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { IntakeStore } from '../../ports/intake-store.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';

export type IntakeSourceSpec = Extract<SourceSpec, { driver: 'intake' }>;

export interface IntakeReaderDeps {
  readonly time: Pick<Time, 'now'>;
  /** Left out where no Belay runs. */
  readonly intake?: Pick<IntakeStore, 'status' | 'breakers'> | undefined;
  readonly intakes?: readonly IntakeSpec[] | undefined;
  readonly orgs?: readonly string[] | undefined;
}

/** @example createIntakeReader({ id: 'intakes', driver: 'intake', everyMs: 15_000, timeoutMs: 10_000 }, { time, intake: store, intakes, orgs: ['acme'] }) */
export function createIntakeReader(spec: IntakeSourceSpec, { time, intake, intakes = [], orgs = [] }: IntakeReaderDeps): SignalReader {
  const read = async (signal: AbortSignal): Promise<Batch> => {
    const at = time.now();
    const dead = (reason: string): Batch => ({ source: spec.id, at, alive: false, reason, samples: [] });
    if (intake === undefined) return dead('no Belay runs here, so no intake is open');
    try {
      const breakers = breakersNow(await intake.breakers(), intakes, at);
      const samples: Sample[] = [];
      for (const one of intakes) {
        for (const line of one.to.includes('{org}') ? orgs : ['']) {
          if (signal.aborted) return dead('it was not read in time');
          const { waiting, aside, oldestAt } = await intake.status({ intake: one.id, line });
          const labels = { intake: one.id, ...(line === '' ? {} : { org: line }) };
          const value = (name: string, told: number): Sample => ({ kind: 'value', name, labels, at, value: told });
          samples.push(value('intake_waiting', waiting), value('intake_aside', aside));
          samples.push(value('intake_oldest_seconds', oldestAt === null ? 0 : Math.max(0, at - oldestAt) / 1_000));
          if (one.breaker === undefined) continue;
          const isOpen = breakers.some((kept) => kept.intake === one.id && kept.line === line && kept.breaker.state !== 'closed');
          samples.push(value('intake_breaker_open', isOpen ? 1 : 0));
        }
      }
      return { source: spec.id, at, alive: true, samples };
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      return dead(error.message);
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}
