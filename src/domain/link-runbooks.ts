// Links `call` steps: the called runbook becomes a part of the calling one, with step ids that say where it is called, so that one
// hash, one plan and one approval cover all that would run; `each` steps carry theirs along whole. It reads no file and knows no places in files.
import type { CallStep, ClockSpec, EachStep, Phase, Runbook, Step } from './ir.ts';
import { ownSteps, stepsOf } from './ir.ts';
import type { Json } from './json.ts';

/** A call in a call in a call: deeper than this nobody reads a plan. */
const MOST_DEEP = 5;
export const MOST_STEPS = 500;

export interface LinkProblem {
  /** The step of the outermost runbook that leads there. */
  readonly step: string;
  /** `name` is the runbook that is missing, the way round of a loop, the role that means two things, or the step that cannot be a part. */
  readonly why: 'missing' | 'loop' | 'too-deep' | 'too-many-steps' | 'role-differs' | 'asks';
  readonly name: string;
}

export type Linked = { readonly ok: true; readonly runbook: Runbook } | { readonly ok: false; readonly problems: readonly LinkProblem[] };

/** `lookup` gives runbooks that are not linked. Roles, clocks and evidence that the called ones need join those of `runbook`. */
export function linkRunbook(runbook: Runbook, lookup: (id: string) => Runbook | undefined): Linked {
  const problems: LinkProblem[] = [];
  const linked = link(runbook, { lookup, problems, way: [runbook.id], top: null });
  if (stepsOf(linked).length > MOST_STEPS)
    problems.push({ step: ownSteps(runbook).find(isCall)?.id ?? '', why: 'too-many-steps', name: String(stepsOf(linked).length) });
  return problems.length === 0 ? { ok: true, runbook: linked } : { ok: false, problems };
}

const isCall = (step: Step): step is CallStep => step.kind === 'call';
const isEach = (step: Step): step is EachStep => step.kind === 'each';

interface Linking {
  readonly lookup: (id: string) => Runbook | undefined;
  readonly problems: LinkProblem[];
  /** Runbooks from the outermost one to here. */
  readonly way: readonly string[];
  readonly top: string | null;
}

function link(runbook: Runbook, linking: Linking): Runbook {
  const calls = ownSteps(runbook).filter(isCall);
  const eaches = ownSteps(runbook).filter(isEach);
  if (calls.length + eaches.length === 0) return runbook;
  const bodies = new Map([
    ...calls.map((call) => [call.id, bodyOf(call, linking)] as const),
    ...eaches.map((each) => [each.id, partOf(each, linking)] as const),
  ]);
  const phases = runbook.phases.map(
    (phase): Phase => ({
      ...phase,
      steps: phase.steps.map((step) => (isCall(step) || isEach(step) ? { ...step, runbook: bodies.get(step.id) ?? step.runbook } : step)),
    }),
  );
  return calls.reduce<Runbook>((whole, call) => joined(whole, bodies.get(call.id) ?? call.runbook, linking, call.id), {
    ...runbook,
    phases,
  });
}

/** The called runbook with its own calls linked, and every id below the calling step's. */
function bodyOf(call: CallStep, linking: Linking): Runbook {
  const found = linkedBody(call, linking);
  return found === null ? call.runbook : renamed(found, `${call.id}.`);
}

/** The runbook of an organization's part. Thousands of parts at once cannot ask people: such steps belong into the runbook around them. */
function partOf(each: EachStep, linking: Linking): Runbook {
  const found = linkedBody(each, linking);
  if (found === null) return each.runbook;
  for (const step of stepsOf(found))
    if (!isPart(step)) linking.problems.push({ step: linking.top ?? each.id, why: 'asks', name: `${step.id} (${step.kind})` });
  for (const guard of questionsOf(found)) linking.problems.push({ step: linking.top ?? each.id, why: 'asks', name: `${guard} (guard)` });
  return found;
}

