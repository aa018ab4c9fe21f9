// What people, the database and the migrations tell about Agente Julia, to the end: by the API and the door, over a real Postgres, to an
// incident that asks the right role. Restores are never begun by Belay.
import { createHmac } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Incident } from '../../../src/domain/incident.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { type IncidentWorld, openIncidents } from './incidents.ts';
import { type ExampleWorld, openExample } from './world.ts';

const MINUTE = 60_000;
const SECRET = 'a secret of the repository';

let postgres: PostgresPart;
let database: pg.Client;
let example: ExampleWorld;
let julia: IncidentWorld;
beforeAll(async () => {
  postgres = await startPostgres();
  database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  await database.query(`
    create table clientes (id int primary key, teste bool not null default false, criado_em timestamptz default now(), alterado_em timestamptz default now());
    create table conversations (id int primary key, cliente_id int);
    create table interacoes (id int primary key, conversa_id int);
    create table vagas (id int primary key);
    create table julia_status (id bigserial primary key, status text, motivo text, alterado_via text, created_at timestamptz default clock_timestamp())`);
});
afterAll(async () => {
  await database.end();
  await postgres.stop();
});
beforeEach(async () => {
  await database.query(`
    truncate clientes, conversations, interacoes, vagas, julia_status;
    insert into julia_status (status) values ('ativo');
    insert into clientes (id, teste) select n, n <= 5 from generate_series(1, 1000) n;
    insert into conversations select n, n from generate_series(1, 1000) n;
    insert into interacoes select n, n from generate_series(1, 1000) n`);
});
afterEach(async () => {
  julia.close();
  await example.close();
});

async function open(...sources: readonly string[]): Promise<void> {
  const env = {
    APP_URL: 'http://127.0.0.1:1',
    SUPABASE_URL: 'http://127.0.0.1:1',
    DATABASE_ADDRESS: '127.0.0.1:1',
    QUEUE_ADDRESS: '127.0.0.1:1',
    EVOLUTION_HOOK_SECRET: 's',
    JULIA_DATABASE_URL: postgres.url,
    GITHUB_HOOK_SECRET: SECRET,
  };
  example = await openExample('agente-julia', env, sources);
  julia = await openIncidents(example);
}

/** The only incident: of this trigger, answered by this runbook. */
async function only(trigger: string, runbook: string): Promise<Incident> {
  const incidents = await julia.incidents();
  expect(incidents.map((one) => [one.trigger, one.runbook])).toEqual([[trigger, runbook]]);
  return incidents[0] as Incident;
}

const asked = (incident: Incident): readonly string[] =>
  Object.values(incident.approvals).flatMap((approval) => (approval.state === 'open' ? approval.from : []));
const begun = async (incident: Incident): Promise<boolean> => (await julia.events(incident)).some((event) => event.type === 'step.started');

describe('a word of somebody whose role it is', () => {
  test.each([
    ['data was corrupted within the last seven days', '[S5-TR-01]', 'data-corrupt', 'restore-database', 'sol', 'database-lead'],
    ['a bad migration must be taken back', '[S5-TR-02]', 'bad-migration', 'restore-database', 'ana', 'database-lead'],
    ['data was deleted by accident', '[S5-TR-03]', 'accidental-deletion', 'restore-database', 'sol', 'database-lead'],
    ['one table is corrupt', '[S5-TR-07]', 'table-corrupt', 'restore-tables', 'sol', 'database-lead'],
    ['test data was overwritten', '[S5-TR-08]', 'test-data-overwritten', 'restore-tables', 'sol', 'database-lead'],
    ['the recent deploy brought a critical bug', '[S5-TR-09]', 'critical-bug-after-deploy', 'rollback-deploy', 'ana', 'commander'],
  ] as const)('that %s asks who must decide, and even two words begin nothing %s', async (_what, _id, trigger, runbook, by, role) => {
    await open('people');
    const refused = await julia.report(trigger, 'mel');
    expect(refused).toMatchObject({
      status: 403,
      body: { code: 'BELAY_FORBIDDEN', detail: expect.stringContaining('on-call, commander') },
    });
    expect(await julia.incidents()).toEqual([]);

    expect((await julia.report(trigger, by, { text: 'the count is wrong' })).status).toBe(201);
    const incident = await only(trigger, runbook);
    expect({ phase: incident.phase, asked: asked(incident) }).toEqual({ phase: 'triage', asked: [role] });
    expect(julia.told()).toMatchObject([{ to: '#incidents', text: expect.stringContaining(incident.id) as string }]);

    const other = by === 'ana' ? 'sol' : 'ana';
    expect((await julia.report(trigger, other)).body).toMatchObject({ people: [by, other], enough: true });
    await julia.pass(MINUTE);
    const later = await only(trigger, runbook);
    expect({ asked: asked(later), begun: await begun(later) }).toEqual({ asked: [role], begun: false });
    expect(await julia.approve(later, 'mel')).toBe(403);
    const words = (await julia.events(later)).flatMap((event) => (event.type === 'trigger.changed' ? [event.data.transition.report] : []));
    expect(words).toContainEqual(expect.objectContaining({ by, text: 'the count is wrong' }));
  });

  test('restores begin once somebody who may has approved them, and wait for that person again at each step', async () => {
    await open('people');
    await julia.report('data-corrupt', 'sol');
    expect(await julia.approve(await only('data-corrupt', 'restore-database'), 'dora')).toBe(200);
    await julia.pass(5_000);
    const incident = await only('data-corrupt', 'restore-database');
    expect(Object.entries(incident.tasks).map(([step, task]) => [step, task.who])).toEqual([['assess', 'database-lead']]);
  });
});

