// A migration of Prisma that began and did not end: its line says so, and `prisma migrate resolve` is how people say what of it is there.
// Nothing else of Prisma's program is ever run: `migrate reset` and `db push --force-reset` empty the database.
import type { DatabaseSpec } from '../../domain/database-catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { MigrationState, Settling } from '../../ports/database.ts';
import { afterStart, failed, type ProgramDeps, refuseByName, runTool } from './programs.ts';

type PrismaSpec = Extract<DatabaseSpec, { driver: 'prisma' }>;

const NAME = /^(?!-)[\w.-]{1,200}$/;
const STATE = `select case
  when bool_or(finished_at is null and rolled_back_at is null) then 'unfinished'
  when bool_or(rolled_back_at is null) then 'applied'
  when count(*) > 0 then 'rolled-back'
  else 'absent' end
  from _prisma_migrations where migration_name = $1::text`;

export function createPrismaSettling(spec: PrismaSpec, deps: ProgramDeps): Settling {
  refuseByName(spec);
  const state = async (id: string): Promise<MigrationState> => {
    const [table] = await deps.server.read([{ text: STATE, values: [id] }]);
    const word = table?.rows[0]?.[0];
    return word === 'unfinished' || word === 'applied' || word === 'rolled-back' ? word : 'absent';
  };
  return {
    state,
    settle: async ({ from, id, as }) => {
      if (!NAME.test(id)) throw new BelayError('BELAY_ACT_FAILED', `${JSON.stringify(id.slice(0, 80))} cannot be the name of a migration`);
      const before = await state(id);
      if (before !== 'unfinished') throw new BelayError('BELAY_TARGET_CONFLICT', `${spec.id}: ${id} is ${before} by now`);
      const folder = await deps.artefact.folder(from);
      const result = await runTool(spec, deps, folder, ['migrate', 'resolve', as === 'applied' ? '--applied' : '--rolled-back', id]);
      const after = await afterStart(state(id));
      if (after === as) return;
      throw failed(spec, result, after === before ? 'none' : 'unknown', `${id} is ${after}, not ${as}`);
    },
  };
}
