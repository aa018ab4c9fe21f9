// What acts have changed, on the disk of a world, by the step that asked for it, with faults where a scene wants them: an act that is refused,
// that says yes and does nothing, whose answer is lost, or comes too late. Which step it was stands in the journal.
import { BelayError } from '../../domain/errors.ts';
import type { ActFault } from '../../domain/runbook-scene.ts';
import type { Action } from '../../ports/action.ts';
import type { CommandOrder, CommandResult } from '../../ports/command-runner.ts';
import type { Time } from '../../ports/time.ts';
import type { DurableDisk } from './durable-disk.ts';
import { journalLinesOf } from './journal.ts';
import type { KillSwitch } from './kill-switch.ts';

/** Longer than any step waits. */
const TOO_LATE_MS = 7 * 86_400_000;

export interface Deed {
  readonly step: string;
  /** Run, step and visit. */
  readonly key: string;
  readonly target: string;
}

export interface DeedsDeps {
  readonly disk: DurableDisk;
  readonly kill: KillSwitch;
  readonly time: Time;
  readonly faults: Readonly<Record<string, ActFault>>;
}

/** In their order: readable after any kill. */
export const deedsOn = (disk: DurableDisk): Deed[] => disk.part<Deed[]>('deeds', () => []);

interface Attempt {
  readonly step: string;
  readonly key: string;
  readonly name: string;
}

/** The last intent about this target: nobody acts without one. */
function attemptOn(disk: DurableDisk, target: string | null): Attempt {
  const line = journalLinesOf(disk).findLast((one) => one.kind === 'intent' && (target === null || one.target === target));
  return { step: line?.step ?? '', key: line?.key ?? '', name: `${line?.key ?? ''}/${line?.attempt ?? 0}` };
}

/** The same for every repetition of one attempt, so that a kill uses up no fault. */
function faultOf({ disk, faults }: DeedsDeps, { step, name }: Attempt): ActFault['how'] | null {
  const fault = faults[step];
  if (fault === undefined) return null;
  const seen = disk.part<string[]>(`faults of ${step}`, () => []);
  if (!seen.includes(name)) seen.push(name);
  return seen.indexOf(name) < fault.times ? fault.how : null;
}

async function carriedOut<T>(deps: DeedsDeps, target: string, attempt: Attempt, act: () => Promise<T>, lie: T): Promise<T> {
  const { disk, kill, time } = deps;
  await kill.at(`act:${attempt.step}:before`);
  const fault = faultOf(deps, attempt);
  if (fault === 'refuses') throw new BelayError('BELAY_ACT_FAILED', 'the scene says that it is refused', { effect: 'none' });
  if (fault === 'lies') return lie;
  const said = await act();
  deedsOn(disk).push({ step: attempt.step, key: attempt.key, target });
  await kill.at(`act:${attempt.step}:after`);
  if (fault === 'drops') throw new BelayError('BELAY_TIMEOUT', 'the scene says that its answer is lost', { effect: 'unknown' });
  if (fault === 'stalls') await time.sleep(TOO_LATE_MS);
  return said;
}

export function countedAction(action: Action, deps: DeedsDeps): Action {
  return {
    ...action,
    act: (args, order) => {
      const target = action.target(args);
      return carriedOut(deps, target, attemptOn(deps.disk, target), () => action.act(args, order), undefined);
    },
  };
}

/** A command that is not told of ends well and prints nothing. */
export function countedCommands(run: (order: CommandOrder) => CommandResult, deps: DeedsDeps) {
  const result = (order: CommandOrder): CommandResult => ({ ...run(order), tookMs: 0 });
  return {
    run: (order: CommandOrder): Promise<CommandResult> =>
      carriedOut(deps, order.argv.join(' '), attemptOn(deps.disk, null), async () => result(order), result(order)),
  };
}
