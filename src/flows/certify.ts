// Proves a way back on a copy of the drill database: the way is gone by the files of the release that is live, and what it did to rows and schema is seen.
// Production is only read: which migrations it has, and that the copy is another server.
import { type Certificate, outcomeOf, type SchemaObject, schemaDifferences, withoutDrift, withoutValues } from '../domain/certificate.ts';
import { BelayError } from '../domain/errors.ts';
import type { Instant } from '../domain/json.ts';
import { BASE, type DownPlan, downPlan, downPlanKeeping, type Migration } from '../domain/migrations.ts';
import { isServerTrouble, stateOf } from '../domain/server-trouble.ts';
import type { CertificateStore } from '../ports/certificates.ts';
import type { Database, DrillCopy, Migrations } from '../ports/database.ts';
import { refusalOf } from './actions/database.ts';
import type { World } from './world.ts';

export const STAGES = ['copy', 'down', 'rows', 'schema', 'keep'] as const;
export type Stage = (typeof STAGES)[number];

export interface CertifyAsked {
  readonly database: string;
  /** A release, or the migration that is to stay. */
  readonly to: string;
  readonly by: string;
  readonly onStage?: (stage: Stage) => void;
}

/** A try of this process, as it stands. */
export interface Certification {
  readonly database: string;
  readonly to: string;
  readonly by: string;
  readonly startedAt: Instant;
  /** Those that have begun. */
  readonly stages: readonly Stage[];
  /** Null: it is being tried. */
  readonly end: { readonly certificate: string } | { readonly code: string; readonly message: string; readonly hint: string | null } | null;
}

type CertifyWorld = Pick<World, 'databases' | 'targets' | 'time' | 'digest'> & {
  readonly certificates: CertificateStore;
  readonly hidden?: World['hidden'];
};

/**
 * What goes wrong on the way back is an outcome; what keeps it from being tried is thrown.
 * @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID, BELAY_GUARD_REFUSED where the drill database is production, BELAY_TARGET_CONFLICT where the copy is too
 * old, BELAY_TARGET_UNREACHABLE
 */
export async function certify(world: CertifyWorld, asked: CertifyAsked): Promise<Certificate> {
  const { database, migrations, drill } = drillOf(world.databases ?? {}, asked.database);
  const began = world.time.monotonicMs();
  const from = await liveRelease(world, database);
  const known = await migrations.known(from);
  const applied = await migrations.applied(from);
  const way = await wayOf(migrations, { applied, known, from, to: asked.to });
  const stage = asked.onStage ?? (() => undefined);
  stage('copy');
  const production = Object.values(world.databases ?? {})
    .filter(({ spec }) => spec.driver !== 'migrate-mongo')
    .map(({ spec, server }) => ({ id: spec.id, server }));
  const seen = await drill.use({ production, from }, (copy) =>
    tryOn(copy, { world, database: database.spec.id, from, to: asked.to, known, applied, way, stage }),
  );
  const found = {
    database: database.spec.id,
    at: world.time.now(),
    by: asked.by,
    from,
    to: asked.to,
    stays: way.to,
    migrations: way.revert.map((id) => ({ id, hash: known.find((one) => one.id === id)?.hash ?? '' })),
    ...seen,
    tookMs: Math.round(world.time.monotonicMs() - began),
  };
  stage('keep');
  const certificate = { id: world.digest.of(found as never).slice(0, 16), ...found, outcome: outcomeOf(found) };
  await world.certificates.keep(certificate);
  return certificate;
}

function drillOf(databases: Readonly<Record<string, Database>>, id: string) {
  const database = Object.hasOwn(databases, id) ? databases[id] : undefined;
  if (database === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `there is no database ${id}`, {
      hint: `Known: ${Object.keys(databases).join(', ') || 'none'}. They stand in belay.yaml under databases.`,
    });
  const { migrations, drill } = database;
  if (migrations === null || drill === undefined)
    throw new BelayError('BELAY_INPUT_INVALID', `${id} names no drill database, so there is nothing to prove its way back on`, {
      hint: `Restore a backup into a Postgres of its own, and write under ${id} in belay.yaml: drill: { url: "{env.NAME}" }`,
    });
  return { database, migrations, drill };
}

async function liveRelease({ targets }: CertifyWorld, { spec }: Database): Promise<string> {
  const live = spec.target === undefined ? null : await targets[spec.target]?.current();
  if (live?.release !== undefined && live.release !== null) return live.release;
  throw new BelayError('BELAY_NOT_FOUND', `which release of ${spec.id} is live is not known, so nobody knows whose files take back`, {
    hint: `Name the target of ${spec.id} in belay.yaml.`,
  });
}

