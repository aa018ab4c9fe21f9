// A world in which nothing can be changed, nothing lasts long, and what fails is an answer: for judging what nobody waits for.
import { assert } from '../domain/assert.ts';
import { BelayError } from '../domain/errors.ts';
import type { TriggerView } from '../domain/trigger.ts';
import type { Action } from '../ports/action.ts';
import type { DeployTarget } from '../ports/deploy-target.ts';
import type { Probe } from '../ports/probe.ts';
import type { Readings } from '../ports/readings.ts';
import type { Time } from '../ports/time.ts';
import type { World } from './world.ts';

export interface Bounds {
  /** One question. */
  readonly callMs: number;
  /** All of them. */
  readonly totalMs: number;
  /** Whoever asks goes away: no answer is waited for any more. */
  readonly leaving?: AbortSignal | undefined;
}

type Readable = Pick<World, 'actions' | 'probes' | 'targets' | 'time'>;
type Within = <T>(call: () => Promise<T>) => Promise<T>;

export function onlyReading<W extends Readable>(world: W, bounds: Bounds): W {
  const within = withinOf(world.time, bounds);
  return {
    ...world,
    actions: each(world.actions, (action) => readAction(action, within)),
    probes: each(world.probes, (probe) => readProbe(probe, within)),
    targets: each(world.targets, (target) => readTarget(target, within)),
  };
}

/** Views asked for again within a second are those of before: ten thousand organizations break at once. */
export function withSameViews(readings: Readings, time: Pick<Time, 'now'>): Readings {
  const known = new Map<string | undefined, { readonly at: number; readonly views: Promise<readonly TriggerView[]> }>();
  return {
    ...readings,
    views: (trigger) => {
      const before = known.get(trigger);
      const at = time.now();
      if (before !== undefined && at - before.at < 1_000 && at >= before.at) return before.views;
      const views = readings.views(trigger);
      known.set(trigger, { at, views });
      return views;
    },
  };
}

function withinOf(time: Time, { callMs, totalMs, leaving }: Bounds): Within {
  const end = time.monotonicMs() + totalMs;
  return async (call) => {
    const leftMs = Math.min(callMs, end - time.monotonicMs());
    if (leftMs <= 0 || leaving?.aborted === true) throw late();
    const answered = new AbortController();
    const nobodyWaits = leaving === undefined ? answered.signal : AbortSignal.any([answered.signal, leaving]);
    try {
      return await Promise.race([
        call(),
        time.sleep(leftMs, nobodyWaits).then(() => {
          throw late();
        }),
      ]);
    } catch (error) {
      if (BelayError.is(error)) throw error;
      throw new BelayError('BELAY_INTERNAL', error instanceof Error ? error.message : String(error));
    } finally {
      answered.abort();
    }
  };
}

const late = (): BelayError => new BelayError('BELAY_TIMEOUT', 'it did not answer in time');

function readAction(action: Action, within: Within): Action {
  return {
    ...action,
    observe: (args, o) => within(() => action.observe(args, o)),
    impossible: (args, o) => within(() => action.impossible(args, o)),
    lastChange: (args) => within(() => action.lastChange(args)),
    act: changes,
  };
}

function readProbe(probe: Probe, within: Within): Probe {
  return {
    ...probe,
    measure: async (args, o) => {
      try {
        return await within(() => probe.measure(args, o));
      } catch (error) {
        if (BelayError.is(error)) return { known: false, why: error.message };
        throw error;
      }
    },
  };
}

function readTarget(target: DeployTarget, within: Within): DeployTarget {
  const { changedFiles, read } = target;
  return {
    ...target,
    list: (limit) => within(() => target.list(limit)),
    current: () => within(() => target.current()),
    restorable: (release) => within(() => target.restorable(release)),
    ...(changedFiles === undefined
      ? {}
      : { changedFiles: (...asked: Parameters<typeof changedFiles>) => within(() => changedFiles(...asked)) }),
    ...(read === undefined ? {} : { read: (...asked: Parameters<typeof read>) => within(() => read(...asked)) }),
    rollTo: changes,
    ...(target.abort === undefined ? {} : { abort: changes }),
    freeze: changes,
  };
}

async function changes(): Promise<never> {
  assert(false, 'somebody tried to change what was only to be read');
}

function each<T>(all: Readonly<Record<string, T>>, change: (one: T) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one)]));
}
