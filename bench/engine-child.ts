// One side of the engine's measures, in a process of its own because the library below knows one engine a process:
// `port` is Belay's store and its Engine port, `bare` the library without them. Both on an embedded Postgres with the same settings.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { openEmbeddedPostgres } from '../src/adapters/embedded-postgres/index.ts';
import { createDbosEngine } from '../src/adapters/engine-dbos/index.ts';
import { openStore } from '../src/adapters/store-postgres/index.ts';
import { createDigest, systemTime } from '../src/adapters/system/index.ts';
import type { Engine, Flow } from '../src/ports/engine.ts';
import { obey, tell } from './child.ts';

const [side = '', dataDir = ''] = process.argv.slice(2);
const STEPS = 10;
const SLOW_STEP_MS = 100;
const DAY_MS = 86_400_000;
/** Long enough for a run to be at rest before it is approved. */
const REST_MS = 300;

/** What the flow itself measured: read by the request that started it. */
const measured = { insideMs: 0, askedAt: 0, onNextStep: (_ms: number): void => undefined };

const tenSteps: Flow = async (context) => {
  const startedAt = performance.now();
  for (let step = 0; step < STEPS; step += 1) await context.step(`step-${step}`, async () => null);
  measured.insideMs = performance.now() - startedAt;
  return null;
};

const slow: Flow = async (context) => {
  for (let step = 0; step < STEPS; step += 1) {
    await context.step(`step-${step}`, async () => {
      tell({ said: `step ${step}` });
      await pause(SLOW_STEP_MS);
      return null;
    });
  }
  tell({ said: 'slow-done' });
  return null;
};

const approval: Flow = async (context) => {
  await context.receive('approval', (await context.now()) + DAY_MS);
  await context.step('act', async () => {
    measured.onNextStep(performance.now() - measured.askedAt);
    return null;
  });
  return null;
};

const postgres = await openEmbeddedPostgres({ dataDir, runtimeDir: dataDir });
if (side === 'bare') await serveBare();
else await servePort();
tell({ said: 'ready' });

async function serveBare(): Promise<void> {
  const tenSteps = DBOS.registerWorkflow(
    async () => {
      const startedAt = performance.now();
      for (let step = 0; step < STEPS; step += 1) await DBOS.runStep(async () => null, { name: `step-${step}` });
      measured.insideMs = performance.now() - startedAt;
      return null;
    },
    { name: 'ten-steps' },
  );
  const silence = (): void => undefined;
  DBOS.setConfig({
    name: 'bare',
    systemDatabaseUrl: `${postgres.url}&options=-c%20idle_in_transaction_session_timeout%3D60000`,
    systemDatabaseIdleTransactionTimeoutMs: 0,
    systemDatabasePoolSize: 10,
    enablePatching: true,
    logger: { debug: silence, info: silence, warn: silence, error: silence },
  });
  await DBOS.launch();
  const run = async (): Promise<void> => {
    const handle = await DBOS.startWorkflow(tenSteps, { workflowID: randomUUID() })();
    await handle.getResult();
  };
  const end = async (): Promise<void> => {
    await DBOS.shutdown();
    await postgres.stop();
  };
  obey({ whole: () => timed(run), inside: () => inside(run) }, end);
}

async function servePort(): Promise<void> {
  const store = openStore({ databaseUrl: postgres.url, digest: createDigest('bench'), time: systemTime });
  await store.migrate();
  const engine = createDbosEngine({ databaseUrl: postgres.url, embedded: true });
  await engine.open({ 'ten-steps': tenSteps, slow, approval });
  const run = async (): Promise<void> => void (await engine.result(await start(engine, 'ten-steps')));
  const begin = async (): Promise<number> => {
    await start(engine, 'slow');
    return 0;
  };
  const end = async (): Promise<void> => {
    await engine.close();
    await store.close();
    await postgres.stop();
  };
  obey({ whole: () => timed(run), inside: () => inside(run), approve: () => approve(engine), slow: begin }, end);
}

async function start(engine: Engine, flow: string): Promise<string> {
  const id = randomUUID();
  await engine.start(flow, null, { id });
  return id;
}

async function approve(engine: Engine): Promise<number> {
  const id = await start(engine, 'approval');
  await pause(REST_MS);
  const next = new Promise<number>((resolve) => {
    measured.onNextStep = resolve;
  });
  measured.askedAt = performance.now();
  await engine.signal(id, 'approval', 'yes', randomUUID());
  const ms = await next;
  await engine.result(id);
  return ms;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function inside(work: () => Promise<void>): Promise<number> {
  await work();
  return measured.insideMs;
}
