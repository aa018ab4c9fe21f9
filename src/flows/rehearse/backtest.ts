// What a trigger would have done: kept minutes go through the detection of production under their own time, a part at a time.
// It measures nothing by itself and knows no rule: what it learns are transitions.

import { Episodes } from '../../domain/episodes.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import { HEARD, MINUTE_MS } from '../../domain/minutes.ts';
import { endMinute, type Gap, type Replayed } from '../../domain/replay-report.ts';
import type { System } from '../../domain/system.ts';
import type { TriggerRule } from '../../domain/trigger.ts';
import type { SignalStore } from '../../ports/signal-store.ts';
import { Rehearsal } from './rehearsal.ts';
import { type Counted, hindrance, type Rehearsed, signalsOf, sourcesOf, triggersOf } from './stand-in.ts';

export interface BacktestOptions {
  readonly system: System;
  readonly trigger: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly org?: string | undefined;
  readonly history: SignalStore['history'];
  /** Of the whole, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

const FIRST_PART_MS = 60 * MINUTE_MS;
const LONGEST_PART_MS = 24 * 60 * MINUTE_MS;
const ENOUGH_ROWS = 200_000;
/** A silence as long as this is a restart of Belay: shorter ones happen between two deliveries. */
const AWAY_MINUTES = 3;

/** @throws BELAY_NOT_FOUND, BELAY_USAGE */
export async function backtest(o: BacktestOptions): Promise<Replayed> {
  const replay = new Replay(o);
  const { from, to } = replay;
  let partMs = FIRST_PART_MS;
  for (let at = from; at < to; ) {
    const end = Math.min(to, at + partMs);
    const rows = await replay.part(at, end);
    at = end;
    partMs =
      rows > ENOUGH_ROWS ? Math.max(MINUTE_MS, Math.floor(partMs / 2 / MINUTE_MS) * MINUTE_MS) : Math.min(LONGEST_PART_MS, partMs * 2);
    o.onProgress?.((at - from) / (to - from));
  }
  return replay.result();
}

class Replay {
  readonly from: Instant;
  readonly to: Instant;
  readonly #o: BacktestOptions;
  readonly #rules: readonly TriggerRule[];
  readonly #signals: readonly Rehearsed[];
  readonly #sources: ReadonlySet<string>;
  readonly #rehearsal: Rehearsal;
  readonly #episodes: Episodes;
  readonly #gaps: Gap[] = [];
  readonly #scopes = new Set<string>();
  readonly #patienceMs: number;
  /** Counts by the minute in which they are complete: slots that are longer end in a later part. */
  readonly #complete = new Map<Instant, Counted[]>();
  #away = 0;
  #rows = 0;
  #heardAt: Instant;
  #gapWhy: Gap['why'] = 'away';

