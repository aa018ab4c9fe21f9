// The process that fans out: real engine, store, journal and flows; organizations whose switches are in memory.
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { createCel } from '../../src/adapters/cel/index.ts';
import { openEmbeddedPostgres } from '../../src/adapters/embedded-postgres/index.ts';
import { createDbosEngine } from '../../src/adapters/engine-dbos/index.ts';
import { openJournalFile } from '../../src/adapters/journal-file/index.ts';
import { openStore } from '../../src/adapters/store-postgres/index.ts';
import { createDigest, systemTime } from '../../src/adapters/system/index.ts';
import { dealOut } from '../../src/domain/fan-out.ts';
import type { Json } from '../../src/domain/json.ts';
import { flowActions } from '../../src/flows/actions/flow.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { performDo } from '../../src/flows/do.ts';
import { EACH_LANE, eachLaneFlow } from '../../src/flows/each/lane.ts';
import { RESPOND, respondFlow } from '../../src/flows/respond.ts';
import type { World } from '../../src/flows/world.ts';
import type { Flow } from '../../src/ports/engine.ts';
import type { FlowSwitch } from '../../src/ports/flow-switch.ts';
import { obey, tell } from '../child.ts';
import { fleetRunbooks, fleetSystem } from './fleet.ts';

const [dataDir = '', size = '100'] = process.argv.slice(2);
const AT_ONCE = 8;
const CALLER = { person: 'ana', roles: ['commander'] };
const orgs = Array.from({ length: Number(size) }, (_, index) => `org-${String(index).padStart(5, '0')}`);

const flows = new Map<string, { value: string; revision: number }>();
const at = (org: string) => flows.get(org) ?? { value: 'v2', revision: 0 };
const memory: FlowSwitch = {
  values: ['v1', 'v2'],
  compareAndSet: 'native',
  get: async (org) => ({ value: at(org).value, fingerprint: `${at(org).value}@${at(org).revision}`, changedAt: 0, previous: null }),
  set: async (org, value) => void flows.set(org, { value, revision: at(org).revision + 1 }),
};

const postgres = await openEmbeddedPostgres({ dataDir, runtimeDir: dataDir });
const digest = createDigest('bench');
const time = systemTime;
const store = openStore({ databaseUrl: postgres.url, digest, time });
await store.migrate();
const journal = await openJournalFile({ dir: path.join(dataDir, 'journal') }, { digest, time });
const engine = createDbosEngine({ databaseUrl: postgres.url, embedded: true });
const pause = { read: async () => ({ paused: false, by: [] }), pause: async () => undefined, resume: async () => undefined };
const actions = Object.fromEntries(flowActions({ flow: memory }).map((action) => [action.spec.name, action]));
const { fleet, single } = fleetRunbooks(orgs, AT_ONCE);
const pinned = Object.fromEntries(
  [fleet, single].map((runbook) => [runbook.id, { runbook, irHash: digest.of(runbook as unknown as Json) }]),
);
/** What a run of these two runbooks asks of the world; nothing here measures, tells or deploys. */
const world = {
  ...{ system: fleetSystem(orgs), runbooks: pinned, engine, time, digest, journal, pause, expression: createCel(), actions },
  ...{
    incidents: store.incidents,
    documents: store.documents,
    partLocks: store.partLocks,
    freezes: store.freezes,
    releases: store.releases,
    outbox: store.outbox,
    signals: store.signals,
  },
  ...{
    silences: store.silences,
    shadows: store.shadows,
    statusPage: null,
    targets: {},
    switches: { flow: memory },
    channels: {},
    probes: {},
  },
  artefacts: { write: async () => '', read: async () => null },
} as unknown as World;

