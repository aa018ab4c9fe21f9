// `deploy.rollback` and `deploy.activate`: one explicit release is put live. They differ in what is impossible: a rollback does not go
// where it is already, nor behind the newest stable release; an activation is a step forward and may name any release that exists.
// `deploy.abort`: what is on its way does not get there. `deploy.revert`: one change is taken back, and what came after it stays.
// `deploy.commit`: one commit is built anew.
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { OnItsWay, PlanNote } from '../../domain/plan.ts';
import type { Action } from '../../ports/action.ts';
import type { ChangeReverts, DeployTarget, Release, TargetCaps, TargetState } from '../../ports/deploy-target.ts';
import { type DeployRules, NO_DEPLOY_RULES } from '../deploy-policy.ts';
import { lookBack } from '../look-back.ts';
import { named, specOf, textOf } from './arguments.ts';

type Targets = Readonly<Record<string, DeployTarget>>;

export function deployActions(targets: Targets, rules: DeployRules = NO_DEPLOY_RULES): readonly Action[] {
  return [
    releaseAction('deploy.rollback', { targets, rules, kind: 'back', refuse: whyNoRollback }),
    releaseAction('deploy.activate', { targets, rules, kind: 'any', refuse: async () => null }),
    revertAction(targets),
    commitAction(targets, rules),
    abortAction(targets),
  ];
}

const NOTHING = 'nothing on its way';

/** Rule R11: a rollback does not race the deploy that it is to undo. */
function abortAction(targets: Targets): Action {
  const targetOf = (args: JsonObject): DeployTarget => named(targets, 'target', textOf(args, 'target'));
  return {
    spec: specOf('deploy.abort'),
    compareAndSet: (args) => targetOf(args).caps.compareAndSet,
    target: (args) => `target:${textOf(args, 'target')}`,
    observe: async (args) => {
      const { inFlight, fingerprint } = await targetOf(args).current();
      return { current: inFlight ?? NOTHING, desired: NOTHING, fingerprint, reached: inFlight === undefined };
    },
    act: async (args, { expected }) => {
      const target = targetOf(args);
      const { inFlight, fingerprint } = await target.current();
      if (inFlight === undefined) return;
      if (fingerprint !== expected) throw new BelayError('BELAY_TARGET_CONFLICT', `another deploy has begun on ${textOf(args, 'target')}`);
      await target.abort?.(inFlight);
    },
    impossible: async (args) => {
      const { abort, caps } = targetOf(args);
      if (abort !== undefined) return null;
      const instead = caps.races === true ? 'a rollback waits until it has ended' : 'a rollback overtakes it';
      return `${textOf(args, 'target')} cannot stop a deploy that has begun: ${instead}`;
    },
    lastChange: async () => null,
  };
}

/** What brings the very release that is wanted is in nobody's way: it is ours, or as good as ours. */
async function wayOf(target: DeployTarget, to: string): Promise<OnItsWay | null> {
  const { inFlight, frozen } = await target.current();
  if (inFlight === undefined || inFlight === to) return null;
  const races = target.caps.races === true && !frozen;
  return { release: inFlight, then: target.abort !== undefined ? 'abort' : races ? 'wait' : 'overtake' };
}

function notesOf(caps: TargetCaps): readonly PlanNote[] {
  return [
    ...(caps.rebuilds === true ? (['rebuilds'] as const) : []),
    ...(caps.restoresConfig === 'none' ? [] : (['restores-config'] as const)),
    ...(caps.runsReleaseHooks === true ? (['runs-release-hooks'] as const) : []),
    ...(caps.rewritesHistory === true ? (['rewrites-history'] as const) : []),
  ];
}

const WHY: Readonly<Record<string, string>> = { 'one-way': 'a later release that has run says that nothing before it can run any more' };

type Refusal = (target: DeployTarget, name: string, to: string) => Promise<string | null>;

interface Releasing {
  readonly targets: Targets;
  readonly rules: DeployRules;
  readonly kind: 'back' | 'any';
  readonly refuse: Refusal;
}

function releaseAction(name: string, { targets, rules, kind, refuse }: Releasing): Action {
  const targetOf = (args: JsonObject): DeployTarget => named(targets, 'target', textOf(args, 'target'));
  return {
    spec: specOf(name),
    compareAndSet: (args) => targetOf(args).caps.compareAndSet,
    target: (args) => `target:${textOf(args, 'target')}`,
    observe: async (args) => {
      const to = textOf(args, 'to');
      const state = await targetOf(args).current();
      const gaveUp = state.gaveUp === undefined ? {} : { gaveUp: state.gaveUp };
      return { current: state.release, desired: to, fingerprint: state.fingerprint, reached: runs(state, to), ...gaveUp };
    },
    onItsWay: (args) => wayOf(targetOf(args), textOf(args, 'to')),
    notes: (args) => [...notesOf(targetOf(args).caps), ...rules.notes(textOf(args, 'target'), kind)],
    act: async (args, { isUndo = false, ...o }) => {
      // Asked once more: what was planned may have failed on staging since.
      const why = await rules.refusal(textOf(args, 'target'), textOf(args, 'to'), { step: kind, isUndo });
      if (why !== null) throw new BelayError('BELAY_GUARD_REFUSED', why, { effect: 'none' });
      await targetOf(args).rollTo(textOf(args, 'to'), o);
    },
    impossible: async (args) => {
      const [target, to] = [targetOf(args), textOf(args, 'to')];
      const found = await target.restorable(to);
      if (!found.ok) return `release ${to} cannot be put live on ${textOf(args, 'target')}: ${WHY[found.why] ?? found.why}`;
      return (await rules.refusal(textOf(args, 'target'), to, { step: kind })) ?? refuse(target, textOf(args, 'target'), to);
    },
    lastChange: async (args) => lastChangeOf(await targetOf(args).current()),
  };
}

