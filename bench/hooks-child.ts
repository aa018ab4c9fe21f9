// Belay's side of the webhook burst, in a process of its own that can be killed: the door for senders, a mapped webhook, the detector and
// the real store. It tells how many events the store holds.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createCel } from '../src/adapters/cel/index.ts';
import { openEmbeddedPostgres } from '../src/adapters/embedded-postgres/index.ts';
import { migrateEngine } from '../src/adapters/engine-dbos/index.ts';
import { createMappedWebhook } from '../src/adapters/mapped-webhook/index.ts';
import { openStore } from '../src/adapters/store-postgres/index.ts';
import { createDigest, systemTime } from '../src/adapters/system/index.ts';
import type { SourceSpec } from '../src/domain/source-catalog.ts';
import type { System } from '../src/domain/system.ts';
import { listening } from '../src/flows/detect/listening.ts';
import { createDetector } from '../src/flows/detect.ts';
import type { AppEnv } from '../src/server/guard.ts';
import { mountIntake } from '../src/server/intake.ts';
import { obey, tell } from './child.ts';
import { FLEET_SYSTEM } from './fleet.ts';

const SOURCE = {
  id: 'hooks',
  driver: 'webhook',
  everyMs: 5_000,
  verify: 'none',
  name: 'hook',
  org: 'body.org',
  eventId: 'body.id',
} as const;
const SYSTEM: System = {
  ...FLEET_SYSTEM,
  sources: [SOURCE as SourceSpec],
  signals: [
    {
      id: 'hooks',
      signal: { kind: 'count', of: { name: 'hook', labels: [] } },
      by: 'org',
      max: 1_000,
      lateMs: 10_000,
      absentAfter: { cadences: 3 },
      sources: ['hooks'],
    },
  ],
  triggers: [
    {
      id: 'hooks',
      signal: 'hooks',
      scope: 'org',
      breach: { above: 1_000_000, overMs: 86_400_000, stillMs: 86_400_000, forMs: 0 },
      clear: { below: 1, forMs: 30_000 },
      evidence: { suspect: 1e-3, act: 1e-5 },
      gap: 'hold',
      mode: 'armed',
      rearmMs: 60_000,
    },
  ],
};

const [dataDir = '', port = '0'] = process.argv.slice(2);
const postgres = await openEmbeddedPostgres({ dataDir, runtimeDir: dataDir });
await migrateEngine(postgres.url, () => undefined);
const store = openStore({ databaseUrl: postgres.url, digest: createDigest('bench'), time: systemTime });
await store.migrate();
const source = listening(createMappedWebhook(SOURCE, { expression: createCel() }), systemTime);
const detector = createDetector({ system: SYSTEM, store: store.signals, time: systemTime, sources: [source] });
await detector.start();
const app = new Hono<AppEnv>();
mountIntake(app, { sources: SYSTEM.sources, receivers: { hooks: source }, time: systemTime });
const server = serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' }, (at) => tell({ said: `ready ${at.port}` }));

obey({ counted }, async () => {
  server.close();
  await detector.stop();
  await store.close();
  await postgres.stop();
});

async function counted(): Promise<number> {
  const { slots } = await store.signals.load(0);
  // Of organizations alone: what Belay notes of itself (that it heard a source) is no webhook.
  return slots.filter(({ scope }) => scope.startsWith('org-')).reduce((sum, { all }) => sum + all, 0);
}
