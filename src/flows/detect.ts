// Detection as a running thing: takes deliveries one after the other, judges them, and commits everything they change in one
// transaction before it answers. Memory is a cache of the store: after a kill, or a failed commit, it is loaded again.
import { MOST_AHEAD_MS } from '../domain/ahead.ts';
import { BelayError } from '../domain/errors.ts';
import type { Instant } from '../domain/json.ts';
import { reportedCondition, type Word, withConfirmation, withReport, wordMs } from '../domain/people-report.ts';
import { demandReportable } from '../domain/reportable.ts';
import type { Batch, Cursor, Samples, ToldSeries } from '../domain/signal.ts';
import type { System } from '../domain/system.ts';
import type { Transition, TriggerRule } from '../domain/trigger.ts';
import { INITIAL, type MachineState } from '../domain/trigger-machine.ts';
import type { Readings, Reported } from '../ports/readings.ts';
import type { SignalSource } from '../ports/signal-source.ts';
import type { EventRow, SeriesRow, SignalStore } from '../ports/signal-store.ts';
import type { Time } from '../ports/time.ts';
import { Baselines } from './detect/baselines.ts';
import { lookAtClock } from './detect/clocks.ts';
import { lookAtComposites } from './detect/composites.ts';
import type { ManualTrigger } from './detect/dataless.ts';
import { forgettable, noteRunning } from './detect/heard.ts';
import { type Delivery, takeIn } from './detect/intake.ts';
import { changeSet, coveredAnew, liesAhead, loadBook, upkeepRows } from './detect/keep.ts';
import { isCounted } from './detect/known-series.ts';
import { type Findings, lookAtManual, lookAtTrack, newFindings, note, noteLearnt } from './detect/looks.ts';
import { healthOf, readMetric, viewsOf } from './detect/readings.ts';
import { withoutRepeats } from './detect/repeats.ts';
import { createSeriesReader } from './detect/series.ts';
import { Tellings } from './detect/telling.ts';
import { toldBy } from './detect/told.ts';
import type { Book, ExtraWindow } from './detect/track.ts';
import { growsByTime, sourceOf } from './detect/track.ts';
import { Troubles } from './detect/troubles.ts';
import { usersOf } from './detect/users.ts';

const PULSE_MS = 1_000;
const UPKEEP_MS = 60_000;
/** Between the end of a source that broke and its next beginning. */
const RESTART_MS = 1_000;
/** Roles whose word alone is act-level evidence. */
const TRUSTED_ROLES: readonly string[] = ['approver'];

export interface DetectorDeps {
  readonly system: System;
  readonly store: SignalStore;
  readonly time: Time;
  readonly sources: readonly SignalSource<Samples>[];
  /** Called after the transition is durable: a hint to look at `store.unanswered()` now. */
  readonly onTransition?: (transition: Transition) => void;
  /** Trouble that has no caller to be told: a commit that failed under a pulled source, a source that broke its contract. */
  readonly onError?: (error: unknown) => void;
  /** Windows that checks of runbooks ask for beyond the triggers' own. */
  readonly windows?: readonly ExtraWindow[];
}

export interface Detector {
  /** Loads what was committed, then reads the sources until `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when every source has spoken since `start`, or after `withinMs`: before it, nothing is fresh enough to act on. */
  settled(withinMs: number): Promise<void>;
  /** Durable when it resolves. @throws what the store throws; then nothing of the batch counts. */
  ingest(batch: Batch<Samples>): Promise<void>;
  /** What a second without a delivery does. While started it happens by itself; whoever moves the time alone calls it. */
  beat(): Promise<void>;
  readonly readings: Readings;
}

