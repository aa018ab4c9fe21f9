// `db.resolve`: a migration that began and did not end is settled the way that people say it is. Belay does not know which: it asks nobody
// here and looks at no table of theirs.
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Action } from '../../ports/action.ts';
import type { Database, MigrationState, Settling } from '../../ports/database.ts';
import { named, specOf, textOf } from './arguments.ts';

export function resolveAction(databases: Readonly<Record<string, Database>>): Action {
  const databaseOf = (args: JsonObject): Database => named(databases, 'database', textOf(args, 'database'));
  const settlingOf = (args: JsonObject): Settling => {
    const { migrations, spec } = databaseOf(args);
    if (migrations?.settling !== undefined) return migrations.settling;
    throw new BelayError('BELAY_INPUT_INVALID', `the migrations of ${spec.id} either are there or are not: nothing is to be settled`, {
      hint: 'Prisma alone writes down that one has begun.',
    });
  };
  const wanted = (args: JsonObject): 'applied' | 'rolled-back' => (textOf(args, 'as') === 'applied' ? 'applied' : 'rolled-back');
  return {
    spec: specOf('db.resolve'),
    compareAndSet: () => 'none',
    target: (args) => `database:${textOf(args, 'database')}`,
    observe: async (args) => {
      const current: MigrationState = await settlingOf(args).state(textOf(args, 'migration'));
      return { current, desired: wanted(args), fingerprint: current, reached: current === wanted(args) };
    },
    act: async (args, { expected }) => {
      const [settling, id] = [settlingOf(args), textOf(args, 'migration')];
      const state = await settling.state(id);
      if (state === wanted(args)) return;
      if (state !== expected) throw new BelayError('BELAY_TARGET_CONFLICT', `${id} is ${state} by now`);
      await settling.settle({ from: textOf(args, 'from'), id, as: wanted(args) });
    },
    impossible: async (args) => {
      const [id, from] = [textOf(args, 'migration'), textOf(args, 'from')];
      const state = await settlingOf(args).state(id);
      if (state === wanted(args)) return null;
      if (state !== 'unfinished') return `${id} is ${state}: only one that began and did not end can be settled`;
      const known = (await databaseOf(args).migrations?.known(from)) ?? [];
      return known.some((one) => one.id === id) ? null : `release ${from} has no migration ${id}`;
    },
    lastChange: async () => null,
  };
}
