// A plan: the IR with live facts resolved. Its hash covers all that would run, so an approval of the hash is an
// approval of exactly that. Volatile readings (metric values, times) stay outside the hashed part.

import type { Proof } from './certificate.ts';
import type { PlannedEach } from './fan-out.ts';
import type { GuardVerdict } from './guardrail.ts';
import type { StepKind } from './ir.ts';
import type { Json, JsonObject } from './json.ts';
import type { Loss, Safety } from './rollback-safety.ts';
import type { TimeBudget } from './time-budget.ts';

/** Nothing was to be done: what was looked for in vain, and on which line, for people (`dm/acme`, or `dm` for all of it). */
export interface Moot {
  readonly what: 'not-held' | 'none-aside';
  readonly on: string;
}

/** `native`: the target compares by itself; `lock`: Belay looks again under a lock that others may not know; `none`: nothing does. */
export type CompareAndSet = 'native' | 'lock' | 'none';

/**
 * What people should know before they say yes: the release is built again; configuration of that time comes back, all or in part; what a
 * release runs before it goes live (migrations) runs again; nothing keeps others from changing the target in between; what came after the
 * release is removed from the record for everybody, which Belay never does alone; a program of the user's own, of which Belay sees the exit
 * code and not what it changes. Of settings: what is written is read at the next start, only after a deploy, or when the service looks. Of
 * deploys with a policy: only what passed on staging goes forward, and a smoke test follows.
 */
export type PlanNote =
  | 'own-program'
  | 'rebuilds'
  | 'restores-config'
  | 'runs-release-hooks'
  | 'unguarded'
  | 'rewrites-history'
  | 'needs-restart'
  | 'needs-redeploy'
  | 'read-when-looked'
  | 'staged-first'
  | 'smoked-after';

/**
 * A change that somebody has begun where a release is to be put live, and what becomes of it first: it is stopped, waited for because the
 * target would race it, or overtaken by what is put live.
 */
export interface OnItsWay {
  readonly release: string;
  readonly then: 'abort' | 'wait' | 'overtake';
}

export interface PlanStep {
  readonly id: string;
  readonly kind: StepKind;
  readonly title: string;
  readonly who?: string;
  /** For `call`: the runbook, which is given `args`; its steps follow. */
  readonly runbook?: string;
  /** For `each`: the organizations that `runbook` is carried out for; the steps that follow are those of the first. */
  readonly each?: PlannedEach;
  /** For `do` and `run`: what would be called (`run` with its `cmd`), with references resolved (secrets as keyed digests). */
  readonly action?: string;
  readonly args?: JsonObject;
  readonly current?: Json;
  readonly desired?: Json;
  /** Fingerprint of the target when planned: the act compares against it. */
  readonly expected?: string;
  readonly effect: 'noop' | 'change' | 'unknown' | 'none';
  readonly undo?: { readonly action: string; readonly args: JsonObject };
  /** What the target knows the act by, where the runbook says it: as it is written, because the incident may have no number yet. */
  readonly key?: string;
  readonly irreversible?: string;
  readonly compareAndSet?: CompareAndSet;
  readonly takesMs?: number;
  /** At least, where the step gives two figures. */
  readonly takesLeastMs?: number;
  /** What decides, when it comes to this step, whether it is done or skipped. */
  readonly when?: string;
  readonly notes?: readonly PlanNote[];
  readonly onItsWay?: OnItsWay;
  /** What it puts live, where its arguments name no target. */
  readonly builds?: readonly Built[];
  /** The condition that is false already, of the step or of what carries it out: it will be skipped. */
  readonly skipped?: string;
}

export interface Built {
  readonly target: string;
  /** As the target will call it. */
  readonly release: string;
}

export interface PlannedLock {
  readonly lock: string;
  /** The call that takes it; null: the run itself. */
  readonly step: string | null;
  readonly heldBy: { readonly incident: string; readonly run: string | null; readonly heldMs: number | null } | null;
}

/** The step itself, or one that it carries out: of a call or a fan-out. */
export const isWithin = (step: string, outer: string): boolean => step === outer || step.startsWith(`${outer}.`);

export interface Plan {
  readonly runbook: string;
  readonly version: string;
  readonly irHash: string;
  readonly inputs: JsonObject;
  readonly org: string | null;
  readonly steps: readonly PlanStep[];
  /** What it does to databases; absent where none stands behind it. */
  readonly safety?: Safety;
  /** sha256 of everything above. */
  readonly planHash: string;
  /** Outside the hash: what the guards said when the plan was made. */
  readonly guards: readonly GuardVerdict[];
  /** Outside the hash: what a way back would throw away, counted when the plan was made. */
  readonly losses?: readonly Loss[];
  /** Outside the hash: what is expected until each clock and each component's RTO is met; absent where nothing is promised. */
  readonly budgets?: readonly TimeBudget[];
  /** Outside the hash: what certificates say of the ways back in it; absent where no store is asked. */
  readonly proofs?: readonly Proof[];
  /** Outside the hash: what its run and its calls hold alone, and who had it when the plan was made. */
  readonly locks?: readonly PlannedLock[];
  /** Outside the hash: sentences keys about what could not be known. */
  readonly unknowns: readonly { readonly step: string; readonly why: string }[];
}
