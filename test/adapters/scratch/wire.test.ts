// What a client says to Postgres, from its bytes in pieces of any size; what cannot be followed breaks the record, and never shortens it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireRecord } from '../../../src/adapters/scratch/wire.ts';

const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const message = (kind: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const first = (code: number, rest = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + rest.length, 0);
  head.writeUInt32BE(code, 4);
  return Buffer.concat([head, rest]);
};
const STARTUP = first(196_608, Buffer.from('user\0a\0\0'));
const query = (sql: string): Buffer => message('Q', text(sql));
const parse = (name: string, sql: string): Buffer => message('P', text(name), text(sql), Buffer.alloc(2));
const bind = (name: string): Buffer => message('B', text(''), text(name), Buffer.alloc(6));

function heard(chunks: readonly Buffer[]) {
  const said: string[] = [];
  const record = new WireRecord((one) => said.push(one));
  const words = chunks.map((chunk) => record.hear(chunk)).filter((one) => one !== null);
  return { said, words, isBroken: record.isBroken };
}

describe('the record of a connection', () => {
  it('has simple statements as they are said, and prepared ones each time that they are carried out', () => {
    const session = [first(80_877_103), STARTUP, message('p', text('password')), query('begin'), parse('', 'insert 1'), bind('')];
    const again = [parse('s1', 'update 2'), bind('s1'), bind('s1'), message('S'), message('X')];
    expect(heard([...session, ...again])).toEqual({
      said: ['begin', 'insert 1', 'update 2', 'update 2'],
      words: ['no', 'start'],
      isBroken: false,
    });
  });

  it('is broken by what it cannot follow: a call past SQL, a name that was not prepared, a length that lies, a text without its end', () => {
    for (const bad of [
      message('F', Buffer.alloc(8)),
      bind('none'),
      Buffer.from([81, 0xff, 0xff, 0xff, 0xff]),
      message('Q', Buffer.from('x')),
    ])
      expect(heard([STARTUP, query('one'), bad, query('two')])).toMatchObject({ said: ['one'], isBroken: true });
    expect(heard([Buffer.from([0, 0, 0, 1, 0, 0, 0, 0])]).isBroken).toBe(true);
  });

  it('is the same however the bytes are cut', () => {
    const whole = Buffer.concat([STARTUP, query('alter table "β" add c int'), parse('a', 'x'), bind('a'), query('commit')]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 8 }), (cuts) => {
        const places = [0, ...[...new Set(cuts)].sort((a, b) => a - b), whole.length];
        const chunks = places.slice(1).map((end, at) => whole.subarray(places[at], end));
        expect(heard(chunks).said).toEqual(['alter table "β" add c int', 'x', 'commit']);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never throws, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (chunks) => {
        heard(chunks.map((one) => Buffer.from(one)));
        heard([STARTUP, ...chunks.map((one) => Buffer.from(one))]);
      }),
      { numRuns: 10_000 },
    );
  });
});
