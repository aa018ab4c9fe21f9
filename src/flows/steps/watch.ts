// `watch`: checks must hold for the whole window, over restarts. A breach sends the incident back to responding and asks;
// it never starts another rollback by itself. A window that ends without proof is inconclusive, and people are asked.
import type { WatchStep } from '../../domain/ir.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { Overlay } from '../../domain/strict.ts';
import { strictOverlay } from '../../domain/strict.ts';
import { failed } from '../fail.ts';
import type { Next, Visit } from '../run.ts';
import { enterPhase, finish, hasActed, NEXT, partName } from '../run.ts';
import { sampleChecks } from '../sampling.ts';

export async function runWatch(visit: Visit<WatchStep>): Promise<Next> {
  const { run, step } = visit;
  await enterPhase(run, partName(visit, 'watching'), ['mitigated'], 'watching');
  const since = await run.context.now();
  const limit = step.timeoutMs === undefined ? {} : { limit: since + step.timeoutMs };
  const overlay = await overlayOf(visit);
  const beside = overlay?.checks ?? [];
  const judged = await sampleChecks(visit, { stopOn: 'fail', since, forMs: step.forMs, beside, ...limit });
  const { tightened, notTightened } = overlay ?? {};
  const seen = { ...judged.seen, ...(overlay === null ? {} : ({ tightened, notTightened } as unknown as JsonObject)) };
  if (judged.result === 'pass') {
    await finish(visit, 'done', { result: 'pass', ...seen }, judged.events);
    // After a breach the incident was responding again: a whole window without one is the proof that it no longer is.
    await enterPhase(run, partName(visit, 'held'), ['responding'], 'mitigated', { onlyIf: (incident) => hasActed(run, incident) });
    return NEXT;
  }
  await finish(visit, 'failed', { result: judged.result, ...seen }, judged.events);
  if (judged.result === 'fail') await enterPhase(run, partName(visit, 'regressed'), ['watching', 'mitigated'], 'responding');
  return failed(visit, judged.reason);
}

/**
 * The triggers of the runbook at a part of their limits, besides what the step itself wants; over when the step is. It is settled when the
 * step begins: an edited belay.yaml changes no watch that runs. Null: the step asks for none.
 */
async function overlayOf(visit: Visit<WatchStep>): Promise<Overlay | null> {
  const { run, step } = visit;
  if (step.strict >= 1) return null;
  const org = typeof run.inputs['org'] === 'string' ? run.inputs['org'] : null;
  const settle = async (): Promise<Json> =>
    strictOverlay(run.course.runbook.triggers, run.world.system, { strict: step.strict, org }) as unknown as Json;
  return (await run.context.step(partName(visit, 'strict'), settle)) as unknown as Overlay;
}
