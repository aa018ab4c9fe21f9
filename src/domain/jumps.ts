// Where a run may go besides straight on: over which steps of a runbook a `goto` can lead, and which may fail without stopping it. It knows the
// order of steps and what they say, and follows none of them.
import type { Step } from './ir.ts';

export interface Jumps {
  /** Ids of steps that a run may get past without having done them. What is inside them goes with them. */
  readonly past: ReadonlySet<string>;
  /** A run may come back to a step before the one that it stands at. */
  readonly back: boolean;
}

export const NO_JUMPS: Jumps = { past: new Set(), back: false };

/** Of one runbook's own steps, in their order. */
export function jumpsOf(steps: readonly Step[]): Jumps {
  const past = new Set<string>();
  let back = false;
  for (const [at, step] of steps.entries()) {
    if (step.fail.then === 'goto' || step.fail.then === 'continue') past.add(step.id);
    for (const target of targetsOf(step)) {
      const to = steps.findIndex((one) => one.id === target);
      if (to <= at) back = true;
      for (const between of steps.slice(at + 1, Math.max(at + 1, to))) past.add(between.id);
    }
  }
  return { past, back };
}

function targetsOf(step: Step): readonly string[] {
  const arms = step.kind === 'choose' ? Object.values(step.arms).flatMap(({ goto }) => goto ?? []) : [];
  return step.fail.then === 'goto' ? [...arms, step.fail.step] : arms;
}

export function joinJumps(all: readonly Jumps[]): Jumps {
  return { past: new Set(all.flatMap((one) => [...one.past])), back: all.some((one) => one.back) };
}
