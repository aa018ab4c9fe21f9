// What a runbook is expected to take until each clock that it meets stops and each component of it is back, next to what is allowed. It judges
// figures; it asks no store and sets no timer.
import type { Expected, Known } from './expected-time.ts';
import { expectedWay, isActing, untilDone } from './expected-time.ts';
import type { ClockSpec, Runbook, Step } from './ir.ts';
import { ownSteps, stepsOf } from './ir.ts';
import type { Instant, JsonObject } from './json.ts';
import type { System } from './system.ts';

/** `over`: even at best; `tight`: at worst; `open`: what is said fits, and some steps say nothing. */
export type Fit = 'fits' | 'tight' | 'over' | 'open';

export interface TimeBudget {
  readonly kind: 'clock' | 'rto';
  /** The clock, or the component. */
  readonly id: string;
  readonly title: string;
  readonly budgetMs: number;
  /** `budgetMs` is what is left of it, of an incident that goes on. */
  readonly isLeft?: true;
  /** Steps with whose end it is met: whichever comes first. */
  readonly steps: readonly string[];
  readonly expected: Expected;
  readonly fit: Fit;
  /** How much it is over: at best, or at worst where it is `tight`; 0 where it fits. */
  readonly overMs: number;
  /** What it took in the last runs: the median, and of how many. */
  readonly past?: { readonly ms: number; readonly runs: number };
}

export function fitOf({ leastMs, mostMs, silent }: Expected, budgetMs: number): Pick<TimeBudget, 'fit' | 'overMs'> {
  if (leastMs > budgetMs) return { fit: 'over', overMs: leastMs - budgetMs };
  if (mostMs > budgetMs) return { fit: 'tight', overMs: mostMs - budgetMs };
  return { fit: silent.length === 0 ? 'fits' : 'open', overMs: 0 };
}

/** Clocks first, each in the order of the files. Nothing is said of what no path of the runbook meets. */
export function budgetsOf(
  runbook: Runbook,
  { clocks, components }: Pick<System, 'clocks' | 'components'>,
  known: Known = {},
): readonly TimeBudget[] {
  const rto = untilDone(runbook, known);
  return [
    ...Object.entries({ ...clocks, ...runbook.clocks }).flatMap(([id, clock]) => {
      const found = metOf(runbook, id, clock, known);
      return found === null
        ? []
        : [{ kind: 'clock' as const, id, title: id, budgetMs: clock.budgetMs, ...found, ...fitOf(found.expected, clock.budgetMs) }];
    }),
    ...runbook.components.flatMap((name) => {
      const component = components.find((one) => one.id === name);
      if (component?.rtoMs === undefined || rto === null) return [];
      const { id, title, rtoMs } = component;
      return [
        { kind: 'rto' as const, id, title, budgetMs: rtoMs, steps: [rto.step], expected: rto.expected, ...fitOf(rto.expected, rtoMs) },
      ];
    }),
  ];
}

function metOf(
  runbook: Runbook,
  id: string,
  clock: ClockSpec,
  known: Known,
): { readonly steps: readonly string[]; readonly expected: Expected } | null {
  const all = stepsOf(runbook);
  const act = all.findIndex(isActing);
  const proofs = new Set(
    all.flatMap((step, at) => (act !== -1 && at > act && (step.kind === 'verify' || step.kind === 'watch') ? [step.id] : [])),
  );
  const meets = (step: Step): boolean =>
    step.meets.includes(id) || clock.until.includes(`step:${step.id}`) || (clock.until.includes('phase.mitigated') && proofs.has(step.id));
  const { met, end } = expectedWay(ownSteps(runbook), { meets, known });
  const ends = clock.until.includes('phase.resolved');
  const last = all.at(-1);
  if (met !== null) return { steps: all.filter(meets).map((step) => step.id), expected: met };
  return ends && end !== null && last !== undefined ? { steps: [last.id], expected: end } : null;
}

/** The same for an incident that goes on: what is left of each clock, and of what is still to be done. A clock that has run out or was stopped is left out. */
export function budgetsLeft(runbook: Runbook, { system, incident, each, now }: AtWork): readonly TimeBudget[] {
  const { steps, clocks, detectedAt, mitigatedAt } = incident;
  const known: Known = {
    begun: (id) => {
      const step = steps[id];
      if (step === undefined) return undefined;
      return step.endedAt === undefined ? Math.max(0, now - step.startedAt) : 'over';
    },
    chosen: (id) => {
      const choice = steps[id]?.detail['choice'];
      return typeof choice === 'string' ? choice : undefined;
    },
    ...(each === undefined ? {} : { each }),
  };
  return budgetsOf(runbook, system, known).flatMap((budget) => {
    const clock = budget.kind === 'clock' ? clocks[budget.id] : undefined;
    const isOver = budget.kind === 'clock' ? clock === undefined || clock.stoppedAt !== undefined : mitigatedAt !== undefined;
    const budgetMs = (clock?.deadline ?? detectedAt + budget.budgetMs) - now;
    return isOver || budgetMs <= 0 ? [] : [{ ...budget, budgetMs, isLeft: true as const, ...fitOf(budget.expected, budgetMs) }];
  });
}

export interface AtWork {
  readonly system: Pick<System, 'clocks' | 'components'>;
  readonly incident: PastRun & {
    readonly detectedAt: Instant;
    readonly mitigatedAt?: Instant;
    readonly clocks: Readonly<Record<string, { readonly deadline: Instant; readonly stoppedAt?: Instant }>>;
  };
  readonly each?: Known['each'];
  readonly now: Instant;
}

/** So many of the last runs are looked at. */
const LAST_RUNS = 5;

/** What is known of an earlier run, newest first. */
export interface PastRun {
  readonly steps: Readonly<
    Record<string, { readonly status: string; readonly startedAt: Instant; readonly endedAt?: Instant; readonly detail: JsonObject }>
  >;
}

/** With what it really took, from the first step of a run to the end of the step that met it. */
export function withPast(budgets: readonly TimeBudget[], runs: readonly PastRun[]): readonly TimeBudget[] {
  return budgets.map((budget) => {
    const took = runs
      .flatMap((run) => tookIn(run, budget.steps))
      .slice(0, LAST_RUNS)
      .toSorted((a, b) => a - b);
    const ms = took[Math.floor((took.length - 1) / 2)];
    return ms === undefined ? budget : { ...budget, past: { ms, runs: took.length } };
  });
}

function tookIn({ steps }: PastRun, met: readonly string[]): readonly number[] {
  const began = Math.min(...Object.values(steps).map((step) => step.startedAt));
  const ends = met.flatMap((id) => {
    const step = steps[id];
    return step?.endedAt !== undefined && (step.status === 'done' || step.status === 'noop') ? [step.endedAt - began] : [];
  });
  return ends.length === 0 ? [] : [Math.max(0, Math.min(...ends))];
}
