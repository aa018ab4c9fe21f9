// The decision guard: ten questions (G1–G10), each answered pass, fail or inconclusive from frozen inputs.
// One that is not `pass` means ask, never act. Pure: facts in, verdicts out.
import type { JsonObject } from './json.ts';

export type CheckResult = 'pass' | 'fail' | 'inconclusive';
export type GuardAnswer = CheckResult | 'not-applicable';

export interface GuardLimits {
  readonly changedWithinMs: number;
  readonly affectedUsers: number;
  readonly localShare: number;
  readonly perScopePerDay: number;
  readonly cooldownMs: number;
  readonly reuseWithinMs: number;
  readonly freshMs: number;
}

export const DEFAULT_GUARD_LIMITS: GuardLimits = {
  changedWithinMs: 60 * 60_000,
  affectedUsers: 0.05,
  localShare: 0.2,
  perScopePerDay: 3,
  cooldownMs: 30 * 60_000,
  reuseWithinMs: 24 * 3_600_000,
  freshMs: 30_000,
};

export type GuardId = 'G1' | 'G2' | 'G3' | 'G4' | 'G5' | 'G6' | 'G7' | 'G8' | 'G9' | 'G10';

export interface GuardVerdict {
  /** A guard of Belay (`G1`…`G10`) or the id of a runbook's `require`/`never`. */
  readonly guard: GuardId | string;
  readonly answer: GuardAnswer;
  /** A key of the guard texts plus its facts: no rendered sentence. */
  readonly reason: string;
  readonly facts: JsonObject;
}
