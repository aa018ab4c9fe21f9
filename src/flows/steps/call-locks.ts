// What a `call` holds alone while it runs: the lock of the called runbook and the one of the step, taken in the order of their names and given
// back together when the call has come to its end, its undo included. How they are taken is take-locks.ts' business.
import type { CallStep } from '../../domain/ir.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { lookupIn } from '../facts.ts';
import { resolveRefs } from '../refs.ts';
import type { Next, Visit } from '../run.ts';
import { factsOf, partName } from '../run.ts';
import { giveBack, nameWithin, type Taking, takeLocks } from '../take-locks.ts';

/** A part of a fan-out waits no longer: nobody is asked anything within it. */
const PART_WAIT_MS = 900_000;

type Work = (visit: Visit<CallStep>) => Promise<Next>;

/** `refused`: what was had is given back, and the call is never begun. */
export async function withLocks(
  visit: Visit<CallStep>,
  inputs: JsonObject,
  { work, refused }: { readonly work: Work; readonly refused: (why: string) => Promise<Next> },
): Promise<Next> {
  const { step, run } = visit;
  if (step.lock === undefined && step.runbook.lock === undefined) return work(visit);
  const wanted = (await run.context.step(
    partName(visit, 'locks'),
    async () => locksOf(visit, inputs) as unknown as Json,
  )) as unknown as readonly string[];
  const taking = takingOf(visit);
  const taken = await takeLocks(visit, wanted, taking);
  if (typeof taken === 'string') return refused(taken);
  const next = await work({ ...visit, run: { ...run, locks: [...(run.locks ?? []), ...taken] } });
  await giveBack(visit, taken, taking);
  return next;
}

/** Both, in one order for everybody, without what a call around this one holds already. */
export function locksOf({ run, step }: Visit<CallStep>, inputs: JsonObject): readonly string[] {
  const { system } = run.world;
  const own = step.lock === undefined ? [] : [resolveRefs(step.lock, lookupIn(system, factsOf(run), null)).value];
  const called = { inputs, incident: { id: run.incident }, outputs: {} };
  const inner = step.runbook.lock === undefined ? [] : [resolveRefs(step.runbook.lock, lookupIn(system, called, null)).value];
  const { locks: held = [] } = run;
  const wanted = [...own, ...inner].map((lock) => {
    const around = held.find((one) => one.isAround === true && one.lock === lock);
    return around === undefined ? lock : nameWithin(around);
  });
  return [...new Set(wanted)].filter((lock) => !held.some((one) => one.lock === lock)).toSorted();
}

function takingOf({ run, step }: Visit<CallStep>): Taking {
  const isLimited = run.isPart === true || step.timeoutMs !== undefined;
  return {
    holder: `${run.holder ?? run.context.runId}/${step.id}`,
    part: '',
    ...(isLimited ? { waitMs: step.timeoutMs ?? PART_WAIT_MS } : {}),
  };
}
