// The answer to a breach, end to end: open the incident, plan, decide under guards, ask or act, run, prove, write up.
import { assert } from '../domain/assert.ts';
import type { Incident } from '../domain/incident.ts';
import { openContingencies } from '../domain/incident-fold.ts';
import type { Runbook } from '../domain/ir.ts';
import { stepsOf } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import type { Transition } from '../domain/trigger.ts';
import type { Flow, FlowContext } from '../ports/engine.ts';
import type { Decision } from './decide.ts';
import { decide, localityOf } from './decide.ts';
import { exportEvidence } from './evidence.ts';
import { interpret } from './interpret.ts';
import { coveringIncident, fingerprintOf, openingChange, runbookFor } from './open-incident.ts';
import { writePostmortem } from './postmortem.ts';
import { recallPlan } from './plan.ts';
import type { Run } from './run.ts';
import { append, BELAY, enterPhase, PATIENCE_MS, readIncident, update } from './run.ts';
import type { World } from './world.ts';

export const RESPOND = 'respond';

export type RespondInput =
  | { readonly kind: 'trigger'; readonly transition: Transition }
  | { readonly kind: 'run'; readonly incident: string; readonly irHash: string; readonly inputs: JsonObject; readonly planHash: string; readonly by: string };

interface Opened {
  readonly incident: string;
  /** False: an open incident already covers it. */
  readonly created: boolean;
  /** Content hash of the runbook as it was when the incident opened: editing the file changes no run. */
  readonly irHash: string | null;
  readonly inputs: JsonObject;
}

/** One run per episode of a trigger, or per run that a person starts. */
export function respondFlow(world: World): Flow {
  return async (context, json) => {
    const input = json as unknown as RespondInput;
    const opened = input.kind === 'trigger' ? await openFor(context, world, input.transition) : { ...input, created: true };
    if (!opened.created) return { incident: opened.incident, outcome: 'deduped' };
    if (opened.irHash === null) return { incident: opened.incident, outcome: 'no runbook' };
    const run = await newRun(context, world, { ...opened, irHash: opened.irHash });
    const approved = input.kind === 'run' ? await plannedBy(run, input) : await decideUntilSettled(run, input.transition);
    if (approved === null) return { incident: opened.incident, outcome: 'refused' };
    run.plan = approved;
    return carryOut(run);
  };
}

async function openFor(context: FlowContext, world: World, transition: Transition): Promise<Opened> {
  return (await context.step('open', async () => (await openNow(context, world, transition)) as unknown as Json)) as unknown as Opened;
}

async function openNow(context: FlowContext, world: World, transition: Transition): Promise<Opened> {
  const rule = world.system.triggers.find((one) => one.id === transition.trigger);
  assert(rule !== undefined, `no trigger ${transition.trigger}`);
  const locality = await localityOf(world, rule, transition.scope);
  const runbook = runbookFor(world, rule.id, locality);
  const covering = await coveringIncident(world, rule.id, transition.scope);
  if (covering !== null && covering.run !== context.runId) return dedupe(world, covering, transition);
  const fingerprint = fingerprintOf(rule.id, locality === 'global' ? 'all' : transition.scope);
  const at = world.time.now();
  const { incident, created } = await world.incidents.declare(fingerprint, (number) =>
    openingChange(world, { transition, rule, locality, runbook, run: context.runId }, number, at),
  );
  if (!created && incident.run !== context.runId) return dedupe(world, incident, transition);
  const inputs: JsonObject = locality === 'global' ? {} : { org: transition.scope };
  if (runbook !== null) await world.documents.put(runbook.runbook as unknown as Json);
  return { incident: incident.id, created: true, irHash: runbook?.irHash ?? null, inputs };
}

/** A second breach of the same thing belongs to the open incident; stronger evidence may settle an open question. */
async function dedupe(world: World, incident: Incident, transition: Transition): Promise<Opened> {
  const at = world.time.now();
  await world.incidents.append(incident.id, {
    key: `dedupe/${transition.episode}/${transition.to}`,
    events: [
      { type: 'signal.deduped', data: { trigger: transition.trigger, scope: transition.scope, episode: transition.episode }, at, actor: BELAY },
      { type: 'trigger.changed', data: { transition }, at: transition.at, observedAt: transition.observedAt, actor: BELAY },
    ],
  });
  if (incident.run !== null) await world.engine.signal(incident.run, 'evidence', transition as unknown as Json, `evidence/${transition.episode}/${transition.to}`);
  return { incident: incident.id, created: false, irHash: null, inputs: {} };
}

