// Gathers what the verdict on a way back needs: for each database behind a step that puts a release live or migrates down. Reads only;
// what cannot be read makes the verdict the worst.
import { type Proof, provedDrops } from '../domain/certificate.ts';
import { BelayError } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import { type Jumps, NO_JUMPS } from '../domain/jumps.ts';
import { beyond, type Migration } from '../domain/migrations.ts';
import { isWithin, type PlanStep } from '../domain/plan.ts';
import { switchesCode } from '../domain/put-live.ts';
import {
  eitherWay,
  joinSafety,
  judgeDatabase,
  type Loss,
  lostName,
  type Safety,
  takenBack,
  unreadable,
} from '../domain/rollback-safety.ts';
import { classify } from '../domain/sql-classifier.ts';
import type { Dropped, Judgement } from '../domain/sql-judgement.ts';
import type { Database, Migrations } from '../ports/database.ts';
import { wayDown } from './actions/database.ts';
import { proofFor } from './proofs.ts';
import { type Change, changeBy, commitOf, revertName } from './reverted.ts';
import type { World } from './world.ts';

type SafetyWorld = Pick<World, 'databases' | 'targets' | 'certificates'>;

export interface Judged {
  readonly safety: Safety;
  /** Counted now: outside the hash of the plan. */
  readonly losses: readonly Loss[];
  /** What certificates say, where a store is asked: outside of it, too. */
  readonly proofs: readonly Proof[];
}

/** What of it a plan has outside of its hash. */
export const besides = (judged: Judged | null): Partial<Pick<Judged, 'losses' | 'proofs'>> => ({
  ...(judged === null || judged.losses.length === 0 ? {} : { losses: judged.losses }),
  ...(judged === null || judged.proofs.length === 0 ? {} : { proofs: judged.proofs }),
});

/** What one count may take: people wait for the plan. */
const COUNT_MS = 2_000;
/** Nobody decides differently about more. */
const MOST_COUNTED = 10_000_000;

/** Null where no database with migrations stands behind what the plan changes. */
export async function judgeSafety(
  world: SafetyWorld,
  steps: readonly PlanStep[],
  { past }: Pick<Jumps, 'past'> = NO_JUMPS,
): Promise<Judged | null> {
  const judged: Judged[] = [];
  for (const database of Object.values(world.databases ?? {})) {
    const one = await judgeEitherWay(world, database, { steps, past });
    if (one !== null) judged.push(one);
  }
  if (judged.length === 0) return null;
  return {
    safety: joinSafety(judged.map((one) => one.safety)),
    losses: judged.flatMap((one) => one.losses),
    proofs: judged.flatMap((one) => one.proofs),
  };
}

/** The same databases, whose migrations are judged by what is known of them already: nothing is run for a plan that nobody has asked for. */
export function untried<T extends Pick<World, 'databases'>>(world: T): T {
  const databases = Object.entries(world.databases ?? {}).map(([id, database]) => {
    const { tried: _none, ...migrations } = database.migrations ?? {};
    return [id, database.migrations === null ? database : { ...database, migrations: migrations as Migrations }] as const;
  });
  return world.databases === undefined ? world : { ...world, databases: Object.fromEntries(databases) };
}

/** More than so many steps that may be skipped are tried all, none, each alone and all but each. */
const MOST_COMBINED = 3;

interface Course extends Pick<Jumps, 'past'> {
  readonly steps: readonly PlanStep[];
}

/** A step with `when`, or one that a jump may lead past, is done or skipped, and nobody knows which before its turn: each way is judged. */
async function judgeEitherWay(world: SafetyWorld, database: Database, { steps, past }: Course): Promise<Judged | null> {
  const unsure = unsureSteps(database, { steps, past });
  if (unsure.length === 0) return judgeOne(world, database, steps);
  const ways: Judged[] = [];
  for (const skipped of skips(unsure)) {
    const one = await judgeOne(
      world,
      database,
      steps.filter((step) => !skipped.some((id) => isWithin(step.id, id))),
    );
    if (one !== null) ways.push(one);
  }
  if (ways.length === 0) return null;
  const losses = new Map(ways.flatMap((one) => one.losses).map((loss) => [loss.object, loss] as const));
  const safeties = ways.map((one) => one.safety);
  // Of several ways the longest, which takes the others in.
  const proofs = ways.map((one) => one.proofs).findLast((one) => one.length > 0) ?? [];
  return { safety: eitherWay(database.spec.id, unsure, safeties), losses: [...losses.values()], proofs };
}

