// The status page of a vendor, in the form of Statuspage, as a source of signals: what they say of themselves, read at a fixed cadence.
// It judges nothing. A page that cannot be read or is an old copy is no evidence: a dead reading with its reason, never "all is well".
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { Batch } from '../../domain/signal.ts';
import type { Http } from '../../ports/http.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { createPage, type StatusPageSpec } from './page.ts';
import { chosen, SummaryError, samplesOf } from './summary.ts';

export { createVendorLook } from './look.ts';
export type { StatusPageSpec } from './page.ts';

/** @example createStatusPageReader({ id: 'db-vendor', driver: 'status-page', url: 'https://status.example.com/api/v2/summary.json', everyMs: 60_000, timeoutMs: 10_000 }, { http, time }) */
export function createStatusPageReader(
  spec: StatusPageSpec,
  { http, time }: { readonly http: Http; readonly time: Pick<Time, 'now'> },
): SignalReader {
  const page = createPage(spec, { http, time });

  const read = async (signal: AbortSignal): Promise<Batch> => {
    const at = time.now();
    try {
      const summary = await page(signal);
      return { source: spec.id, at, alive: true, samples: samplesOf(summary, chosen(summary.components, spec.components), at) };
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
