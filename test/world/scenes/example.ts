// An example of `examples/`, carried out: its folder as people have it, its drivers over real parts, on the engine, stores and clock of the
// scenes. Real work is waited for and what waits for time costs none, so a watch of half an hour is over in a second. A life ends at any
// boundary of the journal, the engine, an act or a message, and the next one goes on over the same disk. It judges nothing.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createHttp, createNet } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createStatusFiles } from '../../../src/adapters/status-files/index.ts';
import { createDigest, systemTime } from '../../../src/adapters/system/index.ts';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime, type VirtualTime } from '../../../src/adapters/virtual/time.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import type { Event, EventData, EventType } from '../../../src/domain/event.ts';
import type { Incident, OpenTask } from '../../../src/domain/incident.ts';
import { stepsOf } from '../../../src/domain/ir.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { TriggerView } from '../../../src/domain/trigger.ts';
import { type Drivers, openDrivers } from '../../../src/drivers.ts';
import { createCommands } from '../../../src/flows/commands.ts';
import { withStability } from '../../../src/flows/releases.ts';
import type { World } from '../../../src/flows/world.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { Channel } from '../../../src/ports/channel.ts';
import type { DeployTarget } from '../../../src/ports/deploy-target.ts';
import type { IntakeStore } from '../../../src/ports/intake-store.ts';
import type { MetricReading, Readings } from '../../../src/ports/readings.ts';
import { TOOLS } from '../../config/workspace.ts';
import { type Life, startLife } from './deploy.ts';

const EXAMPLES = path.join(import.meta.dirname, '../../../examples');
const LOOPBACK = ['127.0.0.1', 'localhost'];
const NOT_MEASURED: MetricReading = {
  known: false,
  why: 'the scene says nothing of it',
  ...{ value: 0, lower: 0, upper: 0, bad: 0, all: 0, growing: false, watermark: 0 },
};

export interface ExampleOptions {
  readonly example: string;
  /** The folder of this story, for environments that name files in it. */
  readonly env: (folder: string) => Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** What detection says of a trigger and an organization: how it counts is proven elsewhere. */
  readonly measured?: (trigger: string, scope: string) => Partial<MetricReading> | null;
  /** Where the organizations of a trigger stand, for the question whether it hits one or all; all are in breach, if not said. */
  readonly views?: (trigger: string) => readonly TriggerView[];
  /** What the intakes of the example keep: it outlives every life. */
  readonly intake?: IntakeStore;
  /** Plans and checks know which releases are stable, by the history of releases. */
  readonly knowsStability?: true;
  /** How many people have reported a trigger; not given, what the scenes say of it. */
  readonly reported?: (trigger: string) => number;
  /** The drivers wait in the time of the story, for platforms that are looked at for minutes; parts that need ours then get none. */
  readonly patience?: 'of the story';
  /** When the story begins; the machine's own time, if not given, for parts that have a clock of their own. */
  readonly startAt?: number;
}

export type ExampleStory = ReturnType<typeof openExampleStory>;

export interface ExampleLife extends Life {
  readonly commands: ReturnType<typeof createCommands>;
}

