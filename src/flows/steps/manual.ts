// `manual`: people tick, answer or refuse. Each tick is an event of its own, written by the door; the flow only waits for the last one.
import type { OpenTask } from '../../domain/incident.ts';
import type { ManualStep } from '../../domain/ir.ts';
import type { JsonObject } from '../../domain/json.ts';
import { roleMeant } from '../../domain/runbook-roles.ts';
import { failed } from '../fail.ts';
import type { Next, Visit } from '../run.ts';
import { append, BELAY, finish, NEXT, nextAnswer, PATIENCE_MS, partName, readIncident, setOutputs } from '../run.ts';

export async function runManual(visit: Visit<ManualStep>): Promise<Next> {
  const { run, step } = visit;
  const started = await run.context.now();
  const until = started + (step.timeoutMs ?? PATIENCE_MS);
  await append(run, partName(visit, 'offer'), (at) => ({
    events: [
      {
        type: 'step.waiting',
        data: {
          step: step.id,
          kind: 'manual',
          who: step.who === undefined ? null : roleMeant(run.runbook, step.who),
          ask: step.title,
          count: wanted(step),
          answers: step.answers as unknown as JsonObject,
        },
        at,
        actor: BELAY,
      },
    ],
  }));
  for (let round = 1; ; round += 1) {
    const answer = await nextAnswer(visit, until);
    if (answer?.refused !== null && answer?.refused !== undefined) {
      await finish(visit, 'failed', { refused: answer.refused, by: answer.by });
      return failed(visit, `${answer.by} refused: ${answer.refused}`);
    }
    if (answer !== null) {
      setOutputs(run, step.id, answer.answers as JsonObject);
      const complete = await run.context.step(partName(visit, `complete${round}`), async () =>
        isComplete(step, (await readIncident(run)).tasks[step.id]),
      );
      if (complete) {
        await finish(visit, 'done', { by: answer.by, answers: answer.answers });
        return NEXT;
      }
      continue;
    }
    if ((await run.context.now()) >= until) {
      await finish(visit, 'failed', { late: true });
      return failed(visit, 'nobody did it in time');
    }
  }
}

/** How many answers are wanted: a checklist alone needs only its ticks. */
function wanted(step: ManualStep): number {
  return Object.keys(step.answers).length === 0 && step.count === 1 ? 0 : step.count;
}

/** Every box ticked, and as many distinct answers as the step asks for. A step without boxes or answers is one confirmation. */
export function isComplete(step: ManualStep, task: Pick<OpenTask, 'ticked' | 'samples' | 'last'> | undefined): boolean {
  if (task === undefined) return false;
  return step.checks.every((check) => task.ticked.includes(check)) && task.samples >= wanted(step) && task.last !== null;
}