  constructor(o: BacktestOptions) {
    this.#o = o;
    const { system } = o;
    const rules = triggersOf(system, o.trigger);
    const [rule] = rules;
    if (rule === undefined) throw new BelayError('BELAY_NOT_FOUND', `there is no trigger ${o.trigger} in belay.yaml`, { hint: HINT });
    const kind = hindrance(system, rule);
    if (kind !== null)
      throw new BelayError('BELAY_USAGE', `trigger ${o.trigger} cannot be replayed: of a signal of kind ${kind} no minutes are kept`, {
        hint: HINT,
      });
    this.from = Math.floor(o.from / MINUTE_MS) * MINUTE_MS;
    this.to = Math.floor(o.to / MINUTE_MS) * MINUTE_MS;
    this.#heardAt = this.from;
    this.#rules = rules;
    this.#signals = signalsOf(system, rules);
    this.#sources = sourcesOf(system, this.#signals);
    const everyMs = Math.max(MINUTE_MS, ...system.sources.filter((one) => this.#sources.has(one.id)).map((one) => one.everyMs));
    this.#patienceMs = Math.max(2 * MINUTE_MS, 3 * everyMs);
    this.#rehearsal = new Rehearsal({ system, rules, stepMs: MINUTE_MS, everyMs, from: this.from });
    this.#episodes = new Episodes(rule.breach?.above === undefined && rule.breach?.below !== undefined);
  }

  /** @returns how many rows it had */
  async part(from: Instant, to: Instant): Promise<number> {
    const rows = await this.#read(from, to);
    const heard = new Map<Instant, { belay: boolean; source: boolean }>();
    for (const row of await this.#o.history({ signal: HEARD, by: null, from, to })) {
      const minute = heard.get(row.at) ?? { belay: false, source: false };
      if (row.scope === '') minute.belay = true;
      else if (this.#sources.has(row.scope)) minute.source = true;
      heard.set(row.at, minute);
    }
    for (let at = from; at < to; at += MINUTE_MS) {
      const counted = this.#complete.get(at) ?? [];
      this.#complete.delete(at);
      const who = heard.get(at);
      await this.#minute(at, counted, { isWatched: counted.length > 0 || who?.source === true, isRunning: who !== undefined });
    }
    this.#rows += rows;
    return rows;
  }

  async #read(from: Instant, to: Instant): Promise<number> {
    const { org, history } = this.#o;
    let rows = 0;
    for (const { spec, by } of this.#signals) {
      if (spec.signal.kind === 'manual' || spec.signal.kind === 'composite') continue;
      // A comparison with the others needs the others.
      const only = org === undefined || by === null || this.#comparesScopes() ? {} : { scope: org };
      for (const row of await history({ signal: spec.id, by, ...only, from, to })) {
        const end = endMinute(row.at, row.spanMs);
        const list = this.#complete.get(end) ?? [];
        list.push({ signal: spec.id, scope: row.scope, from: row.at, bad: row.bad, all: row.all, sum: row.sum });
        this.#complete.set(end, list);
        this.#scopes.add(row.scope);
        rows += 1;
      }
    }
    return rows;
  }

  #comparesScopes(): boolean {
    return this.#rules.some((rule) => rule.breach?.vs?.with === 'others');
  }

  async #minute(at: Instant, rows: readonly Counted[], o: { readonly isWatched: boolean; readonly isRunning: boolean }): Promise<void> {
    const end = at + MINUTE_MS;
    if (!o.isWatched && !o.isRunning) {
      this.#away += 1;
      this.#gapWhy = 'away';
      return;
    }
    if (this.#away >= AWAY_MINUTES) this.#rehearsal.restart(at);
    this.#away = 0;
    if (o.isWatched) {
      this.#endGap(at);
      this.#heardAt = end;
      this.#gapWhy = 'silent';
    }
    const transitions = o.isWatched ? await this.#rehearsal.step(end, rows) : await this.#rehearsal.pass(end);
    for (const one of transitions) if (one.trigger === this.#o.trigger && this.#isAsked(one.scope)) this.#episodes.add(one);
    if (this.#episodes.open) await this.#measure();
  }

  #isAsked(scope: string): boolean {
    return this.#o.org === undefined || scope === this.#o.org || scope === '';
  }

  async #measure(): Promise<void> {
    for (const view of await this.#rehearsal.views(this.#o.trigger)) if (view.episode !== null) this.#episodes.measured(view.episode, view);
  }

  #endGap(at: Instant): void {
    if (at - this.#heardAt >= this.#patienceMs) this.#gaps.push({ from: this.#heardAt, to: at, why: this.#gapWhy });
  }

  result(): Replayed {
    this.#endGap(this.to);
    const missedMs = this.#gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
    return {
      trigger: this.#o.trigger,
      from: this.from,
      to: this.to,
      episodes: this.#episodes.list(),
      gaps: this.#gaps,
      watchedMs: this.to - this.from - missedMs,
      scopes: this.#scopes.size,
      rows: this.#rows,
    };
  }
}

const HINT = 'See which there are: belay lint, and the triggers of belay.yaml.';
