// States that stand: what is told of them, when they end, what outlives the process, and what there is no room for.
import { describe, expect, test } from 'vitest';
import { ALL_LABELS_BYTES, labelsOf, labelText } from '../../src/domain/received.ts';
import { keyOf, restored, STANDING_CAPS, type Standing, type Standings, tell } from '../../src/domain/standing.ts';

const state = (thing: string, value: number, until: number, org = 'acme'): Standing => ({
  thing,
  name: 'down',
  labels: { org },
  value,
  until,
});
const tellNext = (before: Standings, now: number, ...standing: readonly Standing[]) => tell(before, { standing, ended: [] }, now);
const valuesOf = ({ samples }: ReturnType<typeof tell>) => samples.map((one) => (one.kind === 'value' ? one.value : null));

describe('a state that stands', () => {
  test('is told again until its time is over, and then it is unknown', () => {
    const told = tellNext(restored({}), 0, state('a', 1, 100));
    expect(told.samples).toEqual([{ kind: 'value', name: 'down', labels: { org: 'acme' }, at: 0, value: 1 }]);
    expect(valuesOf(tellNext(told.standings, 99))).toEqual([1]);
    expect(valuesOf(tellNext(told.standings, 100))).toEqual([]);
  });

  test('is the highest of the things that share its labels', () => {
    const told = tellNext(restored({}), 0, state('a', 1, 100), state('b', 0, 200));
    expect(valuesOf(told)).toEqual([1]);
    expect(valuesOf(tellNext(told.standings, 10, state('a', 0, 200)))).toEqual([0]);
    expect(valuesOf(tellNext(told.standings, 150))).toEqual([0]);
  });

  test('ends by the name of its thing alone', () => {
    const told = tellNext(restored({}), 0, state('a', 1, 1_000));
    const ended = tell(
      told.standings,
      {
        standing: [],
        ended: [
          { thing: 'a', until: 500 },
          { thing: 'stranger', until: 500 },
        ],
      },
      10,
    );
    expect(valuesOf(ended)).toEqual([0]);
    expect(valuesOf(tellNext(ended.standings, 500))).toEqual([]);
  });

  test('outlives the process by its cursor, until there was word of each that stood', () => {
    const told = tellNext(restored({}), 0, state('a', 1, 1_000), state('b', 1, 900));
    const next = restored(told.cursor);
    expect(valuesOf(tellNext(next, 10))).toEqual([1]);
    expect(valuesOf(tellNext(next, 1_000))).toEqual([]);
    const half = tellNext(next, 10, state('a', 0, 1_000));
    expect(valuesOf(half)).toEqual([1]);
    const again = tellNext(restored({ ...told.cursor, ...half.cursor }), 20, state('b', 0, 1_000));
    expect(valuesOf(again)).toEqual([0]);
    expect(valuesOf(tellNext(half.standings, 20, state('a', 0, 1_000)))).toEqual([1]);
    expect(valuesOf(tellNext(half.standings, 20, state('b', 0, 1_000)))).toEqual([0]);
    expect(tellNext(next, 10).cursor).toEqual({});
    expect(restored({ position: 7 }).series.size).toBe(0);
  });

  test('for which there is no room is counted, and the others go on', () => {
    const many = Array.from({ length: STANDING_CAPS.series + 5 }, (_, n) => state('it', 1, 100, `org-${n}`));
    const told = tellNext(restored({}), 0, ...many);
    expect([told.samples.length, told.dropped, told.standings.places.size]).toEqual([STANDING_CAPS.series, 5, STANDING_CAPS.series]);
    const later = tellNext(told.standings, 100, ...many.slice(-5).map((one) => ({ ...one, until: 200 })));
    // The places that outlive the process are taken; in this life there is room again.
    expect([later.samples.length, later.dropped, Object.keys(later.cursor).length]).toEqual([5, 0, 0]);
    const things = Array.from({ length: STANDING_CAPS.things + 3 }, (_, n) => state(`thing-${n}`, 1, 100));
    expect(tellNext(restored({}), 0, ...things).dropped).toBe(3);
  });
});