/** Guards that are questions for people: its own, and those of what it calls. */
function questionsOf(runbook: Runbook): readonly string[] {
  const parts = [runbook, ...stepsOf(runbook).flatMap((step) => (isCall(step) ? [step.runbook] : []))];
  return parts.flatMap(({ require, never }) => [...require, ...never].flatMap((guard) => ('ask' in guard ? [guard.id] : [])));
}

function isPart(step: Step): boolean {
  switch (step.kind) {
    case 'verify':
    case 'watch':
    case 'wait':
    case 'run':
    case 'call':
      return true;
    case 'do':
      return step.contingency === undefined;
    case 'choose':
      return step.by !== undefined && Object.values(step.arms).every((arm) => !arm.human);
    case 'manual':
    case 'approve':
    case 'notify':
    case 'collect':
    case 'each':
      return false;
  }
}

/** Null when there is none that can stand here, which has been told. */
function linkedBody(step: CallStep | EachStep, linking: Linking): Runbook | null {
  const { id } = step.runbook;
  const top = linking.top ?? step.id;
  const tell = (why: LinkProblem['why'], name: string): null => {
    linking.problems.push({ step: top, why, name });
    return null;
  };
  if (linking.way.includes(id)) return tell('loop', [...linking.way, id].join(' → '));
  if (linking.way.length > MOST_DEEP) return tell('too-deep', [...linking.way, id].join(' → '));
  const found = linking.lookup(id);
  return found === undefined ? tell('missing', id) : link(found, { ...linking, way: [...linking.way, id], top });
}

/** What the incident must know of the called runbook. The caller's own clock of a name is the one that counts. */
function joined(runbook: Runbook, body: Runbook, { problems, top }: Linking, call: string): Runbook {
  for (const [role, meaning] of Object.entries(body.roles)) {
    const mine = runbook.roles[role];
    if (mine !== undefined && (mine.is !== meaning.is || mine.deputy !== meaning.deputy))
      problems.push({ step: top ?? call, why: 'role-differs', name: role });
  }
  return {
    ...runbook,
    roles: { ...body.roles, ...runbook.roles },
    clocks: { ...body.clocks, ...runbook.clocks },
    evidence: [...new Set([...runbook.evidence, ...body.evidence])],
  };
}

/** With every id of its steps behind `prefix`, and what names them. */
export function renamed(runbook: Runbook, prefix: string): Runbook {
  return {
    ...runbook,
    clocks: Object.fromEntries(Object.entries(runbook.clocks).map(([id, clock]) => [id, renamedClock(clock, prefix)])),
    phases: runbook.phases.map((phase) => ({ ...phase, steps: phase.steps.map((step) => renamedStep(step, prefix)) })),
  };
}

function renamedClock(clock: ClockSpec, prefix: string): ClockSpec {
  const until = clock.until.map((one) => (one.startsWith('step:') ? `step:${prefix}${one.slice('step:'.length)}` : one));
  return { ...clock, until };
}

function renamedStep(step: Step, prefix: string): Step {
  const base = {
    id: prefix + step.id,
    fail: step.fail.then === 'goto' ? { then: 'goto' as const, step: prefix + step.fail.step } : step.fail,
  };
  switch (step.kind) {
    case 'call':
      return { ...step, ...base, runbook: renamed(step.runbook, prefix) };
    case 'choose': {
      const arms = Object.entries(step.arms).map(([name, arm]) => [
        name,
        arm.goto === undefined ? arm : { ...arm, goto: prefix + arm.goto },
      ]);
      return { ...step, ...base, arms: Object.fromEntries(arms) };
    }
    case 'do':
      return { ...step, ...base, with: step.do === 'belay.undo' ? { ...step.with, steps: below(step.with['steps'], prefix) } : step.with };
    case 'each':
      return { ...step, ...base, ...(step.gate === undefined ? {} : { gate: prefix + step.gate }) };
    case 'manual':
    case 'approve':
    case 'verify':
    case 'watch':
    case 'wait':
    case 'notify':
    case 'collect':
    case 'run':
      return { ...step, ...base };
  }
}

const below = (steps: Json | undefined, prefix: string): Json => (Array.isArray(steps) ? steps.map((one) => prefix + String(one)) : []);
