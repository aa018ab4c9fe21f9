// The detector on the real store, in a process of its own so that its CPU is its own: each request feeds some scrapes of a service
// with organizations. It tells the CPU of this process and of the store's, per 100 k samples.
import { openEmbeddedPostgres } from '../src/adapters/embedded-postgres/index.ts';
import { migrateEngine } from '../src/adapters/engine-dbos/index.ts';
import { openStore } from '../src/adapters/store-postgres/index.ts';
import { createDigest, systemTime } from '../src/adapters/system/index.ts';
import { DEFAULT_GUARD_LIMITS } from '../src/domain/guardrail.ts';
import type { Sample } from '../src/domain/signal.ts';
import type { System } from '../src/domain/system.ts';
import { createDetector } from '../src/flows/detect.ts';
import { obey, tell } from './child.ts';
import { cpuMs, treeOf } from './process-tree.ts';

const [organizations = '', dataDir = ''] = process.argv.slice(2);
const ORGS = Number(organizations);
const EVERY_MS = 5_000;
/** A few organizations say little in a page: enough pages for the kernel's hundredths of a second. */
const SCRAPES = Math.max(12, Math.ceil(720 / ORGS));
const SERIES = [
  { code: '200', perScrape: 40 },
  { code: '404', perScrape: 1 },
  { code: '503', perScrape: 0.1 },
];

const SYSTEM: System = {
  name: 'bench',
  lang: 'en',
  zone: 'UTC',
  components: [],
  organizations: Array.from({ length: ORGS }, (_, index) => ({
    id: `org-${index}`,
    name: `Org ${index}`,
    lang: 'en' as const,
    zone: 'UTC',
  })),
  sources: [{ id: 'shop', driver: 'push', everyMs: EVERY_MS }],
  signals: [
    {
      id: 'errors',
      signal: {
        kind: 'ratio',
        bad: { name: 'http_requests_total', labels: [{ label: 'code', op: '=~', value: '5..' }] },
        all: { name: 'http_requests_total', labels: [] },
      },
      by: 'org',
      max: 50_000,
      lateMs: 10_000,
      absentAfter: { cadences: 3 },
      sources: ['shop'],
    },
  ],
  triggers: [
    {
      id: 'http-5xx',
      signal: 'errors',
      scope: 'org',
      breach: { above: 0.02, overMs: 60_000, stillMs: 10_000, forMs: 0 },
      clear: { below: 0.01, forMs: 30_000 },
      evidence: { suspect: 1e-3, act: 1e-5 },
      gap: 'hold',
      mode: 'armed',
      rearmMs: 60_000,
    },
  ],
  targets: [],
  switches: [],
  people: [],
  roles: [],
  channels: [],
  audiences: [],
  clocks: {},
  severities: {},
  guards: DEFAULT_GUARD_LIMITS,
  templates: {},
  network: { allow: [] },
  statusPage: null,
};

const postgres = await openEmbeddedPostgres({ dataDir, runtimeDir: dataDir });
await migrateEngine(postgres.url, () => undefined);
const store = openStore({ databaseUrl: postgres.url, digest: createDigest('bench'), time: systemTime });
await store.migrate();
// The scrapes are fed faster than time passes: the detector's clock is the scrapes' own.
let nowMs = Date.parse('2026-01-01T00:00:00Z');
const detector = createDetector({ system: SYSTEM, store: store.signals, time: { ...systemTime, now: () => nowMs }, sources: [] });
const totals = SERIES.map(() => 0);

const METERS = { belay: () => cpuMs([process.pid]), store: () => cpuMs(treeOf(postgres.pid)), wall: () => performance.now() };
const spent = { belay: 0, store: 0, wall: 0 };

obey({ feed, belay: async () => spent.belay, store: async () => spent.store, wall: async () => spent.wall }, end);
tell({ said: 'ready' });

/** How many samples; what they cost is asked for afterwards. */
async function feed(): Promise<number> {
  const samples = SCRAPES * ORGS * SERIES.length;
  const before = { belay: METERS.belay(), store: METERS.store(), wall: METERS.wall() };
  for (let scrape = 0; scrape < SCRAPES; scrape += 1) {
    nowMs += EVERY_MS;
    await detector.ingest({ source: 'shop', at: nowMs, alive: true, samples: page() });
  }
  for (const name of ['belay', 'store', 'wall'] as const) spent[name] = ((METERS[name]() - before[name]) * 100_000) / samples;
  return samples;
}

function page(): readonly Sample[] {
  for (const [series, { perScrape }] of SERIES.entries()) totals[series] = (totals[series] ?? 0) + perScrape;
  return SYSTEM.organizations.flatMap(({ id }) =>
    SERIES.map(({ code }, series) => ({
      kind: 'total' as const,
      name: 'http_requests_total',
      labels: { org: id, code },
      at: nowMs,
      total: Math.floor(totals[series] ?? 0),
    })),
  );
}

async function end(): Promise<void> {
  await store.close();
  await postgres.stop();
}
