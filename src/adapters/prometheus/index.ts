// A Prometheus-like metrics page as a source of signals: read at a fixed cadence, handed over whole.
// It judges nothing and keeps no history; a page that cannot be read is told as a dead reading with its reason.
import { BelayError } from '../../domain/errors.ts';
import type { Batch, Sample } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { Exposition, ExpositionError } from './exposition.ts';

const LARGEST_PAGE = 64 * 1024 * 1024;
const ACCEPT = 'text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.9,*/*;q=0.1';

export type PrometheusSpec = Extract<SourceSpec, { driver: 'prometheus' }>;

/** @example createPrometheusReader({ id: 'shop', driver: 'prometheus', url: 'http://127.0.0.1:9100/metrics', everyMs: 1000, timeoutMs: 800 }, { http, time }) */
export function createPrometheusReader(
  spec: PrometheusSpec,
  { http, time }: { readonly http: Http; readonly time: Pick<Time, 'now'> },
): SignalReader {
  const exposition = new Exposition();

  const read = async (signal: AbortSignal): Promise<Batch> => {
    // The start of the request: counts may be newer than that, never older.
    const at = time.now();
    try {
      const response = await http.request(
        { method: 'GET', url: spec.url, headers: { accept: ACCEPT }, timeoutMs: spec.timeoutMs, maxBytes: LARGEST_PAGE },
        signal,
      );
      if (response.status !== 200) return deadReading(spec.id, at, `${spec.url} answered ${response.status}`);
      return { source: spec.id, at, alive: true, samples: samplesOf(exposition, response, at) };
    } catch (error) {
      if (BelayError.is(error)) return deadReading(spec.id, at, error.message);
      if (error instanceof ExpositionError) return deadReading(spec.id, at, `${spec.url}: ${error.message}`);
      throw error;
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}

function deadReading(source: string, at: number, reason: string): Batch {
  return { source, at, alive: false, reason, samples: [] };
}

function samplesOf(exposition: Exposition, response: HttpResponse, at: number): readonly Sample[] {
  const openMetrics = (response.headers['content-type'] ?? '').includes('application/openmetrics-text');
  return exposition.parse(response.body, { openMetrics }).map(({ name, labels, cumulative, value, timestampMs }): Sample => {
    const when = timestampMs ?? at;
    return cumulative ? { kind: 'total', name, labels, at: when, total: value } : { kind: 'value', name, labels, at: when, value };
  });
}
