// From counters in a real Prometheus and a real VictoriaMetrics to triggers: the example of the page, read by the real loader, over an hour
// of history that both have stored. What is counted is compared with what really happened.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createPromqlReader } from '../../../src/adapters/promql/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { System } from '../../../src/domain/system.ts';
import { DetectWorld } from '../../flows/detect-world.ts';
import * as prometheus from '../../world/parts/prometheus.ts';
import type { ServerProcess } from '../../world/parts/server-process.ts';
import * as victoria from '../../world/parts/victoria-metrics.ts';
import { blocksOf, systemOf } from '../../world/senders.ts';

const NEVER = new AbortController().signal;
const SCRAPE_MS = 15_000;
const MINUTES = 60;
const PROCESSES = ['a:1', 'b:1'] as const;
const ORGS = ['acme', 'globex'] as const;
/** When the process b starts anew, when acme's requests begin to fail, and when they stop. */
const [RESTART, FAILING, HEALED] = [20 * 4, 30 * 4, 45 * 4];

type Totals = Map<string, { at: number; total: number }[]>;
interface History {
  readonly series: Totals;
  /** Of acme: what happened after each scrape but the first. */
  readonly truth: readonly { readonly all: number; readonly bad: number }[];
}

/** Scraped every 15 s from `start` on. Every organization sends 30 requests to every process between two scrapes. */
function historyFrom(start: number): History {
  const series: Totals = new Map();
  const live = new Map<string, number>();
  const truth: { all: number; bad: number }[] = [];
  const add = (name: string, labels: string, amount: number): void => {
    const key = `${name}{${labels}}`;
    live.set(key, (live.get(key) ?? 0) + amount);
  };
  for (let scrape = 0; scrape <= MINUTES * 4; scrape += 1) {
    if (scrape === RESTART) for (const key of live.keys()) if (key.includes('"b:1"')) live.delete(key);
    const now = { all: 0, bad: 0 };
    for (const instance of PROCESSES)
      for (const org of ORGS) {
        // The series of the errors is born with the first error.
        const bad = org === 'acme' && scrape >= FAILING && scrape < HEALED ? 3 : 0;
        const own = `job="shop",instance="${instance}"`;
        add('http_requests_total', `${own},org="${org}",code="200"`, (scrape === 0 ? 1_000_000 : 30) - bad);
        if (bad > 0) add('http_requests_total', `${own},org="${org}",code="503"`, bad);
        for (const le of ['0.5', '+Inf']) add('http_request_duration_seconds_bucket', `${own},le="${le}"`, le === '0.5' ? 20 : 30);
        add('http_request_duration_seconds_count', own, 30);
        if (org === 'acme') {
          now.all += 30;
          now.bad += bad;
        }
        live.set(`queue_depth{${own},org="${org}"}`, org === 'acme' ? 5_000 : 7);
      }
    if (scrape > 0) truth.push(now);
    for (const [key, total] of live) series.set(key, [...(series.get(key) ?? []), { at: start + scrape * SCRAPE_MS, total }]);
  }
  return { series, truth };
}

async function inPrometheus({ series }: History): Promise<ServerProcess> {
  const names = new Set([...series.keys()].map((key) => key.split('{')[0] ?? ''));
  // The text format wants the series of a family together.
  const lines = [...names].flatMap((name) => [
    `# TYPE ${name} unknown`,
    ...[...series].flatMap(([key, samples]) =>
      key.startsWith(`${name}{`) ? samples.map(({ at, total }) => `${key} ${total} ${at / 1_000}`) : [],
    ),
  ]);
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-history-'));
  try {
    writeFileSync(path.join(folder, 'history.om'), `${lines.join('\n')}\n# EOF\n`);
    const blocks = path.join(folder, 'blocks');
    execFileSync(prometheus.promtool().file, ['tsdb', 'create-blocks-from', 'openmetrics', path.join(folder, 'history.om'), blocks], {
      stdio: 'pipe',
    });
    return await prometheus.start({ config: '', data: blocks });
  } finally {
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  }
}

async function inVictoriaMetrics({ series }: History): Promise<ServerProcess> {
  const server = await victoria.start();
  const lines = [...series].flatMap(([key, samples]) => samples.map(({ at, total }) => `${key} ${total} ${at}`));
  const answer = await fetch(`${server.url}/api/v1/import/prometheus`, { method: 'POST', body: lines.join('\n') });
  expect(answer.status).toBe(204);
  const count = async (): Promise<number> => {
    const form = new URLSearchParams({ query: 'count({job="shop"})', time: String(lastOf(series) / 1_000), nocache: '1' });
    const url = `${server.url}/api/v1/query?${form.toString()}`;
    const { data } = (await (await fetch(url)).json()) as {
      readonly data: { readonly result: readonly { readonly value: [number, string] }[] };
    };
    return Number(data.result[0]?.value[1] ?? 0);
  };
  await expect.poll(count, { timeout: 15_000 }).toBe(series.size);
  return server;
}

