// `watch`: checks must hold for the whole window, over restarts. A breach sends the incident back to responding and asks;
// it never starts another rollback by itself. A window that ends without proof is inconclusive, and people are asked.
import type { WatchStep } from '../../domain/ir.ts';
import { failed } from '../fail.ts';
import type { Next, Visit } from '../run.ts';
import { enterPhase, finish, NEXT, partName } from '../run.ts';
import { sampleChecks } from '../sampling.ts';

export async function runWatch(visit: Visit<WatchStep>): Promise<Next> {
  const { run, step } = visit;
  await enterPhase(run, partName(visit, 'watching'), ['mitigated'], 'watching');
  const started = await run.context.now();
  const judged = await sampleChecks(visit, { until: started + step.forMs, stopOn: 'fail', since: started });
  if (judged.result === 'pass') {
    await finish(visit, 'done', { result: 'pass', watchedMs: step.forMs }, judged.events);
    return NEXT;
  }
  await finish(visit, 'failed', { result: judged.result }, judged.events);
  if (judged.result === 'fail') await enterPhase(run, partName(visit, 'regressed'), ['watching'], 'responding');
  return failed(visit, judged.reason);
}