/** Steps that may be skipped and that are, or carry out, one which changes this database or the code on it. */
function unsureSteps({ spec }: Database, { steps, past }: Course): readonly string[] {
  const counts = steps.filter(
    (step) =>
      step.effect !== 'noop' &&
      ((step.action === 'db.migrateDown' && step.args?.['database'] === spec.id) ||
        (spec.target !== undefined && switchesCode(step, spec.target))),
  );
  const isUnsure = (one: PlanStep): boolean => one.when !== undefined || past.has(one.id);
  return steps.filter((one) => isUnsure(one) && counts.some((step) => isWithin(step.id, one.id))).map((one) => one.id);
}

function skips(ids: readonly string[]): readonly (readonly string[])[] {
  if (ids.length > MOST_COMBINED) return [[], ids, ...ids.map((id) => [id]), ...ids.map((id) => ids.filter((one) => one !== id))];
  return Array.from({ length: 2 ** ids.length }, (_, mask) => ids.filter((_id, at) => Math.floor(mask / 2 ** at) % 2 === 1));
}

interface Way {
  /** The release that would go live. */
  readonly to: string | null;
  /** Instead of it: what would go from the release that is live. */
  readonly without: (Change & { readonly name: string }) | null;
  /** The release that is live, whose files take back. */
  readonly from: string;
  /** Where the database would go before the switch, step by step. */
  readonly downs: readonly JsonObject[];
  /** After it. */
  readonly later: readonly JsonObject[];
}

async function judgeOne(world: SafetyWorld, database: Database, steps: readonly PlanStep[]): Promise<Judged | null> {
  const { migrations, spec } = database;
  if (migrations === null) return null;
  try {
    const way = await wayOf(world, database, steps);
    return way === null ? null : await judgeWay(world, database, migrations, way);
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return { safety: unreadable(spec.id, error.message), losses: [], proofs: [] };
  }
}

async function wayOf({ targets }: SafetyWorld, { spec }: Database, steps: readonly PlanStep[]): Promise<Way | null> {
  const switchAt = steps.findIndex((one) => one.effect !== 'noop' && spec.target !== undefined && switchesCode(one, spec.target));
  const downs = steps
    .map((step, at) => ({ step, isBefore: switchAt === -1 || at < switchAt }))
    .filter(({ step }) => step.action === 'db.migrateDown' && step.effect !== 'noop' && step.args?.['database'] === spec.id);
  // One that comes after the switch is too late for the code that starts there.
  const [changed, taken] = [steps[switchAt], downs.findLast((one) => one.isBefore)?.step];
  if (changed === undefined && taken === undefined) return null;
  const to = releaseOf(changed, spec.target);
  const commit = changed === undefined ? null : commitOf(changed);
  const target = targets[spec.target ?? ''];
  const without = commit === null || target === undefined ? null : { ...(await changeBy(target, commit)), name: revertName(commit) };
  const live = spec.target === undefined ? null : await targets[spec.target]?.current();
  const from = textOf(taken, 'from') ?? live?.release;
  if (from === undefined || from === null)
    throw new BelayError('BELAY_NOT_FOUND', `${spec.id} names no target, so the release that is live is not known`);
  const argsOf = (isBefore: boolean) => downs.filter((one) => one.isBefore === isBefore).map(({ step }) => step.args ?? {});
  return { to, without, from, downs: argsOf(true), later: argsOf(false) };
}

/** A commit that is built anew is known by the name that it will have. */
function releaseOf(step: PlanStep | undefined, target: string | undefined): string | null {
  const built = step?.builds?.find((one) => one.target === target);
  if (built !== undefined) return built.release;
  if (step?.action === 'deploy.commit') return typeof step.desired === 'string' ? step.desired : textOf(step, 'commit');
  return textOf(step, 'to');
}

