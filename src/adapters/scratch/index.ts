// A throw-away database of its own on the server that belay.yaml declares for that, and a recorder in front of it. It is made anew each time and
// dropped after it, never on the server of the database that it stands for.
import { randomBytes } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import pg from 'pg';
import { BelayError } from '../../domain/errors.ts';
import type { SqlServer } from '../../ports/database.ts';
import type { Scratch } from '../../ports/scratch.ts';
import { WireRecord } from './wire.ts';

interface Options {
  readonly id: string;
  readonly url: string;
  /** A server by its address, as everything else asks it. */
  readonly open: (url: string) => SqlServer;
}

const CONNECT_MS = 10_000;
/** Nothing that the address or the session has a say in: no port, and no time in a zone. */
const WHO = `select (select system_identifier from pg_control_system())::text, extract(epoch from pg_postmaster_start_time())::text`;

export function createScratch({ id, url, open }: Options): Scratch {
  return {
    use: async (other, work) => {
      await demandAnother(id, open(url), other);
      const name = `belay_scratch_${randomBytes(8).toString('hex')}`;
      await onServer(id, url, `create database ${name} template template0`);
      try {
        const recorder = await startRecorder(url);
        try {
          return await work({
            url: addressWith(url, { name, port: recorder.port }),
            server: open(addressWith(url, { name })),
            taken: () => recorder.taken(),
          });
        } finally {
          recorder.close();
        }
      } finally {
        await onServer(id, url, `drop database if exists ${name} with (force)`);
      }
    },
  } satisfies Scratch;
}

/** What was made once by initdb, or began in the same microsecond, is the same server, whatever its address is called. */
async function demandAnother(id: string, scratch: SqlServer, other: SqlServer): Promise<void> {
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

async function onServer(id: string, url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS, statement_timeout: CONNECT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.slice(0, 200) : '';
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `database ${id}: scratch cannot be used: ${said}`, {
      hint: 'It needs an address of a Postgres whose role may create databases (alter role … createdb).',
      cause,
    });
  } finally {
    client.end().catch(() => undefined);
  }
}

function addressWith(url: string, o: { readonly name: string; readonly port?: number }): string {
  const address = new URL(url);
  address.pathname = `/${o.name}`;
  if (o.port !== undefined) {
    address.host = `127.0.0.1:${o.port}`;
    address.search = '';
  }
  return address.href;
}

async function startRecorder(url: string) {
  const address = new URL(url);
  const [port, host] = [Number(address.port === '' ? 5432 : address.port), address.searchParams.get('host') ?? address.hostname];
  // A folder is where the server has its socket.
  const to = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host: host.replace(/^\[|\]$/g, ''), port };
  const said: string[] = [];
  const open = new Set<Socket>();
  let isBroken = false;
  const server = createServer((client) => {
    const record = new WireRecord((text) => said.push(text));
    const upstream = connect(to);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', end).on('close', () => {
        open.delete(socket);
        end();
      });
    }
    client.on('data', (bytes: Buffer) => {
      const heard = record.hear(bytes);
      if (record.isBroken) isBroken = true;
      // A channel that could not be read is not offered; what follows it begins anew.
      if (heard === 'no') client.write('N');
      else upstream.write(bytes);
    });
    upstream.on('data', (bytes: Buffer) => client.write(bytes));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const listening = server.address();
  return {
    port: typeof listening === 'object' && listening !== null ? listening.port : 0,
    // In the order in which it came, over all connections of the program.
    taken: (): readonly string[] | null => {
      const all = said.splice(0);
      return isBroken ? null : all;
    },
    close: (): void => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
