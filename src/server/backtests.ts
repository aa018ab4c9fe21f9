// The backtests of this server: one at a time, beside its own work; what the last one found is kept until the next. It checks what was
// asked, says how much work it is, and replays nothing itself.
import { SETTABLE, type Settable, tryRule } from '../config/try-rule.ts';
import { BelayError } from '../domain/errors.ts';
import type { Instant } from '../domain/json.ts';
import { MINUTE_MS } from '../domain/minutes.ts';
import type { TriggerRule } from '../domain/trigger.ts';
import { replaySystem } from '../flows/rehearse/replay.ts';
import { hindrance, signalsOf, triggersOf } from '../flows/rehearse/stand-in.ts';
import type { ReplayEnd, Replays, RunningReplay } from '../ports/replays.ts';
import type { Caller } from './commands.ts';
import type { ReadWorld } from './snapshot.ts';
import { watchedTrigger } from './triggers.ts';

/** Figures of the rule as they are written in belay.yaml, to be tried instead of its own. */
export type Tried = Readonly<Partial<Record<Settable, string>>>;

export interface BacktestAsked {
  readonly trigger: string;
  readonly from: Instant;
  readonly to: Instant;
  /** Null: all. */
  readonly org: string | null;
  readonly set: Tried;
}

export interface Estimate {
  readonly scopes: number;
  readonly minutes: number;
  /** Both rules are replayed. */
  readonly rules: 1 | 2;
  /** At most, on one processor: organizations without traffic cost less. */
  readonly aboutMs: number;
}

export interface Backtest extends BacktestAsked {
  readonly by: string;
  readonly startedAt: Instant;
  /** The other rule; null: none was tried. */
  readonly tried: TriggerRule | null;
  readonly estimate: Estimate;
}

export interface RunningBacktest extends Backtest {
  /** From 0 to 1. */
  readonly share: number;
}

export interface EndedBacktest extends Backtest {
  readonly endedAt: Instant;
  readonly end: ReplayEnd;
}

export interface BacktestState {
  readonly running: RunningBacktest | null;
  readonly last: EndedBacktest | null;
}

export interface Backtests {
  /** Null: this server has no room for them. */
  readonly mostMs: number | null;
  state(): BacktestState;
  /** @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID */
  estimate(asked: BacktestAsked): Promise<Estimate>;
  /** @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID, BELAY_BACKTEST_RUNNING */
  start(caller: Caller, asked: BacktestAsked): Promise<BacktestState>;
  /** Resolves when nothing of it runs any more. What is not running is stopped already. */
  stop(): Promise<BacktestState>;
}

/** Measured: processor time of one scope in one minute, on one core of 2026. */
const SCOPE_MINUTE_MS = 0.0106;
export const DEFAULT_SPAN_MS = 30 * 86_400_000;
const MOST_SPAN_MS = 400 * 86_400_000;

export function createBacktests(world: ReadWorld, replays: Replays | null): Backtests {
  let now: { readonly test: Backtest; readonly replay: RunningReplay; share: number; readonly ended: Promise<void> } | null = null;
  let last: EndedBacktest | null = null;
  const state = (): BacktestState => ({ running: now === null ? null : { ...now.test, share: now.share }, last });
  return {
    mostMs: replays?.mostMs ?? null,
    state,
    estimate: async (asked) => estimateOf(world, checked(world, asked)),
    async start(caller, asked) {
      const { tried, ...valid } = checked(world, asked);
      const estimate = await estimateOf(world, { ...valid, tried });
      if (replays === null) throw new BelayError('BELAY_INPUT_INVALID', 'This server replays nothing.', { hint: 'Type: belay backtest' });
      // After the last wait: two that come at once are one that runs and one that is told so.
      if (now !== null && isSame(now.test, valid, caller)) return state();
      if (now !== null) throw alreadyRunning(now.test);
      const test: Backtest = { ...valid, tried, estimate, by: caller.person, startedAt: world.time.now() };
      const { trigger, from, to, org } = valid;
      const replay = replays.start({ system: replaySystem(world.system, trigger), trigger, from, to, org, tried }, (share) => {
        if (now?.test === test) now.share = share;
      });
      const ended = replay.ended.then((end) => {
        last = { ...test, end, endedAt: world.time.now() };
        now = null;
      });
      now = { test, replay, share: 0, ended };
      return state();
    },
    async stop() {
      now?.replay.stop();
      await now?.ended;
      return state();
    },
  };
}