function textOf(step: PlanStep | undefined, name: string): string | null {
  const value = step?.args?.[name];
  return typeof value === 'string' ? value : null;
}

async function judgeWay(world: SafetyWorld, database: Database, migrations: Migrations, way: Way): Promise<Judged> {
  const { to, from, without } = way;
  const know = (release: string) => (migrations.tried ?? migrations.known)(release);
  const known = await know(from);
  const applied = await migrations.applied(from);
  const knownThere = without !== null ? await knownWithout(know, known, without) : to === null ? null : await know(to);
  const appliedThere = without !== null ? applied : to === null ? [] : await migrations.applied(to);
  // Each goes on from where the one before it stopped: the one that goes furthest says what is gone in the end.
  const furthest = async (downs: readonly JsonObject[]): Promise<readonly string[]> => {
    const plans = await Promise.all(downs.map((down) => wayDown(migrations, { applied, known }, down)));
    const ways = plans.map((one) => (one.ok ? one.revert : []));
    return ways.toSorted((a, b) => b.length - a.length)[0] ?? [];
  };
  const revert = await furthest(way.downs);
  const later = (await furthest(way.later)).filter((id) => !revert.includes(id));
  const ahead = knownThere === null ? [] : beyond(applied, knownThere);
  const judged = await judgeAll(
    database,
    known.filter(({ id }) => ahead.includes(id) || revert.includes(id) || later.includes(id)),
  );
  const about = { database: database.spec.id, release: without?.name ?? to, boot: migrations.boot };
  const facts = { ...about, applied, knownThere, appliedThere, known, revert, later, judged };
  const taken = takenBack(facts);
  const proof = await proofFor(
    world,
    database,
    known.filter(({ id }) => taken.includes(id)),
    { from },
  );
  const drops = [...provedDrops(proof), ...taken.flatMap((id) => judged.get(id)?.down?.drops ?? [])];
  const objects = new Map(drops.map((one) => [lostName({ ...one, schema: one.schema ?? 'public' }), one] as const));
  const losses = await Promise.all([...objects.values()].map((one) => countLoss(database, one)));
  const safety = judgeDatabase({ ...facts, losses, proof });
  return { safety, losses, proofs: proof === null ? [] : [proof] };
}

/** Of the release that is live, all but what the change brought. */
async function knownWithout(
  know: (release: string) => Promise<readonly Migration[]>,
  known: readonly Migration[],
  { by, before }: Change,
): Promise<readonly Migration[]> {
  const [then, earlier] = await Promise.all([know(by), know(before)]);
  const brought = new Set(
    beyond(
      then.map(({ id }) => id),
      earlier,
    ),
  );
  return known.filter(({ id }) => !brought.has(id));
}

type Pair = { readonly up: Judgement | null; readonly down: Judgement | null };

async function judgeAll(database: Database, migrations: readonly Migration[]): Promise<ReadonlyMap<string, Pair>> {
  const judge = async (sql: string | null): Promise<Judgement | null> => (sql === null ? null : classify(await database.parse(sql)));
  const pairs = migrations.map(async ({ id, up, down }) => [id, { up: await judge(up), down: await judge(down) }] as const);
  return new Map(await Promise.all(pairs));
}

/** Values that are there in what would be dropped. A default that was never written over counts as well: more is told, never less. */
async function countLoss({ server, spec }: Database, dropped: Dropped): Promise<Loss> {
  const table = [dropped.schema, dropped.table]
    .filter((part) => part !== undefined)
    .map(quote)
    .join('.');
  const where = dropped.column === undefined ? '' : ` where ${quote(dropped.column)} is not null`;
  const text = `select count(*)::text from (select 1 from ${table}${where} limit ${MOST_COUNTED}) as counted`;
  const about = { database: spec.id, object: lostName(dropped) };
  try {
    const [counted] = await server.read([{ text, values: [] }], { timeoutMs: COUNT_MS });
    return { ...about, count: Number(counted?.rows[0]?.[0]) };
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return { ...about, count: null };
  }
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
