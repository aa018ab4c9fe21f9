// What the lint says of databases: their queries and files, the order of steps, and what stands in the files of SQL.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAndLint } from '../../src/config/lint.ts';
import { lintSql } from '../../src/config/lint-sql.ts';
import { sqlParser } from '../../src/local.ts';
import { lintFolder, TOOLS, told, workspace } from './workspace.ts';

const SYSTEM = `belay: 1
name: CRM
people: { ana: { name: Ana, roles: [commander] } }
roles: [commander]
targets:
  api: { driver: release-directory, root: service }
databases:
  crm:
    driver: sql-files
    url: "{env.DB_URL}"
    target: api
    artefact: releases/{release}
    queries:
      repaired: { sql: select true as applied, gives: { applied: bool } }
    files:
      repair: { path: repair.sql, applied: repaired }
`;
const RUNBOOK = (steps: string): string => `---\nbelay: 1\nid: back\n---\n\n# Back\n\n## Act\n\n${steps}`;
const step = (id: string, block: string): string => `### ${id} {#${id}}\n\n\`\`\`belay ${block}\n\`\`\`\n\n`;
const DOWN = step('down', 'do db.migrateDown\nwith: { database: crm, to: 1_a, from: "{release.current}" }\nirreversible: data goes');
const SWITCH = step(
  'switch',
  'do deploy.rollback\nwith: { target: api, to: v1 }\nundo: { do: deploy.activate, with: { target: api, to: v2 } }',
);
const APPROVE = step('agree', 'approve\nfrom: [commander]\nshow: [plan, loss]');
const APPLY = (taken: string): string => step('repair', `do db.apply\nwith: { database: crm, file: repair }\n${taken}`);

const folderOf = (o: { readonly system?: string; readonly steps?: string; readonly sql?: string }) =>
  workspace({
    'belay.yaml': o.system ?? SYSTEM,
    'runbooks/base.runbook.md': null,
    'runbooks/back.runbook.md': RUNBOOK(o.steps ?? APPROVE + DOWN + SWITCH),
    ...(o.sql === undefined ? {} : { 'repair.sql': o.sql }),
  });
/** Of the database: who approves, and what else is deployed, are other tests' business. */
const lintOf = (o: Parameters<typeof folderOf>[0]) =>
  told(lintFolder(folderOf(o))).filter((one) => !/ (rollback-without-freeze|approval-by-starter) /.test(one));

describe('the order of steps', () => {
  it('is the database before the code: the other way round is an error at the step [S3-GU-12]', () => {
    expect(lintOf({ steps: APPROVE + DOWN + SWITCH })).toEqual([]);
    expect(lintOf({ steps: APPROVE + SWITCH + DOWN })).toEqual(['back.runbook.md:26 down-before-code']);
  });

  it('is the same where a commit is built anew', () => {
    const built = SWITCH.replace('deploy.rollback', 'deploy.commit').replace('to: v1 }', `commit: ${'a1'.repeat(20)} }`);
    expect(lintOf({ steps: APPROVE + DOWN + built })).toEqual([]);
    expect(lintOf({ steps: APPROVE + built + DOWN })).toEqual(['back.runbook.md:26 down-before-code']);
  });

  it('asks people before what cannot be taken back [S3-GU-11]', () => {
    expect(lintOf({ steps: DOWN })).toEqual(['back.runbook.md:12 irreversible-migration (warning)']);
    expect(lintOf({ steps: APPROVE + DOWN })).toEqual([]);
  });

  it('says where the database goes: to a migration or to what a release knows, and never both or neither', () => {
    const keep = DOWN.replace('to: 1_a', 'keep: "{release.previous}"');
    expect(lintOf({ steps: APPROVE + keep + SWITCH })).toEqual([]);
    expect(lintOf({ steps: APPROVE + DOWN.replace('to: 1_a, ', '') })).toEqual(['back.runbook.md:19 down-goal']);
    expect(lintOf({ steps: APPROVE + keep.replace('keep:', 'to: 1_a, keep:') })).toEqual(['back.runbook.md:19 down-goal']);
  });

  it('names a migration, never a number of them', () => {
    expect(lintOf({ steps: APPROVE + DOWN.replace('1_a', '"-1"') })).toEqual(['back.runbook.md:20 relative-undo']);
  });
});

