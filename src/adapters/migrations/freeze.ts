// Nobody migrates: a trigger on the table of the migration tool refuses every new line in it, and so takes the migration back that would
// write it, whichever program runs it and whoever starts it. Where there is no such table nothing can be refused.
import { BelayError } from '../../domain/errors.ts';
import type { DatabaseFreeze, SqlServer } from '../../ports/database.ts';

/** `table`: as it stands in a statement. */
export function createFreeze(o: { readonly id: string; readonly table: string; readonly server: SqlServer }): DatabaseFreeze {
  const { id, table, server } = o;
  const [schema] = table.includes('.') ? table.split('.') : [''];
  const refuser = `${schema === '' ? '' : `${schema}.`}belay_refuse_migrations`;
  return {
    read: async () => {
      const [found] = await server.read([{ text: LOOK, values: [table] }]);
      const [there, why] = found?.rows[0] ?? [];
      if (there !== 't') throw new BelayError('BELAY_NOT_FOUND', `${id} has no table ${table}: no tool has migrated it yet`);
      return { frozen: why !== null && why !== undefined, why: why ?? null };
    },
    set: (on, why) =>
      server.change(async (session) => {
        await session.script(`drop trigger if exists ${TRIGGER} on ${table}`);
        if (!on) {
          await session.script(`drop function if exists ${refuser}()`);
          return;
        }
        await session.script(
          `create or replace function ${refuser}() returns trigger language plpgsql as
           $belay$ begin raise exception 'frozen by Belay: %', tg_argv[0]; end $belay$`,
        );
        const made = await session.ask({
          text: `select format('create trigger ${TRIGGER} before insert or update or delete or truncate on ${table} for each statement execute function ${refuser}(%L)', $1::text)`,
          values: [why],
        });
        await session.script(made.rows[0]?.[0] ?? '');
      }),
  };
}

const TRIGGER = 'belay_freeze';
/** Arguments of a trigger end with a zero byte. */
const LOOK = `select to_regclass($1::text) is not null,
  (select convert_from(substring(tgargs from 1 for greatest(length(tgargs) - 1, 0)), 'UTF8') from pg_trigger
    where tgrelid = to_regclass($1::text) and tgname = '${TRIGGER}' and tgenabled <> 'D')`;