export function openExampleStory(o: ExampleOptions) {
  const folder = mkdtempSync(path.join(tmpdir(), `belay-${o.example}-`));
  cpSync(path.join(EXAMPLES, o.example), folder, { recursive: true });
  for (const [name, text] of Object.entries(o.files ?? {})) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  const env = o.env(folder);
  const { system, runbooks, diagnostics } = loadAndLint(folder, { ...TOOLS, env });
  const errors = diagnostics.filter((one) => one.severity === 'error');
  if (system === null || errors.length > 0) throw new Error(`${o.example}: ${JSON.stringify(errors, null, 1)}`);
  const disk = new DurableDisk();
  /** By drivers, in our time. */
  const slept = { ms: 0 };
  const clock = createVirtualTime(o.startAt ?? Date.now(), 11);
  const parts = (world: World, kill: KillSwitch): Partial<World> => {
    const readings: Readings = {
      ...world.readings,
      ...(o.views === undefined ? {} : { views: async (trigger) => o.views?.(trigger ?? '') ?? [] }),
      read: async (asked) => ({ ...NOT_MEASURED, ...knownOf(o.measured?.(asked.trigger, asked.scope)) }),
      ...(o.reported === undefined
        ? {}
        : { views: async (trigger) => reportsOf(trigger ?? '', o.reported?.(trigger ?? '') ?? 0, clock.now()) }),
    };
    // Real time limits, and the time of the story: a driver's patience is not what is played here. Who waits in ours for what only the time of the
    // story brings waits for ever, a look of a confirmation after the other.
    const time = {
      ...world.time,
      monotonicMs: () => (o.patience === undefined ? performance.now() : clock.monotonicMs()),
      sleep: async (ms: number, signal?: AbortSignal) => {
        if (o.patience !== undefined) {
          clock.pass(ms);
          return systemTime.sleep(0);
        }
        await systemTime.sleep(ms, signal);
        // An alarm that was called off, or that nobody waits for, is no look at a platform.
        if (ms <= LONGEST_LOOK_MS && signal?.aborted !== true) slept.ms += ms;
        if (slept.ms > MOST_SLEPT_MS) throw new Error(IMPATIENT);
      },
    };
    const expression = createCel();
    const drivers = openDrivers(system, {
      ...{ http: createHttp({ allow: LOOPBACK }), net: createNet({ allow: LOOPBACK }), processes: createProcesses(), time, expression },
      ...{ baseDir: folder, dataDir: path.join(folder, 'data'), env, say: () => undefined, digest: createDigest('key') },
      ...{ readings, pause: world.pause, freezes: world.freezes, releases: world.releases },
      ...(o.knowsStability === true
        ? { stability: (id: string, target: DeployTarget) => withStability(id, target, { ...world, system }) }
        : {}),
      ...(o.intake === undefined ? {} : { intake: o.intake }),
    });
    const pinned = Object.entries(runbooks).map(([id, { runbook }]) => [
      id,
      { runbook, irHash: world.digest.of(runbook as unknown as Json) },
    ]);
    const statusPage = system.statusPage === null ? null : createStatusFiles({ dir: path.join(folder, 'data/status') });
    return { system, runbooks: Object.fromEntries(pinned), readings, expression, statusPage, ...mortal(drivers, { clock, kill }) };
  };
  const live = async (kill = new KillSwitch(), lookEveryMs = STEP_MS): Promise<ExampleLife> => {
    const life = await startLife({ disk, clock, kill, parts, lookEveryMs });
    return { ...life, commands: createCommands(life.world) };
  };
  return { folder, system, runbooks, disk, clock, slept, live, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const knownOf = (said: Partial<MetricReading> | null | undefined): Partial<MetricReading> =>
  said ? { known: true, why: '', ...said } : {};

/** As detection has it when people have spoken. */
const reportsOf = (trigger: string, people: number, at: number): readonly TriggerView[] =>
  people === 0
    ? []
    : [
        {
          ...{ trigger, scope: '', status: 'suspect', announced: true, unknown: false, warming: false, episode: 'said', since: at },
          ...{ value: people, bad: people, all: people, level: 'suspect', overLimit: true, watermark: at, lastEvaluatedAt: at },
        },
      ];

interface Mortality {
  readonly clock: VirtualTime;
  readonly kill: KillSwitch;
}

/** Parts that end with the life: what was asked of the world may still happen, but nobody hears of it any more. */
function mortal(
  { actions, probes, channels, targets, switches, commandRunner, databases, hidden }: Drivers,
  { clock, kill }: Mortality,
): Drivers {
  const heard = async <T>(work: Promise<T>): Promise<T> => {
    const [result] = await clock.during(Promise.allSettled([work]));
    await kill.gate();
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  };
  const around = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    await kill.at(`${name}:before`);
    const result = await heard(work());
    await kill.at(`${name}:after`);
    return result;
  };
  /** Whatever the part promises is heard by the living alone. */
  const part = <T extends object>(one: T): T =>
    new Proxy(one, {
      get: (target, key, receiver) => {
        const member: unknown = Reflect.get(target, key, receiver);
        if (typeof member === 'object' && member !== null && !Array.isArray(member)) return part(member);
        if (typeof member !== 'function') return member;
        return (...asked: readonly unknown[]): unknown => {
          const answer: unknown = Reflect.apply(member, target, asked);
          return answer instanceof Promise ? heard(answer) : answer;
        };
      },
    });
  const action = (one: Action): Action => ({
    ...bound(part(one)),
    act: (args, order) => around(one.spec.name, () => one.act(args, order)),
  });
  const channel = (one: Channel): Channel => ({
    ...bound(part(one)),
    send: (order, signal) => around('send', () => one.send(order, signal)),
  });
  return {
    ...{ actions: each(actions, action), channels: each(channels, channel) },
    ...{ probes: each(probes, part), targets: each(targets, part), switches: each(switches, part) },
    commandRunner: part(commandRunner),
    hidden: (text) => heard(hidden(text)),
    databases: each(databases, part),
  };
}

/** The members of a part as they are read from it. */
const bound = <T extends object>(one: T): T => Object.fromEntries(Object.keys(one).map((key) => [key, one[key as keyof T]])) as T;

const each = <T>(all: Readonly<Record<string, T>>, change: (one: T) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one)]));

/** Of the one incident of a story. */
export const incidentOf = async ({ world }: Pick<Life, 'world'>): Promise<Incident | null> => world.incidents.load('INC-1');
export const eventsOf = ({ world }: Pick<Life, 'world'>): Promise<readonly Event[]> => world.incidents.events('INC-1');
export async function dataOf<T extends EventType>(life: Pick<Life, 'world'>, type: T): Promise<readonly EventData[T][]> {
  return (await eventsOf(life)).flatMap((event) => (event.type === type ? [event.data as EventData[T]] : []));
}

export type Said = Omit<Parameters<ExampleLife['commands']['answer']>[1], 'incident' | 'step' | 'key'>;