describe('a file of SQL', () => {
  const sql = async (o: Parameters<typeof folderOf>[0]) => {
    const loaded = lintFolder(folderOf(o));
    expect(loaded.diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
    const found = await lintSql(loaded, sqlParser);
    return found.map((one) => `${path.basename(one.file)}:${one.line} ${one.rule}`);
  };

  it('that builds an index in the way of everybody is warned of at its line, on an old table alone [S5-PM-10]', async () => {
    const text = 'create table n (id int);\ncreate index on n (id);\ncreate index on contact (phone);\n';
    expect(await sql({ steps: APPROVE + APPLY('irreversible: yes'), sql: text })).toEqual(['repair.sql:3 index-concurrently']);
  });

  it('that takes rows away has no undo: the step that says so is an error [S3-GU-11]', async () => {
    const undo = 'undo: { do: db.apply, with: { database: crm, file: repair } }';
    expect(await sql({ steps: APPLY(undo), sql: 'update contact set phone = null' })).toEqual([
      'back.runbook.md:12 irreversible-migration',
    ]);
    expect(await sql({ steps: APPLY(undo), sql: 'alter table contact add column x int' })).toEqual([]);
    expect(await sql({ steps: APPROVE + APPLY('irreversible: rows'), sql: 'delete from contact' })).toEqual([]);
  });

  it('that is held to a number of rows and holds what nobody counts is an error in the file, and none without that number', async () => {
    const system = SYSTEM.replace('applied: repaired }', 'applied: repaired, rows: 1..5 }');
    const steps = APPROVE + APPLY('irreversible: rows');
    for (const text of ['truncate contact', 'with gone as (delete from contact returning id) insert into old select id from gone']) {
      expect(await sql({ system, steps, sql: text })).toEqual(['repair.sql:1 uncounted-rows']);
      expect(await sql({ steps, sql: text })).toEqual([]);
    }
    const counted =
      'create temp table old as with all_of as (select * from contact) select * from all_of; delete from contact where id < 3';
    expect(await sql({ system, steps, sql: counted })).toEqual([]);
  });

  it('that is not there is told where it is named', async () => {
    expect(await sql({ steps: APPROVE + DOWN })).toEqual(['belay.yaml:16 file']);
  });
});

describe('a database in belay.yaml', () => {
  it.each([
    ['    url: "{env.DB_URL}"', '    url: crm', 'belay.yaml:8 database-option'],
    ['releases/{release}', 'releases', 'belay.yaml:12 database-option'],
    ['target: api', 'target: app', 'belay.yaml:11 unknown-target'],
    ['gives: { applied: bool }', 'gives: { applied: int }', 'belay.yaml:16 query'],
    ['select true as applied', 'select $org as applied', 'belay.yaml:14 query'],
    ['select true as applied', '"select true as applied; drop table x"', 'belay.yaml:14 query'],
    ['select true as applied', 'drop table x', 'belay.yaml:14 query'],
    ['gives: { applied: bool } }', 'gives: { applied: bool }, parameters: { over: text } }', 'belay.yaml:14 query'],
    ['gives: { applied: bool } }', 'gives: { applied: bool, n: int }, growth: n }', 'belay.yaml:14 query'],
    ['    target: api', '    target: api\n    drill: { url: "{env.DB_URL}" }', 'belay.yaml:8 database-option'],
    ['    target: api', '    target: api\n    drill: { asOf: select now() }', 'belay.yaml:12 missing-key'],
  ])('is refused with %s as %s', (good, bad, problem) => {
    expect(lintOf({ system: SYSTEM.replace(good, bad) })).toContain(problem);
  });

  it('has a drill database as its page says', () => {
    const page = readFileSync(path.join(import.meta.dirname, '../../docs/databases/drill.md'), 'utf8');
    const written = /```yaml\n(belay: 1\n[\s\S]*?)```/.exec(page)?.[1] ?? '';
    const env = { CRM_DATABASE_URL: 'postgres://belay@db/crm', CRM_DRILL_URL: 'postgres://belay@drill/crm' };
    const loaded = loadAndLint(workspace({ 'belay.yaml': written }), { ...TOOLS, env });
    expect(told(loaded).filter((one) => one.startsWith('belay.yaml'))).toEqual([]);
    expect(loaded.system?.databases?.[0]?.drill).toEqual({ url: env.CRM_DRILL_URL, asOf: 'select max(created_at) from message' });
  });
});
