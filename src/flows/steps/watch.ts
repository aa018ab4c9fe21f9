// `watch`: checks must hold for the whole window, over restarts. A breach sends the incident back to responding and asks;
// it never starts another rollback by itself. A window that ends without proof is inconclusive, and people are asked.
import type { WatchStep } from '../../domain/ir.ts';
import { strictChecks } from '../../domain/strict.ts';
import { failed } from '../fail.ts';
import type { Next, Visit } from '../run.ts';
import { enterPhase, finish, hasActed, NEXT, partName } from '../run.ts';
import { sampleChecks } from '../sampling.ts';

export async function runWatch(visit: Visit<WatchStep>): Promise<Next> {
  const { run, step } = visit;
  await enterPhase(run, partName(visit, 'watching'), ['mitigated'], 'watching');
  const since = await run.context.now();
  const limit = step.timeoutMs === undefined ? {} : { limit: since + step.timeoutMs };
  const judged = await sampleChecks(tightened(visit), { stopOn: 'fail', since, forMs: step.forMs, ...limit });
  if (judged.result === 'pass') {
    await finish(visit, 'done', { result: 'pass', ...judged.seen }, judged.events);
    // After a breach the incident was responding again: a whole window without one is the proof that it no longer is.
    await enterPhase(run, partName(visit, 'held'), ['responding'], 'mitigated', { onlyIf: (incident) => hasActed(run, incident) });
    return NEXT;
  }
  await finish(visit, 'failed', { result: judged.result, ...judged.seen }, judged.events);
  if (judged.result === 'fail') await enterPhase(run, partName(visit, 'regressed'), ['watching', 'mitigated'], 'responding');
  return failed(visit, judged.reason);
}

/** With the triggers of the runbook at a part of their limits, besides what the step itself wants; over when the step is. */
function tightened(visit: Visit<WatchStep>): Visit<WatchStep> {
  const { run, step } = visit;
  const rules = run.world.system.triggers.filter((rule) => run.course.runbook.triggers.includes(rule.id));
  const org = typeof run.inputs['org'] === 'string' ? run.inputs['org'] : null;
  const more = step.mode === 'all' ? strictChecks(rules, { strict: step.strict, org }) : [];
  return more.length === 0 ? visit : { ...visit, step: { ...step, checks: [...step.checks, ...more] } };
}
