// A lane of a fan-out: organizations of one batch, one after the other, as a run of the engine of its own. It settles one and begins the next
// in one engine step, halts as soon as the fan-out is halted, and leaves a record that says of each organization what was done.
import type { EventDraft } from '../../domain/event.ts';
import type { PartCounts } from '../../domain/fan-out.ts';
import { NO_PARTS } from '../../domain/fan-out.ts';
import type { EachStep } from '../../domain/ir.ts';
import { stepsOf } from '../../domain/ir.ts';
import type { Instant } from '../../domain/json.ts';
import type { Flow } from '../../ports/engine.ts';
import { BELAY } from '../actor.ts';
import type { Facts } from '../facts.ts';
import type { World } from '../world.ts';
import { takeLaneBack } from './back.ts';
import { LOCK_HELD, releaseLock, waitForTurn } from './lock.ts';
import type { Lane, Turn } from './part.ts';
import { beginTurn, carryOut } from './part.ts';
import type { LaneInput, Part } from './record.ts';
import { asJson, EACH_LANE, failuresOf, namesOf } from './record.ts';

export { EACH_LANE };

const TELL_EVERY_MS = 10_000;
/** Failures of one lane that have an event each. */
const MOST_TOLD = 50;

export function eachLaneFlow(world: World): Flow {
  return async (context, json) => {
    const input = json as unknown as LaneInput;
    const step = (await context.step('pin', async () => asJson(await pinnedEach(world, input)))) as unknown as EachStep;
    const lane: Lane = { context, world, input, step };
    if (input.work.kind === 'back') await takeLaneBack(lane, input.work);
    else await goThrough(lane, input.work.orgs, input.work.facts);
    return null;
  };
}

async function pinnedEach({ documents }: World, { irHash, step }: LaneInput): Promise<EachStep> {
  const runbook = (await documents.get(irHash)) as unknown as Parameters<typeof stepsOf>[0];
  const found = stepsOf(runbook).find((one) => one.id === step);
  if (found?.kind !== 'each') throw new Error(`${step} is no each step of ${irHash}`);
  return found;
}

/** What a lane knows so far; rebuilt by replay. */
interface Going {
  readonly facts: Facts;
  readonly parts: Part[];
  /** Of `parts`. */
  counts: PartCounts;
  /** Parts that have not been settled in the store yet. */
  unsettled: Part | null;
  toldAt: Instant;
  turns: number;
}

async function goThrough(lane: Lane, orgs: readonly string[], facts: Facts): Promise<void> {
  const going: Going = { facts, parts: [], counts: NO_PARTS, unsettled: null, toldAt: 0, turns: 0 };
  const held: string[] = [];
  for (const org of orgs) if (!(await haveTurn(lane, going, org))) held.push(org);
  for (const org of held) await waitForLock(lane, going, org);
  await endLane(lane, going);
}

/** False: another run has its lock. */
async function haveTurn(lane: Lane, going: Going, org: string): Promise<boolean> {
  const turn = await nextTurn(lane, going, org);
  if (turn.kind === 'held') return false;
  hadTurn(going, await playTurn(lane, org, turn));
  return true;
}

function hadTurn(going: Going, part: Part): void {
  const { counts } = going;
  going.parts.push(part);
  going.counts = { ...counts, [part.status]: counts[part.status] + 1 };
  going.unsettled = part;
}

async function playTurn(lane: Lane, org: string, turn: Exclude<Turn, { kind: 'held' }>): Promise<Part> {
  if (turn.kind === 'left') return { org, status: 'left', reason: '', completed: [] };
  if (turn.kind === 'refused') return { org, status: 'failed', reason: turn.why, completed: [] };
  const part = await carryOut(lane, org, turn);
  return turn.lock === null ? part : { ...part, lock: turn.lock };
}

async function waitForLock(lane: Lane, going: Going, org: string): Promise<void> {
  if (await waitForTurn(lane, () => haveTurn(lane, going, org))) return;
  hadTurn(going, { org, status: 'failed', reason: LOCK_HELD, completed: [] });
}

/** Settles the organization before and begins this one: one checkpoint for both. */
async function nextTurn(lane: Lane, going: Going, org: string): Promise<Turn> {
  going.turns += 1;
  const { toldAt, turn } = (await lane.context.step(`turn${going.turns}`, async () =>
    asJson({ toldAt: await settle(lane, going), turn: await beginTurn(lane, org, going.facts) }),
  )) as unknown as { readonly toldAt: Instant; readonly turn: Turn };
  going.unsettled = null;
  going.toldAt = toldAt;
  return turn;
}

/** Gives the lock back and tells the incident what it must know at once. @returns when the lane told something last */
async function settle(lane: Lane, going: Going): Promise<Instant> {
  const { world, input } = lane;
  const part = going.unsettled;
  const at = world.time.now();
  if (part === null) return going.toldAt === 0 ? at : going.toldAt;
  await releaseLock(lane, part.org);
  const { counts } = going;
  const isTold = part.status === 'failed' && counts.failed <= MOST_TOLD;
  if (!isTold && at - going.toldAt < TELL_EVERY_MS) return going.toldAt;
  const about = { step: input.step, lane: input.lane, counts };
  const event: EventDraft = isTold
    ? { type: 'each.failed', data: { ...about, org: part.org, reason: part.reason }, at, actor: BELAY }
    : { type: 'each.progressed', data: about, at, actor: BELAY };
  await world.incidents.append(input.incident, { key: `${lane.context.runId}/told${going.parts.length}`, events: [event] });
  return at;
}

/** The record first, then the word that it is there: whoever waits must find it. */
async function endLane(lane: Lane, going: Going): Promise<void> {
  const { context, world, input } = lane;
  const { parts, counts, unsettled } = going;
  await context.step('end', async () => {
    if (unsettled !== null) await releaseLock(lane, unsettled.org);
    const document = await world.documents.put(asJson({ incident: input.incident, step: input.step, lane: context.runId, parts }));
    const data = {
      step: input.step,
      lane: input.lane,
      counts,
      done: namesOf(parts, 'done'),
      noop: namesOf(parts, 'noop'),
      failed: failuresOf(parts),
      left: namesOf(parts, 'left'),
      document,
    };
    const at = world.time.now();
    await world.incidents.append(input.incident, {
      key: `${context.runId}/end`,
      events: [{ type: 'each.recorded', data, at, actor: BELAY }],
    });
    await world.engine.signal(input.run, input.topic, context.runId, `${context.runId}/ended`);
    return null;
  });
}
