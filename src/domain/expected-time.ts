// How long a runbook is expected to take, from what its steps say (`takes`) along the paths that it may go. It adds up and invents nothing: a step
// that says nothing is counted by name. It knows no clock that runs and no world.
import type { PlannedEach } from './fan-out.ts';
import { batchEnds } from './fan-out.ts';
import type { EachStep, Runbook, Step } from './ir.ts';
import { ownSteps } from './ir.ts';

/** `silent`: steps on the way that do not say how long they take. */
export interface Expected {
  readonly leastMs: number;
  readonly mostMs: number;
  readonly silent: readonly string[];
}

/** What is known besides the text, of a plan or of a run at work. */
export interface Known {
  /** The organizations of a fan-out, once they are known. */
  readonly each?: (step: string) => PlannedEach | undefined;
  /** Of a step that was begun: it is over, or so long it has been at work. */
  readonly begun?: (step: string) => 'over' | number | undefined;
  /** The arm that was chosen already. */
  readonly chosen?: (step: string) => string | undefined;
}

export interface Way {
  /** At the end of the last step; null where no path leads there. */
  readonly end: Expected | null;
  /** At the end of the first step on the way for which `meets` says so; null where no path leads to one. */
  readonly met: Expected | null;
}

const NOTHING: Expected = { leastMs: 0, mostMs: 0, silent: [] };

export const plus = (a: Expected, b: Expected): Expected => ({
  leastMs: a.leastMs + b.leastMs,
  mostMs: a.mostMs + b.mostMs,
  silent: [...new Set([...a.silent, ...b.silent])],
});

/** Either of the two. */
const either = (a: Expected | null, b: Expected): Expected =>
  a === null
    ? b
    : { leastMs: Math.min(a.leastMs, b.leastMs), mostMs: Math.max(a.mostMs, b.mostMs), silent: [...new Set([...a.silent, ...b.silent])] };

/** Only forward: how often a run comes back, nobody can say before. */
export function expectedWay(
  steps: readonly Step[],
  { meets = () => false, known = {} }: { readonly meets?: (step: Step) => boolean; readonly known?: Known },
): Way {
  const arrivals: (Expected | null)[] = steps.map((_, at) => (at === 0 ? NOTHING : null));
  let met: Expected | null = null;
  let end: Expected | null = steps.length === 0 ? NOTHING : null;
  for (const [at, step] of steps.entries()) {
    const arrival = arrivals[at];
    if (arrival === null || arrival === undefined) continue;
    const inside = step.kind === 'call' && ownSteps(step.runbook).length > 0 ? expectedWay(ownSteps(step.runbook), { meets, known }) : null;
    const done = plus(arrival, ofStep(step, inside, known));
    if (inside !== null && inside.met !== null) met = either(met, plus(arrival, inside.met));
    if (meets(step)) {
      met = either(met, done);
      continue;
    }
    if (inside !== null && inside.end === null) continue;
    for (const next of nextOf(step, at, steps, known)) {
      if (next >= steps.length) end = either(end, done);
      else arrivals[next] = either(arrivals[next] ?? null, done);
    }
  }
  return { end, met };
}

/** Straight on, or where the arms of a choice lead. Where no step of that name is, the run leaves these steps. */
function nextOf(step: Step, at: number, steps: readonly Step[], known: Known): readonly number[] {
  if (step.kind !== 'choose') return [at + 1];
  const chosen = known.chosen?.(step.id);
  const arms = Object.entries(step.arms).filter(([name]) => chosen === undefined || name === chosen);
  const ways = arms.map(([, { goto }]) => {
    if (goto === undefined) return at + 1;
    const to = steps.findIndex((one) => one.id === goto);
    return to === -1 ? steps.length : to;
  });
  return [...new Set(ways)].filter((to) => to > at);
}

function ofStep(step: Step, inside: Way | null, known: Known): Expected {
  const begun = known.begun?.(step.id);
  if (begun === 'over') return NOTHING;
  const whole = wholeOf(step, inside, known);
  if (begun !== undefined) {
    const left = (ms: number): number => Math.max(0, ms - begun);
    return { leastMs: left(whole.leastMs), mostMs: left(whole.mostMs), silent: whole.silent };
  }
  // What may be skipped takes nothing at best.
  return step.when === undefined && step.whenCheck === undefined ? whole : { ...whole, leastMs: 0 };
}

function wholeOf(step: Step, inside: Way | null, known: Known): Expected {
  if (step.takesMs !== undefined) return { leastMs: step.takesLeastMs ?? step.takesMs, mostMs: step.takesMs, silent: [] };
  const silent: Expected = { ...NOTHING, silent: [step.id] };
  const exactly = (ms: number | undefined): Expected => (ms === undefined ? silent : { leastMs: ms, mostMs: ms, silent: [] });
  switch (step.kind) {
    case 'watch':
      return exactly(step.forMs);
    case 'wait':
      return exactly(step.forMs);
    case 'manual':
    case 'approve':
      return allowance(step.withinMs, silent);
    case 'choose':
      return step.ask === undefined ? NOTHING : allowance(step.withinMs, step.by === undefined ? silent : NOTHING);
    case 'call':
      return inside === null ? silent : (inside.end ?? inside.met ?? silent);
    case 'each':
      return ofEach(step, known.each?.(step.id));
    case 'notify':
      return NOTHING;
    case 'do':
    case 'run':
    case 'verify':
    case 'collect':
      return silent;
  }
}

/** What people are given is what they may use: perhaps all of it. */
const allowance = (withinMs: number | undefined, silent: Expected): Expected =>
  withinMs === undefined ? silent : { leastMs: 0, mostMs: withinMs, silent: [] };

/** Batch after batch, in each as many at the same time as the step says. Without a known number: one organization at least. */
function ofEach(step: EachStep, planned: PlannedEach | undefined): Expected {
  const part = expectedWay(ownSteps(step.runbook), {}).end ?? { ...NOTHING, silent: [step.id] };
  const orgs = planned?.orgs.length ?? (typeof step.over === 'string' ? undefined : step.over.length);
  if (orgs === 0) return NOTHING;
  const ends = planned?.batches ?? batchEnds(orgs ?? 1, step.batches);
  const rounds = ends.reduce((sum, end, at) => sum + Math.ceil((end - (ends[at - 1] ?? 0)) / step.atOnce), 0);
  return {
    leastMs: rounds * part.leastMs,
    mostMs: rounds * part.mostMs,
    silent: [...(part.silent.length === 0 ? [] : [step.id]), ...(orgs === undefined ? [step.id] : [])],
  };
}

/** Until what must be done is done: from where the run watches, the world is as it must be. Null where no path leads there. */
export function untilDone(
  runbook: Pick<Runbook, 'phases'>,
  known: Known = {},
): { readonly step: string; readonly expected: Expected } | null {
  const steps = ownSteps(runbook);
  const act = steps.findIndex((step) => isActing(step));
  const watch = steps.findIndex((step, at) => step.kind === 'watch' && act !== -1 && at > act);
  const before = watch === -1 ? steps : steps.slice(0, watch);
  const last = before.findLastIndex((step) => isActing(step) || step.kind === 'verify');
  const until = before.slice(0, last === -1 ? before.length : last + 1);
  const { end } = expectedWay(until, { known });
  const step = until.at(-1);
  return end === null || step === undefined ? null : { step: step.id, expected: end };
}

export const isActing = (step: Step): boolean => step.kind === 'do' || step.kind === 'run' || step.kind === 'call' || step.kind === 'each';
