// Whether rows cross the network encrypted where the address of a server asks for it: a front before a real Postgres that knows both ways, and counts them.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCopies } from '../../../src/adapters/scratch/drill.ts';
import { createScratch } from '../../../src/adapters/scratch/index.ts';
import { startRecorder } from '../../../src/adapters/scratch/recorder.ts';
import { createPostgres } from '../../../src/adapters/sql/server.ts';
import { makeCertificate } from '../../world/parts/certificate.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';

let real: PostgresPart;
let other: PostgresPart;
let folder: string;
const fronts: Server[] = [];
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'belay-tls-'));
  [real, other] = await Promise.all([startPostgres(), startPostgres()]);
});
afterAll(async () => {
  for (const one of fronts) one.close();
  await Promise.all([real.stop(), other.stop()]);
  rmSync(folder, { recursive: true });
});

const open = (url: string) => createPostgres({ id: 'crm', url, timeoutMs: 5_000 });

/** Before `other`; `name`: of whom its certificate is, null: it has none; `answer`: all that it says, by itself. */
async function front(name: string | null, answer?: Buffer) {
  const seen = { clear: 0, encrypted: 0 };
  const made = makeCertificate({ names: [name ?? 'nobody'], days: 2 });
  const secureContext = createSecureContext(made);
  const upstream = `${new URL(other.url).searchParams.get('host')}/.s.PGSQL.5432`;
  const relay = (client: Socket, first: Buffer): void => {
    const server = connect(upstream);
    server.write(first);
    for (const one of [client, server]) one.on('error', () => one.destroy());
    client.pipe(server).pipe(client);
  };
  const listener = createServer((client) => {
    client.on('error', () => client.destroy());
    client.once('data', (asked) => {
      const isAsked = asked.length === 8 && asked.readUInt32BE(4) === 80_877_103;
      if (isAsked && name === null) client.write('N');
      else if (isAsked) {
        seen.encrypted += 1;
        client.write('S');
        const channel = new TLSSocket(client, { isServer: true, secureContext });
        if (answer === undefined) relay(channel, Buffer.alloc(0));
        else channel.once('data', () => channel.write(answer)).on('error', () => channel.destroy());
      } else {
        seen.clear += 1;
        relay(client, asked);
      }
    });
  });
  fronts.push(listener);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const ca = path.join(folder, `${fronts.length}.pem`);
  writeFileSync(ca, made.cert);
  const plain = `postgresql://postgres@localhost:${(listener.address() as AddressInfo).port}/belay`;
  return { seen, plain, url: `${plain}?sslmode=verify-full&sslrootcert=${ca}` };
}

async function asked(url: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(`select 'through' as way`)).rows;
  } catch {
    return 'not at all';
  } finally {
    client.end().catch(() => undefined);
  }
}

describe('a server whose address asks for encryption', () => {
  it('is spoken to encrypted by everybody: who makes and drops the database, who reads it, and the program through the recorder', async () => {
    const { seen, url } = await front('localhost');
    const scratch = await createScratch({ id: 'crm', url, open }).use(open(real.url), async (database) => [
      await asked(database.url),
      database.taken(),
      (await database.server.read([{ text: 'select 1', values: [] }]))[0]?.rows,
    ]);
    expect(scratch).toEqual([[{ way: 'through' }], [`select 'through' as way`], [['1']]]);
    const copy = await createCopies({ id: 'crm', url, open }).use([{ id: 'crm', server: open(real.url) }], ({ database }) =>
      asked(database.url),
    );
    expect(copy).toEqual([{ way: 'through' }]);
    expect(seen).toEqual({ clear: 0, encrypted: expect.any(Number) });
  }, 60_000);

  it('gets not a byte of the program where its certificate is of another, or it does not encrypt', async () => {
    for (const name of ['elsewhere', null]) {
      const { seen, url } = await front(name);
      const recorder = await startRecorder(url);
      expect(await asked(`postgresql://postgres@127.0.0.1:${recorder.port}/belay`)).toBe('not at all');
      recorder.close();
      expect(seen.clear).toBe(0);
    }
    const { seen, plain } = await front('localhost');
    const recorder = await startRecorder(plain);
    expect(await asked(`postgresql://postgres@127.0.0.1:${recorder.port}/belay`)).toEqual([{ way: 'through' }]);
    recorder.close();
    expect(seen).toEqual({ clear: 1, encrypted: 0 });
  }, 60_000);

  it('offers the program every way to prove who it is but the one that is bound to a channel that it does not have', async () => {
    const offer = (...ways: readonly string[]): Buffer => {
      const body = Buffer.from(`\0\0\0\n${ways.map((way) => `${way}\0`).join('')}\0`);
      return Buffer.concat([Buffer.from([0x52, 0, 0, 0, body.length + 4]), body]);
    };
    for (const [said, heard] of [
      [offer('SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'), offer('SCRAM-SHA-256')],
      [Buffer.from('R\0\0\0\x08\0\0\0\0'), Buffer.from('R\0\0\0\x08\0\0\0\0')],
      [Buffer.from('E'), Buffer.from('E')],
    ] as const) {
      const recorder = await startRecorder((await front('localhost', said)).url);
      const client = connect(recorder.port, '127.0.0.1');
      client.write(Buffer.from('\0\0\0\x0f\0\x03\0\0user\0a\0'));
      expect((await once(client, 'data'))[0]).toEqual(heard);
      client.destroy();
      recorder.close();
    }
  }, 60_000);
});
