// `verify`: read-only checks, repeated until they pass (each for as long as it says) or the time is over. The first one that
// passes after an act is the proof that customers work again: the incident is mitigated.
import type { VerifyStep } from '../../domain/ir.ts';
import { failed } from '../fail.ts';
import type { Next, Visit } from '../run.ts';
import { enterPhase, finish, hasActed, NEXT, partName } from '../run.ts';
import { sampleChecks } from '../sampling.ts';

const DEFAULT_TIMEOUT_MS = 5 * 60_000;

export async function runVerify(visit: Visit<VerifyStep>): Promise<Next> {
  const { run, step } = visit;
  const started = await run.context.now();
  const judged = await sampleChecks(visit, { stopOn: 'pass', until: started + (step.timeoutMs ?? DEFAULT_TIMEOUT_MS) });
  if (judged.result !== 'pass') {
    await finish(visit, 'failed', { result: judged.result }, judged.events);
    return failed(visit, judged.reason);
  }
  await finish(visit, 'done', { result: judged.result }, judged.events);
  await enterPhase(run, partName(visit, 'mitigated'), ['responding'], 'mitigated', { onlyIf: (incident) => hasActed(run, incident) });
  return NEXT;
}
