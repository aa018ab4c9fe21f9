// The way back of a lane: what it recorded is taken back, the last organization first, each by the undo that its own steps declare and only
// while our own change is still what is there.
import { BelayError } from '../../domain/errors.ts';
import type { PartFailure } from '../../domain/fan-out.ts';
import { renamed } from '../../domain/link-runbooks.ts';
import { BELAY } from '../actor.ts';
import type { Completed, TakenLock } from '../run.ts';
import { unwind } from '../unwind.ts';
import { LOCK_HELD, releaseLock, waitForTurn } from './lock.ts';
import type { Lane } from './part.ts';
import { lockWithin, partRun, takenAs } from './part.ts';
import { partPrefix } from './plan.ts';
import type { LaneInput, LaneRecord, Part } from './record.ts';
import { asJson, holderOf, partsOf } from './record.ts';

type BackWork = Extract<LaneInput['work'], { readonly kind: 'back' }>;

export async function takeLaneBack(lane: Lane, { records, unwind: unwindId }: BackWork): Promise<void> {
  const { context, world, input } = lane;
  const { parts } = (await context.step('record', async () => asJson({ parts: await partsOf(lane, records) }))) as unknown as LaneRecord;
  const going: Going = { undone: [], failed: [], left: [], held: null, turns: 0 };
  const waiting: Part[] = [];
  for (const part of parts) if (!(await haveTurn(lane, going, part))) waiting.push(part);
  for (const part of waiting)
    if (!(await waitForTurn(lane, () => haveTurn(lane, going, part))))
      settle(going, part, { problem: LOCK_HELD, completed: part.completed });
  const { undone, failed, left, held } = going;
  await context.step('end', async () => {
    if (held !== null) await releaseLock(lane, held);
    // What could not be taken back stays on record, and nothing else does: nobody takes the same back twice.
    const rest = left.length === 0 ? null : await world.documents.put(asJson({ ...aboutOf(lane), parts: left }));
    const data = { step: input.step, lane: input.lane, unwind: unwindId, undone, failed, records, left: rest };
    await world.incidents.append(input.incident, {
      key: `${context.runId}/end`,
      events: [{ type: 'each.returned', data, at: world.time.now(), actor: BELAY }],
    });
    await world.engine.signal(input.run, input.topic, context.runId, `${context.runId}/ended`);
    return null;
  });
}

/** What a lane knows so far; rebuilt by replay. */
interface Going {
  readonly undone: string[];
  readonly failed: PartFailure[];
  readonly left: Part[];
  /** The organization whose lock has not been given back yet. */
  held: string | null;
  turns: number;
}

/** False: another run has its lock. */
async function haveTurn(lane: Lane, going: Going, part: Part): Promise<boolean> {
  const lock = part.lock === undefined ? undefined : lockWithin(lane, part.lock);
  const had = lock === undefined ? true : await takeLock(lane, going, part.org, lock);
  if (had === false) return false;
  settle(going, part, await takePartBack(lane, part, takenAs(lock, had === true ? undefined : had)));
  return true;
}

function settle(going: Going, part: Part, { problem, completed }: PartBack): void {
  if (problem === null) going.undone.push(part.org);
  else {
    going.failed.push({ org: part.org, reason: problem });
    going.left.unshift({ ...part, completed });
  }
}

/** Gives the lock of the organization before back and takes this one's: one checkpoint for both. @returns its token, where it was kept */
async function takeLock(lane: Lane, going: Going, org: string, lock: string): Promise<boolean | number> {
  const { context, world, input } = lane;
  const { held } = going;
  going.turns += 1;
  const had = (await context.step(`turn${going.turns}`, async () => {
    if (held !== null) await releaseLock(lane, held);
    const isTaken = await world.partLocks.take(lock, { holder: holderOf(lane, org), incident: input.incident });
    return isTaken && ((await world.partLocks.find(lock))?.token ?? true);
  })) as boolean | number;
  going.held = had === false ? null : org;
  return had;
}

const aboutOf = ({ context, input }: Lane) => ({ incident: input.incident, step: input.step, lane: context.runId });

interface PartBack {
  /** Null: all of it is taken back. */
  readonly problem: string | null;
  /** What is not. */
  readonly completed: readonly Completed[];
}

/** It follows what was recorded, and no plan. */
async function takePartBack(lane: Lane, { org, completed }: Part, lock: TakenLock | null): Promise<PartBack> {
  const prefix = partPrefix(lane.step.id, org);
  const runbook = renamed(lane.step.runbook, prefix);
  const run = partRun(lane, { org, runbook, plan: { inputs: { org }, steps: [] }, prefix, lock, completed });
  const step = { ...lane.step, id: `${prefix}back` };
  const steps = completed.map((one) => one.step);
  const left = (problem: string | null): PartBack => ({ problem, completed: run.course.completed });
  try {
    const said = await unwind({ run, step, number: 1 }, steps);
    return left(run.course.completed.length === 0 ? null : said);
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return left(`${error.code}: ${error.message}`);
  }
}
