// The machine that Belay runs on as a source of signals: processors, memory, and the disk of one folder.
// It judges nothing; all that it remembers is the processor times of the reading before, because a share is between two of them.
import { resolve } from 'node:path';
import type { Batch, Sample } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { createDisk } from './disk.ts';
import { type Machine, thisMachine } from './machine.ts';
import { busyShare, type CpuTimes } from './proc.ts';
import { Unreadable } from './unreadable.ts';

export { createHostLook } from './look.ts';

export type HostSpec = Extract<SourceSpec, { driver: 'host' }>;

export interface HostDeps {
  readonly time: Pick<Time, 'now' | 'sleep'>;
  /** Where a relative `path` starts. */
  readonly baseDir: string;
  readonly machine?: Machine;
}

/** @example createHostReader({ id: 'machine', driver: 'host', everyMs: 5000, timeoutMs: 5000, path: '/' }, { time, baseDir: '/etc/belay' }) */
export function createHostReader(spec: HostSpec, { time, baseDir, machine = thisMachine() }: HostDeps): SignalReader {
  const disk = spec.path === undefined ? null : createDisk(resolve(baseDir, spec.path), { time });
  let before: CpuTimes | null = null;

  const samplesAt = async (at: number, signal: AbortSignal): Promise<readonly Sample[]> => {
    const now = await machine.cpu();
    const cpu = before === null ? null : busyShare(before, now);
    before = now;
    const samples: Sample[] = cpu === null ? [] : [{ kind: 'value', name: 'host_cpu_used', labels: {}, at, value: cpu }];
    samples.push({ kind: 'value', name: 'host_memory_used', labels: {}, at, value: await machine.memory() });
    if (disk !== null && spec.path !== undefined) {
      const used = await disk(spec.timeoutMs, signal);
      samples.push({ kind: 'value', name: 'host_disk_used', labels: { path: spec.path }, at, value: used });
    }
    return samples;
  };

  const read = async (signal: AbortSignal): Promise<Batch> => {
    const at = time.now();
    try {
      return { source: spec.id, at, alive: true, samples: await samplesAt(at, signal) };
    } catch (error) {
      const reason = reasonOf(error);
      // Our own mistakes are not hidden.
      if (reason === null) throw error;
      return { source: spec.id, at, alive: false, reason, samples: [] };
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}

function reasonOf(error: unknown): string | null {
  if (error instanceof Unreadable) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return error instanceof Error && /^E[A-Z0-9]+$/.test(code ?? '') ? message : null;
}
