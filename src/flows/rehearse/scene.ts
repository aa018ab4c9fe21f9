// Plays a scene: traffic becomes counts, counts go through the detection of production under the scene's own time, and each expected
// moment is compared with how the trigger stands, and with what would be decided. It judges nothing itself.
import { BelayError } from '../../domain/errors.ts';
import type { GuardVerdict } from '../../domain/guardrail.ts';
import type { Instant } from '../../domain/json.ts';
import type { DecisionExpectation, Expectation, Expected, Scene, Traffic } from '../../domain/scene.ts';
import type { System } from '../../domain/system.ts';
import { isTold, type Transition, type TriggerView } from '../../domain/trigger.ts';
import { finestSlotMs, Rehearsal } from './rehearsal.ts';
import { decideAt } from './scene-decision.ts';
import type { SceneTools } from './scene-world.ts';
import { type Counted, hindrance, type Rehearsed, signalsOf, sourcesOf, triggersOf } from './stand-in.ts';

/** Midnight, so that a time of day is the time since the beginning. */
export const SCENE_START: Instant = 1_767_571_200_000;
const LEAST_STEP_MS = 100;
const MINUTE_MS = 60_000;

export interface Moment {
  readonly atMs: number;
  readonly scope: string;
  /** A state, `never acts`, `never asks`, or a decision, as it was written. */
  readonly expected: string;
  readonly found: string;
  readonly ok: boolean;
  readonly line: number;
  readonly column: number;
  /** How it stood then; null: nothing was seen of it. */
  readonly view: TriggerView | null;
  /** Of a decision: what all guards answered. */
  readonly guards?: readonly GuardVerdict[];
}

export interface Played {
  readonly scene: Scene;
  readonly ok: boolean;
  readonly moments: readonly Moment[];
}

/** @throws BELAY_USAGE for a trigger of which no scene can be played; `tools` are needed where decisions are expected */
export async function playScene(system: System, scene: Scene, tools?: SceneTools): Promise<Played> {
  const player = new Player(system, scene, tools);
  const moments = await player.play();
  return { scene, ok: moments.every((one) => one.ok), moments };
}

/** What is left of events that are not whole yet. */
interface Rest {
  events: number;
  bad: number;
}

class Player {
  readonly #scene: Scene;
  readonly #rehearsal: Rehearsal;
  readonly #signals: readonly Rehearsed[];
  readonly #stepMs: number;
  readonly #traffic = new Map<string, Traffic>();
  readonly #rests = new Map<string, Rest>();
  readonly #fails = new Map<string, number>();
  readonly #moments: Moment[] = [];
  /** How often points are probed. */
  #probeMs = Infinity;
  #belay = true;
  #source: Extract<Scene['rows'][number], { what: 'source' }> = { atMs: 0, what: 'source', is: 'speaks', aheadMs: 0 };
  /** By organization: what people would have been told of last, while its episode lasts. */
  readonly #told = new Map<string, Transition>();
  readonly #system: System;
  readonly #tools: SceneTools | undefined;
  readonly #playing: ReadonlySet<string>;

