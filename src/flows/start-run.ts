// The start of a run: at once, or, where its runbook says `lock`, when no other run holds the same. It waits its turn and cancels nobody.
import { BelayError } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';
import { lookupIn } from './facts.ts';
import { resolveRefs } from './refs.ts';
import type { Run } from './run.ts';
import { append, BELAY, factsOf } from './run.ts';

/** Whoever waits is woken when the lock is free (wake.ts). This is for a wake-up that never came: each look is a row of the run's history. */
const LOOK_MS = { first: 60_000, most: 3_600_000 };

/** Something is sent here when the lock that a run waits for is free. */
export const LOCK_TOPIC = 'lock';

/** Resolves when the run has begun. */
export async function startWhenFree(run: Run): Promise<void> {
  const { context } = run;
  const lock = await lockOf(run);
  for (let attempt = 1, waitMs = LOOK_MS.first; ; attempt += 1, waitMs = Math.min(4 * waitMs, LOOK_MS.most)) {
    const held = await tryStart(run, lock, attempt);
    if (held === null) return;
    if (attempt === 1) await tellQueued(run, held);
    // A stop of the run ends the wait as it ends any other.
    await context.receive(LOCK_TOPIC, (await context.now()) + waitMs);
  }
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

interface Held {
  readonly lock: string;
  readonly behind: string | null;
}

/** Starting and taking the lock are one commit, and so are ending and giving it back. */
async function tryStart(run: Run, lock: string | null, attempt: number): Promise<Held | null> {
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
      return null;
    } catch (error) {
      if (lock === null || !BelayError.is(error) || error.code !== 'BELAY_LOCK_HELD') throw error;
      const [holder] = await world.incidents.list({ lock, limit: 1 });
      return { lock, behind: holder?.id ?? null } as unknown as Json;
    }
  })) as unknown as Held | null;
}

function tellQueued(run: Run, { lock, behind }: Held): Promise<void> {
  return append(run, 'run:queued', (at) => ({
    events: [{ type: 'run.queued', data: { run: run.context.runId, lock, behind }, at, actor: BELAY }],
  }));
}
