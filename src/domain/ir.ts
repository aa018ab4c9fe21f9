// The IR: a runbook compiled to plain JSON, pinned by the sha256 of its canonical form (`irHash`).
// Durations are milliseconds, fractions are 0…1, expressions are CEL source that the compiler has type-checked.
// `{path}` references stay in strings until the plan resolves them. Nothing here reads Markdown.
import type { BatchEnd } from './fan-out.ts';
import type { Json, JsonObject } from './json.ts';

export type InputType = 'string' | 'int' | 'bool' | 'duration' | 'time' | 'org' | 'release' | 'backup' | 'component';
export interface InputSpec {
  readonly type: InputType;
  readonly required: boolean;
  readonly default?: Json;
  readonly oneOf?: readonly Json[];
}

export interface Check {
  readonly probe: string;
  readonly with: JsonObject;
  readonly expect: string;
  readonly forMs?: number;
}

/** `override`: roles and people who may have the run act although it does not hold; absent: nobody may. */
export type Guard = (Measured & { readonly expect: string }) | { readonly id: string; readonly text: string; readonly ask: string };
export type Never = (Measured & { readonly when: string }) | { readonly id: string; readonly text: string; readonly ask: string };

interface Measured {
  readonly id: string;
  readonly text: string;
  readonly probe: string;
  readonly with: JsonObject;
  readonly override?: readonly string[];
}

export interface ActionCall {
  readonly do: string;
  readonly with: JsonObject;
}

export type OnFail = { readonly then: 'stop' | 'continue' | 'ask' | 'undo' } | { readonly then: 'goto'; readonly step: string };

export interface Retry {
  readonly max: number;
  readonly everyMs: number;
  readonly backoff: 'fixed' | 'exp';
  readonly attemptMs?: number;
}

interface StepBase {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly who?: string;
  readonly when?: string;
  /** As `when`, asked of a probe: what it cannot say, people are asked. */
  readonly whenCheck?: Check;
  readonly pre?: readonly string[];
  readonly withinMs?: number;
  readonly timeoutMs?: number;
  /** How long it is expected to take: at most, where two figures are given. */
  readonly takesMs?: number;
  /** At least, where two figures are given. */
  readonly takesLeastMs?: number;
  readonly retry?: Retry;
  readonly fail: OnFail;
  readonly meets: readonly string[];
  readonly evidence: readonly string[];
}

export type AnswerType = 'text' | 'int' | 'number' | 'bool' | 'time' | 'url';
export interface ManualStep extends StepBase {
  readonly kind: 'manual';
  readonly checks: readonly string[];
  readonly count: number;
  readonly answers: Readonly<Record<string, { readonly type: AnswerType }>>;
}
export interface ApproveStep extends StepBase {
  readonly kind: 'approve';
  readonly from: readonly string[];
  readonly min: number;
  readonly fourEyes: boolean;
  readonly show: readonly string[];
  readonly onTimeout: 'abort' | 'escalate';
}
export interface ChooseArm {
  readonly title: string;
  readonly human: boolean;
  readonly goto?: string;
}
export interface ChooseStep extends StepBase {
  readonly kind: 'choose';
  readonly by?: string;
  readonly ask?: string;
  readonly arms: Readonly<Record<string, ChooseArm>>;
}
export interface DoStep extends StepBase {
  readonly kind: 'do';
  readonly do: string;
  readonly with: JsonObject;
  readonly undo?: ActionCall;
  /** Why it cannot be taken back; excludes `undo`. */
  readonly irreversible?: string;
  readonly verify: readonly Check[];
  /** What the target knows the act by, of an action that must not be done twice; absent: run, step and visit. */
  readonly key?: string;
  /** `atExpiry`: `undo` takes it back by itself then; people are reminded otherwise. */
  readonly contingency?: { readonly owner: string; readonly expiresMs: number; readonly atExpiry?: 'undo' };
}
export interface VerifyStep extends StepBase {
  readonly kind: 'verify';
  readonly mode: 'all' | 'any';
  readonly checks: readonly Check[];
  readonly everyMs: number;
}
export interface WatchStep extends StepBase {
  readonly kind: 'watch';
  readonly forMs: number;
  readonly mode: 'all' | 'any';
  readonly checks: readonly Check[];
  readonly everyMs: number;
  /** Overlay factor on this runbook's triggers while the step runs (1 = as written). */
  readonly strict: number;
}
export interface WaitStep extends StepBase {
  readonly kind: 'wait';
  readonly until?: string;
  readonly forMs?: number;
  /** A maintenance window of `belay.yaml` that must be open. */
  readonly window?: string;
}
export interface NotifyStep extends StepBase {
  readonly kind: 'notify';
  readonly template: string;
  readonly to: readonly string[];
  readonly promiseMs?: number;
}
export interface CollectStep extends StepBase {
  readonly kind: 'collect';
  readonly from: readonly { readonly probe: string; readonly with: JsonObject; readonly evidence?: string }[];
}

