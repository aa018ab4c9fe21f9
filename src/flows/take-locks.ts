// How a step of a run takes locks, waits its turn for them, looks whether it has them still, and gives them back. Which locks a call or a taking
// back wants is their own business; how waiting goes is lock-queue.ts'.
import type { Json } from '../domain/json.ts';
import type { Held } from './lock-queue.ts';
import { circleAt, holderNow, tellQueued, waitTurn } from './lock-queue.ts';
import type { Completed, Run, TakenLock, Visit } from './run.ts';
import { append, BELAY, partName } from './run.ts';
import type { World } from './world.ts';

/** Who takes, and how long it waits. */
export interface Taking {
  readonly holder: string;
  /** What the names of its engine steps begin with. */
  readonly part: string;
  /** Absent: as long as it takes. */
  readonly waitMs?: number;
}

/** In the order given. A text: why one of them never will be had; what was had before it is given back. */
export async function takeLocks(visit: Visit, locks: readonly string[], taking: Taking): Promise<readonly TakenLock[] | string> {
  const taken: TakenLock[] = [];
  for (const [at, lock] of locks.entries()) {
    const had = await takeLock(visit, lock, { ...taking, part: `${taking.part}lock${at + 1}` });
    if (typeof had === 'string') {
      await giveBack(visit, taken, taking);
      return had;
    }
    taken.push(had);
  }
  return taken;
}

/** Nobody is asked anything within a part, nor beside the run: such a wait is never looked through for a circle, and has an end. */
async function takeLock(visit: Visit, lock: string, { holder, part, waitMs }: Taking): Promise<TakenLock | string> {
  const { run, step } = visit;
  const { context, world } = run;
  let taken: TakenLock | null = null;
  const limit = waitMs === undefined ? {} : { until: (await context.now()) + waitMs };
  const why = await waitTurn(run, {
    ...limit,
    take: async (attempt) => {
      const name = partName(visit, `${part}:${attempt}`);
      const had = (await context.step(name, async () => (await tryLock(visit, lock, { holder, name })) as unknown as Json)) as unknown as
        | TakenLock
        | Held;
      if (!('token' in had)) return had;
      taken = had;
      return null;
    },
    tell: (held) => tellWaiting(visit, partName(visit, `${part}:queued`), held),
    ...(run.isPart === true || run.isAside === true
      ? {}
      : {
          hopeless: async (held, attempt) =>
            (await context.step(partName(visit, `${part}:look${attempt}`), () => circleAt(world, run.incident, held))) as string | null,
        }),
  });
  if (taken !== null) return taken;
  const reason = why ?? `${lock} was not had`;
  await append(run, partName(visit, `${part}:missed`), (at) => ({
    events: [{ type: 'lock.missed', data: { lock, step: step.id, why: reason }, at, actor: BELAY }],
  }));
  return reason;
}

/** Beside the run nobody is queued: the incident's own run would be taken for the one that waits. */
function tellWaiting({ run, step }: Visit, name: string, held: Held): Promise<void> {
  if (run.isAside !== true) return tellQueued(run, name, held, step.id);
  const text = `taking ${step.id} back waits for ${held.lock}, which ${held.behind ?? 'another run'} holds`;
  return append(run, name, (at) => ({ events: [{ type: 'note.added', data: { by: 'belay', text, lang: 'en' }, at, actor: BELAY }] }));
}

async function tryLock(visit: Visit, lock: string, o: { readonly holder: string; readonly name: string }): Promise<TakenLock | Held> {
  const { run, step } = visit;
  const { partLocks, incidents } = run.world;
  const isTaken = await partLocks.take(lock, { holder: o.holder, incident: run.incident });
  const held = isTaken ? await partLocks.find(lock) : null;
  if (held === null) return { lock, behind: (await holderNow(run.world, lock))?.incident ?? null };
  if (run.isPart !== true)
    await incidents.append(run.incident, {
      key: `${run.context.runId}/${o.name}`,
      events: [{ type: 'lock.taken', data: { lock, step: step.id, token: held.token }, at: run.world.time.now(), actor: BELAY }],
    });
  return { lock, token: held.token };
}

export async function giveBack(visit: Visit, taken: readonly TakenLock[], { holder, part }: Taking): Promise<void> {
  const { run, step } = visit;
  if (taken.length === 0) return;
  const name = partName(visit, `${part}unlock`);
  await run.context.step(name, async () => {
    await run.world.partLocks.release({ incident: run.incident, holders: [holder] });
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

/** What an act is done under, for whoever takes it back: what is held around the whole part of a fan-out is not the part's to take. */
export function doneUnder({ locks = [] }: Pick<Run, 'locks'>): Pick<Completed, 'locks'> {
  const own = locks.filter(({ isAround }) => isAround !== true).map(({ lock, token }) => ({ lock, token }));
  return own.length === 0 ? {} : { locks: own };
}

/** What a measure is put in place under: beyond the end of the run its own lock counts as well. */
export function heldAround(run: Pick<Run, 'locks' | 'ownLock'>): Pick<Completed, 'locks'> {
  const { locks = [] } = doneUnder(run);
  return run.ownLock === undefined ? doneUnder(run) : { locks: [run.ownLock, ...locks] };
}

/** What parts of a fan-out hold one at a time among themselves, where a call around all of them holds it against everybody else. */
export const nameWithin = ({ lock, token }: TakenLock): string => `${lock}#${token}`;
