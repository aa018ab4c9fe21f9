// Which server an address leads to, by what the server itself says: no name, port or socket has a say in it. It changes nothing.
import { BelayError } from '../../domain/errors.ts';
import type { SqlServer } from '../../ports/database.ts';

/** Nothing that the address or the session has a say in: no port, and no time in a zone. */
const WHO = `select (select system_identifier from pg_control_system())::text, extract(epoch from pg_postmaster_start_time())::text`;

/** What was made once by initdb, or began in the same microsecond, is the same server, whatever its address is called. */
export async function demandAnother(id: string, scratch: SqlServer, other: SqlServer): Promise<void> {
  const [one, two] = await Promise.all([whoIs(id, scratch, 'scratch'), whoIs(id, other, 'the database itself')]);
  if (one.cluster !== two.cluster && one.began !== two.began) return;
  throw new BelayError(
    'BELAY_TARGET_UNREACHABLE',
    `database ${id}: scratch is the very server that it stands for, or a copy of it, so nothing was tried there`,
    {
      hint: 'Declare a Postgres of its own for scratch, made by initdb: what is tried there is thrown away.',
    },
  );
}

/** @throws BELAY_TARGET_UNREACHABLE: a server that does not say which it is may be any */
async function whoIs(id: string, server: SqlServer, called: string): Promise<{ readonly cluster: string; readonly began: string }> {
  const refused = (said: string, cause?: unknown): BelayError =>
    new BelayError(
      'BELAY_TARGET_UNREACHABLE',
      `database ${id}: ${called} does not say which server it is (${said}), so nothing was tried`,
      {
        hint: 'Its role needs the right to call pg_control_system(): grant execute on function pg_control_system() to <role>.',
        cause,
      },
    );
  const [table] = await server.read([{ text: WHO, values: [] }]).catch((error: unknown) => {
    throw BelayError.is(error) ? refused(error.message, error) : error;
  });
  const [cluster, began] = table?.rows[0] ?? [];
  if (typeof cluster !== 'string' || typeof began !== 'string') throw refused('it gives no identifier');
  return { cluster, began };
}