describe('a word for the emergency pause', () => {
  test.each([
    ['a critical bug was found in production', '[S5-TR-19]', 'critical-bug', 'sol', 'ana'],
    ['doctors report bad behaviour', '[S5-TR-20]', 'doctors-complain', 'mel', 'sol'],
    ['it is a security or compliance incident', '[S5-TR-22]', 'security-incident', 'rita', 'sol'],
  ] as const)('that %s asks the commander, and with a second one the pause begins by itself %s', async (_what, _id, trigger, by, other) => {
    await open('people');
    expect((await julia.report(trigger, 'dora')).status).toBe(403);
    expect((await julia.report(trigger, by)).body).toMatchObject({ people: [by], withinMs: 60 * MINUTE, enough: false });
    await julia.report(trigger, by);
    const incident = await only(trigger, 'emergency-pause');
    expect({ phase: incident.phase, asked: asked(incident), begun: await begun(incident) }).toEqual({
      phase: 'triage',
      asked: ['commander'],
      begun: false,
    });

    await julia.pass(20 * MINUTE);
    expect((await julia.report(trigger, other)).body).toMatchObject({ people: [by, other], enough: true, status: 'breached' });
    await julia.pass(5_000);
    const paused = await only(trigger, 'emergency-pause');
    expect(paused.phase).toBe('responding');
    expect(Object.entries(paused.tasks).map(([step, task]) => [step, task.who])).toEqual([['seguir', 'commander']]);
    const { rows } = await database.query('select status, motivo, alterado_via from julia_status order by id desc limit 1');
    expect(rows).toEqual([{ status: 'pausado', motivo: `EMERGÊNCIA: ${paused.id}`, alterado_via: 'manual' }]);
    expect(
      julia
        .told()
        .filter(({ text }) => text.includes('EMERG'))
        .map(({ to }) => to)
        .toSorted(),
    ).toEqual(['#incidents', 'management']);
  });

  test('of somebody who is approver is enough alone', async () => {
    await open('people');
    expect((await julia.report('critical-bug', 'ivo')).body).toMatchObject({ people: ['ivo'], enough: true });
    await julia.pass(5_000);
    expect((await only('critical-bug', 'emergency-pause')).phase).toBe('responding');
  });

  test('an hour later is a new one: whoever spoke before is not counted with it', async () => {
    await open('people');
    await julia.report('doctors-complain', 'mel');
    await julia.pass(61 * MINUTE);
    expect((await julia.report('doctors-complain', 'sol')).body).toMatchObject({ people: ['sol'], enough: false });
  });

  test('after its incident was cancelled opens another one, and is not lost', async () => {
    await open('people');
    await julia.report('critical-bug', 'sol');
    const first = await only('critical-bug', 'emergency-pause');
    await julia.cancel(first, 'ana');
    await julia.pass(5 * MINUTE);
    await julia.report('critical-bug', 'sol', { text: 'it is there again' });
    const open_ = (await julia.incidents()).filter((one) => one.phase === 'triage');
    expect(open_).toHaveLength(1);
    expect(open_[0]?.id).not.toBe(first.id);
  });
});

describe('a suspicion for the CTO', () => {
  test.each([
    ['a security breach', '[S5-TR-29]', 'security-breach-suspected', 'rita'],
    ['corrupt data', '[S5-TR-28]', 'corruption-suspected', 'dora'],
    ['a violation of the rules on data', '[S5-TR-30]', 'compliance-violation', 'sol'],
  ] as const)('of %s reaches the CTO by the word of one, and asks nobody else %s', async (_what, _id, trigger, by) => {
    await open('people');
    expect((await julia.report(trigger, 'mel')).status).toBe(403);
    await julia.report(trigger, by);
    const incident = await only(trigger, 'tell-cto');
    expect({ phase: incident.phase, asked: asked(incident) }).toEqual({ phase: 'triage', asked: ['cto'] });
    expect(julia.told().map(({ to }) => to)).toEqual(['#incidents', 'cto']);
    expect(await julia.approve(incident, 'ana')).toBe(403);
    expect(await julia.approve(incident, 'caio')).toBe(200);
  });

  test('is not what other questions are: of those the CTO hears nothing', async () => {
    await open('people');
    await julia.report('critical-bug', 'sol');
    expect(julia.told().map(({ to }) => to)).toEqual(['#incidents']);
  });
});

