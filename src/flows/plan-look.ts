// What a plan asks of one action: what is there, what is on its way, and whether it can work at all. A no of the world is a sentence.
import { BelayError } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Built, OnItsWay } from '../domain/plan.ts';
import type { Action, Observation } from '../ports/action.ts';

export async function observeForPlan(action: Action, args: JsonObject, step: string): Promise<Observation | string> {
  const [seen, why] = await Promise.allSettled([action.observe(args), action.impossible(args, { step })]);
  if (seen.status === 'rejected') return sentence(seen.reason);
  if (why.status === 'rejected') return sentence(why.reason);
  return why.value !== null && !seen.value.reached ? why.value : seen.value;
}

export async function onItsWayTo(action: Action, args: JsonObject): Promise<OnItsWay | string | null> {
  try {
    return (await action.onItsWay?.(args)) ?? null;
  } catch (error) {
    return sentence(error);
  }
}

export async function builtBy(action: Action, args: JsonObject): Promise<readonly Built[] | string> {
  try {
    return (await action.builds?.(args)) ?? [];
  } catch (error) {
    return sentence(error);
  }
}

/** A world that says no while planning is an unknown of the plan; our own bugs still surface. */
export function sentence(error: unknown): string {
  if (BelayError.is(error)) return error.message;
  throw error;
}
