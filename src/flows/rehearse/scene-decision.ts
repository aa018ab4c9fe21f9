// What Belay would decide at a moment of a scene: the decision of production over the scene's world, compared with what was expected,
// and said in the words of scenes. It judges nothing itself.
import { assert } from '../../domain/assert.ts';
import type { GuardVerdict } from '../../domain/guardrail.ts';
import { type ExpectedDecision, NO_RUNBOOK, type Scene } from '../../domain/scene.ts';
import type { ShadowDecision } from '../../domain/shadow.ts';
import type { Transition } from '../../domain/trigger.ts';
import { isOpen } from '../decide.ts';
import { wouldDecide } from '../shadow.ts';
import { rollbacksOf, type SceneMoment, type SceneTools, worldAt } from './scene-world.ts';
import { STAND_IN, signalsOf, sourcesOf, triggersOf } from './stand-in.ts';

export interface DecidingMoment extends Omit<SceneMoment, 'marks' | 'tools'> {
  readonly scene: Scene;
  readonly tools: SceneTools | undefined;
  /** What people were told of; null: of nothing, so that nothing is decided. */
  readonly transition: Transition | null;
}

export interface FoundDecision {
  readonly ok: boolean;
  readonly found: string;
  readonly guards: readonly GuardVerdict[];
}

export async function decideAt(moment: DecidingMoment, expected: ExpectedDecision): Promise<FoundDecision> {
  if (moment.transition === null) return { ok: expected.choice === 'nothing', found: 'nothing', guards: [] };
  const { guards, ...decision } = await decisionAt(moment, moment.transition);
  return { ok: fits({ ...decision, guards }, expected), found: sayDecision({ ...decision, guards }), guards };
}

/** Judged as if the trigger were armed: whether it is, is what people decide after the scenes hold. */
async function decisionAt({ scene, tools, ...moment }: DecidingMoment, transition: Transition): Promise<ShadowDecision> {
  assert(tools !== undefined, `the scene "${scene.name}" expects a decision, and nobody can make one here`);
  const marks = scene.marks.filter((one) => moment.start + one.atMs <= moment.now).toSorted((a, b) => a.atMs - b.atMs);
  const triggers = moment.system.triggers.map((rule) => (rule.id === scene.trigger ? { ...rule, mode: 'armed' as const } : rule));
  const real = realSources(moment, scene.trigger);
  const at: SceneMoment = {
    ...moment,
    tools,
    marks,
    system: { ...moment.system, triggers },
    readings: { ...moment.readings, health: async () => healthAs(real, await moment.readings.health({ sources: [STAND_IN] })) },
  };
  const inputs = { ...transition.inputs, sources: real };
  return wouldDecide(worldAt(at), { ...transition, inputs }, { earlier: [], rollbacks: rollbacksOf(at) });
}

/** The sources whose part the stand-in plays. */
function realSources({ system }: Pick<SceneMoment, 'system'>, trigger: string): readonly string[] {
  return [...sourcesOf(system, signalsOf(system, triggersOf(system, trigger)))];
}

type Health = Awaited<ReturnType<SceneMoment['readings']['health']>>;

const healthAs = (real: readonly string[], health: Health): Health => ({
  ...health,
  deadSources: health.deadSources.includes(STAND_IN) ? real : [],
});

function fits(decision: ShadowDecision, expected: ExpectedDecision): boolean {
  if (expected.choice !== decision.choice) return false;
  if ('does' in expected) return decision.changes.some((one) => isDoing(one.target, expected.does));
  if (expected.choice === 'act') {
    const { change } = expected;
    return change === null || decision.changes.some((one) => nameOf(one.target, change.kind) === change.id && one.to === change.to);
  }
  if (expected.because === null) return true;
  const { guard, reason } = expected.because;
  if (guard === NO_RUNBOOK) return decision.reason === NO_RUNBOOK;
  return decision.guards.some((one) => one.guard === guard && isOpen(one) && (reason === null || one.reason === `${guard}.${reason}`));
}

/** `action:crm.freeze(acme, 3)` → crm.freeze of acme. */
function isDoing(target: string, { action, of }: { readonly action: string; readonly of: string | null }): boolean {
  const [, name, args = ''] = DOING.exec(target) ?? [];
  return name === action && (of === null || args.split(', ').includes(of));
}

const DOING = /^action:([^(]+)\((.*)\)$/s;

/** `target:shop` → shop; `switch:checkout/acme` → checkout. */
function nameOf(target: string, kind: 'target' | 'switch'): string | null {
  const [, name = null] = new RegExp(`^${kind}:([^/]+)`).exec(target) ?? [];
  return name;
}

function sayDecision({ choice, changes, guards, reason }: ShadowDecision): string {
  if (choice === 'act') {
    // A freeze puts nothing there.
    const told = changes.flatMap(({ target, to }) => {
      const [where, flow] = [nameOf(target, 'target'), nameOf(target, 'switch')];
      const [, action, args] = DOING.exec(target) ?? [];
      if (action !== undefined) return [`does ${action}${args === '' ? '' : ` (${args})`}`];
      if (where !== null) return [`rolls back ${where} to ${String(to)}`];
      return flow === null ? [] : [`sets ${flow} to ${String(to)}`];
    });
    return told.length === 0 ? 'acts' : told.join(' and ');
  }
  const open = guards.filter(isOpen).map((one) => `${one.guard} ${one.reason.replace(`${one.guard}.`, '')}`);
  return `${choice === 'ask' ? 'asks' : 'refuses'} because ${open.length === 0 ? reason : open.join(', ')}`;
}
