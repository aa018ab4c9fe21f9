// The status page of a vendor, in the form of Statuspage, as a source of signals: what they say of themselves, read at a fixed cadence.
// It judges nothing. A page that cannot be read or is an old copy is no evidence: a dead reading with its reason, never "all is well".
import { movedText } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { Batch } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { chosen, parseSummary, SummaryError, samplesOf } from './summary.ts';

const LARGEST_PAGE = 1024 * 1024;
/** Caches keep such pages for a minute or so: a copy of this age is not what the page says now. */
const OLDEST_COPY_MS = 600_000;

export type StatusPageSpec = Extract<SourceSpec, { driver: 'status-page' }>;

/** @example createStatusPageReader({ id: 'db-vendor', driver: 'status-page', url: 'https://status.example.com/api/v2/summary.json', everyMs: 60_000, timeoutMs: 10_000 }, { http, time }) */
export function createStatusPageReader(
  spec: StatusPageSpec,
  { http, time }: { readonly http: Http; readonly time: Pick<Time, 'now'> },
): SignalReader {
  /** The newest page so far, to recognise an older copy of it. */
  let newest: { readonly updatedAt: Instant; readonly readAt: Instant } | null = null;

  const take = (response: HttpResponse, at: Instant): Batch => {
    const trouble = troubleOf(response, spec.everyMs);
    if (trouble !== null) return deadReading(spec, at, trouble);
    const summary = parseSummary(response.body);
    // A page may stand still for months, but never goes back. Where it seems to for long, it was set up anew.
    if (newest !== null && summary.updatedAt < newest.updatedAt && at - newest.readAt < OLDEST_COPY_MS) {
      const [is, was] = [summary.updatedAt, newest.updatedAt].map((one) => new Date(one).toISOString());
      return deadReading(spec, at, `is an older copy: of ${is}, and one of ${was} was read before it`);
    }
    newest = { updatedAt: summary.updatedAt, readAt: at };
    return { source: spec.id, at, alive: true, samples: samplesOf(summary, chosen(summary.components, spec.components), at) };
  };

  const read = async (signal: AbortSignal): Promise<Batch> => {
    const at = time.now();
    try {
      const headers = { accept: 'application/json' };
      const response = await http.request(
        { method: 'GET', url: spec.url, headers, timeoutMs: spec.timeoutMs, maxBytes: LARGEST_PAGE },
        signal,
      );
      return take(response, at);
    } catch (error) {
      if (BelayError.is(error)) return { source: spec.id, at, alive: false, reason: error.message, samples: [] };
      if (error instanceof SummaryError) return deadReading(spec, at, error.message);
      throw error;
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}

function deadReading({ id, url }: StatusPageSpec, at: Instant, reason: string): Batch {
  return { source: id, at, alive: false, reason: `${url}: ${reason}`, samples: [] };
}

function troubleOf({ status, headers }: HttpResponse, everyMs: number): string | null {
  if (status !== 200) return movedText(status, headers['location']);
  const ageMs = /^\d{1,9}$/.test(headers['age'] ?? '') ? Number(headers['age']) * 1_000 : 0;
  return ageMs > Math.max(OLDEST_COPY_MS, 3 * everyMs) ? `a cache answered with a copy that is ${Math.round(ageMs / 1_000)} s old` : null;
}
