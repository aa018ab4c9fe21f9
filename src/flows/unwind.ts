// Taking back: completed `do` steps in reverse order, each by its declared undo, each under the full protocol of `do`.
// An undo that fails stops there and asks people; it never cascades.
import { performStepDo } from './perform.ts';
import type { Visit } from './run.ts';
import { append, BELAY, partName } from './run.ts';

/** Returns what happened in words for the log. Contingencies of the steps taken back are closed. */
export async function unwind(visit: Visit, steps: readonly string[]): Promise<string> {
  const { run } = visit;
  const wanted = run.completed.filter((one) => steps.includes(one.step)).reverse();
  for (const done of wanted) {
    if (done.undo === null) return `stopped before ${done.step}: it has no undo`;
    const outcome = await performStepDo(visit, { part: `undo-${done.step}`, call: done.undo, expected: null, verify: [], timeoutMs: 60_000 });
    if (outcome.status !== 'done' && outcome.status !== 'noop') return `the undo of ${done.step} did not succeed (${outcome.status})`;
    await append(run, partName(visit, `undone-${done.step}`), (at) => ({
      events: [
        { type: 'step.undone', data: { step: done.step, by: visit.step.id }, at, actor: BELAY },
        { type: 'contingency.closed', data: { step: done.step, by: visit.step.id }, at, actor: BELAY },
      ],
      clearTimers: [`contingency:${done.step}`],
    }));
    run.completed.splice(run.completed.indexOf(done), 1);
  }
  return wanted.length === 0 ? 'nothing to take back' : `took back ${wanted.map((one) => one.step).join(', ')}`;
}
