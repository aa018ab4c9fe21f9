// Inputs of type `release`: which target each is for, what could be chosen, with what a rollback to each would mean, and the refusal of a name
// that is no release. It reads only; a target that does not answer refuses nothing here, because its plan says so.
import { ACTIONS, PROBES } from '../domain/catalog.ts';
import { BelayError } from '../domain/errors.ts';
import { ownSteps, type Runbook, type Step } from '../domain/ir.ts';
import type { JsonObject } from '../domain/json.ts';
import { NOT_TRIED } from '../domain/migrations.ts';
import type { Plan } from '../domain/plan.ts';
import type { Verdict } from '../domain/rollback-safety.ts';
import type { HistoryWorld, ReleaseRow } from './releases.ts';
import { releasesOf } from './releases.ts';
import type { PinnedRunbook, World } from './world.ts';

export interface ReleaseOffer extends ReleaseRow {
  /** Of the plan with this release; null: nothing stands behind it that could be judged, or it was not asked. */
  readonly verdict: Verdict | null;
  /** Why the plan with it could not be carried out as it is; null: it could. */
  readonly unknown: string | null;
}

export interface ReleaseChoice {
  readonly input: string;
  readonly target: string;
  readonly live: string;
  /** Newest first. */
  readonly releases: readonly ReleaseOffer[];
}

type ChoiceWorld = HistoryWorld & Pick<World, 'targets' | 'time'>;
type MakePlan = (inputs: JsonObject) => Promise<Plan>;

/** A plan each: people wait for the list. */
const MOST_JUDGED = 8;
const MOST_NAMED = 8;

/** Input → the target whose releases it names, where the runbook's own steps say so. */
export function releaseInputs(runbook: Runbook): Readonly<Record<string, string>> {
  const found = ownSteps(runbook).flatMap((step) => callsOf(step).flatMap(namedIn));
  const known = found.filter(([input]) => runbook.inputs[input]?.type === 'release');
  return Object.fromEntries(known.toReversed());
}

interface Call {
  readonly name: string;
  readonly args: JsonObject;
}

function callsOf(step: Step): readonly Call[] {
  if (step.kind === 'do') return [{ name: step.do, args: step.with }];
  return step.kind === 'verify' || step.kind === 'watch' ? step.checks.map((check) => ({ name: check.probe, args: check.with })) : [];
}

function namedIn({ name, args }: Call): readonly (readonly [input: string, target: string])[] {
  const { target } = args;
  if (typeof target !== 'string' || target.includes('{')) return [];
  const params = Object.entries(ACTIONS[name]?.params ?? PROBES[name]?.params ?? {}).filter(([, { type }]) => type === 'release');
  return params.flatMap(([key]) => {
    const [, input] = /^\{(?:inputs\.)?([A-Za-z]\w*)\}$/.exec(typeof args[key] === 'string' ? args[key] : '') ?? [];
    return input === undefined ? [] : [[input, target] as const];
  });
}

/** @throws BELAY_INPUT_INVALID with the releases that there are, for a release input that is missing or names none */
export async function demandReleases(world: ChoiceWorld, { runbook }: PinnedRunbook, given: JsonObject): Promise<void> {
  for (const [input, id] of Object.entries(releaseInputs(runbook))) {
    const spec = runbook.inputs[input];
    const value = given[input] ?? spec?.default;
    if (value === undefined && spec?.required !== true) continue;
    if (typeof value === 'string' && (await isRelease(world, id, value))) continue;
    const what = value === undefined ? `${input} names no release` : `${JSON.stringify(value)} is no release of ${id}`;
    throw new BelayError('BELAY_INPUT_INVALID', `${what}; nothing was started.`, {
      hint: `Write --input ${input}=<release>. Of ${id}, newest first: ${await named(world, id)}. All of them: belay releases ${id}`,
    });
  }
}

/** Nobody who can be asked says that there is none. */
async function isRelease({ targets }: ChoiceWorld, id: string, value: string): Promise<boolean> {
  const target = targets[id];
  if (target === undefined) return true;
  try {
    const ref = (await target.resolve?.(value)) ?? value;
    const found = await target.restorable(ref);
    return found.ok || (found.why !== 'unknown' && found.why !== 'pruned');
  } catch (error) {
    if (BelayError.is(error, 'BELAY_NOT_FOUND') || BelayError.is(error, 'BELAY_INPUT_INVALID')) return false;
    if (BelayError.is(error)) return true;
    throw error;
  }
}

async function named(world: ChoiceWorld, id: string): Promise<string> {
  try {
    const { live, lastStable, releases } = await releasesOf(world, id);
    const mark = ({ ref, notRestorable }: ReleaseRow): string =>
      ref === live ? ' (live)' : ref === lastStable ? ' (stable)' : notRestorable === null ? '' : ` (${notRestorable})`;
    const shown = releases.slice(0, MOST_NAMED).map((row) => `${row.ref}${mark(row)}`);
    return shown.length === 0 ? 'none' : shown.join(', ') + (releases.length > MOST_NAMED ? ', …' : '');
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return `they cannot be listed (${error.message})`;
  }
}

/** What people may choose for each release input. @throws BELAY_TARGET_UNREACHABLE */
export async function releaseChoices(
  world: ChoiceWorld,
  { runbook }: PinnedRunbook,
  makePlan: MakePlan,
): Promise<readonly ReleaseChoice[]> {
  const inputs = Object.entries(releaseInputs(runbook)).filter(([, id]) => world.targets[id] !== undefined);
  return Promise.all(
    inputs.map(async ([input, id]): Promise<ReleaseChoice> => {
      const { live, releases } = await releasesOf(world, id);
      const asked = releases.filter((row) => !row.isLive && row.notRestorable === null).slice(0, MOST_JUDGED);
      const offers = releases.map(async (row): Promise<ReleaseOffer> => {
        const judged = asked.includes(row) ? await judgedWith(makePlan, { [input]: row.ref }) : { verdict: null, unknown: null };
        return { ...row, ...judged };
      });
      return { input, target: id, live, releases: await Promise.all(offers) };
    }),
  );
}

/** What cannot be planned is said beside it, and is no recommendation. */
async function judgedWith(makePlan: MakePlan, inputs: JsonObject): Promise<Pick<ReleaseOffer, 'verdict' | 'unknown'>> {
  try {
    const plan = await makePlan(inputs);
    // Nothing is tried for a list: a verdict that rests on that would be a guess, but for the worst one, which does not.
    const isGuess = plan.safety?.verdict !== 'roll-forward-only' && plan.safety?.reasons.some(({ said }) => said === NOT_TRIED) === true;
    if (isGuess) return { verdict: null, unknown: `its migrations are programs, ${NOT_TRIED}` };
    return { verdict: plan.safety?.verdict ?? null, unknown: plan.unknowns[0]?.why ?? null };
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return { verdict: null, unknown: error.message };
  }
}
