// What certificates say of the ways back of a plan: while it is made, and again where a kept plan is shown to somebody who decides about it.
import { type Proof, proofOf } from '../domain/certificate.ts';
import { BelayError } from '../domain/errors.ts';
import type { Migration } from '../domain/migrations.ts';
import type { Plan } from '../domain/plan.ts';
import type { SafetyWhy } from '../domain/rollback-safety.ts';
import type { Database } from '../ports/database.ts';
import type { World } from './world.ts';

const MOST_CERTIFICATES = 200;
/** People wait for a page, also while the database is down. */
const SHOWN_MS = 500;

/** Null where nothing is taken back, or no store is asked. The server is asked for its version only where there is something to compare. */
export async function proofFor(
  { certificates }: Pick<World, 'certificates'>,
  { spec, server }: Pick<Database, 'spec' | 'server'>,
  migrations: readonly Migration[],
  { from, ...o }: { readonly from: string; readonly timeoutMs?: number },
): Promise<Proof | null> {
  if (certificates === undefined || migrations.length === 0) return null;
  const kept = await certificates.list({ database: spec.id, limit: MOST_CERTIFICATES });
  if (kept.length === 0) return { database: spec.id, state: 'none', certificate: null };
  const [version] = await server.read([{ text: `select current_setting('server_version_num')`, values: [] }], o);
  const postgres = Math.floor(Number(version?.rows[0]?.[0]) / 10_000);
  const asked = migrations.map(({ down, ...one }) => ({ ...one, isProgram: down === null }));
  return proofOf(kept, { database: spec.id, migrations: asked, from, postgres });
}

const TAKEN: ReadonlySet<SafetyWhy> = new Set(['taken-back', 'taken-later', 'not-taken-back']);

/** Of a plan that was kept by its hash, without what stands beside it. What cannot be read now is left out: the verdict stays as it was approved. */
export async function withProofs<P extends Pick<Plan, 'safety' | 'steps'>>(
  world: Pick<World, 'certificates' | 'databases'>,
  plan: P,
): Promise<P & Pick<Plan, 'proofs'>> {
  const proofs: Proof[] = [];
  for (const database of Object.values(world.databases ?? {})) {
    const proof = await shown(world, database, plan);
    if (proof !== null) proofs.push(proof);
  }
  return proofs.length === 0 ? plan : { ...plan, proofs };
}

async function shown(
  world: Pick<World, 'certificates'>,
  database: Database,
  { safety, steps }: Pick<Plan, 'safety' | 'steps'>,
): Promise<Proof | null> {
  const { id } = database.spec;
  const ids = (safety?.reasons ?? []).flatMap((one) => (one.database === id && TAKEN.has(one.why) ? (one.ids ?? []) : []));
  const step = steps.findLast(({ action, args }) => action === 'db.migrateDown' && args?.['database'] === id);
  const from = step?.args?.['from'];
  if (ids.length === 0 || typeof from !== 'string') return null;
  try {
    const known = (await database.migrations?.known(from)) ?? [];
    return await proofFor(
      world,
      database,
      known.filter((one) => ids.includes(one.id)),
      { from, timeoutMs: SHOWN_MS },
    );
  } catch (error) {
    if (BelayError.is(error)) return null;
    throw error;
  }
}