export function createDetector(deps: DetectorDeps): Detector {
  const running = new Running(deps);
  const series = createSeriesReader(deps.store);
  return {
    start: () => running.start(),
    stop: () => running.stop(),
    settled: (withinMs) => running.settled(withinMs),
    ingest: (batch) => running.ingest(batch),
    beat: () => running.beat(),
    readings: {
      read: async (query) => readMetric(await running.book(), query, { now: deps.time.now(), freshMs: deps.system.guards.freshMs }),
      views: async (trigger) => viewsOf(await running.book(), trigger, deps.time.now()),
      series: async (query) => series({ book: await running.book(), now: deps.time.now() }, query),
      report: (report) => running.report(report),
      users: async (query) => usersOf(await running.book(), deps.system, query, deps.time.now()),
      told: async () => toldBy((await running.book()).sources.values()),
      health: async (of) => {
        const [book, now] = [await running.book(), deps.time.now()];
        const troubles = running.troubles.list(now);
        const health = healthOf(book, { now, lagMs: running.lagMs(), sources: of?.sources ?? [] });
        return troubles.length === 0 ? health : { ...health, troubles };
      },
    } satisfies Readings,
  };
}

/** A delivery whose sender waits for its answer. */
interface Waiting {
  readonly delivery: Delivery;
  readonly now: Instant;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const MOST_SHARING = 64;
const MOST_SHARED_SAMPLES = 50_000;

/** How many of those that wait share the next commit. */
function sharing(waiting: readonly Waiting[]): number {
  let samples = 0;
  let count = 0;
  for (const { delivery } of waiting) {
    samples += delivery.columns.length;
    if (count > 0 && (count >= MOST_SHARING || samples > MOST_SHARED_SAMPLES)) break;
    count += 1;
  }
  return count;
}

class Running {
  readonly #deps: DetectorDeps;
  #book: Book | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #waiting: Waiting[] = [];
  #abort: AbortController | null = null;
  #loops: readonly Promise<void>[] = [];
  #lags: readonly number[] = [0];
  #upkeepAt = 0;
  readonly #spoken = new Set<string>();
  readonly #baselines: Baselines;
  readonly #tellings = new Tellings();
  readonly troubles: Troubles;

  constructor(deps: DetectorDeps) {
    this.#deps = deps;
    this.#baselines = new Baselines(deps);
    this.troubles = new Troubles(deps.onError);
  }