/** `read` changes nothing; `state` may be repeated, and ends the same; `once` may not. */
export type CommandEffect = 'read' | 'state' | 'once';
/** A program and its arguments. A `{reference}` is a whole argument, never a part of one. */
export interface CommandCall {
  readonly cmd: readonly string[];
}
export interface RunStep extends StepBase, CommandCall {
  readonly kind: 'run';
  /** `local`, or `ssh:<host>` of the policy. */
  readonly on: string;
  readonly cwd?: string;
  /** Names of variables that the policy gives. */
  readonly env: readonly string[];
  readonly effect: CommandEffect;
  /** The exit codes that mean that it went well. */
  readonly codes: readonly number[];
  /** A command of undo runs where the step's own does. */
  readonly undo?: ActionCall | CommandCall;
  readonly irreversible?: string;
}

/** Another runbook, as a part of this one: its steps are in this plan, its answers and acts in this incident. */
export interface CallStep extends StepBase {
  readonly kind: 'call';
  /** As linked (`link-runbooks.ts`): its step ids begin with this step's. Before that it has an id and no phases. */
  readonly runbook: Runbook;
  /** Held alone while the called runbook runs, beside that one's own `lock`. */
  readonly lock?: string;
  /** Its inputs; references are to what the calling runbook knows. */
  readonly with: JsonObject;
}

/** Another runbook, once for each organization, each part on its own. */
export interface EachStep extends StepBase {
  readonly kind: 'each';
  /** As linked, with the step ids of its own: a part's ids begin with this step's and its organization's. */
  readonly runbook: Runbook;
  /** The organizations themselves, or an expression that gives them. */
  readonly over: string | readonly string[];
  /** What `with` calls the organization. */
  readonly as: string;
  readonly batches: readonly BatchEnd[];
  /** More than so many, and nobody else has a turn. */
  readonly maxFailures: number;
  /** More organizations than so many need an approval of their own. */
  readonly cap?: number;
  /** A step of this runbook that must pass after a batch, or there is no next one. */
  readonly gate?: string;
  readonly atOnce: number;
  readonly with: JsonObject;
}

export type Step =
  | ManualStep
  | ApproveStep
  | ChooseStep
  | DoStep
  | VerifyStep
  | WatchStep
  | WaitStep
  | NotifyStep
  | CollectStep
  | RunStep
  | CallStep
  | EachStep;
export type StepKind = Step['kind'];
export const STEP_KINDS: readonly StepKind[] = [
  'manual',
  'approve',
  'choose',
  'do',
  'verify',
  'watch',
  'wait',
  'notify',
  'collect',
  'run',
  'call',
  'each',
];

export interface Phase {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly steps: readonly Step[];
}

export interface ClockSpec {
  /** `detected`, `declared`, or a phase entered (`phase.mitigated`). */
  readonly from: string;
  readonly budgetMs: number;
  /** Phases or `step:<id>` that stop it; empty: a step that `meets` it does. */
  readonly until: readonly string[];
  /** Share of the budget at which it warns; default 0.8. */
  readonly warn: number;
  /** Role to escalate to when it is missed. */
  readonly escalateTo?: string;
}

/** text → language → Markdown source. */
export type Templates = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Runbook {
  readonly belay: 1;
  readonly irSemantics: 1;
  readonly id: string;
  readonly title: string;
  readonly version: string;
  readonly lang: 'en' | 'pt-BR';
  readonly owner?: string;
  readonly visibility: 'internal' | 'public';
  readonly severity: Severity;
  readonly components: readonly string[];
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly lock?: string;
  readonly roles: Readonly<Record<string, { readonly is: string; readonly deputy?: string }>>;
  readonly clocks: Readonly<Record<string, ClockSpec>>;
  /** Ids of triggers that lead here (inline ones were lifted into the system's list). */
  readonly triggers: readonly string[];
  readonly start: 'ask' | 'auto';
  readonly require: readonly Guard[];
  readonly never: readonly Never[];
  readonly evidence: readonly string[];
  readonly text: string;
  readonly phases: readonly Phase[];
  readonly templates: Templates;
}

export type Severity = 'P0' | 'P1' | 'P2';

/** With nothing but its name. */
export function bareRunbook(id: string): Runbook {
  return {
    belay: 1,
    irSemantics: 1,
    id,
    title: id,
    version: '0.0.0',
    lang: 'en',
    visibility: 'internal',
    severity: 'P2',
    components: [],
    inputs: {},
    roles: {},
    clocks: {},
    triggers: [],
    start: 'ask',
    require: [],
    never: [],
    evidence: [],
    text: '',
    phases: [],
    templates: {},
  };
}

/** The steps of the document itself, in its order. */
export function ownSteps(runbook: Pick<Runbook, 'phases'>): readonly Step[] {
  return runbook.phases.flatMap((phase) => phase.steps);
}

/** All steps in order: those of a called runbook follow the step that calls it. */
export function stepsOf(runbook: Pick<Runbook, 'phases'>): readonly Step[] {
  return ownSteps(runbook).flatMap((step) => (step.kind === 'call' ? [step, ...stepsOf(step.runbook)] : [step]));
}

/** The id that the runbook of a step gives it: what its expressions and references name. */
export const localId = (id: string): string => id.slice(id.lastIndexOf('.') + 1);

/** Steps that change the world. */
export function isAct(step: Step): step is DoStep | RunStep {
  return step.kind === 'do' || (step.kind === 'run' && step.effect !== 'read');
}

/** A runbook with an `org` input serves one organization; without one it serves all. */
export function isPerOrg(runbook: Runbook): boolean {
  return Object.values(runbook.inputs).some((input) => input.type === 'org');
}
