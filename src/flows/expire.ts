// A temporary measure that takes itself back when it expires: planned when it was opened, observed, journaled and confirmed like any `do`, and
// only while it is still what is in place. What does not succeed is its owner's to look at; what only a freeze keeps is tried again after it.
import { BelayError } from '../domain/errors.ts';
import type { Contingency } from '../domain/incident.ts';
import { openContingencies } from '../domain/incident-fold.ts';
import type { DoStep, Runbook } from '../domain/ir.ts';
import { bareRunbook } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import { isDeletion } from '../domain/scope-freeze.ts';
import type { Flow, FlowContext } from '../ports/engine.ts';
import { attention } from './attention.ts';
import { frozenBy } from './freezes.ts';
import type { Completed, Course, Run, TakenLock, Visit } from './run.ts';
import { append, BELAY, readIncident, update } from './run.ts';
import { EXPIRE } from './start-expiry.ts';
import { unwind } from './unwind.ts';
import type { World } from './world.ts';

export { EXPIRE };

/** How soon a measure that a freeze keeps is looked at again: later each time. */
const HELD_MS = { first: 60_000, most: 600_000 };

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
    try {
      return await takeBack(visit, open);
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      await context.step('locks', async () => {
        await world.partLocks.release({ incident, holders: [context.runId] });
        return null;
      });
      await hand(visit.run, open, { round: 0, why: `${error.code}: ${error.message}` });
      return error.message;
    }
  };
}

/** Those of calls, and the one that the run itself held, which measures of before it was kept with them do not say. */
async function locksAround(world: World, incident: string, { step, locks = [] }: Contingency): Promise<readonly TakenLock[]> {
  const events = await world.incidents.events(incident);
  const opened = events.findLastIndex((event) => event.type === 'contingency.opened' && event.data.step === step);
  const lock = events
    .slice(0, opened)
    .flatMap((event) => (event.type === 'run.started' ? [event.data.lock] : []))
    .at(-1);
  if (lock === undefined || locks.some((one) => one.lock === lock)) return locks;
  // Where a later run of this incident had it again, nobody knows under which token the measure was put in place: any other use counts.
  const isAgain = events.slice(opened).some((event) => event.type === 'run.started' && event.data.lock === lock);
  const own = isAgain ? undefined : (await world.partLocks.uses(lock)).find((use) => use.incident === incident);
  return [...locks, { lock, token: own?.token ?? 0 }];
}

async function takeBack(visit: Visit, open: Contingency): Promise<string> {
  const { run } = visit;
  for (let round = 1; ; round += 1) {
    const said = await unwind(visit, [open.step]);
    if (run.course.completed.length === 0) return said;
    const now = await standing(run, open, `standing${round}`);
    // Of a freeze that its owner knows of already, they hear nothing twice.
    if (now === 'failed' || (now === 'held' && round === 1))
      await hand(run, open, { round, why: now === 'held' ? `${said}; it is tried again after the thaw` : said });
    if (now !== 'held' || !(await isFreed(run, open, round))) return said;
  }
}

/** `held`: what deletes for good waits for a freeze. `over`: people have taken it back by hand. */
type Standing = 'held' | 'failed' | 'over';

async function standing({ context, world, incident }: Run, open: Contingency, name: string): Promise<Standing> {
  const { undo } = open;
  return context.step(name, async (): Promise<Standing> => {
    if (!(await isOpenStill({ world, incident }, open))) return 'over';
    if (undo === undefined || !isDeletion(undo.do)) return 'failed';
    return (await frozenBy(world, { action: undo.do, args: undo.with, org: null, incident })) === null ? 'failed' : 'held';
  });
}

async function isOpenStill(run: Pick<Run, 'world' | 'incident'>, { step, openedAt }: Contingency): Promise<boolean> {
  return openContingencies(await readIncident(run)).some((one) => one.step === step && one.openedAt === openedAt);
}

/** Durable. False: it need not be taken back any more. */
async function isFreed(run: Run, open: Contingency, round: number): Promise<boolean> {
  for (let look = 1; ; look += 1) {
    const waitMs = Math.min(HELD_MS.most, HELD_MS.first * 2 ** (look - 1));
    await run.context.sleepUntil((await run.context.now()) + waitMs);
    const now = await standing(run, open, `standing${round}:look${look}`);
    if (now !== 'held') return now !== 'over';
  }
}

interface Handing {
  readonly round: number;
  readonly why: string;
}

/** It could not be taken back: whose it is learns why. */
async function hand(run: Run, { step, owner }: Contingency, { round, why }: Handing): Promise<void> {
  const name = round === 1 ? 'handed' : `handed${round}`;
  await update(run, name, (incident, at) => {
    const told = attention(run, incident, { revision: `${run.context.runId}/${name}`, at, asks: 'look', of: [owner] });
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
  // Its lock may have been waited for, and people may have taken it back by hand meanwhile.
  const isOver = async () => ((await isOpenStill(o, open)) ? null : `people have said that ${step} is taken back`);
  const run: Run = { ...o, irHash: '', course, runbook, inputs: {}, prefix: '', outputs, rechecked: true, isAside: true, isOver };
  return { run, step: taking, number: 1 };
}
