// Taking back: `do` steps in reverse order, each by its declared undo, each under the full protocol of `do`, under the locks that it was done
// under, and only while our own change is still what is there. An undo that fails stops there and asks people; it never cascades.
import { BelayError } from '../domain/errors.ts';
import type { RunStep } from '../domain/ir.ts';
import { stepsOf } from '../domain/ir.ts';
import type { CommandOutcome } from './command-protocol.ts';
import type { DoOutcome } from './do.ts';
import { goBack } from './each/lanes.ts';
import { performStepDo } from './perform.ts';
import { performStepCommand } from './perform-command.ts';
import { lookupFor } from './plan.ts';
import { resolveRefs } from './refs.ts';
import type { Completed, Visit } from './run.ts';
import { append, BELAY, factsOf, partName } from './run.ts';
import { underLocks } from './undo-locks.ts';

const UNDO_TIMEOUT_MS = 60_000;
const MOST_NAMED = 20;

/** Returns what happened in words for the log. Contingencies of the steps taken back are closed. */
export async function unwind(visit: Visit, steps: readonly string[]): Promise<string> {
  const { run } = visit;
  run.course.unwinds += 1;
  const name = `undo${run.course.unwinds}`;
  const wanted = run.course.completed.filter((one) => steps.includes(one.step)).reverse();
  return underLocks(visit, { name, wanted, work: (locked) => takeAllBack(locked, wanted, name) });
}

async function takeAllBack(visit: Visit, wanted: readonly Completed[], name: string): Promise<string> {
  for (const [index, done] of wanted.entries()) {
    const problem = await takeOneBack(visit, done, `${name}-${index}-${done.step}`);
    if (problem !== null) return problem;
  }
  return wanted.length === 0 ? 'nothing to take back' : `took back ${wanted.map((one) => one.step).join(', ')}`;
}

async function takeOneBack(visit: Visit, done: Completed, name: string): Promise<string | null> {
  const { run } = visit;
  if (done.isEach === true) return takeFanOutBack(visit, done, name);
  if (done.undo === null) return `stopped before ${done.step}: it has no undo`;
  const found = done.fingerprint ?? (await inPlace(visit, done, name));
  if (typeof found === 'object' && found !== null)
    return `stopped before ${done.step}: nobody can see whether it is in place, so look at ${done.target} (${found.unseen})`;
  const expected = found;
  // Nobody can tell whether it took effect, and it is not in place now: there is nothing of ours to take back.
  if (expected !== null || done.call === null) {
    const outcome = await undoNow(visit, done, { name, expected });
    if (outcome.status === 'conflict')
      return `stopped before ${done.step}: somebody changed ${done.target} since, and that is not ours to take back`;
    if (outcome.status !== 'done' && outcome.status !== 'noop') return `the undo of ${done.step} did not succeed (${whyOf(outcome)})`;
    // The target looks as it did after the step before this one; what that step left is what its own undo must find.
    if ('fingerprint' in outcome)
      for (const earlier of run.course.completed)
        if (earlier.target === done.target && earlier !== done) earlier.fingerprint = outcome.fingerprint;
  }
  await append(run, partName(visit, `${name}:undone`), (at) => ({
    events: [
      { type: 'step.undone', data: { step: done.step, by: visit.step.id }, at, actor: BELAY },
      { type: 'contingency.closed', data: { step: done.step, by: visit.step.id }, at, actor: BELAY },
    ],
    clearTimers: [`contingency:${done.step}`],
  }));
  run.course.completed.splice(run.course.completed.indexOf(done), 1);
  return null;
}

const whyOf = (outcome: DoOutcome | CommandOutcome): string =>
  'message' in outcome ? `${outcome.status}: ${outcome.message}` : outcome.status;

/** All organizations that it was done for; what cannot be taken back for some of them is for people to look at. */
async function takeFanOutBack(visit: Visit, done: Completed, name: string): Promise<string | null> {
  const { run } = visit;
  const back = await goBack(visit, { step: done.step, name });
  const { lost = [] } = done;
  if (back.failed + lost.length > 0) {
    const open = back.failed > 0 ? [` and could not be for ${back.failed}`] : [];
    const unknown = lost.length > 0 ? [`; nobody knows what was done for ${named(lost)}, whose lane broke off: look at each of them`] : [];
    return `${done.step} was taken back for ${back.undone} organizations${[...open, ...unknown].join('')}`;
  }
  await append(run, partName(visit, `${name}:undone`), (at) => ({
    events: [{ type: 'step.undone', data: { step: done.step, by: visit.step.id }, at, actor: BELAY }],
  }));
  run.course.completed.splice(run.course.completed.indexOf(done), 1);
  return null;
}

function named(orgs: readonly string[]): string {
  const more = orgs.length - MOST_NAMED;
  return `${orgs.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more (the log has them all)` : ''}`;
}

interface Undoing {
  readonly name: string;
  readonly expected: string | null;
}

async function undoNow(visit: Visit, done: Completed, { name, expected }: Undoing): Promise<DoOutcome | CommandOutcome> {
  const { undo } = done;
  if (undo === null) throw new Error(`${done.step} has no undo`);
  for (let round = 1; ; round += 1) {
    const o = { part: `${name}-${round}-`, timeoutMs: UNDO_TIMEOUT_MS };
    const outcome =
      'cmd' in undo
        ? await performStepCommand(visit, {
            ...o,
            argv: undo.cmd,
            place: undo,
            effect: 'state',
            codes: [0],
            step: commandStep(visit, done.step),
          })
        : await performStepDo(visit, { ...o, call: undo, expected, verify: [], isUndo: true });
    if (outcome.status !== 'paused') return outcome;
  }
}

function commandStep({ run }: Visit, id: string): RunStep {
  const step = stepsOf(run.course.runbook).find((one) => one.id === id);
  if (step?.kind !== 'run') throw new Error(`${id} is no step of kind run`);
  return step;
}

/** The fingerprint of the target while our change is in place; null when it is not; `unseen`: why nobody can tell. */
async function inPlace(visit: Visit, { call }: Completed, name: string): Promise<string | null | { readonly unseen: string }> {
  const { run } = visit;
  if (call === null) return null;
  return (await run.context.step(partName(visit, `${name}:look`), async () => {
    const lookup = await lookupFor(run.world, factsOf(run), call.with);
    if (typeof lookup === 'string') return { unseen: lookup };
    const action = run.world.actions[call.do];
    if (action === undefined) return { unseen: `there is no action ${call.do}` };
    try {
      const seen = await action.observe(resolveRefs(call.with, lookup).value);
      return seen.reached ? seen.fingerprint : null;
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      return { unseen: error.message };
    }
  })) as string | null | { readonly unseen: string };
}
