// The answer to a breach, end to end: open the incident, plan, decide under guards, ask or act, run, prove, write up.
import { assert } from '../domain/assert.ts';
import { BelayError } from '../domain/errors.ts';
import type { Incident } from '../domain/incident.ts';
import { openContingencies } from '../domain/incident-fold.ts';
import type { Runbook } from '../domain/ir.ts';
import { isAct, stepsOf } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import type { Transition } from '../domain/trigger.ts';
import type { Flow, FlowContext } from '../ports/engine.ts';
import { approvalNeeds, approvalState, requestApproval } from './approval.ts';
import { attention } from './attention.ts';
import type { Decision } from './decide.ts';
import { decide, localityOf } from './decide.ts';
import { isAtWork } from './engine-runs.ts';
import { exportEvidence } from './evidence.ts';
import { interpret } from './interpret.ts';
import { absorbQuestions, mergeIfGlobal } from './merge.ts';
import { coveringIncident, fingerprintOf, openingChange, runbookFor } from './open-incident.ts';
import { recallPlan } from './plan.ts';
import { writePostmortem } from './postmortem.ts';
import { keepMeaning } from './replan.ts';
import type { Course, Run, Writing } from './run.ts';
import { append, BELAY, enterPhase, PATIENCE_MS, readIncident, update } from './run.ts';
import { startWhenFree } from './start-run.ts';
import type { World } from './world.ts';

export const RESPOND = 'respond';

export type RespondInput =
  | { readonly kind: 'trigger'; readonly transition: Transition }
  | {
      readonly kind: 'run';
      readonly incident: string;
      readonly irHash: string;
      readonly inputs: JsonObject;
      readonly planHash: string;
      readonly by: string;
      /** The run rests after this step. */
      readonly until?: string;
    };

interface Opened {
  readonly incident: string;
  /** False: an open incident already covers it. */
  readonly created: boolean;
  /** Content hash of the runbook as it was when the incident opened: editing the file changes no run. */
  readonly irHash: string | null;
  readonly inputs: JsonObject;
  /** Absent: it is read by its hash. */
  readonly runbook?: Runbook;
}

/** One run per episode of a trigger, or per run that a person starts. Whatever breaks it, its incident says so. */
export function respondFlow(world: World): Flow {
  return async (context, json) => {
    const input = json as unknown as RespondInput;
    const opened = input.kind === 'trigger' ? await openFor(context, world, input.transition) : { ...input, created: true };
    if (!opened.created) return { incident: opened.incident, outcome: 'deduped' };
    try {
      return await respond(context, world, input, opened);
    } catch (error) {
      // Only what the world said ends here; cancellation and our own bugs pass on (and are told by the engine's notices).
      if (!BelayError.is(error)) throw error;
      // It left its calls by a throw: what they held nobody else would ever give back.
      await context.step('run:locks', async () => {
        await world.partLocks.release({ incident: opened.incident, holders: [context.runId] });
        return null;
      });
      await tellStopped({ context, world, incident: opened.incident }, `${error.code}: ${error.message}`);
      return { incident: opened.incident, outcome: 'failed', reason: error.message };
    }
  };
}

async function respond(context: FlowContext, world: World, input: RespondInput, opened: Opened): Promise<Json> {
  if (opened.irHash === null) {
    await tellWithoutRunbook({ context, world, incident: opened.incident }, input);
    return { incident: opened.incident, outcome: 'no runbook' };
  }
  const until = input.kind === 'run' && input.until !== undefined ? { until: input.until } : {};
  const run = await newRun(context, world, { ...opened, irHash: opened.irHash, ...until });
  const settled: Settled =
    input.kind === 'run' ? { kind: 'go', plan: await plannedBy(run, input) } : await decideUntilSettled(run, input.transition);
  switch (settled.kind) {
    case 'go':
      run.course.plan = settled.plan;
      return carryOut(run);
    case 'no':
      await tellStopped(run, 'it was refused or denied');
      return { incident: opened.incident, outcome: 'refused' };
    case 'merged':
      return { incident: opened.incident, outcome: 'merged' };
  }
}