/** The same acts under the same protocol, in as many steps, with nothing around them. */
const bareLane: Flow = async (context, input) => {
  for (const org of input as readonly string[]) {
    const args = { switch: 'flow', org, to: 'v1' };
    const action = actions['flow.set'];
    if (action === undefined) throw new Error('no flow.set');
    await context.step(`${org}:turn`, async () => (await action.observe(args)) as unknown as Json);
    await context.step(`${org}:act`, async () => {
      const key = `${context.runId}/${org}`;
      const about = { run: context.runId, incident: 'INC-0', step: org, attempt: 1, reason: 'bench', actor: 'belay', key };
      const done = await performDo(world, {
        ...about,
        action,
        args,
        earlier: [],
        expected: null,
        verify: [],
        lookup: () => undefined,
        timeoutMs: 5_000,
      });
      return done as unknown as Json;
    });
  }
  return null;
};

await engine.open({ [RESPOND]: respondFlow(world), [EACH_LANE]: eachLaneFlow(world), bare: bareLane });
const commands = createCommands(world);
/** ms an organization of what runs; -1: it still does. */
let tookMs = -1;
let trouble: unknown = null;

obey({ warm, each: () => run(each), bare: () => run(bare), begin: () => run(each), took, memory: memoryMb, urgent }, async () => {
  await engine.close();
  await store.close();
  await journal.close();
  await postgres.stop();
});
tell({ said: 'ready' });

async function warm(): Promise<number> {
  await lanes(orgs.slice(0, 50));
  return urgent();
}

/** ms an organization. */
async function each(): Promise<number> {
  flows.clear();
  const took = (await fanOut()) / orgs.length;
  const left = orgs.filter((org) => at(org).value !== 'v1').length;
  if (left > 0) throw new Error(`${left} organizations were left out`);
  return took;
}

/** ms from the request to the end of the run. What closing its incident costs is no part of it. */
async function fanOut(): Promise<number> {
  const key = randomUUID();
  const startedAt = performance.now();
  const incident = await commands.startRun(CALLER, { runbook: 'fleet', inputs: {}, key });
  await engine.result(`run/${key}`);
  const took = performance.now() - startedAt;
  await endAll(incident.id);
  return took;
}

/** The next one of the same runbook begins only when this one has ended. */
async function endAll(id: string): Promise<void> {
  const incident = await store.incidents.load(id);
  if (incident?.phase === 'responding') await commands.resolve(CALLER, { incident: id, reason: 'measured', key: id });
}

async function bare(): Promise<number> {
  flows.clear();
  const startedAt = performance.now();
  await lanes(orgs);
  return (performance.now() - startedAt) / orgs.length;
}

async function lanes(some: readonly string[]): Promise<void> {
  const ids = dealOut(some, AT_ONCE).map((lane) => ({ id: randomUUID(), lane }));
  for (const { id, lane } of ids) await engine.start('bare', [...lane], { id });
  await Promise.all(ids.map(({ id }) => engine.result(id)));
}

async function memoryMb(): Promise<number> {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
}

/** Goes on by itself: `took` says when it is over. */
async function run(side: () => Promise<number>): Promise<number> {
  tookMs = -1;
  side().then(
    (ms) => {
      tookMs = ms;
    },
    (error: unknown) => {
      trouble = error;
    },
  );
  return 0;
}

async function took(): Promise<number> {
  if (trouble !== null) throw new Error('the urgent run did not begin', { cause: trouble });
  return tookMs;
}

/** s from the request to the start of the run. */
async function urgent(): Promise<number> {
  const key = randomUUID();
  const startedAt = performance.now();
  const incident = await commands.startRun(CALLER, { runbook: 'single', inputs: { org: orgs.at(-1) ?? '' }, key });
  const began = await beganAfter(incident.id, startedAt);
  await engine.result(`run/${key}`);
  await endAll(incident.id);
  return began;
}

async function beganAfter(id: string, startedAt: number): Promise<number> {
  for (;;) {
    const incident = await store.incidents.load(id);
    if (incident !== null && Object.keys(incident.steps).length > 0) return (performance.now() - startedAt) / 1_000;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
