// Which server an address leads to, by what the server itself says: no name, port or socket has a say in it. It changes nothing.
import { randomInt } from 'node:crypto';
import { BelayError } from '../../domain/errors.ts';
import type { SqlServer, Untouched } from '../../ports/database.ts';

/** Nothing that the address or the session has a say in: no port, and no time in a zone. */
const WHO = `select (select system_identifier from pg_control_system())::text, extract(epoch from pg_postmaster_start_time())::text`;

/**
 * What began in the same microsecond is the same server, whatever its address is called. What was made once by the same initdb may be a copy of its
 * files that runs by itself: then both must be no standby, and the one must not see a lock that the other holds. In doubt it is the same.
 */
export async function demandAnother(id: string, scratch: SqlServer, other: SqlServer): Promise<void> {
  const [one, two] = await Promise.all([whoIs(id, scratch, 'scratch'), whoIs(id, other, 'the database itself')]);
  const isApart = async (): Promise<boolean> => one.stands && two.stands && (await areApart(scratch, other));
  if (one.began !== two.began && (one.cluster !== two.cluster || (await isApart()))) return;
  throw new BelayError(
    'BELAY_TARGET_UNREACHABLE',
    `database ${id}: scratch is the very server that it stands for, or a standby of it, so nothing was tried there`,
    {
      hint: 'Declare a Postgres of its own for scratch, or a restored copy that runs by itself: what is tried there is thrown away.',
    },
  );
}

const LOCK = 'select pg_try_advisory_xact_lock($1::int, $2::int)::text';
/** Everybody may look at locks, and sees those of all databases of the server, and of no other one. */
const HELD = `select (count(*) filter (where classid = $1::bigint::oid and objid = $2::bigint::oid))::text,
    (count(*) filter (where classid = $3::bigint::oid and objid = $4::bigint::oid))::text
  from pg_locks where locktype = 'advisory' and objsubid = 2 and granted`;

/** Each holds a lock that nobody else has. The other one must see its own, or it would see none at all, and not that of scratch. */
async function areApart(scratch: SqlServer, other: SqlServer): Promise<boolean> {
  const [mine, theirs] = [keyOf(), keyOf()];
  try {
    return await scratch.change(async (session) => {
      const locked = await session.ask({ text: LOCK, values: mine });
      if (locked.rows[0]?.[0] !== 'true') return false;
      const [, seen] = await other.read([
        { text: LOCK, values: theirs },
        { text: HELD, values: [...theirs, ...mine] },
      ]);
      return seen?.rows[0]?.[0] === '1' && seen.rows[0][1] === '0';
    });
  } catch (error) {
    if (BelayError.is(error)) return false;
    throw error;
  }
}

const keyOf = (): readonly [string, string] => [String(randomInt(1, 2 ** 31)), String(randomInt(1, 2 ** 31))];

/** @throws BELAY_TARGET_UNREACHABLE: a server that does not say which it is may be any */
async function whoIs(id: string, server: SqlServer, called: string): Promise<Pick<Identity, 'cluster' | 'began' | 'stands'>> {
  const refused = (said: string, cause?: unknown): BelayError =>
    new BelayError(
      'BELAY_TARGET_UNREACHABLE',
      `database ${id}: ${called} does not say which server it is (${said}), so nothing was tried`,
      {
        hint: 'Its role needs the right to call pg_control_system(): grant execute on function pg_control_system() to <role>.',
        cause,
      },
    );
  const [table] = await server.read([{ text: `${WHO}, pg_is_in_recovery()::text`, values: [] }]).catch((error: unknown) => {
    throw BelayError.is(error) ? refused(error.message, error) : error;
  });
  const [cluster, began, recovers] = table?.rows[0] ?? [];
  if (typeof cluster !== 'string' || typeof began !== 'string') throw refused('it gives no identifier');
  return { cluster, began, stands: recovers === 'false' };
}

/** Also which of its databases, as what it is called in messages. */
const WHICH = `${WHO}, oid::text, datname, pg_is_in_recovery()::text from pg_database where datname = current_database()`;

interface Identity {
  readonly cluster: string;
  readonly began: string;
  readonly oid: string;
  readonly name: string;
  readonly stands: boolean;
}

/**
 * Production is asked before and after the drill database: a server that restarted in between would look like another one.
 * @throws BELAY_GUARD_REFUSED where it is production, or nobody can say that it is not
 */
export async function demandNotProduction(id: string, drill: SqlServer, production: readonly Untouched[]): Promise<void> {
  const before = await Promise.all(production.map((one) => whichIs(id, one.server, one.id)));
  const mine = await whichIs(id, drill, 'drill');
  const after = await Promise.all(production.map((one) => whichIs(id, one.server, one.id)));
  for (const [at, { id: other }] of production.entries())
    for (const real of [before[at], after[at]]) if (real !== undefined) refuseSame(id, mine, { other, real });
  if (mine.stands) return;
  throw refused(`database ${id}: drill is a standby, which cannot be copied`, 'Name a restored copy that can be written to.');
}

function refuseSame(id: string, mine: Identity, { other, real }: { readonly other: string; readonly real: Identity }): void {
  if (mine.began === real.began)
    throw refused(
      `database ${id}: drill is on the very server of ${other}, so nothing was tried`,
      'Restore the backup into a Postgres of its own, and name that: what is tried there costs it time, and is thrown away.',
    );
  if (mine.cluster === real.cluster && (mine.oid === real.oid || mine.name === real.name))
    throw refused(
      `database ${id}: drill has the identity of ${other}: it is that server by another name, or a copy of its files, so nothing was tried`,
      `If it is a copy, give it one that is its own: createdb --template ${mine.name} ${mine.name}_drill, on the server of the copy, and name ${mine.name}_drill.`,
    );
}

const refused = (message: string, hint: string, cause?: unknown): BelayError =>
  new BelayError('BELAY_GUARD_REFUSED', message, { hint, cause });

async function whichIs(id: string, server: SqlServer, called: string): Promise<Identity> {
  const unsure = (said: string, cause?: unknown): BelayError =>
    refused(
      `database ${id}: ${called} does not say which server it is (${said}), so nobody knows that drill is not production`,
      'Mend the address; its role needs the right to call pg_control_system(): grant execute on function pg_control_system() to <role>.',
      cause,
    );
  const [table] = await server.read([{ text: WHICH, values: [] }]).catch((error: unknown) => {
    throw BelayError.is(error) ? unsure(error.message, error) : error;
  });
  const [cluster, began, oid, name, recovers] = table?.rows[0] ?? [];
  if (typeof cluster !== 'string' || typeof began !== 'string' || typeof oid !== 'string' || typeof name !== 'string')
    throw unsure('it gives no identifier');
  return { cluster, began, oid, name, stands: recovers === 'false' };
}