/** Nothing says what to do: people learn that there is something to look at. */
async function tellWithoutRunbook(run: Writing, input: RespondInput): Promise<void> {
  const rule = input.kind === 'trigger' ? run.world.system.triggers.find((one) => one.id === input.transition.trigger) : undefined;
  if (input.kind === 'trigger' && rule?.builtIn === 'clock') return tellOfClock(run, input.transition);
  await update(run, 'no-runbook', (incident, at) => {
    const told = attention(run, incident, { revision: `${run.context.runId}/no-runbook`, at, asks: 'look' });
    return told.events.length === 0 ? null : { events: told.events, deliveries: told.deliveries };
  });
}

/** Once an episode, however often it comes back within it. */
async function tellOfClock(run: Writing, { episode, scope }: Transition): Promise<void> {
  await run.context.step('clock', async () => {
    const at = run.world.time.now();
    await run.world.incidents.update(run.incident, `clock/${episode}`, (incident) => {
      const told = attention(run, incident, { revision: `clock/${episode}`, at, asks: { clockOf: scope } });
      return told.events.length === 0 ? null : { events: told.events, deliveries: told.deliveries };
    });
    return null;
  });
}

/** A run that ends without its end: written into the incident, and the responders hear of it. */
async function tellStopped(run: Writing, reason: string): Promise<void> {
  await update(run, 'run:stopped', (incident, at) => {
    // Another incident goes on with it: nothing has stopped.
    if (incident.mergedInto !== undefined) return null;
    const told = attention(run, incident, { revision: `${run.context.runId}/stopped`, at, asks: { stopped: reason } });
    return {
      events: [
        { type: 'run.finished', data: { run: run.context.runId, outcome: 'failed', reason }, at, actor: BELAY },
        { type: 'escalation.fired', data: { to: 'commander', why: reason }, at, actor: BELAY },
        ...told.events,
      ],
      deliveries: told.deliveries,
    };
  });
}

async function openFor(context: FlowContext, world: World, transition: Transition): Promise<Opened> {
  return (await context.step('open', async () => (await openNow(context, world, transition)) as unknown as Json)) as unknown as Opened;
}

async function openNow(context: FlowContext, world: World, transition: Transition): Promise<Opened> {
  const rule = world.system.triggers.find((one) => one.id === transition.trigger);
  assert(rule !== undefined, `no trigger ${transition.trigger}`);
  const covering = await coveringIncident(world, { trigger: rule.id, scope: transition.scope, run: context.runId });
  if (covering !== null) return join(context, world, covering, transition);
  const locality = await localityOf(world, rule, transition.scope);
  const runbook = runbookFor(world, rule.id, locality);
  if (runbook !== null) await world.documents.put(runbook.runbook as unknown as Json);
  const at = world.time.now();
  const { incident } = await world.incidents.declare(fingerprintOf(rule.id, locality === 'global' ? 'all' : transition.scope), (number) =>
    openingChange(world, { transition, rule, locality, runbook, run: context.runId }, number, at),
  );
  return join(context, world, incident, transition);
}

/** Ours (also after a kill right behind the declaration), somebody else's that is at work, or one whose run has ended. */
async function join(context: FlowContext, world: World, incident: Incident, transition: Transition): Promise<Opened> {
  if (incident.run !== context.runId) {
    const alive = incident.run !== null && (await isAtWork(world, incident.run));
    await dedupe(world, incident, transition, alive ? undefined : context.runId);
    if (alive) return { incident: incident.id, created: false, irHash: null, inputs: {} };
    // Nobody is at work on it any more: a new breach must not be swallowed by a dead incident.
  }
  const locality = incident.scope.orgs === 'all' ? 'global' : 'local';
  const runbook = runbookFor(world, transition.trigger, locality);
  if (runbook !== null) await world.documents.put(runbook.runbook as unknown as Json);
  const inputs: JsonObject = locality === 'global' ? {} : { org: transition.scope };
  const pinned = runbook === null ? { irHash: null } : { irHash: runbook.irHash, runbook: runbook.runbook };
  return { incident: incident.id, created: true, inputs, ...pinned };
}

