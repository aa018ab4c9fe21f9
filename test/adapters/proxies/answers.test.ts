// What HAProxy prints and what stands in map files, however odd: nothing is thrown, nothing of others is lost.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { serversIn } from '../../../src/adapters/proxies/haproxy-traffic.ts';
import { type MapFile, noteIn, valueIn, withValue } from '../../../src/adapters/proxies/map-file.ts';
import { inSmallestList } from '../../../src/adapters/proxies/shares.ts';

const HEAD = '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight';

test('the table of servers is read by the names of its columns', () => {
  const rows = serversIn(`1\n${HEAD}\n3 web 1 old 127.0.0.1 2 0 90 100\n3 web 2 new 127.0.0.1 0 0 10 0\n`);
  expect([...rows]).toEqual([
    ['old', { weight: 90, isUp: true }],
    ['new', { weight: 10, isUp: false }],
  ]);
});

test('ten thousand odd tables give servers with whole weights, or none', () => {
  const cell = fc.oneof(fc.constantFrom('web', 'old', '1', '2', '90', '-1', '1e9', '', '#'), fc.string({ maxLength: 5 }));
  const line = fc.oneof(
    { arbitrary: fc.array(cell, { maxLength: 12 }).map((cells) => cells.join(' ')), weight: 3 },
    { arbitrary: fc.constant(HEAD), weight: 1 },
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
      for (const { weight } of serversIn(lines.join('\n')).values())
        if (!Number.isInteger(weight) || weight < 0) throw new Error('an unfit weight');
    }),
    { numRuns: 10_000 },
  );
});

test('ten thousand odd map files: the key has its new value and its note, and every other line stays', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '# a comment',
      '#belay globex {"value":"next","changes":2,"changedAt":1,"key":"k"}',
      '#belay globex nonsense',
      'globex next',
      '  initech\tstable',
      'acme next',
      '',
    ),
    fc.string({ maxLength: 12 }).filter((one) => !one.includes('\n')),
  );
  const noted = { value: 'stable', changes: 3, changedAt: 5, previous: 'next', key: 'k' };
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const was: MapFile = { lines, sha256: '', changedAt: 0 };
      const now: MapFile = { ...was, lines: withValue(was, 'acme', noted) };
      if (valueIn(now, 'acme') !== 'stable') throw new Error('it has not its new value');
      expect(noteIn(now, 'acme')).toEqual(noted);
      for (const other of ['globex', 'initech']) if (valueIn(now, other) !== valueIn(was, other)) throw new Error(`${other} was moved`);
      expect(noteIn(now, 'globex')).toEqual(noteIn(was, 'globex'));
      const isMine = (one: string): boolean => one === '' || one.startsWith('#belay acme ') || /^\s*acme\s/.test(one);
      const others = (all: readonly string[]): readonly string[] => all.filter((one) => !isMine(one));
      expect(others(now.lines)).toEqual(others(lines));
    }),
    { numRuns: 10_000 },
  );
});

test.each([
  [0.1, 1, 9],
  [0.5, 1, 1],
  [0.25, 1, 3],
  [1, 1, 0],
  [0, 0, 1],
  [0.33, 33, 67],
])('a share of %d is %d and %d in the smallest list', (share, of, rest) => {
  expect(inSmallestList(share)).toEqual({ of, rest });
});