  async start(): Promise<void> {
    if (this.#abort !== null) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#spoken.clear();
    const book = await this.book();
    const running = this.#deps.sources.map((source) => this.#runSource(source, abort.signal, book.sources.get(source.id)?.cursor ?? {}));
    this.#loops = [...running, this.#pulse(abort.signal)];
  }

  async stop(): Promise<void> {
    this.#abort?.abort();
    await Promise.all(this.#loops);
    await this.#tail;
    this.#abort = null;
    this.#loops = [];
  }

  async settled(withinMs: number): Promise<void> {
    const { sources, time } = this.#deps;
    const end = time.monotonicMs() + withinMs;
    while (sources.some((source) => !this.#spoken.has(source.id)) && time.monotonicMs() < end) await time.sleep(20, this.#abort?.signal);
  }

  lagMs(): number {
    return Math.max(...this.#lags);
  }

  /** What is known now; loaded when this is the first call, or the last commit failed. */
  async book(): Promise<Book> {
    return this.#book ?? this.#inTurn(async () => this.#loaded());
  }

  /** Deliveries that arrive while a commit is under way share the next one: each is judged by itself, all are durable together or none. */
  async ingest(batch: Batch<Samples>): Promise<void> {
    const delivery = this.#tellings.deliveryOf(batch);
    const now = this.#deps.time.now();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ delivery, now, resolve, reject });
      if (this.#waiting.length === 1) this.#takeNext();
    });
  }

  #takeNext(): void {
    let taken: readonly Waiting[] = [];
    const turn = this.#inTurn(() => {
      taken = this.#waiting.splice(0, sharing(this.#waiting));
      if (this.#waiting.length > 0) this.#takeNext();
      return this.#takeAll(taken);
    });
    turn.then(
      () => {
        for (const one of taken) one.resolve();
      },
      (error: unknown) => {
        for (const one of taken) one.reject(error);
      },
    );
  }

  async #takeAll(waiting: readonly Waiting[]): Promise<void> {
    const book = await this.#loaded();
    const findings = newFindings();
    const series: SeriesRow[] = [];
    const events: EventRow[] = [];
    const unborn = [...book.tracks.values()].filter((track) => track.since === null);
    let alive = false;
    for (const { delivery, now } of waiting) {
      const everyMs = this.#deps.sources.find((source) => source.id === delivery.source)?.everyMs ?? PULSE_MS;
      const source = sourceOf(book, this.#deps.system, delivery.source, everyMs);
      this.#spoken.add(delivery.source);
      if (!delivery.alive) {
        source.dead = delivery.reason ?? 'no reason was given';
        continue;
      }
      alive = true;
      source.folded = delivery.folded ?? 0;
      const counts = (told: ToldSeries): boolean => isCounted(book, source, told);
      const fresh = await withoutRepeats(this.#deps.store, delivery, { now, events, counts });
      takeIn(book, source, fresh, now, series);
      lookAtClock(book, source, now, findings);
      for (const track of book.tracks.values()) if (track.fedBy.has(source.id)) lookAtTrack(book, track, now, findings);
      lookAtComposites(book, now, findings);
    }
    const born = unborn.filter((track) => track.since !== null);
    if (alive) await this.#commit(book, series, findings, { born, events });
  }

  async report(o: Parameters<Readings['report']>[0]): Promise<Reported> {
    const now = this.#deps.time.now();
    const rule = demandReportable(this.#deps.system, o);
    return this.#inTurn(async () => {
      const book = await this.#loaded();
      const findings = newFindings();
      const word = { by: o.by, trusted: o.roles.some((role) => TRUSTED_ROLES.includes(role)), at: now };
      const manual = book.manual.get(rule.id);
      const state = manual === undefined ? confirmImpact(book, rule, o.scope, word, findings) : hear(manual, o, word, findings);
      lookAtComposites(book, now, findings);
      await this.#commit(book, [], findings);
      return { status: state.status, people: state.reporters, withinMs: wordMs(rule), enough: reportedCondition(state).level === 'act' };
    });
  }

  async #runSource(source: SignalSource<Samples>, signal: AbortSignal, from: Cursor): Promise<void> {
    let cursor = from;
    while (!signal.aborted) {
      try {
        await source.run((batch) => this.#deliver(batch), signal, cursor);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#deps.onError?.(error);
        // Whatever broke it: the source counts as dead until it speaks, and is begun again where its last reading was committed.
        cursor = (await this.#broken(source, error).catch(() => null)) ?? cursor;
        await this.#deps.time.sleep(RESTART_MS, signal);
      }
    }
  }

  #broken(source: SignalSource<Samples>, error: unknown): Promise<Cursor> {
    return this.#inTurn(async () => {
      const book = await this.#loaded();
      const state = sourceOf(book, this.#deps.system, source.id, source.everyMs);
      state.dead = error instanceof Error ? error.message : String(error);
      return state.cursor;
    });
  }

  async #deliver(batch: Batch<Samples>): Promise<void> {
    try {
      await this.ingest(batch);
    } catch (error) {
      this.#deps.onError?.(error);
      throw error;
    }
  }

  /** What happens without any delivery: silences grow, holds of people's reports end, old slots go; and the loop's own lag is felt. */
  async #pulse(signal: AbortSignal): Promise<void> {
    const { time } = this.#deps;
    while (!signal.aborted) {
      const asleep = time.monotonicMs();
      await time.sleep(PULSE_MS, signal);
      if (signal.aborted) return;
      this.#lags = [...this.#lags.slice(-4), Math.max(0, time.monotonicMs() - asleep - PULSE_MS)];
      try {
        await this.beat();
      } catch (error) {
        this.#deps.onError?.(error);
      }
    }
  }

  async beat(): Promise<void> {
    const now = this.#deps.time.now();
    const isDue = await this.#inTurn(() => this.#turnOfTime(now));
    // Beside the turns: no delivery waits for weeks of counts.
    if (isDue) await this.#baselines.refresh(now);
  }

