// The one row of a named query: what fits its declaration, and what does not.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareQuery } from '../../src/domain/named-query.ts';
import { boundValues, rowOf } from '../../src/domain/query-answer.ts';

const one = (type: 'time' | 'int' | 'number' | 'bool' | 'text', cell: string | null) =>
  rowOf({ columns: [{ name: 'x' }], rows: [[cell]] }, { x: type });

describe('the row of a query', () => {
  it('has the instant that Postgres writes, whatever its zone and fraction', () => {
    const instants = fc.date({ min: new Date('1900-01-01'), max: new Date('2400-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(instants, fc.integer({ min: -15 * 60, max: 15 * 60 }), (at, zone) => {
        const local = new Date(at.getTime() + zone * 60_000).toISOString().replace('T', ' ').replace('Z', '');
        const [hours, minutes] = [Math.trunc(Math.abs(zone) / 60), Math.abs(zone) % 60].map((part) => String(part).padStart(2, '0'));
        const cell = `${local}${zone < 0 ? '-' : '+'}${hours}${minutes === '00' ? '' : `:${minutes}`}`;
        expect(one('time', cell)).toEqual({ ok: true, values: { x: at.getTime() } });
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    ['int', '9007199254740993'],
    ['int', '1.5'],
    ['number', 'NaN'],
    ['number', 'Infinity'],
    ['bool', 'true'],
    ['time', '2026-03-01 00:00:00'],
    ['time', 'infinity'],
  ] as const)('refuses as %s what is written %s', (type, cell) => {
    expect(one(type, cell)).toMatchObject({ ok: false, why: expect.stringContaining('x is') });
  });

  it('never fails on any cell, and gives only what is declared', () => {
    const types = fc.constantFrom('time', 'int', 'number', 'bool', 'text');
    fc.assert(
      fc.property(types, fc.oneof(fc.string({ unit: 'binary' }), fc.double().map(String)), (type, cell) => {
        const read = one(type, cell);
        if (read.ok) expect(Object.keys(read.values)).toEqual(['x']);
        if (read.ok && type === 'text') expect(String(read.values['x'])).not.toMatch(/\p{Cc}/u);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('the text of a query', () => {
  it('keeps texts, quoted names, comments and casts as they are, and puts places where names are', () => {
    const sql = `select '$org', "$org", $$ $org $$, $t$ $org $t$, 1::int -- $org\n /* $org */ from t where org = $org and o2 = $org and n > $least`;
    expect(prepareQuery(sql, { org: 'org', least: 'int' })).toEqual({
      ok: true,
      text: sql.replace('org = $org', 'org = $1::text').replace('o2 = $org', 'o2 = $1::text').replace('$least', '$2::int8'),
      places: ['org', 'least'],
    });
  });

  it.each([
    ['select $1', /is a place without a name/],
    ['select 1; drop table t', /more than one statement/],
    ['delete from t', /no SELECT/],
    ['select $orgg', /names \$orgg/],
    ['select 1', /does not use its parameter org/],
  ])('refuses %s', (sql, why) => {
    expect(prepareQuery(sql, { org: 'org' })).toMatchObject({ ok: false, why: expect.stringMatching(why) });
  });

  it('gives as many values as it has places, or says which one does not fit', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (sql, value) => {
        const parameters = { org: 'org', n: 'int' } as const;
        const prepared = prepareQuery(`select $org, $n, ${sql}`, parameters);
        if (!prepared.ok) return;
        const bound = boundValues({ ...prepared, parameters }, { org: 'acme', n: value as never }, null);
        if (bound.ok) expect(bound.values).toHaveLength(prepared.places.length);
        else expect(bound.why).toMatch(/^n is|^over/);
      }),
      { numRuns: 10_000 },
    );
  });
});
