// Samples as columns and samples as objects mean the same: what a source tells in either form is counted, remembered and judged alike.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CounterState, incrementOf } from '../../src/domain/counter.ts';
import { areColumns, Columns, withoutRows } from '../../src/domain/sample-columns.ts';
import type { Sample, SampleColumns, SignalKind, ToldSeries } from '../../src/domain/signal.ts';
import { FreshSlots } from '../../src/flows/detect/fresh-slots.ts';
import { RowSet } from '../../src/flows/detect/row-set.ts';
import { Telling } from '../../src/flows/detect/telling.ts';
import type { SlotRow } from '../../src/ports/signal-store.ts';
import { DetectWorld, ERRORS, LATENCY, QUEUE, REQUESTS, signal, trigger } from './detect-world.ts';

const STEP_MS = 1_000;
const ORGS = ['acme', 'globex', 'initech'];

/** Resets, times that stand still or go back, floats, what is no number, ids that come twice, other kinds under the same name. */
const told = fc.record({
  kind: fc.constantFrom('total' as const, 'total' as const, 'total' as const, 'value' as const, 'delta' as const),
  name: fc.constantFrom(
    'requests_total',
    'requests_total',
    'queue',
    'duration',
    'duration_bucket',
    'duration_count',
    'latency_sum',
    'latency_count',
  ),
  org: fc.constantFrom(...ORGS),
  code: fc.constantFrom('200', '200', '503'),
  le: fc.constantFrom('0.3', '0.8', '+Inf'),
  origin: fc.constantFrom(undefined, 'shop\n1', 'shop\n2'),
  number: fc.oneof({ arbitrary: fc.nat(200), weight: 8 }, { arbitrary: fc.constantFrom(-1, 0.5, 1e9, Number.NaN, Infinity), weight: 1 }),
  lateMs: fc.constantFrom(0, 0, 0, 400, 5_000, 40_000, -3_000),
  sinceMs: fc.constantFrom(undefined, undefined, 0, 500, 60_000),
  id: fc.constantFrom(undefined, undefined, 'a', 'b', 'c'),
});
type Told = typeof told extends fc.Arbitrary<infer T> ? T : never;
const deliveries = fc.array(fc.record({ waitS: fc.constantFrom(1, 1, 1, 5, 40), samples: fc.array(told, { maxLength: 12 }) }), {
  maxLength: 14,
});

const labelsOf = ({ name, org, code, le }: Told): Readonly<Record<string, string>> =>
  name === 'duration_bucket' ? { org, le } : { org, code };

function sampleOf(one: Told, now: number): Sample {
  const base = { name: one.name, labels: labelsOf(one), at: now - one.lateMs };
  const origin = one.origin === undefined ? {} : { origin: one.origin };
  if (one.kind === 'value') return { kind: 'value', ...base, ...origin, value: one.number };
  if (one.kind === 'delta') return { kind: 'delta', ...(one.id === undefined ? {} : { id: one.id }), ...base, delta: one.number };
  return { kind: 'total', ...base, ...origin, ...(one.sinceMs === undefined ? {} : { since: now - one.sinceMs }), total: one.number };
}

/** As a decoder does it: the same object for the same series, from delivery to delivery. */
class Decoder {
  readonly #known = new Map<string, ToldSeries>();

  columnsOf(samples: readonly Sample[]): SampleColumns {
    const columns = new Columns(1);
    for (const sample of samples) {
      if (sample.kind === 'probe') continue;
      const { kind, name, labels } = sample;
      const origin = sample.kind === 'delta' ? undefined : sample.origin;
      const key = JSON.stringify([kind, name, labels, origin]);
      const series = this.#known.get(key) ?? { kind, name, labels, origin };
      this.#known.set(key, series);
      if (sample.kind === 'value') columns.add(series, sample.at, sample.value);
      else if (sample.kind === 'total') columns.addWith(series, sample.at, sample.total, { since: sample.since });
      else columns.addWith(series, sample.at, sample.delta, { id: sample.id });
    }
    return columns;
  }
}

const SLOW: SignalKind = { kind: 'fractionAbove', of: { name: 'duration', labels: [] }, limit: 0.8 };
const GAUGE = { above: 50, overMs: 60_000, stillMs: 5_000, forMs: 0 };
const TRIGGERS = [trigger('ratio'), trigger('rate'), trigger('mean'), trigger('fractionAbove'), trigger('gauge', { breach: GAUGE })];

const worldOf = (): DetectWorld =>
  new DetectWorld({
    sources: [{ id: 'shop', driver: 'push', everyMs: STEP_MS }],
    signals: [ERRORS, REQUESTS, QUEUE, LATENCY, SLOW].map((kind) => signal(kind)),
    triggers: TRIGGERS,
  });

async function kept(world: DetectWorld) {
  const { slots, series, states } = await world.store.load(0);
  const inOrder = <T>(rows: readonly T[]): readonly string[] => rows.map((row) => JSON.stringify(row)).sort();
  const views = await Promise.all(TRIGGERS.map(({ id }) => world.detector.readings.views(id)));
  return { slots: inOrder(slots), series: inOrder(series), states: inOrder(states), transitions: await world.store.transitions({}), views };
}

