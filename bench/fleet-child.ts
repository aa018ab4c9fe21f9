// Belay's side of the cost of detection, in a process of its own: the door for senders, the remote write decoder, the detector and the
// real store. Only the clock is not the machine's: an hour is fed faster than it passes, so each request says what time it is.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { openEmbeddedPostgres } from '../src/adapters/embedded-postgres/index.ts';
import { migrateEngine } from '../src/adapters/engine-dbos/index.ts';
import { openStore } from '../src/adapters/store-postgres/index.ts';
import { createDigest, systemTime } from '../src/adapters/system/index.ts';
import { createRemoteWrite } from '../src/adapters/telemetry/index.ts';
import { sent } from '../src/flows/detect/sent.ts';
import { createDetector } from '../src/flows/detect.ts';
import type { AppEnv } from '../src/server/guard.ts';
import { mountIntake } from '../src/server/intake.ts';
import { obey, tell } from './child.ts';
import { FLEET_EVERY_MS, FLEET_SOURCE, FLEET_SYSTEM } from './fleet.ts';

const [dataDir = '', startText = ''] = process.argv.slice(2);
let nowMs = Number(startText);
const time = { ...systemTime, now: () => nowMs };

const postgres = await openEmbeddedPostgres({ dataDir, runtimeDir: dataDir });
await migrateEngine(postgres.url, () => undefined);
const store = openStore({ databaseUrl: postgres.url, digest: createDigest('bench'), time });
await store.migrate();
const source = sent(createRemoteWrite({ id: FLEET_SOURCE, everyMs: FLEET_EVERY_MS }));
const detector = createDetector({ system: FLEET_SYSTEM, store: store.signals, time, sources: [source] });
await detector.start();

const app = new Hono<AppEnv>();
app.use('*', async (c, next) => {
  nowMs = Math.max(nowMs, Number(c.req.header('x-bench-now') ?? 0));
  await next();
});
mountIntake(app, { sources: FLEET_SYSTEM.sources, receivers: { [FLEET_SOURCE]: source }, time });
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => tell({ said: `ready ${port} ${postgres.pid}` }));

obey({ breached, counted }, async () => {
  server.close();
  await detector.stop();
  await store.close();
  await postgres.stop();
});

async function breached(): Promise<number> {
  const views = await Promise.all(FLEET_SYSTEM.triggers.map(({ id }) => detector.readings.views(id)));
  return views.flat().filter(({ status }) => status === 'breached').length;
}

/** Of all counters together, as the store holds them. */
async function counted(): Promise<number> {
  const { series } = await store.signals.load(nowMs);
  return series.reduce((sum, row) => (row.series.startsWith('#') || row.source.startsWith('#') ? sum : sum + row.total), 0);
}
