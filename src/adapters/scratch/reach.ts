// Ways out of a database that its copy keeps: whoever writes to a foreign table there writes to the database behind it, and that may be production. It
// asks the catalog and changes nothing.
import { BelayError } from '../../domain/errors.ts';
import type { SqlServer } from '../../ports/database.ts';

/** What leads nowhere without a user mapping, or stays on its server. Any other may have its password in its own options. */
const MAPPED = `('postgres_fdw', 'dblink_fdw', 'oracle_fdw', 'mysql_fdw', 'tds_fdw', 'file_fdw')`;
/** Their functions take the address of another server as a text, and triggers call them. */
const SPEAKING = `('dblink', 'http', 'aws_s3', 'aws_lambda', 'amqp')`;

/** What it is, and what takes it away. Subscriptions belong to one database and are not copied. */
const WAYS_OUT = `select * from (
    select format('the user mapping of %s at server %s', coalesce(usename, 'public'), srvname) as what,
      format('drop user mapping for %s server %I', case umuser when 0 then 'public' else format('%I', usename) end, srvname) as mend from pg_user_mappings
    union all select format('server %s of %s', srvname, fdwname), format('drop server %I cascade', srvname)
      from pg_foreign_server join pg_foreign_data_wrapper w on w.oid = srvfdw where fdwname not in ${MAPPED}
    union all select format('extension %s', extname), format('drop extension %I cascade', extname) from pg_extension where extname in ${SPEAKING}
  ) as found order by 1 limit 21`;

/** @throws BELAY_GUARD_REFUSED, with what to type */
export async function demandNoWayOut(id: string, drill: SqlServer): Promise<void> {
  const [table] = await drill.read([{ text: WAYS_OUT, values: [] }]);
  const found = (table?.rows ?? []).map(([what, mend]) => ({ what: what ?? '', mend: mend ?? '' }));
  if (found.length === 0) return;
  const most = found.length > 20 ? ', …' : '';
  throw new BelayError(
    'BELAY_GUARD_REFUSED',
    `database ${id}: a copy of drill could write to other servers, so nothing was tried: ${found.map(({ what }) => what).join(', ')}${most}`,
    {
      hint: `Take that away on the drill database, after each restore: ${found.map(({ mend }) => `${mend};`).join(' ')}`,
    },
  );
}
