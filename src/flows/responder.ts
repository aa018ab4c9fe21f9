// Answers the transitions of triggers: starts the respond flow for a breach or an announced suspect, and tells the open
// incident when its signal has cleared. A transition is marked answered only after its effect is durable; one that a silence covers waits.
import type { Json } from '../domain/json.ts';
import { episodeKey, type Turn, turnsOf } from '../domain/silence.ts';
import { isTold, type Transition } from '../domain/trigger.ts';
import { coveringIncident } from './open-incident.ts';
import { RESPOND } from './respond.ts';
import { BELAY } from './run.ts';
import type { World } from './world.ts';

type AnsweringWorld = Pick<World, 'signals' | 'silences' | 'time'>;
type ResponderWorld = Pick<World, 'system' | 'signals' | 'silences' | 'engine' | 'incidents' | 'time'>;

/**
 * One pass over what nobody has answered yet. Repeating it is harmless: runs are started by id, appends by key.
 * @returns how many were answered
 */
export function answerTransitions(world: ResponderWorld): Promise<number> {
  const modeOf = ({ trigger }: Transition) => world.system.triggers.find((rule) => rule.id === trigger)?.mode;
  return answerEach(world, {
    // Those in shadow are judged beside this, so that nothing that is armed waits for them.
    mine: (transition) => modeOf(transition) !== 'shadow',
    // What no rule stands behind any more tells nobody.
    answer: async (transition) => {
      if (modeOf(transition) === 'armed') await answer(world, transition);
      return true;
    },
  });
}

export interface Answering {
  mine(transition: Transition): boolean;
  /** Durable when it resolves; may be called again for the same one. False: it is left as it is, with all that come after it. */
  answer(transition: Transition): Promise<boolean>;
}

/** Answers those that are `mine`, each in its turn, and marks them. Silences hold them back alike, whoever answers. */
export async function answerEach(world: AnsweringWorld, { mine, answer: answerOne }: Answering): Promise<number> {
  const transitions = (await world.signals.unanswered()).filter(mine);
  if (transitions.length === 0) return 0;
  const turns = await turnsNow(world, transitions);
  const troubles: unknown[] = [];
  const stuck = new Set<string>();
  let answered = 0;
  for (const [index, transition] of transitions.entries()) {
    const turn = turns[index] as Turn;
    // A later transition of its episode says what became of one that still waits: it may not be forgotten first.
    if (turn.turn === 'later' || stuck.has(episodeKey(transition))) continue;
    try {
      const held = 'heldUntil' in turn ? { ...transition, heldUntil: turn.heldUntil } : transition;
      if (turn.turn === 'now' && !(await answerOne(held))) break;
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

/** Silences are read after the transitions: one that was stored before a transition came is seen. */
async function turnsNow(world: AnsweringWorld, transitions: readonly Transition[]): Promise<readonly Turn[]> {
  const oldest = transitions.reduce((at, one) => Math.min(at, one.observedAt), world.time.now());
  return turnsOf(transitions, await world.silences.list({ endingAfter: oldest }), world.time.now());
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
