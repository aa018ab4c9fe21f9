// Times that lie ahead of now: this machine's clock was wrong when they were written. What cannot have happened yet is taken back to now.
// It knows no store and no clock.
import type { Instant } from './json.ts';
import type { MachineState } from './trigger-machine.ts';

/** So far ahead a time may lie: clocks are set right by steps of seconds, and such a step is waited out. */
export const MOST_AHEAD_MS = 60_000;

export const isAhead = (at: Instant, now: Instant): boolean => at - now > MOST_AHEAD_MS;

/** Now, where the instant cannot be. */
export const notAhead = (at: Instant, now: Instant): Instant => (isAhead(at, now) ? now : at);

const orNull = (at: Instant | null, now: Instant): Instant | null => (at === null ? null : notAhead(at, now));

/** A hold, a rest or a word that began in the future begins now. */
export function stateNotAhead(state: MachineState, now: Instant): MachineState {
  return {
    ...state,
    since: orNull(state.since, now),
    limitSince: orNull(state.limitSince, now),
    pausedSince: orNull(state.pausedSince, now),
    belowSince: orNull(state.belowSince, now),
    clearedAt: orNull(state.clearedAt, now),
    coveredSince: orNull(state.coveredSince, now),
    reportedAt: orNull(state.reportedAt, now),
    heard: Object.fromEntries(Object.entries(state.heard).map(([who, word]) => [who, { ...word, at: notAhead(word.at, now) }])),
  };
}
