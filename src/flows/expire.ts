// A temporary measure that takes itself back when it expires: planned when it was opened, observed, journaled and confirmed like any `do`, and
// only while it is still what is in place. What does not succeed is its owner's to look at.
import type { Contingency } from '../domain/incident.ts';
import { openContingencies } from '../domain/incident-fold.ts';
import type { DoStep, Runbook } from '../domain/ir.ts';
import { bareRunbook } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import type { Flow, FlowContext } from '../ports/engine.ts';
import { attention } from './attention.ts';
import type { Completed, Course, Run, TakenLock, Visit } from './run.ts';
import { append, BELAY, readIncident, update } from './run.ts';
import { EXPIRE } from './start-expiry.ts';
import { unwind } from './unwind.ts';
import type { World } from './world.ts';

export { EXPIRE };

interface ExpireInput {
  readonly incident: string;
  readonly step: string;
}

export function expireFlow(world: World): Flow {
  return async (context, json) => {
    const { incident, step } = json as unknown as ExpireInput;
    const open = (await context.step('measure', async () => {
      const found = openContingencies(await readIncident({ world, incident })).find((one) => one.step === step);
      if (found === undefined) return null;
      return { ...found, locks: await locksAround(world, incident, found) } as unknown as Json;
    })) as unknown as Contingency | null;
    if (open === null) return null;
    const visit = visitOf({ context, world, incident }, open);
    await append(visit.run, 'expired', (at) => ({
      events: [
        {
          type: 'note.added',
          data: { by: 'belay', text: `${open.action} on ${open.scope} has expired and is taken back`, lang: 'en' },
          at,
          actor: BELAY,
        },
      ],
    }));
    const said = await unwind(visit, [step]);
    if (visit.run.course.completed.length > 0) await hand(visit.run, open, said);
    return said;
  };
}

/** Those of calls, and the one that the run itself held: by now another run may have it. */
async function locksAround(world: World, incident: string, { step, locks = [] }: Contingency): Promise<readonly TakenLock[]> {
  const events = await world.incidents.events(incident);
  const opened = events.findLastIndex((event) => event.type === 'contingency.opened' && event.data.step === step);
  const lock = events
    .slice(0, opened)
    .flatMap((event) => (event.type === 'run.started' ? [event.data.lock] : []))
    .at(-1);
  if (lock === undefined) return locks;
  // Where a later run of this incident had it again, nobody knows under which token the measure was put in place: any other use counts.
  const isAgain = events.slice(opened).some((event) => event.type === 'run.started' && event.data.lock === lock);
  const own = isAgain ? undefined : (await world.partLocks.uses(lock)).find((use) => use.incident === incident);
  return [...locks, { lock, token: own?.token ?? 0 }];
}

/** It could not be taken back: whose it is learns why. */
async function hand(run: Run, { step, owner }: Contingency, why: string): Promise<void> {
  await update(run, 'handed', (incident, at) => {
    const told = attention(run, incident, { revision: run.context.runId, at, asks: 'look', of: [owner] });
    return {
      events: [
        {
          type: 'escalation.fired',
          data: { to: owner, why: `contingency ${step} has expired and could not be taken back: ${why}` },
          at,
          actor: BELAY,
        },
        ...told.events,
      ],
      deliveries: told.deliveries,
    };
  });
}

function visitOf(o: { readonly context: FlowContext; readonly world: World; readonly incident: string }, open: Contingency): Visit {
  const { step, call, undo, target = step, fingerprint = null, locks = [] } = open;
  const done: Completed = { step, target, call: call ?? { do: open.action, with: {} }, undo: undo ?? null, fingerprint, locks };
  const runbook: Runbook = bareRunbook('expiry');
  const plan: Plan = {
    ...{ runbook: runbook.id, version: runbook.version, irHash: '', inputs: {}, org: null },
    ...{ steps: [], planHash: '', guards: [], unknowns: [] },
  };
  const outputs = {};
  const course: Course = {
    runbook,
    inputs: {},
    plan,
    completed: [done],
    left: [],
    unwinds: 0,
    visits: {},
    outputs: { '': outputs },
    alone: null,
  };
  const taking: DoStep = {
    ...{ kind: 'do', id: step, title: step, text: '', do: open.action, with: {}, verify: [] },
    ...{ fail: { then: 'stop' }, meets: [], evidence: [] },
  };
  const run: Run = { ...o, irHash: '', course, runbook, inputs: {}, prefix: '', outputs, rechecked: true, isAside: true };
  return { run, step: taking, number: 1 };
}