test('whatever is told, a detector that gets columns keeps the same as one that gets objects, also over a kill', async () => {
  await fc.assert(
    fc.asyncProperty(deliveries, fc.nat(13), async (rounds, killAt) => {
      const [objects, columns] = [worldOf(), worldOf()];
      const decoder = new Decoder();
      for (const [round, { waitS, samples }] of rounds.entries()) {
        for (const world of [objects, columns]) world.clock.nowMs += waitS * 1_000;
        const at = objects.clock.nowMs;
        const told = samples.map((one) => sampleOf(one, at));
        if (round === killAt) for (const world of [objects, columns]) world.kill();
        await objects.detector.ingest({ source: 'shop', at, alive: true, samples: told });
        await columns.detector.ingest({ source: 'shop', at, alive: true, samples: decoder.columnsOf(told) });
      }
      expect(await kept(columns)).toEqual(await kept(objects));
    }),
    { numRuns: 300 },
  );
}, 60_000);

test('totals of many series, restarts and pauses among them, count what the rule for one counter says of each', async () => {
  const step = fc.record({
    waitS: fc.integer({ min: 1, max: 4 }),
    totals: fc.array(fc.oneof(fc.nat(60), fc.constant(null)), { minLength: 6, maxLength: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), fc.boolean(), async (steps, isFalling) => {
      const world = worldOf();
      const decoder = new Decoder();
      const known = new Map<number, CounterState>();
      const counted = new Map<string, number>();
      let readAt: number | null = null;
      for (const { waitS, totals } of steps) {
        world.clock.nowMs += waitS * 1_000;
        const at = world.clock.nowMs;
        const samples: Sample[] = [];
        for (const [series, one] of totals.entries()) {
          if (one === null) continue;
          const org = ORGS[series % 3] as string;
          const before = known.get(series);
          const total = isFalling ? one : (before?.total ?? 0) + one;
          samples.push({ kind: 'total', name: 'requests_total', labels: { org, code: series < 3 ? '200' : '503' }, at, total });
          const increment = incrementOf(before, { total, at }, readAt);
          known.set(series, { total, at });
          counted.set(org, (counted.get(org) ?? 0) + (increment?.delta ?? 0));
        }
        await world.detector.ingest({ source: 'shop', at, alive: true, samples: decoder.columnsOf(samples) });
        readAt = at;
      }
      const { slots } = await world.store.load(0);
      const found = new Map<string, number>();
      for (const { signal: key, scope, all } of slots) if (key.startsWith('["ratio"')) found.set(scope, (found.get(scope) ?? 0) + all);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries([...counted].filter(([, count]) => count > 0)));
    }),
    { numRuns: 500 },
  );
});

test('columns say as objects what objects said, and without some rows what the others said', () => {
  fc.assert(
    fc.property(fc.array(told, { maxLength: 40 }), fc.func(fc.boolean()), (ones, isOut) => {
      const samples = ones.map((one) => sampleOf(one, 1_000_000));
      const columns = new Telling('shop').columnsOf(samples);
      expect(areColumns(columns)).toBe(true);
      expect(columns).toHaveLength(samples.length);
      expect([...columns]).toEqual(samples);
      const left = samples.filter((_, row) => !isOut(row));
      expect([...withoutRows(columns, (row) => isOut(row))]).toEqual(left);
    }),
    { numRuns: 1_000 },
  );
});

test('a source that keeps its labels gets the same series for them, and another one where kind, name or origin differ', () => {
  const telling = new Telling('shop');
  const labels = { org: 'acme' };
  const seriesOf = (...samples: readonly Sample[]) => telling.columnsOf(samples).series;
  const total = { kind: 'total', name: 'a', labels, at: 1, total: 1 } as const;
  const [first] = seriesOf(total);
  expect(seriesOf(total)[0]).toBe(first);
  expect(seriesOf({ ...total, origin: 'x' })[0]).not.toBe(first);
  expect(seriesOf({ kind: 'value', name: 'a', labels, at: 1, value: 1 })[0]).not.toBe(first);
  expect(seriesOf({ ...total, name: 'b' })[0]?.name).toBe('b');
  expect(seriesOf({ ...total, labels: { ...labels } })[0]?.labels).toEqual(labels);
});

test('slots between two commits add up as a map of them does, and rows are a set', () => {
  const add = fc.record({ row: fc.nat(70), slot: fc.nat(5).map((slot) => slot * 61), bad: fc.nat(9), all: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(fc.array(add, { maxLength: 60 }), { maxLength: 3 }), (commits) => {
      const fresh = new FreshSlots();
      const rows = new RowSet();
      const scopes = Array.from({ length: 71 }, (_, row) => `org-${row}`);
      for (const adds of commits) {
        const sums = new Map<string, SlotRow>();
        for (const { row, slot, bad, all } of adds) {
          fresh.add(row, slot, bad, all, 0.5);
          rows.add(row);
          const key = `${row} ${slot}`;
          const before = sums.get(key) ?? { signal: 's', scope: `org-${row}`, slot: slot * 1_000, bad: 0, all: 0, sum: 0 };
          sums.set(key, { ...before, bad: before.bad + bad, all: before.all + all, sum: before.sum + 0.5 });
        }
        const taken: SlotRow[] = [];
        fresh.takeInto(taken, { key: 's', slotMs: 1_000, scopes });
        expect(taken).toEqual([...sums.values()]);
        expect([...rows.rows]).toEqual([...new Set(adds.map(({ row }) => row))]);
        rows.clear();
        expect([...rows.rows]).toEqual([]);
      }
    }),
    { numRuns: 1_000 },
  );
});
