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
