// Starts the lanes of a fan-out and waits for all of them, however long and over restarts: forward through a batch, or back through what
// earlier lanes have recorded. What a lane does is its own business.
import { dealOut } from '../../domain/fan-out.ts';
import type { EachStep } from '../../domain/ir.ts';
import type { RunStatus } from '../../ports/engine.ts';
import type { Visit } from '../run.ts';
import { factsOf, partName, readIncident } from '../run.ts';
import type { LaneInput, LaneRecord } from './record.ts';
import { asJson, EACH_LANE, holderOf, lanesBack, partsOf } from './record.ts';

/** A lane tells when it ends. This is for one that cannot: each look is a row of the run's history. */
const LOOK_MS = { first: 30_000, most: 300_000 };
const BACK_AT_ONCE = 8;

interface Lane {
  readonly id: string;
  readonly input: LaneInput;
}

/** Lanes that broke off: what they did for their organizations nobody has on record. */
export interface Lost {
  readonly why: string;
  readonly orgs: readonly string[];
}

/** Null when all lanes have come to their end. */
export async function runBatch(
  visit: Visit<EachStep>,
  o: { readonly batch: number; readonly orgs: readonly string[] },
): Promise<Lost | null> {
  const { step } = visit;
  const facts = factsOf(visit.run);
  return runLanes(
    visit,
    `batch${o.batch}`,
    dealOut(o.orgs, step.atOnce).map((orgs, index) => ({
      lane: `${o.batch}.${index + 1}`,
      step: step.id,
      work: { kind: 'out' as const, orgs, facts },
    })),
  );
}

export interface WentBack {
  readonly undone: number;
  readonly failed: number;
}

/** Takes back what every lane of `step` has recorded and nobody has taken back yet, the last batch first. */
export async function goBack(visit: Visit, o: { readonly step: string; readonly name: string }): Promise<WentBack> {
  const { run } = visit;
  const unwind = `${run.context.runId}/${partName(visit, o.name)}`;
  const groups = (await run.context.step(partName(visit, `${o.name}:records`), async () =>
    asJson(await recordsBack(visit, o.step)),
  )) as unknown as readonly (readonly string[])[];
  const lanes = groups.map((records, index) => ({
    lane: `back.${index + 1}`,
    step: o.step,
    work: { kind: 'back' as const, records, unwind },
  }));
  let lost = 0;
  for (let from = 0; from < lanes.length; from += BACK_AT_ONCE) {
    const problem = await runLanes(visit, `${o.name}:${from}`, lanes.slice(from, from + BACK_AT_ONCE));
    if (problem !== null) lost += 1;
  }
  const back = (await run.context.step(partName(visit, `${o.name}:went`), async () => {
    const now = (await readIncident(run)).each?.[o.step]?.back;
    return asJson(now?.unwind === unwind ? now : { undone: 0, failed: 0 });
  })) as unknown as WentBack;
  return { undone: back.undone, failed: back.failed + lost };
}

async function recordsBack({ run }: Visit, step: string): Promise<readonly (readonly string[])[]> {
  const documents = (await readIncident(run)).each?.[step]?.records ?? [];
  const records = [];
  for (const document of documents.toReversed()) {
    const { parts } = (await run.world.documents.get(document)) as unknown as LaneRecord;
    records.push({ document, orgs: parts.flatMap(({ org, completed }) => (completed.length > 0 ? [org] : [])) });
  }
  return lanesBack(records);
}

type LaneWork = Pick<LaneInput, 'lane' | 'step' | 'work'>;

async function runLanes(visit: Visit, name: string, works: readonly LaneWork[]): Promise<Lost | null> {
  const { run } = visit;
  const topic = `each:${partName(visit, name)}`;
  const { locks: around } = run;
  const lanes = works.map(
    (work): Lane => ({
      id: `${run.context.runId}/${partName(visit, name)}/${work.lane}`,
      input: {
        ...work,
        incident: run.incident,
        run: run.context.runId,
        topic,
        irHash: run.irHash,
        ...(around === undefined ? {} : { around }),
      },
    }),
  );
  await run.context.step(partName(visit, `${name}:start`), async () => {
    for (const { id, input } of lanes) await run.world.engine.start(EACH_LANE, asJson(input), { id });
    return null;
  });
  const gone = await waitForAll(visit, { name, topic, lanes: lanes.map((lane) => lane.id) });
  const [first] = gone;
  if (first === undefined) return null;
  const broken = lanes.filter(({ id }) => gone.some((one) => one.id === id));
  // A lane that broke off has given nothing back, and must not begin again once its locks are somebody else's.
  await run.context.step(partName(visit, `${name}:locks`), async () => {
    for (const { id } of broken) if ((await run.world.engine.find(id)) !== null) await run.world.engine.cancel(id);
    const holders = await holdersIn(visit, broken);
    if (holders.length > 0) await run.world.partLocks.release({ incident: run.incident, holders });
    return null;
  });
  return { why: first.why, orgs: broken.flatMap(({ input: { work } }) => (work.kind === 'out' ? work.orgs : [])) };
}

/** Whoever may hold something of these lanes; what other lanes hold stays theirs. */
async function holdersIn({ run }: Visit, lanes: readonly Lane[]): Promise<readonly string[]> {
  const holders: string[] = [];
  for (const { input } of lanes) {
    const { work } = input;
    const orgs = work.kind === 'out' ? work.orgs : (await partsOf(run, work.records)).map(({ org }) => org);
    holders.push(...orgs.map((org) => holderOf({ input }, org)));
  }
  return holders;
}

interface Gone {
  readonly id: string;
  readonly why: string;
}

async function waitForAll(
  visit: Visit,
  o: { readonly name: string; readonly topic: string; readonly lanes: readonly string[] },
): Promise<readonly Gone[]> {
  const { context } = visit.run;
  const open = new Set(o.lanes);
  const broken: Gone[] = [];
  for (let look = 1, waitMs = LOOK_MS.first; open.size > 0; look += 1) {
    const ended = await context.receive(o.topic, (await context.now()) + waitMs);
    if (typeof ended === 'string') {
      open.delete(ended);
      continue;
    }
    waitMs = Math.min(2 * waitMs, LOOK_MS.most);
    const gone = (await context.step(partName(visit, `${o.name}:look${look}`), async () =>
      asJson(await goneAmong(visit, [...open])),
    )) as unknown as readonly { readonly id: string; readonly why: string | null }[];
    for (const { id, why } of gone) {
      open.delete(id);
      if (why !== null) broken.push({ id, why });
    }
  }
  return broken;
}

const WORKING: readonly RunStatus[] = ['queued', 'running'];

/** Lanes that have ended without a word: `why` is null where the word is only late. */
async function goneAmong({ run }: Visit, ids: readonly string[]): Promise<readonly { readonly id: string; readonly why: string | null }[]> {
  const seen = await Promise.all(ids.map(async (id) => ({ id, found: await run.world.engine.find(id) })));
  return seen.flatMap(({ id, found }) => {
    if (found !== null && WORKING.includes(found.status)) return [];
    const why = found?.status === 'done' ? null : `a lane ended: ${found?.error ?? found?.status ?? 'it is unknown to the engine'}`;
    return [{ id, why }];
  });
}