  /** @returns whether it was time to tidy up */
  async #turnOfTime(now: Instant): Promise<boolean> {
    const book = await this.#loaded();
    const findings = newFindings();
    noteRunning(book, now);
    for (const track of book.tracks.values()) if (growsByTime(track)) lookAtTrack(book, track, now, findings);
    for (const manual of book.manual.values()) {
      for (const [scope, state] of manual.states) if (state.status === 'suspect') lookAtManual(manual, scope, now, findings);
    }
    lookAtComposites(book, now, findings);
    const isDue = Math.abs(now - this.#upkeepAt) >= UPKEEP_MS;
    if (isDue) noteLearnt(book, findings);
    await this.#commit(book, isDue ? upkeepRows(book) : [], findings);
    if (!isDue) return false;
    this.#upkeepAt = now;
    await this.#prune(book, now);
    return true;
  }

  /** What is known does not depend on it: when it fails the book stays, and it is tried again in a minute. */
  async #prune(book: Book, now: Instant): Promise<void> {
    const { before, history } = forgettable(book, this.#deps.system, now);
    try {
      await this.#deps.store.prune(before, history, now + MOST_AHEAD_MS);
      this.troubles.upkeepDone();
    } catch (error) {
      this.troubles.upkeepFailed(error, now);
    }
  }

  /** One after the other: a turn sees all of what the turn before it committed. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    // Whoever asked for the turn is told of its failure; the next one starts from the store, whatever half of it was done in memory.
    this.#tail = turn.catch((error: unknown) => {
      if (!isRefusal(error)) this.#book = null;
    });
    return turn;
  }

  async #loaded(): Promise<Book> {
    const now = this.#deps.time.now();
    if (this.#book !== null && !liesAhead(this.#book, now)) return this.#book;
    const { system, store, sources, windows = [] } = this.#deps;
    this.#book = await loadBook({ system, store, sources, windows }, now);
    this.#book.baselines = this.#baselines;
    if (this.#book.takenBack !== null) this.troubles.clockTakenBack(this.#book.takenBack.byMs, now);
    return this.#book;
  }

  async #commit(
    book: Book,
    series: readonly SeriesRow[],
    findings: Findings,
    { born = [], events = [] }: { readonly born?: Parameters<typeof changeSet>[3]; readonly events?: readonly EventRow[] } = {},
  ): Promise<void> {
    const change = changeSet(book, series, findings, book.takenBack?.isStored === false ? coveredAnew(book) : born);
    if (
      change.slots.length + change.seen.length + change.series.length + change.states.length + change.transitions.length + events.length ===
      0
    )
      return;
    await this.#deps.store.commit({ ...change, events });
    if (book.takenBack !== null) book.takenBack.isStored = true;
    for (const transition of change.transitions) this.#deps.onTransition?.(transition);
  }
}

/** What was asked for cannot be had: found out before anything was changed. */
const isRefusal = (error: unknown): boolean => BelayError.is(error) && error.code === 'BELAY_NOT_FOUND';

/** A person's word for a trigger that people pull. */
function hear(
  manual: ManualTrigger,
  o: { readonly scope: string; readonly by: string; readonly text: string },
  word: Word,
  findings: Findings,
): MachineState {
  const state = withReport(manual.states.get(o.scope) ?? INITIAL, word, wordMs(manual.compiled.rule));
  manual.states.set(o.scope, state);
  lookAtManual(manual, o.scope, word.at, findings, { by: o.by, text: o.text, at: word.at, people: state.reporters.length });
  return manual.states.get(o.scope) ?? state;
}

/** A person says that the trouble is felt: from now on this scope may be more than suspect. */
function confirmImpact(book: Book, rule: TriggerRule, scope: string, word: Word, findings: Findings): MachineState {
  const found = book.trackOf.get(rule.id);
  const row = found?.track.rowOf.get(scope);
  const before = row === undefined ? undefined : found?.watcher.states[row];
  if (found === undefined || row === undefined || before === undefined || before.status === 'ok') {
    throw new BelayError('BELAY_NOT_FOUND', `trigger ${rule.id} has nothing to confirm for ${JSON.stringify(scope)}`, {
      hint: 'Type: belay status',
    });
  }
  const after = withConfirmation(before, word, wordMs(rule));
  found.watcher.states[row] = after;
  note(findings, rule.id, scope, after, []);
  return after;
}
