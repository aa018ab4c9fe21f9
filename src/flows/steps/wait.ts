// `wait`: the run rests, durably, for a time or until a condition holds.
import type { WaitStep } from '../../domain/ir.ts';
import type { Instant } from '../../domain/json.ts';
import { evaluateNow } from '../conditions.ts';
import { failed } from '../fail.ts';
import type { Next, Visit } from '../run.ts';
import { finish, NEXT, partName } from '../run.ts';

const LOOK_EVERY_MS = 60_000;
/** Many looks are one row of history: waits last hours. A kill repeats at most these. */
const BATCH_MS = 600_000;

export async function runWait(visit: Visit<WaitStep>): Promise<Next> {
  const { run, step } = visit;
  const started = await run.context.now();
  if (step.forMs !== undefined) {
    const late = step.timeoutMs !== undefined && step.timeoutMs < step.forMs;
    await run.context.sleepUntil(started + Math.min(step.forMs, step.timeoutMs ?? step.forMs));
    if (late) {
      await finish(visit, 'failed', { late: true });
      return failed(visit, 'its time was over before the wait was');
    }
  }
  if (step.until !== undefined) {
    const late = await waitUntil(visit, step.until, step.timeoutMs === undefined ? null : started + step.timeoutMs);
    if (late) {
      await finish(visit, 'failed', { late: true });
      return failed(visit, `${step.until} did not come true in time`);
    }
  }
  await finish(visit, 'done', {});
  return NEXT;
}

/** False once the condition holds, true when the deadline came first. */
async function waitUntil(visit: Visit, source: string, deadline: Instant | null): Promise<boolean> {
  for (let batch = 1; ; batch += 1) {
    const seen = await visit.run.context.step(partName(visit, `look${batch}`), () => lookFor(visit, source, deadline));
    if (seen !== 'not yet') return seen === 'late';
  }
}

async function lookFor({ run }: Visit, source: string, deadline: Instant | null): Promise<'holds' | 'late' | 'not yet'> {
  const { time } = run.world;
  const batchEnd = time.now() + BATCH_MS;
  for (;;) {
    if (evaluateNow(run, source)['value'] === true) return 'holds';
    const now = time.now();
    if (deadline !== null && now >= deadline) return 'late';
    if (now >= batchEnd) return 'not yet';
    await time.sleep(Math.min(LOOK_EVERY_MS, (deadline ?? batchEnd) - now, batchEnd - now));
  }
}