interface WayAsked {
  readonly applied: readonly string[];
  readonly known: readonly Migration[];
  readonly from: string;
  readonly to: string;
}

/** @throws BELAY_INPUT_INVALID where there is no such way, or nothing to take back */
async function wayOf(migrations: Migrations, { applied, known, from, to }: WayAsked): Promise<DownPlan & { readonly ok: true }> {
  const isMigration = to === BASE || known.some(({ id }) => id === to);
  const way = isMigration
    ? downPlan(applied, known, to)
    : downPlanKeeping(applied, known, { release: to, known: await migrations.known(to) });
  if (!way.ok) throw new BelayError('BELAY_INPUT_INVALID', refusalOf(way, { from, to, keep: to }), { hint: HINT });
  if (way.revert.length > 0) return way;
  throw new BelayError('BELAY_INPUT_INVALID', `nothing is taken back on the way to ${to}: there is nothing to prove`, { hint: HINT });
}

const HINT =
  'Name a release that is older than the live one, or the migration that is to stay: belay certify <database> --to <release or migration>.';

interface Trying extends WayAsked {
  readonly world: Pick<CertifyWorld, 'time' | 'hidden'>;
  readonly database: string;
  readonly way: DownPlan & { readonly ok: true };
  readonly stage: (stage: Stage) => void;
}

type Seen = Pick<Certificate, 'postgres' | 'copiedAt' | 'said' | 'comparison' | 'schema' | 'downMs'>;

async function tryOn(copy: DrillCopy, o: Trying): Promise<Seen> {
  const { world, from, applied, way, stage } = o;
  const there = await copy.migrations.applied(from);
  if (there.join('\n') !== applied.join('\n')) throw otherCopy(there, applied);
  const about = { postgres: copy.postgres, copiedAt: copy.copiedAt };
  stage('down');
  const began = world.time.monotonicMs();
  const said = await saidBy(o, () => copy.migrations.down({ from, to: way.to, revert: way.revert, expected: applied }));
  const downMs = Math.round(world.time.monotonicMs() - began);
  if (said !== null) return { ...about, said, comparison: null, schema: { by: null, differs: [] }, downMs };
  stage('rows');
  const after = await copy.now();
  const comparison = await copy.compare();
  stage('schema');
  return { ...about, comparison, schema: await judgeSchema(copy, after, o), downMs };
}

function otherCopy(there: readonly string[], applied: readonly string[]): BelayError {
  const lacks = applied.filter((id) => !there.includes(id));
  const what = lacks.length > 0 ? `lacks ${lacks.join(', ')}` : `has ${there.filter((id) => !applied.includes(id)).join(', ')} besides`;
  return new BelayError('BELAY_TARGET_CONFLICT', `the drill database has other migrations than the real one: it ${what}`, {
    hint: 'Restore a backup that was taken after the last migration: on an older one nothing was written yet that could be lost.',
  });
}

/** Null: it is done. @throws what says nothing of the way back: trouble of the drill server, a program that could not be started */
async function saidBy({ world: { hidden }, database, to }: Trying, work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    const plain = withoutValues(error.message);
    const said = hidden === undefined ? plain : await hidden(plain);
    const isOfWay = (error.code === 'BELAY_ACT_FAILED' || stateOf(error) !== null) && !isServerTrouble(error, error.message);
    if (isOfWay) return said;
    throw new BelayError(
      error.code === 'BELAY_ACT_FAILED' ? 'BELAY_TARGET_UNREACHABLE' : error.code,
      `the way back of ${database} was not tried to its end, which says nothing of it: ${said}`,
      {
        hint: `No certificate was written. See what the drill server lacks (connection, disk, memory, time, rights of its role), and type it again: belay certify ${database} --to ${to}`,
        cause: error,
      },
    );
  }
}

/** By what the releases make of an empty database; where that cannot be had, by going up again. */
async function judgeSchema(copy: DrillCopy, after: readonly SchemaObject[], o: Trying): Promise<Certificate['schema']> {
  const isRelease = o.to !== BASE && !o.known.some(({ id }) => id === o.to);
  const before = await copy.before();
  if (isRelease) {
    const made = await ofWorld(() => copy.made([o.to, o.from]));
    const [old, now] = made ?? [];
    if (old !== undefined && now !== undefined) {
      const drift = schemaDifferences(before, now);
      return { by: 'release', differs: withoutDrift(schemaDifferences(after, old), drift) };
    }
  }
  const isUp = await ofWorld(async () => {
    await copy.up(o.from, o.way.revert.toReversed());
    return true;
  });
  return isUp === null ? { by: null, differs: [] } : { by: 'round-trip', differs: schemaDifferences(await copy.now(), before) };
}

/** Null: the world said no. */
async function ofWorld<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (BelayError.is(error)) return null;
    throw error;
  }
}