async function newRun(context: FlowContext, world: World, opened: Opened & { readonly irHash: string }): Promise<Run> {
  const { irHash, inputs } = opened;
  const runbook = (await context.step('pin', () => world.documents.get(irHash))) as unknown as Runbook;
  const plan: Plan = { runbook: runbook.id, version: runbook.version, irHash, inputs, org: null, steps: [], planHash: '', guards: [], unknowns: [] };
  return { context, world, incident: opened.incident, runbook, irHash, inputs, plan, outputs: {}, completed: [], visits: {}, alone: null, rechecked: false };
}

/** The plan that the person saw when starting the run. */
async function plannedBy(run: Run, input: RespondInput & { kind: 'run' }): Promise<Plan> {
  return (await run.context.step('plan', async () => (await recallPlan(run.world, input.planHash)) as unknown as Json)) as unknown as Plan;
}

/** Decides, and decides again whenever new evidence arrives, until Belay acts, people approve, or it is refused. */
async function decideUntilSettled(run: Run, transition: Transition): Promise<Plan | null> {
  let latest = transition;
  for (let round = 1; ; round += 1) {
    const decision = await decide(run, latest, round);
    if (decision.choice === 'act') {
      run.alone = latest;
      return decision.plan;
    }
    if (decision.choice === 'refuse') return null;
    const answer = await waitForPeople(run, decision, round);
    if (answer.kind === 'granted') return decision.plan;
    if (answer.kind === 'denied') return null;
    latest = answer.transition;
  }
}

type PeopleAnswer = { readonly kind: 'granted' } | { readonly kind: 'denied' } | { readonly kind: 'evidence'; readonly transition: Transition };

/** One topic carries both: an approval that was given, and stronger evidence that may make asking needless. */
async function waitForPeople(run: Run, decision: Decision, round: number): Promise<PeopleAnswer> {
  const name = `plan#${round}`;
  const id = `${run.context.runId}/${name}`;
  const irreversible = decision.plan.steps.some((step) => step.irreversible !== undefined && step.effect !== 'noop');
  const from = [run.runbook.owner ?? 'commander'];
  await append(run, `${name}:request`, (at) => ({
    events: [
      {
        type: 'approval.requested',
        data: { id, step: null, planHash: decision.plan.planHash, from, min: irreversible ? 2 : 1, fourEyes: irreversible, expiresAt: at + PATIENCE_MS },
        at,
        actor: BELAY,
      },
    ],
  }));
  for (let look = 1; ; look += 1) {
    const message = await run.context.receive('evidence', (await run.context.now()) + PATIENCE_MS);
    const state = await run.context.step(`${name}:state${look}`, async () => (await readIncident(run)).approvals[id]?.state ?? 'open');
    if (state === 'granted') return { kind: 'granted' };
    if (state === 'denied') return { kind: 'denied' };
    if (message === null || typeof message !== 'object' || !('episode' in message)) continue;
    await append(run, `${name}:overtaken`, (at) => ({ events: [{ type: 'approval.expired', data: { id, escalated: false }, at, actor: BELAY }] }));
    return { kind: 'evidence', transition: message as unknown as Transition };
  }
}

async function carryOut(run: Run): Promise<Json> {
  const { context } = run;
  await append(run, 'run:start', (at) => ({
    events: [{ type: 'run.started', data: { run: context.runId, runbook: run.runbook.id, irHash: run.irHash, planHash: run.plan.planHash, inputs: run.inputs }, at, actor: BELAY }],
  }));
  await enterPhase(run, 'run:responding', ['triage'], 'responding');
  const result = await interpret(run);
  const reason = result.outcome === 'failed' ? result.reason : '';
  await append(run, 'run:finish', (at) => ({
    events: [
      { type: 'run.finished', data: { run: context.runId, outcome: result.outcome, reason }, at, actor: BELAY },
      ...(result.outcome === 'failed' ? [{ type: 'escalation.fired' as const, data: { to: run.runbook.owner ?? 'commander', why: reason }, at, actor: BELAY }] : []),
    ],
  }));
  if (result.outcome === 'done') await resolve(run);
  await context.step('write-up', async () => {
    await writePostmortem(run.world, run.incident);
    await exportEvidence(run.world, run.incident);
    return null;
  });
  return { incident: run.incident, outcome: result.outcome, reason };
}

/** Resolved only when it was proven: verified and watched, or when the runbook changes nothing and people ticked it off. */
async function resolve(run: Run): Promise<void> {
  const changesNothing = !stepsOf(run.runbook).some((step) => step.kind === 'do');
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

