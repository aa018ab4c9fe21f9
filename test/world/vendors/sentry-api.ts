// Sentry's web API as far as Belay asks it: minutes of errors, new issues, sessions. Parameters and answers as its published description
// (version 0.272.0) has them; the subset is our own.
import { demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

const MINUTE_MS = 60_000;

export interface SentryIssue {
  readonly id: string;
  readonly level: string;
  readonly project: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs?: number;
}
export interface SentryState {
  /** By the minute's first millisecond. */
  readonly errors: Map<number, number>;
  issues: readonly SentryIssue[];
  sessions: Readonly<Record<string, number>>;
  /** From then on minutes are not complete yet. */
  incompleteFrom: number;
}
export type SentryServer = VendorServer & { readonly state: SentryState };

const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  'events-timeseries': ['dataset', 'start', 'end', 'environment', 'project', 'interval', 'yAxis', 'query'],
  issues: ['query', 'sort', 'limit', 'start', 'end', 'environment', 'project'],
  sessions: ['field', 'groupBy', 'statsPeriod', 'interval', 'includeSeries', 'environment', 'project', 'query'],
};

export async function startSentryApi(o: { readonly token: string; readonly organization: string }): Promise<SentryServer> {
  const state: SentryState = { errors: new Map(), issues: [], sessions: {}, incompleteFrom: Number.POSITIVE_INFINITY };
  const server = await startVendor(({ method, path, query, headers }): VendorReply => {
    if (headers['authorization'] !== `Bearer ${o.token}`) return { status: 401, json: { detail: 'Invalid token' } };
    const [, organization, what = ''] = /^\/api\/0\/organizations\/([^/]+)\/([a-z-]+)\/$/.exec(path) ?? [];
    const known = PARAMETERS[what];
    demand(method === 'GET' && known !== undefined, `${method} ${path} is not described`, 404);
    demand(organization === o.organization, `there is no organization ${organization}`, 404);
    for (const key of query.keys()) demand(known.includes(key), `${what}: there is no parameter ${key}`);
    if (what === 'issues') return { status: 200, json: issuesOf(state, query) };
    return { status: 200, json: what === 'sessions' ? sessionsOf(state, query) : minutesOf(state, query) };
  });
  return Object.assign(server, { state });
}

function timeOf(query: URLSearchParams, name: string): number {
  const at = Date.parse(query.get(name) ?? '');
  demand(Number.isFinite(at), `${name} is not a time`);
  return at;
}

function minutesOf(state: SentryState, query: URLSearchParams): object {
  demand(query.get('dataset') === 'errors', 'dataset is required');
  demand(query.get('yAxis') === 'count()', 'yAxis is not one of ours');
  const [start, end] = [timeOf(query, 'start'), timeOf(query, 'end')];
  demand(start < end, 'start is not before end');
  demand(Number(query.get('interval')) * 1000 <= end - start, 'interval must be smaller than the window');
  const values = [];
  for (let at = Math.floor(start / MINUTE_MS) * MINUTE_MS; at < end; at += MINUTE_MS)
    values.push({ timestamp: at, value: state.errors.get(at) ?? 0, incomplete: at >= state.incompleteFrom });
  const meta = { valueUnit: null, valueType: 'integer', interval: MINUTE_MS };
  return { timeSeries: [{ values, yAxis: 'count()', meta }], meta: { dataset: 'errors', start, end } };
}

function issuesOf({ issues }: SentryState, query: URLSearchParams): readonly object[] {
  demand(['date', 'freq', 'inbox', 'new', 'recommended', 'trends', 'user'].includes(query.get('sort') ?? 'date'), 'sort is unknown');
  demand(Number(query.get('limit') ?? 100) <= 100, 'limit is at most 100');
  const written = /firstSeen:>=(\S+)/.exec(query.get('query') ?? '')?.[1];
  const since = written === undefined ? -Infinity : Date.parse(`${written}Z`);
  demand(!Number.isNaN(since), 'query: invalid date');
  // Without a condition of its own, those that were seen in the time that is asked for.
  const from = written === undefined ? timeOf(query, 'start') : -Infinity;
  return issues
    .filter((one) => one.firstSeenMs >= since && (one.lastSeenMs ?? one.firstSeenMs) >= from)
    .toSorted((a, b) => b.firstSeenMs - a.firstSeenMs)
    .map(({ id, level, project, firstSeenMs, lastSeenMs = firstSeenMs }) => ({
      id,
      shortId: `SHOP-${id}`,
      title: 'TypeError',
      level,
      status: 'unresolved',
      project: { id: '1', name: project, slug: project, platform: 'node' },
      firstSeen: new Date(firstSeenMs).toISOString(),
      lastSeen: new Date(lastSeenMs).toISOString(),
      count: '1',
    }));
}

function sessionsOf({ sessions }: SentryState, query: URLSearchParams): object {
  demand(query.get('field') === 'sum(session)', 'field is required');
  demand(query.get('groupBy') === 'session.status', 'groupBy is not one of ours');
  demand(/^\d+[dhms]$/.test(query.get('statsPeriod') ?? ''), 'statsPeriod is no period');
  const groups = Object.entries(sessions).map(([status, count]) => ({
    by: { 'session.status': status },
    totals: { 'sum(session)': count },
    series: {},
  }));
  return { start: '2026-11-27T09:00:00Z', end: '2026-11-27T10:00:00Z', intervals: ['2026-11-27T09:00:00Z'], query: '', groups };
}
