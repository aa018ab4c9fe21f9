// What people report: whose word counts, for how long, and how much it weighs. It knows neither roles nor who may speak.
import type { Condition } from './condition.ts';
import type { Instant } from './json.ts';
import type { EvidenceLevel, TriggerRule } from './trigger.ts';
import { INITIAL, type MachineState } from './trigger-machine.ts';

/** Two words within this time are about the same thing, unless the trigger says `over` or a longer `rearm`. */
const HOUR_MS = 3_600_000;
/** People whose word is enough to act on. */
const ENOUGH = 2;

export interface Word {
  readonly by: string;
  /** Enough on its own. */
  readonly trusted: boolean;
  readonly at: Instant;
}

/** When a person last said so. */
export interface Heard {
  readonly at: Instant;
  readonly trusted: boolean;
}

/** How long a word counts. */
export const wordMs = ({ breach, rearmMs }: Pick<TriggerRule, 'breach' | 'rearmMs'>): number =>
  breach?.overMs ?? Math.max(rearmMs, HOUR_MS);

/** A report for a manual trigger: after a silence of the whole window it begins a new episode. */
export function withReport(state: MachineState, word: Word, windowMs: number): MachineState {
  const isOver = state.status !== 'ok' && state.reportedAt !== null && word.at - state.reportedAt > windowMs;
  return withWord(isOver ? INITIAL : state, word, windowMs);
}

/** A person confirms what was measured: the episode goes on, whenever they spoke last. */
export const withConfirmation = withWord;

function withWord(state: MachineState, word: Word, windowMs: number): MachineState {
  const fresh = Object.entries(heardBy(state)).filter(([, { at }]) => word.at - at <= windowMs);
  const before = Object.fromEntries(fresh)[word.by];
  const said: Heard = { at: word.at, trusted: word.trusted || before?.trusted === true };
  const heard = { ...Object.fromEntries(fresh), [word.by]: said };
  const trusted = Object.values(heard).some((one) => one.trusted);
  return { ...state, heard, reporters: Object.keys(heard), trusted, reportedAt: word.at };
}

/** States that were kept before each word had its time of its own. */
function heardBy({ heard, reporters, reportedAt, trusted }: MachineState): Readonly<Record<string, Heard>> {
  if (Object.keys(heard).length > 0 || reportedAt === null) return heard;
  return Object.fromEntries(reporters.map((by) => [by, { at: reportedAt, trusted }]));
}

/** As it stands at `now`: words whose time is over are nobody's any more. */
export function stillSaid(state: MachineState, now: Instant, windowMs: number): MachineState {
  if (state.reportedAt === null) return state;
  const said = Object.entries(heardBy(state));
  const fresh = said.filter(([, { at }]) => now - at <= windowMs);
  if (fresh.length === said.length) return state;
  return { ...state, reporters: fresh.map(([by]) => by), trusted: fresh.some(([, one]) => one.trusted) };
}

/** Two people, or one who is trusted, are enough to act on; one alone asks. */
export function reportedCondition({ reporters, trusted }: MachineState): Condition {
  const reported = reporters.length;
  const level: EvidenceLevel = trusted || reported >= ENOUGH ? 'act' : 'suspect';
  return {
    value: reported,
    bad: reported,
    all: reported,
    limit: reported > 0,
    level: reported > 0 ? level : 'none',
    below: null,
    still: true,
  };
}
