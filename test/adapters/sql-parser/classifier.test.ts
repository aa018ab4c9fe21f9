// SQL through Postgres' own parser to a judgement: the labelled statements, and whatever else somebody may write.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSqlParser } from '../../../src/adapters/sql-parser/index.ts';
import type { Json } from '../../../src/domain/json.ts';
import { judgeDatabase } from '../../../src/domain/rollback-safety.ts';
import { classify } from '../../../src/domain/sql-classifier.ts';
import type { Judgement } from '../../../src/domain/sql-judgement.ts';
import { VECTORS } from './vectors.ts';

const parser = createSqlParser();
const judge = async (sql: string): Promise<Judgement> => classify(await parser.parse(sql));

describe('the classifier', () => {
  it.each(VECTORS.map(([sql, compat, undo, lock]) => ({ sql, compat, undo, lock })))(
    'judges as a person did: $sql',
    async ({ sql, compat, undo, lock }) => {
      const { findings, ...rest } = await judge(sql);
      expect(rest).toMatchObject({ compat, undo });
      expect(findings.flatMap((one) => one.lock ?? [])).toEqual(lock === undefined ? [] : [lock]);
    },
  );

  it('knows at least 40 labelled cases', () => {
    expect(VECTORS.length).toBeGreaterThanOrEqual(40);
  });

  it('names what would go, and leaves out what the same migration has made', async () => {
    const { drops } = await judge(
      'alter table crm.contact drop column a, drop column "B"; drop table x, y.z; create table n (id int); drop table n',
    );
    expect(drops).toEqual([
      { schema: 'crm', table: 'contact', column: 'a' },
      { schema: 'crm', table: 'contact', column: 'B' },
      { table: 'x' },
      { schema: 'y', table: 'z' },
    ]);
  });

  it('names the table whose rows go on the way, in a way back too, whose verdict is then a loss', async () => {
    const back = await judge('with moved as (delete from crm.orders returning *) insert into archive select * from moved');
    expect(back.findings.find((one) => one.family === 'change-rows')).toEqual({
      family: 'change-rows',
      compat: 'maybe',
      undo: 'gone',
      object: 'crm.orders',
    });
    const safety = judgeDatabase({
      database: 'crm',
      release: 'v1',
      applied: ['1_a', '2_b'],
      knownThere: [{ id: '1_a' }],
      appliedThere: ['1_a', '2_b'],
      known: [{ id: '2_b', up: '', down: '', reversible: true }],
      boot: 'unknown',
      revert: ['2_b'],
      later: [],
      judged: new Map([['2_b', { up: await judge('create table archive (id int)'), down: back }]]),
      losses: [],
    });
    expect(safety.verdict).toBe('down-lossy');
    expect(safety.reasons).toContainEqual({
      why: 'loses-unknown',
      database: 'crm',
      findings: [{ family: 'change-rows', object: 'crm.orders' }],
    });
  });

  it('reads rows that go on the way however deep the statement is', () => {
    let deep: Json = { ctequery: { DeleteStmt: { relation: { relname: 'orders' } } } };
    for (let depth = 0; depth < 100_000; depth++) deep = { inner: deep };
    expect(classify([{ InsertStmt: { relation: { relname: 'n' }, deep } }])).toMatchObject({ compat: 'maybe', undo: 'gone' });
  });

  it('takes the worst for any text that is not SQL, and never fails on one', async () => {
    const words = fc.constantFrom(
      'create',
      'table',
      'drop',
      'alter',
      'column',
      'a',
      'b',
      '(',
      ')',
      ';',
      ',',
      "'",
      '$$',
      '"',
      '--',
      '/*',
      'int',
      'not null',
      'select',
      '1',
      '\n',
    );
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.array(words, { maxLength: 14 }).map((all) => all.join(' ')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (sql) => {
        const trees = await parser.parse(sql);
        const judged = classify(trees);
        // Ten thousand times `expect` would take longer than the parser.
        return trees === null ? judged.compat === 'maybe' && judged.undo === 'gone' : judged.findings.length >= trees.length;
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);

  it('makes nothing of trees that are none: the worst, and no crash', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 4 }), (trees) => {
        const known = ['harmless', 'create-table'];
        const { findings } = classify(trees as never);
        return !findings.some((one) => known.includes(one.family) && one.undo === 'gone');
      }),
      { numRuns: 10_000 },
    );
  });

  it('does not read a text that is longer than a megabyte', async () => {
    expect(await parser.parse(`select 1; ${' '.repeat(1_000_001)}`)).toBeNull();
  });
});
