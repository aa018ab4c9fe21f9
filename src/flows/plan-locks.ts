// What a plan's run and its calls would hold alone, and who has it now: it would wait for them. It takes nothing.
import type { Runbook } from '../domain/ir.ts';
import { stepsOf } from '../domain/ir.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Plan, PlannedLock } from '../domain/plan.ts';
import { lookupIn } from './facts.ts';
import { holderNow } from './lock-queue.ts';
import { resolveRefs } from './refs.ts';
import type { World } from './world.ts';

type LockWorld = Pick<World, 'system' | 'incidents' | 'partLocks' | 'time'>;

export async function planWithLocks(world: LockWorld, plan: Plan, runbook: Runbook): Promise<Plan> {
  const locks: PlannedLock[] = [];
  for (const { lock, step } of wanted(world, plan, runbook)) locks.push({ lock, step, heldBy: await heldBy(world, lock) });
  return locks.length === 0 ? plan : { ...plan, locks };
}

/** One that hangs on what is not known yet is not named: nobody can say whether it is free. */
function wanted({ system }: LockWorld, plan: Plan, runbook: Runbook): readonly { readonly lock: string; readonly step: string | null }[] {
  const filled = (text: string | undefined, inputs: JsonObject, step: string | null) => {
    if (text === undefined) return [];
    const { value, missing } = resolveRefs(text, lookupIn(system, { inputs, incident: {}, outputs: {} }, null));
    return missing.length > 0 ? [] : [{ lock: value, step }];
  };
  const inputsOf = (id: string): JsonObject => plan.steps.find((step) => step.id === id)?.args ?? {};
  const calls = stepsOf(runbook).flatMap((step) => {
    if (step.kind !== 'call' || !plan.steps.some((one) => one.id === step.id)) return [];
    const outer = step.id.lastIndexOf('.');
    const own = filled(step.lock, outer === -1 ? plan.inputs : inputsOf(step.id.slice(0, outer)), step.id);
    return [...own, ...filled(step.runbook.lock, inputsOf(step.id), step.id)];
  });
  return [...filled(runbook.lock, plan.inputs, null), ...calls];
}

async function heldBy(world: LockWorld, lock: string): Promise<PlannedLock['heldBy']> {
  const holder = await holderNow(world, lock);
  if (holder === null) return null;
  const run = (await world.incidents.load(holder.incident))?.run ?? null;
  return { incident: holder.incident, run, heldMs: holder.since === null ? null : Math.max(0, world.time.now() - holder.since) };
}