/** A button that was pressed twice. */
const isSame = (running: Backtest, { trigger, from, to, org, set }: BacktestAsked, { person }: Caller): boolean =>
  running.by === person &&
  running.trigger === trigger &&
  running.from === from &&
  running.to === to &&
  running.org === org &&
  SETTABLE.every((name) => running.set[name] === set[name]);

function alreadyRunning({ trigger, by }: Backtest): BelayError {
  return new BelayError('BELAY_BACKTEST_RUNNING', `A backtest of ${trigger} is running, started by ${by}.`, {
    hint: 'Wait for it, or stop it: one runs at a time.',
  });
}

type Checked = BacktestAsked & { readonly tried: TriggerRule | null };

/** @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID */
function checked(world: ReadWorld, asked: BacktestAsked): Checked {
  const { rule, spec } = watchedTrigger(world, asked.trigger);
  const invalid = (what: string, hint: string): BelayError => new BelayError('BELAY_INPUT_INVALID', what, { hint });
  const kind = hindrance(world.system, rule);
  if (kind !== null)
    throw invalid(`Trigger ${rule.id} cannot be replayed: of a signal of kind ${kind} no minutes are kept.`, 'Choose another trigger.');
  const from = Math.floor(asked.from / MINUTE_MS) * MINUTE_MS;
  const to = Math.floor(Math.min(asked.to, world.time.now()) / MINUTE_MS) * MINUTE_MS;
  if (from >= to) throw invalid('The beginning must be before the end, and in the past.', 'Choose an earlier beginning.');
  if (to - from > MOST_SPAN_MS) throw invalid('More than 400 days are not replayed at once.', 'Choose a later beginning.');
  if (asked.org !== null && (rule.scope !== 'org' || spec.by === null))
    throw invalid(`Trigger ${rule.id} is not told apart by organization.`, 'Leave the organization out.');
  return { ...asked, from, to, set: given(asked.set), tried: triedRule(rule, asked.set) };
}

const given = (set: Tried): Tried => Object.fromEntries(SETTABLE.flatMap((name) => (set[name] === undefined ? [] : [[name, set[name]]])));

/** Null: nothing else is tried. The window comes first: it brings the length of a look along. */
function triedRule(rule: TriggerRule, set: Tried): TriggerRule | null {
  const order = [...SETTABLE].sort((a, b) => Number(b === 'over') - Number(a === 'over')).filter((name) => set[name] !== undefined);
  if (order.length === 0) return null;
  return order.reduce((before, name) => {
    const found = tryRule(before, name, set[name] ?? '');
    if (found.ok) return found.rule;
    const what = found.why === 'no-breach' ? `Trigger ${rule.id} has no limit to change.` : `${name}: "${set[name]}" cannot be read.`;
    throw new BelayError('BELAY_INPUT_INVALID', what, { hint: 'Write it as in belay.yaml: above 3%, over 10m, for 2m.' });
  }, rule);
}

async function estimateOf(world: ReadWorld, { trigger, from, to, org, tried }: Checked): Promise<Estimate> {
  const { system } = world;
  const { rule } = watchedTrigger(world, trigger);
  const rules = triggersOf(system, trigger);
  const comparesAll = rules.some((one) => one.breach?.vs?.with === 'others');
  const isOne = rule.scope !== 'org' || (org !== null && !comparesAll);
  const scopes = isOne ? 1 : Math.max(1, (await world.readings.views(trigger)).length, system.organizations.length);
  const minutes = (to - from) / MINUTE_MS;
  const both = tried === null ? 1 : 2;
  const signals = Math.max(1, signalsOf(system, rules).filter(({ spec }) => spec.signal.kind !== 'composite').length);
  return { scopes, minutes, rules: both, aboutMs: scopes * minutes * signals * both * SCOPE_MINUTE_MS };
}