describe('what the database tells', () => {
  const deletions = async (): Promise<number> => {
    await database.query('select pg_stat_force_next_flush()');
    const { rows } = await database.query<{ n: string }>("select n_tup_del as n from pg_stat_user_tables where relname = 'interacoes'");
    return Number(rows[0]?.n);
  };
  /** Deletes them, and waits until the statistics of the server have counted it. */
  const deleteRows = async (from: number, to: number): Promise<void> => {
    const before = await deletions();
    await database.query('delete from interacoes where id between $1 and $2', [from, to]);
    await expect.poll(deletions, { timeout: 20_000 }).toBe(before + to - from + 1);
  };

  test('rows of several tables that point nowhere ask for a restore of the whole, of one table for a restore of that one [S5-TR-01] [S5-TR-07]', async () => {
    await open('integrity');
    await julia.pass(7 * MINUTE);
    expect(await julia.incidents()).toEqual([]);
    await database.query('delete from conversations where id <= 10');
    await julia.pass(8 * MINUTE);
    expect(asked(await only('one-table-broken', 'restore-tables'))).toEqual(['database-lead']);
    await database.query('delete from clientes where id between 20 and 30');
    await julia.pass(8 * MINUTE);
    const all = await julia.incidents();
    const whole = all.find((one) => one.trigger === 'rows-broken');
    expect(whole === undefined ? [] : asked(whole)).toEqual(['database-lead']);
    for (const one of all) expect(await begun(one)).toBe(false);
  });

  test('hundreds of deletions at once, and a table that was emptied, ask; what is deleted on a working day does not [S5-TR-03]', async () => {
    await open('deletions', 'integrity');
    await julia.pass(11 * MINUTE);
    await deleteRows(1, 100);
    await julia.pass(3 * MINUTE);
    expect(await julia.incidents()).toEqual([]);
    await deleteRows(101, 800);
    await julia.pass(3 * MINUTE);
    const incident = await only('rows-deleted', 'restore-database');
    expect({ asked: asked(incident), begun: await begun(incident) }).toEqual({ asked: ['database-lead'], begun: false });
    await database.query('truncate interacoes, conversations, clientes');
    await julia.pass(8 * MINUTE);
    expect((await julia.incidents()).map((one) => one.trigger)).toContain('clientes-dropped');
  });

  test('test data that changed asks for a restore of that table [S5-TR-08]', async () => {
    await open('test-data');
    await julia.pass(7 * MINUTE);
    await database.query("update clientes set alterado_em = now() + interval '1 s' where id = 900");
    await julia.pass(7 * MINUTE);
    expect(await julia.incidents()).toEqual([]);
    await database.query("update clientes set alterado_em = now() + interval '1 s' where id = 3");
    await julia.pass(8 * MINUTE);
    const incident = await only('test-rows-overwritten', 'restore-tables');
    expect({ asked: asked(incident), begun: await begun(incident) }).toEqual({ asked: ['database-lead'], begun: false });
  });
});

describe('what the migrations tell', () => {
  const workflow = (name: string, conclusion: string): string =>
    JSON.stringify({ action: 'completed', workflow_run: { id: 7, name, conclusion } });
  const sent = (body: string, delivery: string, secret = SECRET) =>
    julia.send('migrations', body, {
      'content-type': 'application/json',
      'x-github-delivery': delivery,
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    });

  test('one that failed asks for a restore, once; another workflow, one that went well, and a signature of others do not [S5-TR-02]', async () => {
    await open('migrations');
    await julia.pass(MINUTE);
    expect(await sent(workflow('test', 'failure'), 'd-1')).toBeLessThan(300);
    expect(await sent(workflow('migrate', 'success'), 'd-2')).toBeLessThan(300);
    expect(await sent(workflow('migrate', 'failure'), 'd-3', 'another secret')).toBe(401);
    await julia.pass(MINUTE);
    expect(await julia.incidents()).toEqual([]);
    for (let again = 0; again < 2; again += 1) expect(await sent(workflow('migrate', 'failure'), 'd-4')).toBeLessThan(300);
    await julia.pass(MINUTE);
    const incident = await only('migration-failed', 'restore-database');
    expect({ asked: asked(incident), begun: await begun(incident) }).toEqual({ asked: ['database-lead'], begun: false });
  });
});
