// Metrics of Datadog as a source of signals: queries in its own language, asked at each beat. It judges nothing and changes nothing there;
// what cannot be read is a dead reading with its reason, in which no key ever stands.
import { deadBatch, jsonOf, Patience, readUpTo, Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Batch, Cursor, Sample } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Http } from '../../ports/http.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { isFilled, MINUTE_MS, samplesIn } from './answers.ts';

export type DatadogSpec = Extract<SourceSpec, { driver: 'datadog' }>;

const MOST_BYTES = 16 * 1024 * 1024;
/** After a longer absence the rest is not asked for: beyond it Datadog joins minutes. */
const LONGEST_GAP_MS = 3_600_000;
/** How far back a value may be the newest one. */
const VALUE_SPAN_MS = 5 * MINUTE_MS;

interface DatadogDeps {
  readonly http: Http;
  readonly time: Pick<Time, 'now' | 'monotonicMs'>;
}

/** @example createDatadogReader({ id: 'dd', driver: 'datadog', url: 'https://api.datadoghq.com', apiKey, appKey, queries: { errors: 'sum:web.errors{*}.as_count().rollup(sum, 60)' }, as: 'counts', settleMs: 120_000, everyMs: 60_000, timeoutMs: 10_000 }, { http, time }) */
export function createDatadogReader(spec: DatadogSpec, { http, time }: DatadogDeps): SignalReader {
  const patience = new Patience();
  const base = `${spec.url.replace(/\/+$/, '')}/api/v1/query`;
  const headers = { accept: 'application/json', 'dd-api-key': spec.apiKey, 'dd-application-key': spec.appKey };
  const secrets = [spec.apiKey, spec.appKey];

  const read = async (signal: AbortSignal, cursor: Cursor): Promise<Batch> => {
    const now = time.now();
    const refusal = patience.refusal(now);
    if (refusal !== null) return deadBatch(spec.id, now, `${spec.url}: ${refusal}`, secrets);
    const to = Math.floor((now - spec.settleMs) / MINUTE_MS) * MINUTE_MS;
    const from = Math.max(readUpTo(cursor, now) ?? to - MINUTE_MS, to - LONGEST_GAP_MS);
    const askedFrom = spec.as === 'counts' ? Math.min(from, to - MINUTE_MS) : to - VALUE_SPAN_MS;
    const end = time.monotonicMs() + spec.timeoutMs;
    try {
      const samples: Sample[] = [];
      for (const [name, query] of Object.entries(spec.queries)) {
        const asked = new URLSearchParams({ from: String(askedFrom / 1000), to: String(to / 1000), query });
        const timeoutMs = Math.max(1, Math.ceil(end - time.monotonicMs()));
        const answer = await http.request(
          { method: 'GET', url: `${base}?${asked.toString()}`, headers, timeoutMs, maxBytes: MOST_BYTES },
          signal,
        );
        patience.heard(answer, now, ['x-ratelimit-reset']);
        samples.push(
          ...samplesIn(jsonOf(answer), { name, as: spec.as, isFilled: isFilled(query), from: spec.as === 'counts' ? from : askedFrom, to }),
        );
      }
      return { source: spec.id, at: Math.max(from, to), alive: true, samples, cursor: { upTo: Math.max(from, to) } };
    } catch (error) {
      if (error instanceof Unusable) return deadBatch(spec.id, now, `${spec.url}: ${error.message}`, secrets);
      if (BelayError.is(error)) return deadBatch(spec.id, now, error.message, secrets);
      throw error;
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}
