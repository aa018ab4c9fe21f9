// What ALTER DATABASE … SET and ALTER ROLE … IN DATABASE … SET say of a database: a copy that the server makes does not have it, and a search path
// or a time limit of its own changes what a migration does. Names and values come from a stranger's database: each is quoted.
import type pg from 'pg';

/** Taken apart by the server where a value is set, so that they must not be given as one text. */
const LISTS = new Set(['search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries']);
/** Change what is logged and counted, nothing that a migration does; most of them only a superuser may set. */
const ONLY_SEEN = /^(log_|track_|auto_explain\.|pgaudit\.|pg_stat)/;

/** Of everybody, and of the role that asks. */
const SETTINGS = `select setting.setrole <> 0 as own, current_user::text as role, one as written
  from pg_db_role_setting setting join pg_database made on made.oid = setting.setdatabase, unnest(setting.setconfig) one
  where made.datname = $1 and (setting.setrole = 0 or setting.setrole = (select oid from pg_roles where rolname = current_user))`;

interface Row {
  readonly own: boolean;
  readonly role: string;
  /** `search_path=app, public` */
  readonly written: string;
}

/** @throws what the server says where one of them may not be set */
export async function copySettings(client: pg.Client, from: string, to: string): Promise<void> {
  const { rows } = await client.query<Row>(SETTINGS, [from]);
  for (const { own, role, written } of rows) {
    const at = written.indexOf('=');
    const [name, value] = [written.slice(0, at), written.slice(at + 1)];
    if (ONLY_SEEN.test(name)) continue;
    const whose = own ? `role ${client.escapeIdentifier(role)} in database` : 'database';
    const alter = `alter ${whose} ${client.escapeIdentifier(to)} set ${name
      .split('.')
      .map((part) => client.escapeIdentifier(part))
      .join('.')}`;
    if (LISTS.has(name))
      await client.query(
        `begin; select set_config(${client.escapeLiteral(name)}, ${client.escapeLiteral(value)}, true); ${alter} from current; commit`,
      );
    else await client.query(`${alter} to ${client.escapeLiteral(value)}`);
  }
}