function revertAction(targets: Targets): Action {
  const targetOf = (args: JsonObject): DeployTarget => named(targets, 'target', textOf(args, 'target'));
  const changesOf = (args: JsonObject): ChangeReverts => {
    const { changes } = targetOf(args);
    if (changes !== undefined) return changes;
    throw new BelayError('BELAY_INPUT_INVALID', `${textOf(args, 'target')} cannot take back a single change`, {
      hint: 'Put a whole release back with deploy.rollback.',
    });
  };
  return {
    spec: specOf('deploy.revert'),
    compareAndSet: (args) => targetOf(args).caps.compareAndSet,
    target: (args) => `target:${textOf(args, 'target')}`,
    observe: async (args) => {
      const [target, commit] = [targetOf(args), textOf(args, 'commit')];
      const { isIn } = await changesOf(args).look(commit);
      const state = await target.current();
      const short = commit.slice(0, 12);
      const gaveUp = state.gaveUp === undefined ? {} : { gaveUp: state.gaveUp };
      const [current, desired] = [`${isIn ? 'with' : 'without'} ${short}`, `without ${short}`];
      return { current, desired, fingerprint: state.fingerprint, reached: !isIn && runs(state, state.release), ...gaveUp };
    },
    // History only grows, whatever the target does for a rollback.
    notes: (args) => notesOf(targetOf(args).caps).filter((note) => note !== 'rewrites-history'),
    act: (args, o) => changesOf(args).revert(textOf(args, 'commit'), o),
    impossible: async (args) => {
      try {
        const { isIn, conflict, change } = await changesOf(args).look(textOf(args, 'commit'));
        return isIn ? conflict : `${change} is not in what ${textOf(args, 'target')} runs`;
      } catch (error) {
        if (BelayError.is(error, 'BELAY_TARGET_UNREACHABLE') || !BelayError.is(error)) throw error;
        return error.message;
      }
    },
    lastChange: async (args) => lastChangeOf(await targetOf(args).current()),
  };
}

/** The last way back where no rollback is offered any more: the same commit is built once more, with the configuration of now. */
function commitAction(targets: Targets, rules: DeployRules): Action {
  const targetOf = (args: JsonObject): DeployTarget => named(targets, 'target', textOf(args, 'target'));
  const refOf = (args: JsonObject): string => targetOf(args).commits?.refOf(textOf(args, 'commit')) ?? textOf(args, 'commit');
  return {
    spec: specOf('deploy.commit'),
    compareAndSet: (args) => targetOf(args).caps.compareAndSet,
    target: (args) => `target:${textOf(args, 'target')}`,
    observe: async (args) => {
      const [ref, state] = [refOf(args), await targetOf(args).current()];
      const gaveUp = state.gaveUp === undefined ? {} : { gaveUp: state.gaveUp };
      return { current: state.release, desired: ref, fingerprint: state.fingerprint, reached: runs(state, ref), ...gaveUp };
    },
    onItsWay: (args) => wayOf(targetOf(args), refOf(args)),
    notes: (args) => ['rebuilds', ...rules.notes(textOf(args, 'target'), 'any')],
    act: async (args, { expected, isUndo = false }) => {
      const target = targetOf(args);
      const why = await rules.refusal(textOf(args, 'target'), refOf(args), { step: 'any', isUndo });
      if (why !== null) throw new BelayError('BELAY_GUARD_REFUSED', why, { effect: 'none' });
      const { fingerprint, release, inFlight } = await target.current();
      if (release === refOf(args) || inFlight === refOf(args)) return;
      if (fingerprint !== expected)
        throw new BelayError('BELAY_TARGET_CONFLICT', `${textOf(args, 'target')} is at ${fingerprint}, not at ${expected}`, {
          hint: 'Somebody else has deployed in between: plan again.',
        });
      await target.commits?.deploy(textOf(args, 'commit'));
    },
    impossible: async (args) => {
      const [name, commit, { commits }] = [textOf(args, 'target'), textOf(args, 'commit'), targetOf(args)];
      if (commits === undefined) return `${name} builds no commit by itself: put a release back with deploy.rollback`;
      const ref = commits.refOf(commit);
      if (ref === null) return `${commit} is no whole commit: write all of its 40 characters`;
      return rules.refusal(name, ref, { step: 'any' });
    },
    lastChange: async (args) => lastChangeOf(await targetOf(args).current()),
  };
}

const lastChangeOf = ({ changedAt, previous, release }: TargetState) => ({ at: changedAt, from: previous, to: release });

/** By effect: what should run is what every unit says it runs (rule R8). */
function runs(state: TargetState, release: string): boolean {
  return state.release === release && state.inFlight === undefined && state.units.every((unit) => unit.ready && unit.release === release);
}

async function whyNoRollback(target: DeployTarget, name: string, to: string): Promise<string | null> {
  const state = await target.current();
  if (runs(state, to)) return `${name} already runs ${to}`;
  // Rule R10: never past the floor, the newest release that has been healthy for long enough.
  const floorIn = (releases: readonly Release[]) => releases.find((one) => one.stable !== undefined && one.ref !== state.release);
  const wantedIn = (releases: readonly Release[]) => releases.find((one) => one.ref === to);
  const { releases, isAll } = await lookBack(target, (found) => floorIn(found) !== undefined && wantedIn(found) !== undefined);
  const [wanted, floor] = [wantedIn(releases), floorIn(releases)];
  // What is not among so many is older than all of them, where there are more.
  const isBehind = floor !== undefined && (wanted === undefined ? !isAll : wanted.createdAt < floor.createdAt);
  return isBehind ? `release ${to} lies behind ${floor.ref}, the newest stable release of ${name}` : null;
}
