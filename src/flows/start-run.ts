// The start of a run: at once, or, where its runbook says `lock`, when no other run holds the same. It waits its turn and cancels nobody.
import { BelayError } from '../domain/errors.ts';
import { lookupIn } from './facts.ts';
import type { Held } from './lock-queue.ts';
import { asHeld, holderNow, tellQueued, waitTurn } from './lock-queue.ts';
import { resolveRefs } from './refs.ts';
import type { Run, TakenLock } from './run.ts';
import { BELAY, factsOf } from './run.ts';

/** Resolves when the run has begun. */
export async function startWhenFree(run: Run): Promise<void> {
  const lock = await lockOf(run);
  await waitTurn(run, {
    take: async (attempt) => {
      const had = await tryStart(run, lock, attempt);
      if (had === null || !('token' in had)) return had;
      run.ownLock = had;
      return null;
    },
    tell: (held) => tellQueued(run, 'run:queued', held),
  });
}

/** Null: the runbook may run beside itself. */
async function lockOf(run: Run): Promise<string | null> {
  const { lock } = run.runbook;
  if (lock === undefined) return null;
  return (await run.context.step(
    'run:lock',
    async () => resolveRefs(lock, lookupIn(run.world.system, factsOf(run), null)).value,
  )) as string;
}

/** Starting and taking the lock are one commit, and so are ending and giving it back. */
async function tryStart(run: Run, lock: string | null, attempt: number): Promise<Held | TakenLock | null> {
  const { context, world } = run;
  const data = {
    run: context.runId,
    runbook: run.runbook.id,
    irHash: run.irHash,
    planHash: run.course.plan.planHash,
    inputs: run.inputs,
    ...(lock === null ? {} : { lock }),
  };
  return (await context.step(attempt === 1 ? 'run:start' : `run:start#${attempt}`, async () => {
    const at = world.time.now();
    try {
      await world.incidents.append(run.incident, {
        key: `${context.runId}/run:start`,
        events: [{ type: 'run.started', data, at, actor: BELAY }],
      });
      const own = lock === null ? undefined : (await world.partLocks.uses(lock)).find((use) => use.incident === run.incident);
      return lock === null || own === undefined ? null : { lock, token: own.token };
    } catch (error) {
      if (lock === null || !BelayError.is(error) || error.code !== 'BELAY_LOCK_HELD') throw error;
      return asHeld({ lock, behind: (await holderNow(world, lock))?.incident ?? null });
    }
  })) as unknown as Held | TakenLock | null;
}