/**
 * What a person does who reads each question: approves the plan that is shown, ticks all boxes, and answers as `said` has it for a step. A
 * question about something that went wrong (`ask`) is left alone, unless `said` answers it.
 */
export async function attend(life: ExampleLife, who: Person, said: Answers = {}): Promise<void> {
  const incident = await incidentOf(life);
  if (incident === null) return;
  const about = { incident: incident.id };
  for (const [approval, { state, planHash }] of Object.entries(incident.approvals))
    if (state === 'open')
      await life.commands.approve(who, { ...about, approval, planHash, decision: 'grant', key: `${approval}/${planHash}` });
  for (const task of Object.values(incident.tasks)) {
    const given = said[task.step];
    if (typeof given === 'function') {
      const order = { ...about, step: task.step, key: `${task.step}/${incident.seq}` };
      const answer = task.samples < task.count ? given(task) : null;
      if (answer !== null) await life.commands.answer(who, { ...order, ...answer });
      continue;
    }
    const answer = given ?? (task.kind === 'manual' ? { ticks: checksOf(life, incident, task.step) } : null);
    // Answered already, and the run has not seen it yet.
    const isDone = task.last !== null || (task.ticked.length > 0 && task.ticked.length === checksOf(life, incident, task.step).length);
    if (answer !== null && !isDone)
      await life.commands.answer(who, { ...about, step: task.step, key: `${task.step}/${incident.seq}`, ...answer });
  }
}

/** By step; a function where several answers are wanted, or where it is answered later: null until then. */
export type Answers = Readonly<Record<string, Said | ((task: OpenTask) => Said | null)>>;

interface Person {
  readonly person: string;
  readonly roles: readonly string[];
}

function checksOf({ world }: ExampleLife, incident: Incident, id: string): readonly string[] {
  const runbook = world.runbooks[incident.runbook ?? '']?.runbook;
  const step = runbook === undefined ? undefined : stepsOf(runbook).find((one) => one.id === id);
  return step?.kind === 'manual' ? step.checks : [];
}

const isOver = (incident: Incident | null): boolean => incident !== null && incident.isRunning !== true && incident.run !== null;

export interface Lives {
  /** The boundaries at which lives end, by number or name, one after the other; the last life is left to live. */
  readonly killedAt?: readonly (number | string)[];
  readonly begin: (life: ExampleLife) => Promise<unknown>;
  readonly who: Person;
  readonly said?: Answers;
  /** What else happens in the world, looked at each time before the person attends. */
  readonly meanwhile?: (incident: Incident | null) => void | Promise<void>;
  /** How often Belay's loops and the people look around; ten seconds, if not given. */
  readonly lookEveryMs?: number;
  /** True: people have seen enough; otherwise the story ends with its run. */
  readonly enough?: (incident: Incident | null) => boolean;
  readonly withinMs: number;
}

/** The story from its begin to its end, a person attending all the while. @throws when it takes longer */
export async function liveThrough(story: ExampleStory, o: Lives): Promise<ExampleLife> {
  const end = story.clock.now() + o.withinMs;
  for (const armedAt of [...(o.killedAt ?? []), null]) {
    const kill = new KillSwitch(armedAt);
    const life = await orDead(kill, story.live(kill, o.lookEveryMs));
    if (life !== null && (await orDead(kill, livedOut(story, life, { ...o, end }))) !== null) return life;
    // A moment passes before somebody starts it again.
    await story.clock.advance(STEP_MS);
  }
  throw new Error('unreachable: the last life is never killed');
}

async function livedOut(story: ExampleStory, life: ExampleLife, o: Lives & { readonly end: number }): Promise<true> {
  if ((await incidentOf(life)) === null) await o.begin(life);
  for (;;) {
    await o.meanwhile?.(await incidentOf(life));
    await attend(life, o.who, o.said);
    await story.clock.advance(o.lookEveryMs ?? STEP_MS);
    const incident = await incidentOf(life);
    if (o.enough?.(incident) ?? isOver(incident)) return true;
    if (story.slept.ms > MOST_SLEPT_MS) throw new Error(IMPATIENT);
    if (story.clock.now() > o.end) throw new Error(`it is not over in time: ${JSON.stringify(incident?.steps, null, 1)}`);
  }
}

/** What a life comes to, or null if it ends before. */
async function orDead<T>(kill: KillSwitch, work: Promise<T>): Promise<T | null> {
  const over = new AbortController();
  const killed = (async (): Promise<null> => {
    while (!kill.dead && !over.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1));
    return null;
  })();
  try {
    return await Promise.race([work, killed]);
  } finally {
    over.abort();
  }
}

const STEP_MS = 10_000;
/** A real platform is waited for in a story for no longer. */
const MOST_SLEPT_MS = 45_000;
/** Drivers look again at a platform at least so often. */
const LONGEST_LOOK_MS = 5_000;
const IMPATIENT = "its drivers wait in our time for what only the time of the story brings: say patience: 'of the story'";