/** A second breach of the same thing belongs to the open incident; stronger evidence may settle an open question. */
async function dedupe(world: World, incident: Incident, transition: Transition, takenOverBy: string | undefined): Promise<void> {
  const at = world.time.now();
  const { trigger, scope, episode } = transition;
  await world.incidents.append(incident.id, {
    key: `dedupe/${episode}/${transition.to}/${transition.at}`,
    events: [
      {
        type: 'signal.deduped',
        data: { trigger, scope, episode, ...(takenOverBy === undefined ? {} : { run: takenOverBy }) },
        at,
        actor: BELAY,
      },
      { type: 'trigger.changed', data: { transition }, at: transition.at, observedAt: transition.observedAt, actor: BELAY },
    ],
  });
  if (takenOverBy !== undefined || incident.run === null) return;
  await world.engine.signal(
    incident.run,
    'evidence',
    transition as unknown as Json,
    `evidence/${episode}/${transition.to}/${transition.at}`,
  );
}

async function newRun(
  context: FlowContext,
  world: World,
  opened: Opened & { readonly irHash: string; readonly until?: string },
): Promise<Run> {
  const { irHash, inputs, until } = opened;
  const runbook = opened.runbook ?? ((await context.step('pin', () => world.documents.get(irHash))) as unknown as Runbook);
  const plan: Plan = {
    runbook: runbook.id,
    version: runbook.version,
    irHash,
    inputs,
    org: null,
    steps: [],
    planHash: '',
    guards: [],
    unknowns: [],
  };
  const outputs = {};
  const course: Course = {
    runbook,
    inputs,
    plan,
    completed: [],
    left: [],
    unwinds: 0,
    visits: {},
    outputs: { '': outputs },
    alone: null,
    ...(until === undefined ? {} : { until }),
  };
  return { context, world, incident: opened.incident, irHash, course, runbook, inputs, prefix: '', outputs, rechecked: false };
}

/** The plan that the person saw when starting the run. */
async function plannedBy(run: Run, input: RespondInput & { kind: 'run' }): Promise<Plan> {
  return (await run.context.step('plan', async () => (await recallPlan(run.world, input.planHash)) as unknown as Json)) as unknown as Plan;
}

type Settled =
  | { readonly kind: 'go'; readonly plan: Plan }
  | { readonly kind: 'no' }
  /** The breach hits everybody: the incident of all goes on with it. */
  | { readonly kind: 'merged' };

/** Decides, and decides again whenever new evidence arrives, until Belay acts, people approve, it is refused, or another incident has it. */
async function decideUntilSettled(run: Run, transition: Transition): Promise<Settled> {
  let latest = transition;
  let asked: Asked | null = null;
  for (let round = 1; ; round += 1) {
    const decision = await decide(run, latest, round);
    if (decision === 'merged') return { kind: 'merged' };
    keepMeaning(run, decision.plan);
    if (latest.to === 'breached') await absorbQuestions(run.context, run.world, { all: run.incident, round });
    // The same question stays open: people must not find that what they are reading has expired under them.
    const same = asked !== null && decision.choice === 'ask' && decision.plan.planHash === asked.plan.planHash;
    if (asked !== null && !same) {
      const settled = await withdraw(run, asked, round);
      if (settled === 'merged') return { kind: 'merged' };
      if (settled !== 'expired') return answered(settled, asked);
      asked = null;
    }
    if (decision.choice === 'act') {
      run.course.alone = latest;
      return { kind: 'go', plan: decision.plan };
    }
    if (decision.choice === 'refuse') return { kind: 'no' };
    if (asked === null) {
      asked = await ask(run, decision, round);
      if (await isMerged(run, `merged-asking#${round}`)) return { kind: 'merged' };
    }
    const answer = await waitForPeople(run, asked, round);
    if (answer.kind === 'merged') return answer;
    if (answer.kind !== 'evidence') return answered(answer.kind, asked);
    latest = answer.transition;
  }
}

