// What a `call` holds alone while it runs: the lock of the called runbook and the one of the step, taken in the order of their names and given
// back together when the call has come to its end, its undo included. How a run waits is lock-queue.ts' business.
import type { CallStep } from '../../domain/ir.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { lookupIn } from '../facts.ts';
import type { Held } from '../lock-queue.ts';
import { circleAt, holderNow, tellQueued, waitTurn } from '../lock-queue.ts';
import { resolveRefs } from '../refs.ts';
import type { Next, Run, TakenLock, Visit } from '../run.ts';
import { BELAY, factsOf, partName } from '../run.ts';
import type { World } from '../world.ts';

/** A part of a fan-out waits no longer: nobody is asked anything within it. */
const PART_WAIT_MS = 900_000;

type Work = (visit: Visit<CallStep>) => Promise<Next>;

/** `refused`: what is had goes back, and the call is never begun. */
export async function withLocks(
  visit: Visit<CallStep>,
  inputs: JsonObject,
  { work, refused }: { readonly work: Work; readonly refused: (why: string) => Promise<Next> },
): Promise<Next> {
  const { step, run } = visit;
  if (step.lock === undefined && step.runbook.lock === undefined) return work(visit);
  const wanted = (await run.context.step(
    partName(visit, 'locks'),
    async () => locksOf(visit, inputs) as unknown as Json,
  )) as unknown as readonly string[];
  const taken: TakenLock[] = [];
  for (const [at, lock] of wanted.entries()) {
    const had = await takeLock(visit, lock, at + 1);
    if (typeof had === 'string') {
      const next = await refused(had);
      await giveBack(visit, taken);
      return next;
    }
    taken.push(had);
  }
  const next = await work({ ...visit, run: { ...run, locks: [...(run.locks ?? []), ...taken] } });
  await giveBack(visit, taken);
  return next;
}

/** Both, in one order for everybody, without what a call around this one holds already. */
export function locksOf({ run, step }: Visit<CallStep>, inputs: JsonObject): readonly string[] {
  const { system } = run.world;
  const own = step.lock === undefined ? [] : [resolveRefs(step.lock, lookupIn(system, factsOf(run), null)).value];
  const called = { inputs, incident: { id: run.incident }, outputs: {} };
  const inner = step.runbook.lock === undefined ? [] : [resolveRefs(step.runbook.lock, lookupIn(system, called, null)).value];
  const around = new Set((run.locks ?? []).map(({ lock }) => lock));
  return [...new Set([...own, ...inner])].filter((lock) => !around.has(lock)).toSorted();
}

const holderOf = ({ run, step }: Visit<CallStep>): string => `${run.holder ?? run.context.runId}/${step.id}`;

/** A text: why it never will be had. */
async function takeLock(visit: Visit<CallStep>, lock: string, at: number): Promise<TakenLock | string> {
  const { run, step } = visit;
  const { context, world } = run;
  let taken: TakenLock | null = null;
  const isPart = run.isPart === true;
  const limit = isPart || step.timeoutMs !== undefined ? { until: (await context.now()) + (step.timeoutMs ?? PART_WAIT_MS) } : {};
  const why = await waitTurn(run, {
    ...limit,
    take: async (attempt) => {
      const name = partName(visit, `lock${at}:${attempt}`);
      const had = (await context.step(name, async () => (await tryLock(visit, lock, name)) as unknown as Json)) as unknown as
        | TakenLock
        | Held;
      if (!('token' in had)) return had;
      taken = had;
      return null;
    },
    tell: (held) => tellQueued(run, partName(visit, `lock${at}:queued`), held, step.id),
    ...(isPart
      ? {}
      : {
          hopeless: async (held, attempt) =>
            (await context.step(partName(visit, `lock${at}:look${attempt}`), () => circleAt(world, run.incident, held))) as string | null,
        }),
  });
  return taken ?? why ?? `${lock} was not had`;
}

async function tryLock(visit: Visit<CallStep>, lock: string, name: string): Promise<TakenLock | Held> {
  const { run, step } = visit;
  const { partLocks, incidents } = run.world;
  const isTaken = await partLocks.take(lock, { holder: holderOf(visit), incident: run.incident });
  const held = isTaken ? await partLocks.find(lock) : null;
  if (held === null) return { lock, behind: (await holderNow(run.world, lock))?.incident ?? null };
  if (run.isPart !== true)
    await incidents.append(run.incident, {
      key: `${run.context.runId}/${name}`,
      events: [{ type: 'lock.taken', data: { lock, step: step.id, token: held.token }, at: run.world.time.now(), actor: BELAY }],
    });
  return { lock, token: held.token };
}

async function giveBack(visit: Visit<CallStep>, taken: readonly TakenLock[]): Promise<void> {
  const { run, step } = visit;
  if (taken.length === 0) return;
  const name = partName(visit, 'unlock');
  await run.context.step(name, async () => {
    await run.world.partLocks.release({ incident: run.incident, holders: [holderOf(visit)] });
    if (run.isPart === true) return null;
    const at = run.world.time.now();
    await run.world.incidents.append(run.incident, {
      key: `${run.context.runId}/${name}`,
      events: taken.map(({ lock }) => ({ type: 'lock.freed', data: { lock, step: step.id }, at, actor: BELAY })),
    });
    return null;
  });
}

/** Right before an act: a lock that is somebody else's by now protects nothing. Null: all are held still. */
export async function lostLock({ locks = [] }: Run, { partLocks }: Pick<World, 'partLocks'>): Promise<string | null> {
  for (const { lock, token } of locks)
    if ((await partLocks.find(lock))?.token !== token)
      return `this run does not hold ${lock} any more: somebody gave it back, or another run has it`;
  return null;
}
