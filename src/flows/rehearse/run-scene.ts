// Plays a scene of a runbook: its run from the begin to the end by the flows of production, people doing what the scene tells, over as many
// lives as are killed. It knows no expectation: what came of it is a value.
import { BelayError } from '../../domain/errors.ts';
import type { EventData } from '../../domain/event.ts';
import type { Incident } from '../../domain/incident.ts';
import { foldLog } from '../../domain/incident-fold.ts';
import type { RunbookScene, UntoldSight } from '../../domain/runbook-scene.ts';
import type { Caller } from '../caller.ts';
import { createCommands } from '../commands.ts';
import { attend } from './scene-people.ts';
import type { Stage, StageLife } from './stage.ts';

/** Nobody waits longer for the end of a scene. */
const LONGEST_MS = 30 * 86_400_000;
/** Movements of the clock: a scene that goes round and round ends, too. */
const MOST_MOVES = 100_000;
/** For messages that are still on their way when the run has ended. */
const LAST_WORDS_MS = 10 * 60_000;
/** Until somebody starts it again. */
const DEAD_MS = 1_000;

/** What came of a play, as it can be compared. */
export interface Ending {
  /** `done`, `stopped`, `refused`, `asks <step>`, or `never`. */
  readonly ends: string;
  readonly reason: string;
  readonly steps: Readonly<Record<string, string>>;
  readonly world: Readonly<Record<string, string>>;
  readonly effects: Readonly<Record<string, number>>;
  /** `<template> to <audience>`, each once. */
  readonly told: readonly string[];
  /** What arrived a second time. */
  readonly twice: readonly string[];
  /** Of the run. */
  readonly tookMs: number;
  readonly untold: readonly UntoldSight[];
  /** The boundaries of the last life. */
  readonly boundaries: readonly string[];
  readonly cost: number;
  /** People were asked about an act whose end nobody knew, of these steps. */
  readonly asked: readonly string[];
}

type Ended = Pick<Ending, 'ends' | 'reason' | 'tookMs'>;

/** `kills`: the boundaries at which lives end, one after the other, counted within each life. */
export async function playRun(stage: Stage, scene: RunbookScene, kills: readonly number[]): Promise<Ending> {
  const begun = stage.now();
  for (const killedAt of [...kills, null]) {
    const life = stage.live(killedAt);
    const ended = await Promise.race([life.over, lived(stage, life, { scene, begun })]);
    if (ended !== null) return endingOf(stage, life, ended);
    await stage.pass(DEAD_MS);
  }
  throw new BelayError('BELAY_INTERNAL', `the scene "${scene.name}" has no last life`);
}

interface Playing {
  readonly scene: RunbookScene;
  readonly begun: number;
}

async function lived(stage: Stage, life: StageLife, { scene, begun }: Playing): Promise<Ended> {
  const { world } = life;
  const commands = createCommands(world);
  await life.start();
  const before = stage.cost();
  let found: Ended | null = null;
  // People look again when something has changed; at a run that has ended, each time.
  let [isNews, isGoing] = [true, true];
  world.incidents.subscribe(() => {
    isNews = true;
  });
  const refused = (error: unknown): Ended => {
    if (!BelayError.is(error)) throw error;
    return { ends: 'refused', reason: error.message, tookMs: stage.now() - begun };
  };
  const look = async (): Promise<boolean> => {
    if (life.isOver()) return true;
    if (stage.cost() - before > MOST_MOVES) {
      found = { ends: 'never', reason: `it goes on and on: ${MOST_MOVES} movements of the clock`, tookMs: stage.now() - begun };
      return true;
    }
    if (!isNews && isGoing) return false;
    isNews = false;
    const incident = await theIncident(life);
    if (incident === null) return false;
    isGoing = incident.isRunning === true;
    found = await endOf(life, incident, begun);
    if (found !== null) return true;
    const asks = await attend({ world, commands, scene, effects: () => stage.effects() }, incident);
    if (asks !== null) found = { ends: `asks ${asks}`, reason: questionOf(incident, asks), tookMs: stage.now() - begun };
    return asks !== null;
  };
  try {
    if ((await theIncident(life)) === null)
      await commands.startRun(beginner(world.system.people, scene), { runbook: scene.runbook, inputs: scene.inputs, key: 'scene' });
    await stage.until(look, LONGEST_MS);
  } catch (error) {
    return refused(error);
  }
  if (life.isOver()) return life.over as Promise<never>;
  const ended: Ended = found ?? { ends: 'never', reason: '', tookMs: stage.now() - begun };
  await stage.until(async () => life.isOver() || (await isQuiet(life)), LAST_WORDS_MS);
  return ended;
}

const theIncident = ({ world }: StageLife): Promise<Incident | null> => world.incidents.load('INC-1');

function beginner(people: readonly { readonly id: string; readonly roles: readonly string[] }[], { by }: RunbookScene): Caller {
  const one = people.find(({ id }) => id === by) ?? people[0];
  return { person: one?.id ?? 'somebody', roles: one?.roles ?? [] };
}

async function endOf(life: StageLife, incident: Incident, begun: number): Promise<Ended | null> {
  if (incident.run === null || incident.isRunning === true || incident.requested != null) return null;
  const run = await life.world.engine.find(incident.run);
  if (run === null || run.status === 'running' || run.status === 'queued') return null;
  const finished = (await life.world.incidents.events(incident.id)).findLast((one) => one.type === 'run.finished');
  const data = finished?.data as EventData['run.finished'] | undefined;
  const reason = run.error ?? data?.reason ?? '';
  return { ends: data?.outcome === 'done' ? 'done' : 'stopped', reason, tookMs: (finished?.at ?? begun) - begun };
}

function questionOf({ tasks, steps }: Incident, step: string): string {
  const why = steps[step]?.detail['message'];
  return tasks[step]?.ask ?? (typeof why === 'string' ? why : '');
}

const GOING = new Set(['planned', 'sending', 'ambiguous']);

async function isQuiet({ world }: StageLife): Promise<boolean> {
  const now = world.time.now();
  return (await world.outbox.ofIncident('INC-1')).every(({ state, dueAt }) => !GOING.has(state) || dueAt > now + LAST_WORDS_MS);
}

async function endingOf(stage: Stage, life: StageLife, ended: Ended): Promise<Ending> {
  const { world } = life;
  const incident = await theIncident(life);
  const events = incident === null ? [] : await world.incidents.events(incident.id);
  const deliveries = incident === null ? [] : await world.outbox.ofIncident(incident.id);
  const arrived = stage.arrived();
  if (incident !== null && JSON.stringify(foldLog(events)) !== JSON.stringify(incident))
    throw new BelayError('BELAY_INTERNAL', 'the incident is not what its log says');
  const settled = events.filter((one) => one.type === 'step.settled').map((one) => (one.data as EventData['step.settled']).step);
  return {
    ...ended,
    steps: Object.fromEntries(Object.entries(incident?.steps ?? {}).map(([id, { status }]) => [id, status])),
    world: stage.state(),
    effects: stage.effects(),
    told: [...new Set(deliveries.filter(({ state }) => state !== 'suppressed' && state !== 'failed').map(wordsOf))].sort(),
    twice: arrived.filter((id, index) => arrived.indexOf(id) !== index),
    untold: stage.untold(),
    boundaries: life.passed,
    cost: stage.cost(),
    asked: [...new Set(settled)],
  };
}

const wordsOf = ({ template, audience }: { readonly template: string; readonly audience: string }): string => `${template} to ${audience}`;
