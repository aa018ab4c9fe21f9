// A vendor's status page as it says that it is now: fetched, young enough, and never older than the one before. What it means is not its business.
import { movedText } from '../../domain/answer.ts';
import type { Instant } from '../../domain/json.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';
import type { Time } from '../../ports/time.ts';
import { parseSummary, type Summary, SummaryError } from './summary.ts';

const LARGEST_PAGE = 1024 * 1024;
/** Caches keep such pages for a minute or so: a copy of this age is not what the page says now. */
const OLDEST_COPY_MS = 600_000;

export type StatusPageSpec = Extract<SourceSpec, { driver: 'status-page' }>;
type Page = (signal: AbortSignal) => Promise<Summary>;

/** The page as it says that it is now. @throws SummaryError, BELAY_HTTP_FAILED, BELAY_HTTP_REFUSED */
export function createPage(spec: StatusPageSpec, { http, time }: { readonly http: Http; readonly time: Pick<Time, 'now'> }): Page {
  /** The newest page so far, to recognise an older copy of it. */
  let newest: { readonly updatedAt: Instant; readonly readAt: Instant } | null = null;
  return async (signal) => {
    const at = time.now();
    const headers = { accept: 'application/json' };
    const response = await http.request(
      { method: 'GET', url: spec.url, headers, timeoutMs: spec.timeoutMs, maxBytes: LARGEST_PAGE },
      signal,
    );
    const trouble = troubleOf(response, spec.everyMs);
    if (trouble !== null) throw new SummaryError(trouble);
    const summary = parseSummary(response.body);
    // A page may stand still for months, but never goes back. Where it seems to for long, it was set up anew.
    if (newest !== null && summary.updatedAt < newest.updatedAt && at - newest.readAt < OLDEST_COPY_MS) {
      const [is, was] = [summary.updatedAt, newest.updatedAt].map((one) => new Date(one).toISOString());
      throw new SummaryError(`is an older copy: of ${is}, and one of ${was} was read before it`);
    }
    newest = { updatedAt: summary.updatedAt, readAt: at };
    return summary;
  };
}

function troubleOf({ status, headers }: HttpResponse, everyMs: number): string | null {
  if (status !== 200) return movedText(status, headers['location']);
  const ageMs = /^\d{1,9}$/.test(headers['age'] ?? '') ? Number(headers['age']) * 1_000 : 0;
  return ageMs > Math.max(OLDEST_COPY_MS, 3 * everyMs) ? `a cache answered with a copy that is ${Math.round(ageMs / 1_000)} s old` : null;
}
