// Whether scratch is another server, asked of real ones under every name and setting of a session that could make one look like two.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScratch } from '../../../src/adapters/scratch/index.ts';
import { createPostgres } from '../../../src/adapters/sql/server.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';

let real: PostgresPart;
let other: PostgresPart;
beforeAll(async () => {
  [real, other] = await Promise.all([startPostgres(), startPostgres()]);
});
afterAll(() => Promise.all([real.stop(), other.stop()]));

const open = (url: string) => createPostgres({ id: 'crm', url, timeoutMs: 5_000 });
const SOURCES = path.join(import.meta.dirname, '../../../src');
const tried = (scratch: string, database: string) =>
  createScratch({ id: 'crm', url: scratch, open }).use(open(database), async () => 'tried');
const as = (role: string, url: string): string => url.replace('postgres@', `${role}@`);

async function sql(url: string, text: string): Promise<readonly pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as pg.QueryResultRow[];
  } finally {
    await client.end();
  }
}

describe('scratch', () => {
  it('is the very server under another role, in another time zone and by another name of its socket, and nothing is tried there', async () => {
    await sql(real.url, `create role tokyo superuser login; alter role tokyo set timezone to 'Asia/Tokyo'`);
    const folder = new URL(real.url).searchParams.get('host') ?? '';
    const alias = as('tokyo', real.urlOf('postgres').replace(folder, `${folder}/.`));
    await expect(tried(alias, real.url)).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
      message: 'database crm: scratch is the very server that it stands for, or a standby of it, so nothing was tried there',
    });
    expect(await tried(other.url, real.url)).toBe('tried');
  }, 60_000);

  it('may be a restored copy of the files that runs by itself, and is not the server that was restarted while it was asked', async () => {
    await real.kill();
    const copy = await startPostgres({}, { filesOf: real });
    try {
      await real.restart();
      const who = 'select system_identifier::text as id from pg_control_system()';
      expect(await sql(copy.url, who)).toEqual(await sql(real.url, who));
      expect(await tried(copy.url, real.url)).toBe('tried');
      // The same server says another time at which it began, as after a restart in between: it sees its own lock.
      const restarted: typeof open = (url) => {
        const server = open(url);
        return {
          ...server,
          read: async (asked) =>
            server.read(asked.map((one) => ({ ...one, text: one.text.replace('pg_postmaster_start_time()', 'now()') }))),
        };
      };
      const use = createScratch({ id: 'crm', url: real.urlOf('postgres'), open: restarted }).use(open(real.url), async () => 'tried');
      await expect(use).rejects.toThrow('scratch is the very server that it stands for');
    } finally {
      await copy.stop();
    }
  }, 60_000);

  it('is not used where one of both does not say which server it is', async () => {
    await sql(other.url, 'create role nobody login createdb; revoke execute on function pg_control_system() from public');
    await expect(tried(as('nobody', other.url), real.url)).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
      message: expect.stringMatching(/scratch does not say which server it is \(.*permission denied.*\), so nothing was tried/),
      hint: expect.stringContaining('grant execute on function pg_control_system()'),
    });
    await expect(tried(real.url, as('nobody', other.url))).rejects.toMatchObject({
      message: expect.stringContaining('the database itself does not say which server it is'),
    });
  }, 60_000);

  it('is left behind by a process that is killed, and removed by the next one by its name and its age, and nothing else is', async () => {
    const program = `
      import { createCopies } from ${JSON.stringify(path.join(SOURCES, 'adapters/scratch/drill.ts'))};
      import { createScratch } from ${JSON.stringify(path.join(SOURCES, 'adapters/scratch/index.ts'))};
      import { createPostgres } from ${JSON.stringify(path.join(SOURCES, 'adapters/sql/server.ts'))};
      const open = (url) => createPostgres({ id: 'crm', url, timeoutMs: 5_000 });
      const hold = () => {
        console.log('at work');
        return new Promise((resolve) => setTimeout(resolve, 600_000));
      };
      const real = open(${JSON.stringify(real.url)});
      const copies = createCopies({ id: 'crm', url: ${JSON.stringify(await other.createDatabase('copied'))}, open });
      await createScratch({ id: 'crm', url: ${JSON.stringify(other.url)}, open }).use(real, () => copies.use([{ id: 'crm', server: real }], hold));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const names = async () =>
      (await sql(other.url, `select datname from pg_database where datname like 'belay!_%' escape '!' or datname = 'mine' order by 1`)).map(
        (row) => String(row['datname']),
      );
    const left = await names();
    expect(left.map((name) => name.replace(/_\d{10}_[0-9a-f]{16}$/, ''))).toEqual(['belay_drill', 'belay_scratch']);
    const held = `belay_scratch_1764300000_${'0'.repeat(16)}`;
    for (const name of ['mine', held, 'belay_scratch_of_mine', `belay_drill_${Math.floor(Date.now() / 1000)}_${'1'.repeat(16)}`])
      await sql(other.url, `create database ${name}`);
    const young = await names();
    for (const name of left) await sql(other.url, `alter database ${name} rename to ${name.replace(/_\d{10}_/, '_1764300000_')}`);
    const holder = new pg.Client({ connectionString: other.url, application_name: held });
    await holder.connect();
    try {
      expect(await tried(other.url, real.url)).toBe('tried');
      expect(await names()).toEqual(young.filter((name) => !left.includes(name)));
    } finally {
      await holder.end();
    }
    expect(await createScratch({ id: 'crm', url: other.url, open }).sweep()).toEqual([held]);
  }, 60_000);
});
