// What surrounds the releases of a target: flags and settings of its component, kept as marks while a release is live, and compared when a plan
// would put it back. It only reads; what cannot be read, or was never seen, is said and counts as the worst.
import { BelayError } from '../domain/errors.ts';
import { type Jumps, NO_JUMPS } from '../domain/jumps.ts';
import { isWithin, type PlanStep } from '../domain/plan.ts';
import { RELEASE_SWITCHES } from '../domain/put-live.ts';
import { joinSafety, type Safety } from '../domain/rollback-safety.ts';
import { isOn, type SettingValue } from '../domain/setting.ts';
import {
  type Calm,
  type ConfigFacts,
  type DeclaredFlags,
  declaredFlags,
  type FlagFacts,
  isAsSeen,
  judgeConfig,
  judgeFlags,
  markOf,
  type Surroundings,
  withSeen,
} from '../domain/surroundings.ts';
import type { System } from '../domain/system.ts';
import type { DeployTarget } from '../ports/deploy-target.ts';
import type { Flag, SettingStore } from '../ports/settings.ts';
import { changeBy, commitOf, revertName } from './reverted.ts';
import type { World } from './world.ts';

type KeepWorld = Pick<World, 'system' | 'releases' | 'flags' | 'configs'>;

/** Of flags that differ by organization: of more, the value for all alone is looked at, which counts where it is the value of each. */
const MOST_ORGS = 50;
const MOST_KEYS = 500;

/** What belongs to a target: things of its component, and things of none. */
const isAround = (system: System, target: string, component: string | undefined): boolean => {
  const own = system.targets.find((one) => one.id === target)?.component;
  return own === undefined || component === undefined || own === component;
};

/** Flags that are a part of the code go back with it. */
function flagsAround({ system, flags = {} }: Pick<KeepWorld, 'system' | 'flags'>, target: string): readonly (readonly [string, Flag])[] {
  const ids = (system.flags ?? []).filter(({ component }) => isAround(system, target, component)).map(({ id }) => id);
  return ids.flatMap((id) => (flags[id] === undefined || flags[id].notes.includes('needs-redeploy') ? [] : [[id, flags[id]] as const]));
}

function configsAround(
  { system, configs = {} }: Pick<KeepWorld, 'system' | 'configs'>,
  target: string,
): readonly (readonly [string, SettingStore])[] {
  const ids = (system.config ?? []).filter(({ component }) => isAround(system, target, component)).map(({ id }) => id);
  return ids.flatMap((id) =>
    configs[id] === undefined || configs[id].notes.includes('needs-redeploy') ? [] : [[id, configs[id]] as const],
  );
}

/** While a release is live: marks of what surrounds it. `calm` is asked where they are others than before. */
export async function keepSurroundings(world: KeepWorld, target: string, release: string, calm: () => Promise<Calm>): Promise<void> {
  const [flags, configs] = [flagsAround(world, target), configsAround(world, target)];
  if (flags.length + configs.length === 0) return;
  const whole = await readEach(flags, async (flag) =>
    (await leavesOut(flag, world.system)) ? null : markOf(await valuesOf(flag, world.system)),
  );
  const seen: Surroundings = {
    flags: Object.fromEntries(whole.flatMap(([id, mark]) => (mark === null ? [] : [[id, mark] as const]))),
    configs: Object.fromEntries(await readEach(configs, marksOf)),
  };
  const was = await world.releases.surroundings(target, release);
  if (was !== null && was.waiting === undefined && isAsSeen(was, seen)) return;
  const now = withSeen(was, seen, await calm());
  if (now !== null && JSON.stringify(now) !== JSON.stringify(was)) await world.releases.keep(target, release, now);
}

async function readEach<T, R>(
  all: readonly (readonly [string, T])[],
  read: (one: T) => Promise<R>,
): Promise<readonly (readonly [string, R])[]> {
  const done = all.map(async ([id, one]) => [id, await said(read(one))] as const);
  return (await Promise.all(done)).flatMap(([id, one]) => (one.ok ? [[id, one.value] as const] : []));
}

type Said<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

async function said<T>(work: Promise<T>): Promise<Said<T>> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return { ok: false, why: error.message };
  }
}

