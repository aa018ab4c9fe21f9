// `wait`: the run rests, durably, for a time or until a condition holds.
import type { WaitStep } from '../../domain/ir.ts';
import { evaluateNow } from '../conditions.ts';
import { failed } from '../fail.ts';
import type { Next, Visit } from '../run.ts';
import { finish, NEXT, partName } from '../run.ts';

/** How often a condition is looked at: coarse, because waits last hours and each look is a row of history. */
const LOOK_EVERY_MS = 60_000;

export async function runWait(visit: Visit<WaitStep>): Promise<Next> {
  const { run, step } = visit;
  const started = await run.context.now();
  if (step.forMs !== undefined) await run.context.sleepUntil(started + step.forMs);
  if (step.until !== undefined) {
    const source = step.until;
    const deadline = step.timeoutMs === undefined ? null : started + step.timeoutMs;
    for (let look = 1; ; look += 1) {
      const holds = await run.context.step(partName(visit, `look${look}`), async () => evaluateNow(run, source)['value'] === true);
      if (holds) break;
      const now = await run.context.now();
      if (deadline !== null && now >= deadline) {
        await finish(visit, 'failed', { late: true });
        return failed(visit, `${source} did not come true in time`);
      }
      await run.context.sleepUntil(now + LOOK_EVERY_MS);
    }
  }
  await finish(visit, 'done', {});
  return NEXT;
}
