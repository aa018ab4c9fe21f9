// Whether scratch is another server, asked of real ones under every name and setting of a session that could make one look like two.
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
const tried = (scratch: string, database: string) =>
  createScratch({ id: 'crm', url: scratch, open }).use(open(database), async () => 'tried');
const as = (role: string, url: string): string => url.replace('postgres@', `${role}@`);

async function sql(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
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
      message: 'database crm: scratch is the very server that it stands for, or a copy of it, so nothing was tried there',
    });
    expect(await tried(other.url, real.url)).toBe('tried');
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
});
