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
import type { Completed, Course, Run, Visit } from './run.ts';
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
      return (found ?? null) as unknown as Json;
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
  const { step, call, undo, target = step, fingerprint = null } = open;
  const done: Completed = { step, target, call: call ?? { do: open.action, with: {} }, undo: undo ?? null, fingerprint };
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
  return { run: { ...o, irHash: '', course, runbook, inputs: {}, prefix: '', outputs, rechecked: true }, step: taking, number: 1 };
}
