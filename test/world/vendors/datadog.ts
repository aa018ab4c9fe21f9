// Datadog's metrics query (version 1 of its API) as far as Belay asks it. Parameters and answers as its public reference has them; nobody's
// client was driven against it.
import { demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

const MINUTE_MS = 60_000;

export interface DatadogSeries {
  readonly tags: readonly string[];
  /** By the minute's first millisecond; null where there is no data. */
  readonly points: ReadonlyMap<number, number | null>;
}
export type DatadogServer = VendorServer & {
  /** By the query, as it is asked. */
  readonly series: Map<string, readonly DatadogSeries[]>;
};

export async function startDatadog(o: { readonly apiKey: string; readonly appKey: string }): Promise<DatadogServer> {
  const series = new Map<string, readonly DatadogSeries[]>();
  const server = await startVendor(({ method, path, query, headers }): VendorReply => {
    if (headers['dd-api-key'] !== o.apiKey || headers['dd-application-key'] !== o.appKey)
      return { status: 403, json: { errors: ['Forbidden'] } };
    demand(method === 'GET' && path === '/api/v1/query', `${method} ${path} is not described`, 404);
    for (const key of query.keys()) demand(['from', 'to', 'query'].includes(key), `there is no parameter ${key}`);
    const [from, to] = [Number(query.get('from')), Number(query.get('to'))];
    demand(Number.isInteger(from) && Number.isInteger(to) && from > 1_000_000_000 && from < to, 'from and to are not seconds since 1970');
    const text = query.get('query') ?? '';
    const found = series.get(text);
    if (found === undefined) return { status: 400, json: { status: 'error', error: `Error parsing query: unable to parse ${text}` } };
    const interval = Number(/rollup\(\w+, ?(\d+)\)/.exec(text)?.[1] ?? '20');
    const answered = found.map(({ tags, points }) => {
      const pointlist = [...points].filter(([at]) => at >= from * 1000 && at <= to * 1000);
      const span = { start: from * 1000, end: to * 1000 - 1, interval, length: pointlist.length };
      return {
        metric: 'web.errors',
        display_name: 'web.errors',
        aggr: 'sum',
        scope: tags.join(','),
        tag_set: tags,
        pointlist,
        unit: null,
        ...span,
      };
    });
    const times = { from_date: from * 1000, to_date: to * 1000 };
    return {
      status: 200,
      json: { status: 'ok', res_type: 'time_series', resp_version: 1, query: text, series: answered, group_by: [], message: '', ...times },
    };
  });
  return Object.assign(server, { series });
}

export const minutes = (from: number, ...counts: readonly (number | null)[]): ReadonlyMap<number, number | null> =>
  new Map(counts.map((count, n) => [from + n * MINUTE_MS, count]));