const lastOf = (series: Totals): number => Math.max(...[...series.values()].map((samples) => samples.at(-1)?.at ?? 0));

/** The page's own, and one trigger that counts everything of the last two hours. */
function systemOfThePage(url: string): System {
  const [page = ''] = blocksOf('docs/sources/promql.md');
  const more = `  everything:
    signal: { ratio: { bad: errors, all: requests }, by: org, sources: [engine] }
    scope: org
    breach: { above: 99%, over: 2h }
    clear: { for: 1s }
    mode: shadow
`;
  return systemOf(page + more, { METRICS_URL: url });
}

async function countsAndBreaches(engine: (history: History) => Promise<ServerProcess>): Promise<void> {
  // Not from midnight (UTC) on: VictoriaMetrics does not give the first sample of a day that nothing comes before.
  const hour = Math.floor(Date.now() / 3_600_000) - 6;
  const start = (hour % 24 === 0 ? hour - 1 : hour) * 3_600_000;
  const history = historyFrom(start);
  const server = await engine(history);
  onTestFinished(() => server.stop());
  const system = systemOfThePage(server.url);
  const world = new DetectWorld(system);
  const http = createHttp({ allow: system.network.allow });
  const readers = system.sources.flatMap((spec) =>
    spec.driver === 'promql' ? [createPromqlReader(spec, { http, time: world.clock.time() })] : [],
  );
  expect(readers).toHaveLength(2);
  let reads = 0;
  const readOn = async (until: number): Promise<void> => {
    for (; reads <= until; reads += 1) {
      // One second after a scrape: the offset is one second.
      world.clock.nowMs = start + reads * SCRAPE_MS + 1_000;
      for (const reader of readers) {
        const batch = await reader.read(NEVER, {});
        expect(batch.reason).toBeUndefined();
        expect(batch.at).toBe(start + reads * SCRAPE_MS);
        await world.detector.ingest(batch);
      }
    }
  };

  await readOn(FAILING - 1);
  // A process started anew in it, with a million counts: no request was invented, none was lost.
  expect(await world.view('everything')).toMatchObject({ all: 60 * (FAILING - 1), bad: 0 });
  expect(await world.path('acme', 'http-5xx')).toEqual([]);
  expect(await world.path('', 'http-slow')).toContain('suspect→breached');
  expect([(await world.path('acme', 'queue-long')).at(-1), await world.path('globex', 'queue-long')]).toEqual(['suspect→breached', []]);

  await readOn(HEALED);
  const told = history.truth
    .slice(0, HEALED)
    .reduce((sum, one) => ({ all: sum.all + one.all, bad: sum.bad + one.bad }), { all: 0, bad: 0 });
  // The first error gave birth to its series: it counts, too.
  expect(await world.view('everything')).toMatchObject({ all: told.all, bad: told.bad });
  expect(await world.path('acme', 'http-5xx')).toContain('suspect→breached');

  await readOn(MINUTES * 4);
  expect(await world.path('globex', 'http-5xx')).toEqual([]);
  expect(await world.view('everything')).toMatchObject({ all: 60 * MINUTES * 4, bad: told.bad });

  await server.kill();
  const [reader] = readers;
  const dead = await reader?.read(NEVER, {});
  expect(dead).toMatchObject({ alive: false, samples: [], reason: expect.stringMatching(/./) });
  if (dead !== undefined) await world.detector.ingest(dead);
  expect((await world.view('http-5xx')).status).toBe('breached');
}

describe('counts that another engine keeps', () => {
  test.skipIf(!prometheus.available().ok)('a Prometheus gives are exact over a restart and a birth, and breach by organization', () =>
    countsAndBreaches(inPrometheus),
  );

  test.skipIf(!victoria.available().ok)('a VictoriaMetrics gives are exact over a restart and a birth, and breach by organization', () =>
    countsAndBreaches(inVictoriaMetrics),
  );
});

test.skipIf(!victoria.available().ok)(
  'a VictoriaMetrics with its own latencyOffset is asked past it, and gives what it has now',
  async () => {
    const server = await victoria.start();
    onTestFinished(() => server.stop());
    const send = (total: number): Promise<Response> =>
      fetch(`${server.url}/api/v1/import/prometheus`, { method: 'POST', body: `x_total{instance="a:1"} ${total} ${Date.now()}` });
    await send(7);
    const spec = { id: 'vm', driver: 'promql', url: server.url, queries: { x: 'x_total' }, as: 'totals', process: 'instance' } as const;
    const reader = createPromqlReader(
      { ...spec, offsetMs: 0, everyMs: 1_000, timeoutMs: 5_000 },
      { http: createHttp({ allow: ['127.0.0.1'] }), time: systemTime },
    );
    const totals = async (): Promise<readonly unknown[]> =>
      (await reader.read(NEVER, {})).samples.map((one) => (one.kind === 'total' ? [one.total, Date.now() - one.at < 5_000] : one));
    // Its own default would hide this for half a minute.
    await expect.poll(totals, { timeout: 15_000 }).toEqual([[7, true]]);
  },
);
