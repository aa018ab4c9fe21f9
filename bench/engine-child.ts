// One side of the engine's measures, in a process of its own because the library below knows one engine a process:
// `port` is Belay's store and its Engine port, `bare` the library without them. Both on an embedded Postgres with the same settings.
import { randomUUID } from 'node:crypto';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { openEmbeddedPostgres } from '../src/adapters/embedded-postgres/index.ts';
import { createDbosEngine } from '../src/adapters/engine-dbos/index.ts';
import { openStore } from '../src/adapters/store-postgres/index.ts';
import { createDigest, systemTime } from '../src/adapters/system/index.ts';
import type { Flow } from '../src/ports/engine.ts';
import { obey, tell } from './child.ts';

const [side = '', dataDir = ''] = process.argv.slice(2);
const STEPS = 10;
const SLOW_STEP_MS = 100;
const DAY_MS = 86_400_000;

const postgres = await openEmbeddedPostgres({ dataDir, runtimeDir: dataDir });
if (side === 'bare') await serveBare();
else await servePort();
tell({ said: 'ready' });

async function serveBare(): Promise<void> {
  let insideMs = 0;
  const tenSteps = DBOS.registerWorkflow(
    async () => {
      const startedAt = performance.now();
      for (let step = 0; step < STEPS; step += 1) await DBOS.runStep(async () => null, { name: `step-${step}` });
      insideMs = performance.now() - startedAt;
      return null;
    },
    { name: 'ten-steps' },
  );
  const quiet = { debug: silence, info: silence, warn: silence, error: silence };
  DBOS.setConfig({
    name: 'bare',
    systemDatabaseUrl: `${postgres.url}&options=-c%20idle_in_transaction_session_timeout%3D60000`,
    systemDatabaseIdleTransactionTimeoutMs: 0,
    systemDatabasePoolSize: 10,
    enablePatching: true,
    logger: quiet,
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
  obey({ whole: () => timed(run), inside: async () => (await run(), insideMs), cpu: () => cpuOf(run) }, end);
}

async function servePort(): Promise<void> {
  const store = openStore({ databaseUrl: postgres.url, digest: createDigest('bench'), time: systemTime });
  await store.migrate();
  const engine = createDbosEngine({ databaseUrl: postgres.url, embedded: true });
  let insideMs = 0;
  let askedAt = 0;
  let onNext: (ms: number) => void = silence;
  const tenSteps: Flow = async (context) => {
    const startedAt = performance.now();
    for (let step = 0; step < STEPS; step += 1) await context.step(`step-${step}`, async () => null);
    insideMs = performance.now() - startedAt;
    return null;
  };
  const slow: Flow = async (context) => {
    for (let step = 0; step < STEPS; step += 1) {
      await context.step(`step-${step}`, async () => {
        tell({ said: `step ${step}` });
        await new Promise((resolve) => setTimeout(resolve, SLOW_STEP_MS));
        return null;
      });
    }
    tell({ said: 'slow-done' });
    return null;
  };
  const approval: Flow = async (context) => {
    tell({ said: 'waiting' });
    await context.receive('approval', (await context.now()) + DAY_MS);
    await context.step('act', async () => (onNext(performance.now() - askedAt), null));
    return null;
  };
  await engine.open({ 'ten-steps': tenSteps, slow, approval });
  const start = async (flow: string): Promise<string> => {
    const id = randomUUID();
    await engine.start(flow, null, { id });
    return id;
  };
  const run = async (): Promise<void> => void (await engine.result(await start('ten-steps')));
  const approve = async (): Promise<number> => {
    const id = await start('approval');
    // Long enough for the run to wait: what is measured is the way from the door to the next step.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const next = new Promise<number>((resolve) => (onNext = resolve));
    askedAt = performance.now();
    await engine.signal(id, 'approval', 'yes', randomUUID());
    const ms = await next;
    await engine.result(id);
    return ms;
  };
  const end = async (): Promise<void> => {
    await engine.close();
    await store.close();
    await postgres.stop();
  };
  const slowly = async (): Promise<number> => (await start('slow'), 0);
  obey({ whole: () => timed(run), inside: async () => (await run(), insideMs), cpu: () => cpuOf(run), approve, slow: slowly }, end);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** CPU of this process, ms. */
async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function silence(): void {}
