// `wait`: the run rests, durably, for a time or until a condition holds.
import type { WaitStep } from '../../domain/ir.ts';
import type { Instant, Json } from '../../domain/json.ts';
import { type WindowState, windowState } from '../../domain/window.ts';
import { evaluateNow } from '../conditions.ts';
import { askHow, failed } from '../fail.ts';
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
  if (step.window !== undefined) {
    const problem = await waitForWindow(visit, step.window, step.timeoutMs === undefined ? null : started + step.timeoutMs);
    if (problem !== null) {
      await finish(visit, 'failed', { window: step.window, message: problem });
      return failed(visit, problem);
    }
  }
  if (step.until !== undefined) {
    const seen = await waitUntil(visit, step.until, step.timeoutMs === undefined ? null : started + step.timeoutMs);
    if (seen === 'lost') {
      const problem = `${step.until} can never come true: what it names has no value`;
      await finish(visit, 'failed', { message: problem });
      return askHow(visit, problem);
    }
    if (seen === 'late') {
      await finish(visit, 'failed', { late: true });
      return failed(visit, `${step.until} did not come true in time`);
    }
  }
  await finish(visit, 'done', {});
  return NEXT;
}

/** Null once the window is open. An opening that moves meanwhile (an edited belay.yaml, clocks that change) is looked up again. */
async function waitForWindow(visit: Visit, window: string, deadline: Instant | null): Promise<string | null> {
  const { context, world } = visit.run;
  for (let look = 1; ; look += 1) {
    const state = (await context.step(partName(visit, `window${look}`), async () => {
      const spec = world.system.windows?.find((one) => one.id === window);
      return (spec === undefined ? null : windowState(spec, world.time.now())) as unknown as Json;
    })) as unknown as WindowState | null;
    if (state === null) return `belay.yaml has no window ${window} any more`;
    if (state.open) return null;
    if (state.opensAt === null) return `the window ${window} does not open within the next 400 days`;
    const late = deadline !== null && deadline < state.opensAt;
    await context.sleepUntil(late ? deadline : state.opensAt);
    if (late) return `the window ${window} did not open in time`;
  }
}

/** `late`: the deadline came first; `lost`: it has no value, and nothing but the time changes while the run rests. */
async function waitUntil(visit: Visit, source: string, deadline: Instant | null): Promise<'holds' | 'late' | 'lost'> {
  for (let batch = 1; ; batch += 1) {
    const seen = await visit.run.context.step(partName(visit, `look${batch}`), () => lookFor(visit, source, deadline));
    if (seen !== 'not yet') return seen;
  }
}

async function lookFor({ run }: Visit, source: string, deadline: Instant | null): Promise<'holds' | 'late' | 'lost' | 'not yet'> {
  const { time } = run.world;
  const batchEnd = time.now() + BATCH_MS;
  for (;;) {
    const { value, why } = evaluateNow(run, source);
    if (value === true) return 'holds';
    if (why !== '') return 'lost';
    const now = time.now();
    if (deadline !== null && now >= deadline) return 'late';
    if (now >= batchEnd) return 'not yet';
    await time.sleep(Math.min(LOOK_EVERY_MS, (deadline ?? batchEnd) - now, batchEnd - now));
  }
}
