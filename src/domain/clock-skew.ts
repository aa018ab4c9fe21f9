// A sender whose clock is off: told apart from a sender that is late by being off by the same amount again and again.
// It corrects event times towards arrival, and says when people should know; it never guesses from one delivery.
import type { Condition } from './condition.ts';
import type { System } from './system.ts';
import type { TriggerRule } from './trigger.ts';

const MEMORY = 8;
const ENOUGH = 3;

/** Arrival minus newest event time, of the latest deliveries. */
export type Lags = readonly number[];

export const withLag = (lags: Lags, lagMs: number): Lags => [...lags.slice(1 - MEMORY), lagMs];

/**
 * What to add to event times: 0 while the clock is within `limitMs`, or while the lags differ (a backlog that is being worked off
 * shrinks from delivery to delivery; a wrong clock stays wrong).
 */
export function skewOf(lags: Lags, limitMs: number): number {
  if (lags.length < ENOUGH) return 0;
  const least = Math.min(...lags);
  return Math.abs(least) > limitMs && Math.max(...lags) - least <= limitMs ? least : 0;
}

/** A clock that is off by more is told to people. */
export const CLOCK_LIMIT_MS = 5_000;
/** What is older is a file of the past, not a clock. */
const FARTHEST_MS = 86_400_000;
/** A file that is sent in pieces is over by then. */
const HOLD_MS = 30_000;
const CLEAR_MS = 60_000;

/**
 * Null: too few deliveries with times of the sender's own. `stampsNow` false: it tells of times gone by, as a query that is given a while to
 * settle does, so that only a clock that is ahead says anything.
 */
export function clockCondition(lags: Lags, { stampsNow }: { readonly stampsNow: boolean }): Condition | null {
  if (lags.length < ENOUGH) return null;
  const wrong = (lag: number): boolean => (stampsNow || lag < 0) && Math.abs(lag) <= FARTHEST_MS;
  const skew = skewOf(lags, CLOCK_LIMIT_MS);
  const isOff = skew !== 0 && wrong(skew);
  const apart = lags
    .slice(-ENOUGH)
    .filter(wrong)
    .map((lag) => Math.abs(lag));
  const otherwiseMs = apart.length < ENOUGH ? 0 : Math.min(...apart);
  const offMs = isOff ? Math.abs(skew) : otherwiseMs;
  const below = !isOff && apart.every((one) => one < CLOCK_LIMIT_MS / 2);
  return { value: offMs / 1_000, bad: 0, all: 1, limit: isOff, level: isOff ? 'suspect' : 'none', below, still: isOff };
}

/** The system with the trigger over its sources' clocks, whose scopes are the sources. It asks for a look, and no runbook can name it. */
export function withClock(system: System): System {
  if (system.sources.length === 0) return system;
  const id = system.triggers.some((rule) => rule.id === 'clock') ? 'belay-clock' : 'clock';
  const signal = {
    id: `#${id}`,
    signal: { kind: 'age', of: { name: `#${id}`, labels: [] } },
    by: null,
    max: 1,
    lateMs: 0,
    absentAfter: { cadences: 3 },
    sources: [],
  } as const;
  const rule: TriggerRule = {
    id,
    signal: signal.id,
    scope: 'all',
    breach: { above: CLOCK_LIMIT_MS / 1_000, overMs: 1, stillMs: 1, forMs: HOLD_MS },
    clear: { below: CLOCK_LIMIT_MS / 2_000, forMs: CLEAR_MS },
    evidence: { suspect: 1e-3, act: 1e-5 },
    gap: 'hold',
    mode: 'armed',
    builtIn: 'clock',
    rearmMs: 10 * CLEAR_MS,
  };
  return { ...system, signals: [...system.signals, signal], triggers: [...system.triggers, rule] };
}