describe('the cursor of what stands', () => {
  const KEY = '["down","org","acme","zone","eu"]';
  const labels = { zone: 'eu', org: 'acme' };
  const one = (thing: string, value: number, until: number): Standing => ({ thing, name: 'down', labels, value, until });

  test('is written under a name that a later version reads: value, end, and how many stand at it', () => {
    const told = tellNext(restored({}), 0, one('a', 2, 100), one('b', 2, 150), one('c', 1, 120));
    expect(told.cursor).toEqual({ [`${KEY}#value`]: 2, [`${KEY}#until`]: 150, [`${KEY}#things`]: 2 });
    expect([...restored(told.cursor).places]).toEqual([KEY]);
  });

  test('gives back the name and the labels as they were told', () => {
    const next = tellNext(restored({ [`${KEY}#value`]: 2, [`${KEY}#until`]: 150, [`${KEY}#things`]: 2 }), 10);
    expect(next.samples).toEqual([{ kind: 'value', name: 'down', labels, at: 10, value: 2 }]);
    expect(tellNext(restored({ '["up"]#value': 1, '["up"]#until': 150 }), 10).samples).toMatchObject([{ name: 'up', labels: {} }]);
  });

  test('is of one thing where it does not say of how many, and of nothing where its end is missing', () => {
    const life = restored({ [`${KEY}#value`]: 2, [`${KEY}#until`]: 150 });
    expect(valuesOf(tellNext(life, 10, one('a', 1, 200)))).toEqual([1]);
    expect(restored({ [`${KEY}#value`]: 2 }).series.size).toBe(0);
    expect(restored({ '#value': 2, '#until': 5, value: 3, until: 9 }).series.size).toBe(0);
  });

  test('goes on counting what the life before left: its places are taken, and two things of it are two', () => {
    const many = Array.from({ length: STANDING_CAPS.series }, (_, n) => state('it', 1, 100, `org-${n}`));
    const life = restored(tellNext(restored({}), 0, ...many).cursor);
    expect(life.places.size).toBe(STANDING_CAPS.series);
    const later = tellNext(life, 100, one('a', 1, 200));
    expect([valuesOf(later), later.cursor]).toEqual([[1], {}]);
  });

  test('is written for what was told or ended now, and for nothing else', () => {
    const told = tellNext(restored({}), 0, one('a', 1, 100), state('b', 1, 100, 'globex'));
    const next = tell(told.standings, { standing: [], ended: [{ thing: 'a', until: 90 }] }, 10);
    expect(next.cursor).toEqual({ [`${KEY}#value`]: 0, [`${KEY}#until`]: 90, [`${KEY}#things`]: 1 });
    expect(valuesOf(next)).toEqual([0, 1]);
  });

  test('has one key for the same labels in any order', () => {
    expect(keyOf('down', { zone: 'eu', org: 'acme' })).toBe(KEY);
    expect(keyOf('down', { org: 'acme', zone: 'eu' })).toBe(KEY);
    expect(keyOf('down', { c: '1', a: '2', b: '3' })).toBe('["down","a","2","b","3","c","1"]');
  });
});

describe('room for what stands', () => {
  const things = (n: number, prefix: string, until = 1_000) => Array.from({ length: n }, (_, i) => state(`${prefix}${i}`, 1, until));

  test('is taken by the things of every series that still stand, and given back by those whose time is over', () => {
    const half = STANDING_CAPS.things / 2;
    const first = tellNext(
      restored({}),
      0,
      ...things(half, 'a', 50),
      ...things(half - 1, 'b').map((one) => ({ ...one, labels: { org: 'globex' } })),
    );
    expect(first.dropped).toBe(0);
    expect(tellNext(first.standings, 10, state('c', 1, 100), state('d', 1, 100)).dropped).toBe(1);
    // Who is known already needs no room.
    expect(tellNext(first.standings, 10, state('c', 1, 100), state('a0', 0, 100)).dropped).toBe(0);
    expect(tellNext(first.standings, 50, ...things(half, 'c')).dropped).toBe(0);
  });

  test('of a known series is there when no further series has any', () => {
    const many = Array.from({ length: STANDING_CAPS.series }, (_, n) => state('it', 1, 100, `org-${n}`));
    const full = tellNext(restored({}), 0, ...many).standings;
    const next = tellNext(full, 10, state('other', 2, 100, 'org-7'), state('it', 1, 100, 'new'));
    expect([next.dropped, valuesOf(next).filter((value) => value === 2).length]).toEqual([1, 1]);
  });
});

describe('labels of strangers', () => {
  test('are cut with a mark, and hold neither control characters nor halves of characters', () => {
    expect(labelText(`a\n${'x'.repeat(400)}`)).toBe(`a\uFFFD${'x'.repeat(253)}…`);
    expect(labelText('\uD83D')).toBe('\uFFFD');
    expect(labelText(`${'x'.repeat(254)}😀😀`)).toBe(`${'x'.repeat(254)}\uFFFD…`);
    expect([labelText(1.5), labelText(false), labelText(null), labelText({})]).toEqual(['1.5', 'false', '', '']);
  });

  test.each(['日', '"', '😀', '\\'])('fit together into a key of the store, made of %s', (char) => {
    const labels = labelsOf(Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`label_${n}`, char.repeat(300)])));
    expect(Object.keys(labels)).toHaveLength(12);
    expect(Buffer.from(keyOf('some_metric_name', labels)).length).toBeLessThan(ALL_LABELS_BYTES + 400);
  });
});
