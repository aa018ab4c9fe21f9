// Answers the transitions of triggers: starts the respond flow for a breach or an announced suspect, and tells the open
// incident when its signal has cleared. A transition is marked answered only after its effect is durable; one that a silence covers waits.
import type { Json } from '../domain/json.ts';
import { episodeKey, type Turn, turnsOf } from '../domain/silence.ts';
import { isTold, type Transition } from '../domain/trigger.ts';
import { coveringIncident } from './open-incident.ts';
import { RESPOND } from './respond.ts';
import { BELAY } from './run.ts';
import type { World } from './world.ts';

type ResponderWorld = Pick<World, 'system' | 'signals' | 'silences' | 'engine' | 'incidents' | 'time'>;

/**
 * One pass over what nobody has answered yet. Repeating it is harmless: runs are started by id, appends by key.
 * @returns how many were answered
 */
export async function answerTransitions(world: ResponderWorld): Promise<number> {
  const transitions = await world.signals.unanswered();
  if (transitions.length === 0) return 0;
  const turns = await turnsNow(world, transitions);
  const troubles: unknown[] = [];
  const stuck = new Set<string>();
  let answered = 0;
  for (const [index, transition] of transitions.entries()) {
    const turn = isArmed(world, transition) ? (turns[index] as Turn) : NEVER;
    // A later transition of its episode says what became of one that still waits: it may not be forgotten first.
    if (turn.turn === 'later' || stuck.has(episodeKey(transition))) continue;
    try {
      if (turn.turn === 'now') await answer(world, 'heldUntil' in turn ? { ...transition, heldUntil: turn.heldUntil } : transition);
      await world.signals.answered(transition);
      answered += 1;
    } catch (error) {
      // One that cannot be answered now must not hold up the others; it is tried again at the next turn.
      stuck.add(episodeKey(transition));
      troubles.push(error);
    }
  }
  if (troubles.length > 0) throw new AggregateError(troubles, `${troubles.length} transitions could not be answered yet`);
  return answered;
}

const NEVER: Turn = { turn: 'never' };

/** Silences are read after the transitions: one that was stored before a transition came is seen. */
async function turnsNow(world: ResponderWorld, transitions: readonly Transition[]): Promise<readonly Turn[]> {
  const oldest = transitions.reduce((at, one) => Math.min(at, one.observedAt), world.time.now());
  return turnsOf(transitions, await world.silences.list({ endingAfter: oldest }), world.time.now());
}

/** A shadow trigger is recorded and tells nobody. */
function isArmed(world: ResponderWorld, transition: Transition): boolean {
  return world.system.triggers.find((rule) => rule.id === transition.trigger)?.mode === 'armed';
}

async function answer(world: ResponderWorld, transition: Transition): Promise<void> {
  if (isTold(transition)) {
    await world.engine.start(RESPOND, { kind: 'trigger', transition } as unknown as Json, { id: runIdOf(transition) });
    return;
  }
  if (transition.to !== 'cleared') return;
  const incident = await coveringIncident(world, transition);
  if (incident === null) return;
  const at = world.time.now();
  await world.incidents.append(incident.id, {
    key: `cleared/${transition.episode}/${transition.at}`,
    events: [
      { type: 'trigger.changed', data: { transition }, at: transition.at, observedAt: transition.observedAt, actor: BELAY },
      {
        type: 'signal.cleared',
        data: { trigger: transition.trigger, scope: transition.scope, provenBelow: transition.provenBelow ?? null },
        at,
        actor: BELAY,
      },
    ],
  });
}

/**
 * One run a transition: a suspect that becomes a breach is a second, short-lived run that hands over its evidence. The instant is
 * part of the id because an episode that re-opens breaches again.
 */
export function runIdOf(transition: Transition): string {
  return `respond/${transition.episode}/${transition.to}/${transition.at}`;
}
