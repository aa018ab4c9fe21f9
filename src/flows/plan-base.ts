// What a plan says of every step, whatever it does, and of the time that they take together. It asks nothing of the world.
import type { Runbook, Step } from '../domain/ir.ts';
import type { Plan, PlanStep } from '../domain/plan.ts';
import type { System } from '../domain/system.ts';
import { budgetsOf } from '../domain/time-budget.ts';

export function baseOf(step: Step): Pick<PlanStep, 'id' | 'kind' | 'title' | 'who' | 'takesMs' | 'takesLeastMs' | 'when'> {
  const when = step.when ?? (step.whenCheck === undefined ? undefined : `${step.whenCheck.probe}: ${step.whenCheck.expect}`);
  return {
    id: step.id,
    kind: step.kind,
    title: step.title,
    ...(step.who === undefined ? {} : { who: step.who }),
    ...(step.takesMs === undefined ? {} : { takesMs: step.takesMs }),
    ...(step.takesLeastMs === undefined ? {} : { takesLeastMs: step.takesLeastMs }),
    ...(when === undefined ? {} : { when }),
  };
}

export function budgetsIn({ system }: { readonly system: System }, runbook: Runbook, steps: readonly PlanStep[]): Pick<Plan, 'budgets'> {
  const budgets = budgetsOf(runbook, system, { each: (id) => steps.find((step) => step.id === id)?.each });
  return budgets.length === 0 ? {} : { budgets };
}
