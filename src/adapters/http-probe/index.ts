// HTTP probes as a source of signals: every point is asked at each beat, and each answer is one result.
// How many failing points mean trouble is the trigger's business; a point that does not answer is a result, too.
import { BelayError } from '../../domain/errors.ts';
import type { Batch, Sample } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Http } from '../../ports/http.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';

export type HttpProbeSpec = Extract<SourceSpec, { driver: 'http' }>;

export function createHttpProbe(
  spec: HttpProbeSpec,
  { http, time }: { readonly http: Http; readonly time: Pick<Time, 'now'> },
): SignalReader {
  const ask = async (point: string, at: number, signal: AbortSignal): Promise<Sample> => {
    try {
      const { status } = await http.request({ method: 'GET', url: point, timeoutMs: spec.timeoutMs }, signal);
      return { kind: 'probe', point, at, ok: status === spec.expectStatus, detail: `status ${status}` };
    } catch (error) {
      // Refused by our own rules: nothing was measured, so there is no result.
      if (!BelayError.is(error) || error.code === 'BELAY_HTTP_REFUSED') throw error;
      return { kind: 'probe', point, at, ok: false, detail: error.message };
    }
  };

  const read = async (signal: AbortSignal): Promise<Batch> => {
    const at = time.now();
    try {
      return { source: spec.id, at, alive: true, samples: await Promise.all(spec.points.map((point) => ask(point, at, signal))) };
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      return { source: spec.id, at, alive: false, reason: error.message, samples: [] };
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}
