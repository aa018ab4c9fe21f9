// A process to be killed: embedded Postgres, the engine, and flows whose effects go to a file that outlives them all.
// Started by raw.test.ts as: node raw-child.ts '<json>'. It speaks lines of JSON on stdout and obeys lines on stdin.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { openEmbeddedPostgres } from '../../src/adapters/embedded-postgres/index.ts';
import { createDbosEngine } from '../../src/adapters/engine-dbos/index.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Engine, Flow } from '../../src/ports/engine.ts';

export interface ChildOptions {
  readonly dataDir: string;
  readonly runtimeDir: string;
  /** The judge: every start and effect of a step, with its instant. */
  readonly side: string;
  /** Leases are told by row only, as on an external database. */
  readonly external?: boolean;
  readonly leaseMs?: number;
  readonly beatMs?: number;
  readonly workMs?: number;
  /** After the effect of this step, and before its checkpoint, hang. */
  readonly hangAfterEffect?: number;
  /** Asks `mayAct` before the effect, as the step protocol does. */
  readonly fenced?: boolean;
}

const o = JSON.parse(process.argv[2] ?? '{}') as ChildOptions;
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const note = (what: string): void => appendFileSync(o.side, `${what} ${Date.now()} ${process.pid}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const hasNoted = (what: string): boolean => existsSync(o.side) && readFileSync(o.side, 'utf8').includes(`${what} `);

const rollback: Flow = async (context, input) => {
  for (let step = 0; step < 10; step += 1) {
    await context.step(`step-${step}`, async () => {
      note(`start:${String(input)}:${step}`);
      await pause(o.workMs ?? 60);
      if (o.fenced === true && !(await engine.mayAct())) {
        note(`fenced:${String(input)}:${step}`);
        return 'fenced';
      }
      note(`effect:${String(input)}:${step}`);
      if (o.hangAfterEffect === step && !hasNoted('hung')) {
        note('hung');
        await new Promise(() => undefined);
      }
      return null;
    });
  }
  note(`done:${String(input)}`);
  return 'done';
};

const approval: Flow = async (context) => {
  note('asked');
  const first = await context.receive('approval', (await context.now()) + 5 * 86_400_000);
  await context.step('act', async () => note('acted') ?? null);
  const second = await context.receive('approval', (await context.now()) + 400);
  return { first, second };
};

const sleeper: Flow = async (context, input) => {
  note('asleep');
  await context.sleepUntil(input as number);
  note('woke');
  return null;
};

const poison: Flow = async (context) => {
  await context.step('fine', async () => null);
  await context.step('deadly', async () => {
    note('deadly');
    process.kill(process.pid, 'SIGKILL');
    return null;
  });
  return null;
};

const began = performance.now();
const store = await openEmbeddedPostgres({ dataDir: o.dataDir, runtimeDir: o.runtimeDir, onProgress: (phase) => say({ phase }) });
const storeMs = performance.now() - began;
const engine: Engine = createDbosEngine({
  databaseUrl: store.url,
  embedded: o.external !== true,
  ...(o.leaseMs === undefined ? {} : { leaseMs: o.leaseMs }),
  ...(o.beatMs === undefined ? {} : { beatMs: o.beatMs }),
  onNotice: (notice) => say({ notice }),
});
await engine.open({ rollback, approval, sleeper, poison });
say({
  up: true,
  storePid: store.pid,
  attached: store.attached,
  storeMs: Math.round(storeMs),
  openMs: Math.round(performance.now() - began),
});

const commands: Readonly<Record<string, (...args: Json[]) => Promise<unknown>>> = {
  start: (flow, input, id, key) =>
    engine.start(String(flow), input ?? null, { id: String(id), ...(typeof key === 'string' ? { key } : {}) }),
  signal: (id, topic, value, key) => engine.signal(String(id), String(topic), value ?? null, String(key)),
  cancel: (id) => engine.cancel(String(id)),
  resume: (id) => engine.resume(String(id)),
  result: (id) => engine.result(String(id)),
  mayAct: () => engine.mayAct(),
  parked: async () => (await engine.list({ status: 'parked' })).map((run) => run.id),
  stop: async () => {
    await engine.close();
    return store.stop();
  },
};
for await (const line of createInterface({ input: process.stdin })) {
  const { call, name, args } = JSON.parse(line) as { call: number; name: string; args: Json[] };
  const answer = commands[name]?.(...args) ?? Promise.reject(new Error(`no command ${name}`));
  void answer.then(
    (value) => say({ call, value: value ?? null }),
    (error: unknown) => say({ call, error: error instanceof Error ? error.message : String(error) }),
  );
}
process.exit(0);