/** What applications get, which is not always what the store holds. */
async function valuesOf(flag: Flag, { organizations }: System): Promise<FlagFacts['now']> {
  const orgs = flag.knowsOrgs && organizations.length <= MOST_ORGS ? organizations.map(({ id }) => id) : [];
  const values = [null, ...orgs].map(async (org) => [org ?? '', await flag.evaluate(org)] as const);
  return Object.fromEntries(await Promise.all(values));
}

/** Not every organization was asked, and the store does not say that all have the same. */
async function leavesOut(flag: Flag, { organizations }: System): Promise<boolean> {
  if (!flag.knowsOrgs || organizations.length <= MOST_ORGS) return false;
  const { value } = await flag.get(null);
  return isOn(value) === null || value !== (await flag.evaluate(null));
}

async function marksOf(store: SettingStore): Promise<Readonly<Record<string, string>>> {
  const keys = await store.keys();
  if (keys.length > MOST_KEYS) throw new BelayError('BELAY_INPUT_INVALID', `there are more than ${MOST_KEYS} keys`);
  const { values } = await store.get(keys);
  return Object.fromEntries(
    keys.flatMap((key) => (values[key] === null || values[key] === undefined ? [] : [[key, store.mark(values[key])]])),
  );
}

export type AroundWorld = Pick<World, 'system' | 'targets' | 'flags' | 'configs'> & { readonly releases?: World['releases'] };

/** Null: the plan rolls nothing back that flags or settings belong to. */
export async function judgeSurroundings(world: AroundWorld, steps: readonly PlanStep[], jumps: Jumps = NO_JUMPS): Promise<Safety | null> {
  const parts: Safety[] = [];
  for (const { at, step, put } of steps.flatMap((one, index) => putBy(one).map((each) => ({ at: index, step: one, put: each })))) {
    const { target, release, name } = put;
    const way: Way = {
      world,
      steps,
      jumps,
      at,
      target,
      release,
      live: put.isBuilt !== true && typeof step.current === 'string' ? step.current : null,
    };
    const seen = await said(
      release === null ? Promise.resolve(null) : (world.releases?.surroundings(target, release) ?? Promise.resolve(null)),
    );
    const then = seen.ok ? seen.value : null;
    const settings = put.commit === undefined ? then : await settingsBefore(world, target, put.commit);
    const config = judgeConfig(name, await configFacts(way, settings));
    parts.push(...[judgeFlags(name, await flagFacts(way, then)), config].filter((one) => one !== null));
  }
  return parts.length === 0 ? null : joinSafety(parts);
}

/** Code without a change wants the settings that code without it last ran with; null where nobody can tell which those were. */
async function settingsBefore({ targets, releases }: AroundWorld, id: string, commit: string): Promise<Surroundings | null> {
  const target = targets[id];
  const change = target === undefined ? null : await said(changeBy(target, commit));
  const seen = change?.ok === true ? await said(releases?.surroundings(id, change.value.before) ?? Promise.resolve(null)) : null;
  return seen?.ok === true ? seen.value : null;
}

/** Which code the step puts live. A revert makes code that never ran anywhere: it has a name for people, and no release. */
function putBy(step: PlanStep): readonly Put[] {
  const { action, effect, args, builds } = step;
  const [target, to, commit] = [args?.['target'], args?.['to'], commitOf(step)];
  if (effect === 'noop') return [];
  if (builds !== undefined) return builds.map((one) => ({ target: one.target, release: one.release, name: one.release, isBuilt: true }));
  if (typeof target !== 'string') return [];
  if (RELEASE_SWITCHES.has(action ?? '') && typeof to === 'string') return [{ target, release: to, name: to }];
  const built = step.desired ?? args?.['commit'];
  if (action === 'deploy.commit' && typeof built === 'string') return [{ target, release: built, name: built }];
  return commit === null ? [] : [{ target, release: null, name: revertName(commit), commit }];
}

interface Put {
  readonly target: string;
  readonly release: string | null;
  readonly name: string;
  /** Of a revert. */
  readonly commit?: string;
  /** By a step that tells what is live in words, and not as a release. */
  readonly isBuilt?: true;
}

interface Way {
  readonly world: AroundWorld;
  readonly steps: readonly PlanStep[];
  readonly jumps: Jumps;
  readonly at: number;
  readonly target: string;
  readonly release: string | null;
  readonly live: string | null;
}