  constructor(system: System, scene: Scene, tools: SceneTools | undefined) {
    const rules = triggersOf(system, scene.trigger);
    const [rule] = rules;
    const kind = rule === undefined ? 'unknown' : hindrance(system, rule);
    if (kind !== null)
      throw new BelayError('BELAY_USAGE', `no scene can be played of trigger ${scene.trigger}: its signal is of kind ${kind}`, {
        hint: `Remove the scene at line ${scene.line} of ${scene.file}.`,
      });
    this.#scene = scene;
    this.#system = system;
    this.#tools = tools;
    this.#playing = new Set(rules.map((one) => one.id));
    this.#signals = signalsOf(system, rules);
    const named = sourcesOf(system, this.#signals);
    const everyMs = Math.max(0, ...system.sources.filter((one) => named.has(one.id)).map((one) => one.everyMs));
    for (const { spec } of this.#signals)
      if (spec.signal.kind === 'probe')
        this.#probeMs = system.sources.find((one) => one.id === (spec.signal as { readonly source?: string }).source)?.everyMs ?? MINUTE_MS;
    this.#stepMs = Math.max(LEAST_STEP_MS, Math.min(finestSlotMs(rules), this.#probeMs));
    const organizations = scene.organizations
      .filter((id) => id !== '')
      .map((id) => system.organizations.find((one) => one.id === id) ?? { id, name: id, lang: system.lang, zone: system.zone });
    this.#rehearsal = new Rehearsal({ system: { ...system, organizations }, rules, stepMs: this.#stepMs, everyMs, from: SCENE_START });
  }

  async play(): Promise<readonly Moment[]> {
    const { rows, expect, decide, endMs } = this.#scene;
    const dueRows = rows.toSorted((a, b) => a.atMs - b.atMs);
    const due = expect.toSorted((a, b) => a.atMs - b.atMs);
    const dueDecisions = decide.toSorted((a, b) => a.atMs - b.atMs);
    for (let atMs = 0; atMs < endMs; atMs += this.#stepMs) {
      while ((dueRows[0]?.atMs ?? Infinity) <= atMs) this.#turn(dueRows.shift() as Scene['rows'][number], atMs);
      const transitions = await this.#step(atMs);
      for (const one of transitions) {
        this.#hear(one);
        await this.#forbid(one);
      }
      const nowMs = atMs + this.#stepMs;
      while ((due[0]?.atMs ?? Infinity) <= nowMs) await this.#compare(due.shift() as Expectation);
      while ((dueDecisions[0]?.atMs ?? Infinity) <= nowMs) await this.#decide(dueDecisions.shift() as DecisionExpectation);
    }
    const broken = new Set(this.#moments.map((one) => one.expected));
    for (const word of this.#scene.never) {
      const expected = word === 'acts' ? 'never acts' : 'never asks';
      const kept = { atMs: endMs, scope: '', expected, found: 'quiet', ok: true, line: this.#scene.line, column: 1, view: null } as const;
      if (!broken.has(expected)) this.#moments.push(kept);
    }
    return this.#moments;
  }

  #turn(row: Scene['rows'][number], atMs: number): void {
    if (row.what === 'traffic')
      for (const scope of row.who === null ? this.#scene.organizations : [row.who]) this.#traffic.set(scope, row.traffic);
    else if (row.what === 'source') this.#source = row;
    else {
      if (row.up && !this.#belay) this.#rehearsal.restart(SCENE_START + atMs);
      this.#belay = row.up;
    }
  }

  async #step(atMs: number): Promise<readonly Transition[]> {
    const from = SCENE_START + atMs;
    const counted = this.#signals.flatMap(({ spec }) => this.#scene.organizations.flatMap((scope) => this.#count(spec.id, scope, from)));
    if (!this.#belay) return [];
    const end = from + this.#stepMs;
    if (this.#source.is === 'speaks') return this.#rehearsal.step(end, counted, this.#source.aheadMs);
    return this.#source.is === 'dead' ? this.#rehearsal.dead(end) : this.#rehearsal.pass(end);
  }

  #count(signal: string, scope: string, from: Instant): readonly Counted[] {
    const traffic = this.#traffic.get(scope);
    const kind = this.#signals.find((one) => one.spec.id === signal)?.spec.signal.kind;
    if (traffic === undefined || kind === undefined) return [];
    const base = { signal, scope, from };
    if (traffic.fails !== null) return kind === 'probe' ? this.#probe(signal, from, traffic.fails) : [];
    if (traffic.value !== null) {
      if (kind === 'gauge') return [{ ...base, bad: 0, all: 1, sum: traffic.value }];
      // A mean needs events to be the mean of: one a step.
      if (kind === 'mean') return [{ ...base, bad: 0, all: 1, sum: traffic.value }];
      return kind === 'age' ? [{ ...base, bad: 0, all: 1, sum: (from + this.#stepMs) / 1_000 - traffic.value }] : [];
    }
    const key = JSON.stringify([signal, scope]);
    const rest = this.#rests.get(key) ?? { events: 0, bad: 0 };
    this.#rests.set(key, rest);
    rest.events += ((traffic.perMinute ?? 0) * this.#stepMs) / MINUTE_MS;
    const all = Math.floor(rest.events + 1e-9);
    rest.events -= all;
    rest.bad += all * traffic.bad;
    const bad = Math.min(all, Math.floor(rest.bad + 1e-9));
    rest.bad -= bad;
    // A histogram counts those within the limit.
    return [{ ...base, bad: kind === 'fractionAbove' ? all - bad : bad, all, sum: 0 }];
  }

  #probe(signal: string, from: Instant, { failing, points }: NonNullable<Traffic['fails']>): readonly Counted[] {
    if ((from - SCENE_START) % this.#probeMs >= this.#stepMs) return [];
    return Array.from({ length: points }, (_, index) => {
      const scope = `point ${index + 1}`;
      const key = JSON.stringify([signal, scope]);
      const before = this.#fails.get(key) ?? 0;
      const fails = index < failing ? before + 1 : 0;
      this.#fails.set(key, fails);
      return { signal, scope, from, bad: index < failing ? 1 : 0, all: 1, sum: fails - before };
    });
  }

  #hear(one: Transition): void {
    if (one.trigger !== this.#scene.trigger) return;
    if (isTold(one)) this.#told.set(one.scope, one);
    else if (one.to === 'ok' || one.to === 'cleared') this.#told.delete(one.scope);
  }

  async #decide({ atMs, who, decision, written, line, column }: DecisionExpectation): Promise<void> {
    const views = await this.#rehearsal.views(this.#scene.trigger);
    const { readings } = this.#rehearsal;
    const moment = { system: this.#system, readings, playing: this.#playing, start: SCENE_START, now: SCENE_START + atMs };
    for (const scope of who === null ? this.#scene.organizations : [who]) {
      const transition = this.#told.get(scope) ?? null;
      const found = await decideAt({ ...moment, scene: this.#scene, tools: this.#tools, transition }, decision);
      const view = views.find((one) => one.scope === scope) ?? null;
      this.#moments.push({ atMs, scope, expected: written, found: found.found, ok: found.ok, line, column, view, guards: found.guards });
    }
  }

  async #forbid(one: Transition): Promise<void> {
    const { never, trigger, line } = this.#scene;
    if (one.trigger !== trigger || !isTold(one)) return;
    const forbidden = one.to === 'breached' && never.includes('acts') ? 'never acts' : never.includes('asks') ? 'never asks' : null;
    if (forbidden === null) return;
    const view = (await this.#rehearsal.views(trigger)).find((candidate) => candidate.scope === one.scope) ?? null;
    const found = one.to === 'breached' ? 'breached' : 'asked';
    this.#moments.push({ atMs: one.at - SCENE_START, scope: one.scope, expected: forbidden, found, ok: false, line, column: 1, view });
  }

  async #compare({ atMs, who, state, line, column }: Expectation): Promise<void> {
    const views = await this.#rehearsal.views(this.#scene.trigger);
    for (const scope of who === null ? this.#scene.organizations : [who]) {
      const view = views.find((one) => one.scope === scope) ?? null;
      this.#moments.push({ atMs, scope, expected: state, found: stateOf(view), ok: stands(view, state), line, column, view });
    }
  }
}

/** In the words of scenes. */
export function stateOf(view: TriggerView | null): Expected {
  if (view === null) return 'ok';
  return view.status === 'suspect' && view.announced ? 'asked' : view.status;
}

/** `quiet` is whatever people need not look at now; `unknown` is beside the state. */
function stands(view: TriggerView | null, expected: Expected): boolean {
  const found = stateOf(view);
  if (expected === 'unknown') return view?.unknown === true;
  return expected === 'quiet' ? ['ok', 'cleared', 'suspect'].includes(found) : found === expected;
}
