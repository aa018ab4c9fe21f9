// The way back of a lane: what it recorded is taken back, the last organization first, each by the undo that its own steps declare and only
// while our own change is still what is there.
import { BelayError } from '../../domain/errors.ts';
import type { PartFailure } from '../../domain/fan-out.ts';
import { renamed } from '../../domain/link-runbooks.ts';
import type { Plan } from '../../domain/plan.ts';
import { BELAY } from '../actor.ts';
import { unwind } from '../unwind.ts';
import type { Lane } from './part.ts';
import { partRun } from './part.ts';
import { partPrefix } from './plan.ts';
import type { LaneRecord, Part } from './record.ts';
import { asJson } from './record.ts';

export async function takeLaneBack(lane: Lane, hash: string): Promise<void> {
  const { context, world, input } = lane;
  const { parts } = (await context.step('record', async () => asJson(await changedParts(lane, hash)))) as unknown as LaneRecord;
  const undone: string[] = [];
  const failed: PartFailure[] = [];
  for (const part of parts.toReversed()) {
    const problem = await takePartBack(lane, part);
    if (problem === null) undone.push(part.org);
    else failed.push({ org: part.org, reason: problem });
  }
  await context.step('end', async () => {
    const data = { step: input.step, lane: input.lane, undone, failed };
    await world.incidents.append(input.incident, {
      key: `${context.runId}/end`,
      events: [{ type: 'each.returned', data, at: world.time.now(), actor: BELAY }],
    });
    await world.engine.signal(input.run, input.topic, context.runId, `${context.runId}/ended`);
    return null;
  });
}

async function changedParts({ world }: Lane, hash: string): Promise<LaneRecord> {
  const { parts } = (await world.documents.get(hash)) as unknown as LaneRecord;
  return { parts: parts.filter((part) => part.completed.length > 0) };
}

/** Null: all of it is taken back. */
async function takePartBack(lane: Lane, { org, completed }: Part): Promise<string | null> {
  const prefix = partPrefix(lane.step.id, org);
  const runbook = renamed(lane.step.runbook, prefix);
  const run = partRun(lane, { runbook, plan: noPlan(lane, org), inputs: { org }, prefix, completed });
  const step = { ...lane.step, id: `${prefix}back` };
  try {
    const said = await unwind(
      { run, step, number: 1 },
      completed.map((one) => one.step),
    );
    return run.course.completed.length === 0 ? null : said;
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

/** Taking back follows what was recorded, and no plan. */
function noPlan({ input, step }: Lane, org: string): Plan {
  const { id, version } = step.runbook;
  return { runbook: id, version, irHash: input.irHash, inputs: { org }, org, steps: [], planHash: '', guards: [], unknowns: [] };
}