async function flagFacts(way: Way, then: Surroundings | null): Promise<readonly FlagFacts[]> {
  const flags = flagsAround(way.world, way.target);
  if (flags.length === 0) return [];
  const [here, there] = way.release === null ? [null, null] : await Promise.all([declaredIn(way, way.live), declaredIn(way, way.release)]);
  const facts = flags.map(async ([id, flag]): Promise<FlagFacts> => {
    const { system } = way.world;
    const now = await said(valuesOf(flag, system));
    const left = await said(leavesOut(flag, system));
    const broken = [here, there].find((one) => typeof one === 'string');
    const declared =
      here === null || there === null || typeof here === 'string' || typeof there === 'string'
        ? null
        : { now: of(here, id), there: of(there, id) };
    const trouble = now.ok ? (left.ok ? broken : left.why) : now.why;
    return {
      ...{ flag: id, now: now.ok ? now.value : {}, then: then?.flags[id] ?? null, declared, off: offIn(way, id) },
      ...(left.ok && left.value ? { leftOut: true } : {}),
      ...(trouble === undefined || trouble === null ? {} : { trouble }),
    };
  });
  return Promise.all(facts);
}

const of = (all: DeclaredFlags, id: string) => (Object.hasOwn(all, id) ? (all[id] ?? null) : null);

/** Null: releases of this target declare nothing. A text: what is wrong. One that has no such file is older than the habit: it says nothing. */
async function declaredIn({ world, target: id }: Way, release: string | null): Promise<DeclaredFlags | string | null> {
  const path = world.system.targets.find((one) => one.id === id)?.flags;
  const target: DeployTarget | undefined = world.targets[id];
  if (path === undefined || release === null || target === undefined) return null;
  if (target.read === undefined) return `${id} cannot show files of its releases, and ${path} is to say which flags they read`;
  const text = await said(target.read(release, path));
  if (!text.ok) return text.why;
  if (text.value === null) return null;
  const read = declaredFlags(text.value);
  return typeof read === 'string' ? `${path} of ${release}: ${read}` : read;
}

/** What may be skipped, or is undone before the switch, is no "before": nobody would look again. */
function offIn(way: Way, flag: string): FlagFacts['off'] {
  const { steps, at, jumps } = way;
  const turnsOff = steps.findLastIndex((step, index) => index < at && isOff(step, flag) && isSure(way, step));
  const between = turnsOff === -1 ? [] : steps.slice(turnsOff + 1, jumps.back ? undefined : at);
  if (turnsOff !== -1 && !between.some((step) => mayTurnOn(step, flag))) return 'before';
  return steps.some((step, index) => index > at && isOff(step, flag)) ? 'after' : 'never';
}

const isOff = ({ action, args, effect }: PlanStep, flag: string): boolean =>
  action === 'flag.set' &&
  effect !== 'unknown' &&
  args?.['flag'] === flag &&
  args['org'] === undefined &&
  isOn(args['to'] as SettingValue) === false;

/** A value that is not known yet may be any, and what takes back may take back the step that turned it off. */
const mayTurnOn = ({ action, args }: PlanStep, flag: string): boolean =>
  action === 'belay.undo' ||
  (action === 'flag.set' &&
    [flag, undefined].includes(knownText(args?.['flag'])) &&
    isOn((args?.['to'] ?? null) as SettingValue | null) !== false);

const knownText = (value: unknown): string | undefined => (typeof value === 'string' && !value.includes('{') ? value : undefined);

/** It is done whenever the run gets past it. A part of a fan-out may break off, and the others go on. */
const isSure = ({ steps, jumps }: Way, { id }: PlanStep): boolean =>
  steps.every((one) => !isWithin(id, one.id) || (one.when === undefined && one.kind !== 'each' && !jumps.past.has(one.id)));

async function configFacts({ world, target, release }: Way, then: Surroundings | null): Promise<readonly ConfigFacts[]> {
  // A revert is a step forward: nothing of then comes back with it.
  const restores = release !== null && (world.targets[target]?.caps.restoresConfig ?? 'all') !== 'none';
  const facts = configsAround(world, target).map(async ([config, store]): Promise<ConfigFacts> => {
    const now = await said(marksOf(store));
    return {
      ...{
        config,
        now: now.ok ? now.value : {},
        then: then?.configs[config] ?? null,
        isSecret: (key: string) => store.isSecret(key),
        restores,
      },
      ...(now.ok ? {} : { trouble: now.why }),
    };
  });
  return Promise.all(facts);
}
