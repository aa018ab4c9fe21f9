// From rows of a real database to triggers: the example of the page, read by the real loader, its tables filled minute by minute.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createSqlReader } from '../../../src/adapters/sql/index.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import type { System } from '../../../src/domain/system.ts';
import type { SignalReader } from '../../../src/ports/signal-source.ts';
import { TOOLS } from '../../config/workspace.ts';
import { DetectWorld } from '../../flows/detect-world.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';

const NEVER = new AbortController().signal;
const PAGE = readFileSync(path.join(import.meta.dirname, '../../../docs/sources/sql.md'), 'utf8');

let postgres: PostgresPart;
let client: pg.Client;
beforeAll(async () => {
  postgres = await startPostgres();
  client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`create table identity_resolution_log (org text, ok bool, at timestamptz);
    create table stage_move_log (org text, ok bool, at timestamptz);
    create table organization (org text primary key);
    create table contact (org text, phone text);
    insert into organization values ('acme'), ('globex')`);
});
afterAll(async () => {
  await client.end();
  await postgres.stop();
});
beforeEach(() => client.query('truncate identity_resolution_log, stage_move_log, contact'));

/** The block of the page, as a user would paste it. */
function systemOfThePage(): System {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-sql-'));
  try {
    writeFileSync(path.join(folder, 'belay.yaml'), yaml);
    const loaded = loadAndLint(folder, { ...TOOLS, env: { CRM_DATABASE_URL: postgres.url } });
    expect(loaded.diagnostics).toEqual([]);
    if (loaded.system === null) throw new Error('the example of the page cannot be read');
    return loaded.system;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Minutes {
  readonly world: DetectWorld;
  readonly #readers: readonly SignalReader[];

  constructor(only: string) {
    const system = systemOfThePage();
    this.world = new DetectWorld(system);
    const time = this.world.clock.time();
    this.#readers = system.sources.flatMap((spec) => (spec.driver === 'sql' && spec.id === only ? [createSqlReader(spec, { time })] : []));
    expect(this.#readers).toHaveLength(1);
  }

  /** Minutes pass: things happen in each, then the query is sent. */
  async pass(count: number, happens: (at: Date) => Promise<void> = async () => undefined): Promise<void> {
    for (let minute = 0; minute < count; minute += 1) {
      this.world.clock.nowMs += 60_000;
      await happens(new Date(this.world.clock.nowMs));
      for (const reader of this.#readers) {
        const batch = await reader.read(NEVER, {});
        expect(batch.reason).toBeUndefined();
        await this.world.detector.ingest(batch);
      }
    }
  }
}

/** `failed` of `all` events of an organization. */
const log = (table: string, at: Date, org: string, o: { readonly all: number; readonly failed: number }): Promise<unknown> =>
  client.query(`insert into ${table} select $1, n > $2::int, $3 from generate_series(1, $4::int) as t (n)`, [org, o.failed, at, o.all]);

interface Log {
  readonly source: string;
  readonly table: string;
  readonly trigger: string;
}

async function rowsFail({ source, table, trigger }: Log): Promise<void> {
  const minutes = new Minutes(source);
  const { world } = minutes;
  const happens = (acme: number, globex: number) => async (at: Date) => {
    await log(table, at, 'acme', { all: 40, failed: acme });
    await log(table, at, 'globex', { all: 40, failed: globex });
  };
  await minutes.pass(35, (at) => happens(at.getMinutes() % 10 === 0 ? 1 : 0, at.getMinutes() % 10 === 0 ? 1 : 0)(at));
  expect(await world.path('acme', trigger)).toEqual([]);

  await minutes.pass(30, happens(3, 0));
  expect((await world.path('acme', trigger)).at(-1)).toBe('suspect→breached');
  expect((await world.view(trigger, 'acme')).value).toBeCloseTo(0.075, 2);

  await minutes.pass(60, happens(0, 0));
  expect(await world.path('acme', trigger)).toContain('breached→cleared');
  expect(await world.path('globex', trigger)).toEqual([]);
}

test('identity resolutions that fail for more than 1 % over 30 minutes breach for that organization alone, and clear [S4-TR-02]', () =>
  rowsFail({ source: 'identity', table: 'identity_resolution_log', trigger: 'identity-failing' }));

test('stage moves that fail for more than 1 % over 30 minutes breach for that organization alone, and clear [S4-TR-03]', () =>
  rowsFail({ source: 'stages', table: 'stage_move_log', trigger: 'stage-moves-failing' }));

test('contacts that exist twice are a question until somebody confirms the impact, then a breach, and it clears without them [S4-TR-05]', async () => {
  const minutes = new Minutes('contacts');
  const { world } = minutes;
  const report = (roles: readonly string[]) =>
    world.detector.readings.report({ trigger: 'duplicate-contacts', scope: 'acme', by: 'ana', roles, text: 'answered twice' });
  const path = (org: string) => world.path(org, 'duplicate-contacts');
  await client.query(`insert into contact values ('acme', '1'), ('acme', '2'), ('globex', '1')`);
  await minutes.pass(10);
  expect([await path('acme'), await path('globex')]).toEqual([[], []]);

  await client.query(`insert into contact values ('acme', '2')`);
  await minutes.pass(15);
  expect(await path('acme')).toEqual(['ok→suspect', 'suspect→suspect!']);
  await expect(report(['approver'])).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
  await minutes.pass(1);
  expect(await path('acme')).toEqual(['ok→suspect', 'suspect→suspect!']);

  await report(['crm-ops']);
  await minutes.pass(1);
  expect((await path('acme')).at(-1)).toBe('suspect→breached');
  await minutes.pass(20);
  expect((await path('acme')).at(-1)).toBe('suspect→breached');

  await client.query(`delete from contact where ctid in (select min(ctid) from contact where org = 'acme' and phone = '2')`);
  await minutes.pass(20);
  expect(await path('acme')).toContain('breached→cleared');
  expect(await path('globex')).toEqual([]);
});