const answered = (answer: 'granted' | 'denied', { plan }: Asked): Settled => (answer === 'granted' ? { kind: 'go', plan } : { kind: 'no' });

async function isMerged(run: Run, name: string): Promise<boolean> {
  return (await run.context.step(name, () => mergeIfGlobal(run.world, run.incident))) as boolean;
}

interface Asked {
  readonly id: string;
  readonly plan: Plan;
}

async function ask(run: Run, decision: Decision, round: number): Promise<Asked> {
  const name = `plan#${round}`;
  await requestApproval(run, { name, step: null, plan: decision.plan, request: approvalNeeds(run, decision.plan), withinMs: PATIENCE_MS });
  return { id: `${run.context.runId}/${name}`, plan: decision.plan };
}

/** Expires an open question; what people said in the same moment wins. */
async function withdraw(run: Run, asked: Asked, round: number): Promise<'granted' | 'denied' | 'expired' | 'merged'> {
  await update(run, `withdraw#${round}`, (incident, at) =>
    incident.approvals[asked.id]?.state === 'open'
      ? { events: [{ type: 'approval.expired', data: { id: asked.id, escalated: false }, at, actor: BELAY }] }
      : null,
  );
  const state = await approvalState(run, `withdrawn#${round}`, asked.id, asked.plan);
  return state === 'open' ? 'expired' : state;
}

type PeopleAnswer =
  | { readonly kind: 'granted' }
  | { readonly kind: 'denied' }
  | { readonly kind: 'merged' }
  | { readonly kind: 'evidence'; readonly transition: Transition };

/** One topic carries all: an approval that was given, stronger evidence that may make asking needless, and where the question has gone. */
async function waitForPeople(run: Run, asked: Asked, round: number): Promise<PeopleAnswer> {
  for (let look = 1; ; look += 1) {
    const message = await run.context.receive('evidence', (await run.context.now()) + PATIENCE_MS);
    const state = await approvalState(run, `answer#${round}:${look}`, asked.id, asked.plan);
    if (state === 'granted' || state === 'denied' || state === 'merged') return { kind: state };
    if (message !== null && typeof message === 'object' && 'episode' in message)
      return { kind: 'evidence', transition: message as unknown as Transition };
  }
}

async function carryOut(run: Run): Promise<Json> {
  const { context } = run;
  await startWhenFree(run);
  await enterPhase(run, 'run:responding', ['triage'], 'responding');
  const result = await interpret(run);
  if (result.outcome === 'done') {
    await append(run, 'run:finish', (at) => ({
      events: [{ type: 'run.finished', data: { run: context.runId, outcome: 'done', reason: '' }, at, actor: BELAY }],
    }));
    await resolve(run);
  } else await tellStopped(run, result.reason);
  await context.step('write-up', async () => {
    await writePostmortem(run.world, run.incident);
    await exportEvidence(run.world, run.incident);
    return null;
  });
  return { incident: run.incident, outcome: result.outcome, reason: result.outcome === 'failed' ? result.reason : '' };
}

/** Resolved only when it was proven: verified and watched, or when the runbook changes nothing and people ticked it off. */
async function resolve(run: Run): Promise<void> {
  const changesNothing = !stepsOf(run.runbook).some((step) => isAct(step) || step.kind === 'each');
  const from = changesNothing ? (['responding', 'mitigated', 'watching'] as const) : (['mitigated', 'watching'] as const);
  const open = await run.context.step('run:contingencies', async () => openContingencies(await readIncident(run)).length);
  await enterPhase(run, 'run:resolved', from, 'resolved', { onContingency: open > 0 });
  await update(run, 'run:impact', (incident, at) =>
    incident.phase !== 'resolved'
      ? null
      : {
          events: incident.scope.components.map((component) => ({
            type: 'impact.closed' as const,
            data: { org: incident.scope.orgs === 'all' ? 'all' : (incident.scope.orgs[0] ?? 'all'), component },
            at,
            actor: BELAY,
          })),
        },
  );
}
