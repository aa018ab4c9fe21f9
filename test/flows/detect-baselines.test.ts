// Two weeks of stored minutes for running sums: read a part at a time and never twice, worked out some at a time, and let go when they are old.
import { expect, test } from 'vitest';
import type { MinuteRow } from '../../src/domain/minutes.ts';
import type { SignalKind } from '../../src/domain/signal.ts';
import { Baselines } from '../../src/flows/detect/baselines.ts';
import type { SignalStore } from '../../src/ports/signal-store.ts';
import { ERRORS, signal, system, trigger } from './detect-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.parse('2025-03-10T12:00:00Z');
const NOW = NOON + 11 * MINUTE;

interface Read {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

function baselinesOf(rowsOf: (from: number, to: number) => readonly MinuteRow[], kind: SignalKind = ERRORS) {
  const reads: Read[] = [];
  const history: SignalStore['history'] = async ({ from, to }) => {
    const rows = rowsOf(from, to);
    reads.push({ from, to, rows: rows.length });
    return rows;
  };
  const rule = trigger('ratio', { detector: 'cusum', signal: kind.kind });
  return { reads, baselines: new Baselines({ system: system({ signals: [signal(kind)], triggers: [rule] }), store: { history } }) };
}

/** One row an hour for each scope. */
const hourly =
  (scopes: readonly string[], row: Partial<MinuteRow> = {}) =>
  (from: number, to: number): readonly MinuteRow[] => {
    const rows: MinuteRow[] = [];
    for (let at = Math.ceil(from / HOUR) * HOUR; at < to; at += HOUR)
      for (const scope of scopes) rows.push({ at, spanMs: MINUTE, scope, bad: 0, all: 10, sum: 0, ...row });
    return rows;
  };

const orgs = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `org-${index}`);

test('all of two weeks is read once, without a hole and without an overlap, however much it is', async () => {
  const { reads, baselines } = baselinesOf(hourly(orgs(4_000)));
  const turns: number[] = [];
  for (let rows = await baselines.refresh(NOW); rows > 0; rows = await baselines.refresh(NOW)) turns.push(rows);
  expect(turns.length).toBeGreaterThan(3);
  expect(Math.max(...turns)).toBeLessThan(400_000);
  expect(reads[0]?.from).toBe(NOON - 14 * DAY);
  expect(reads.at(-1)?.to).toBe(NOON);
  expect(reads.slice(1).map((one) => one.from)).toEqual(reads.slice(0, -1).map((one) => one.to));
  expect(reads.reduce((sum, one) => sum + one.rows, 0)).toBe(4_000 * 14 * 24);
});

test('nothing is said before all is read, and then of some scopes at a time', async () => {
  const { baselines } = baselinesOf(hourly(orgs(3_000)));
  const known = () => orgs(3_000).filter((scope) => baselines.of('ratio', scope)?.act !== undefined).length;
  expect(baselines.of('ratio', 'org-0')).toBeUndefined();
  for (let rows = await baselines.refresh(NOW), turn = 0; rows > 0 && turn < 20; turn += 1) {
    rows = await baselines.refresh(NOW);
    if (rows > 0) expect([0, 2_000]).toContain(known());
  }
  await baselines.refresh(NOW);
  expect(known()).toBe(3_000);
  expect(baselines.of('ratio', 'somebody new')).toBeNull();
  expect(baselines.of('another trigger', 'org-0')).toBeUndefined();
});

test('an hour later there is nothing to read, four hours later the new part, a month later two weeks', async () => {
  const { reads, baselines } = baselinesOf(hourly(['acme']));
  await baselines.refresh(NOW);
  const first = reads.length;
  await baselines.refresh(NOW + HOUR);
  expect(reads).toHaveLength(first);
  await baselines.refresh(NOW + 4 * HOUR);
  expect(reads.slice(first)).toMatchObject([{ from: NOON, to: NOON + 4 * HOUR }]);
  await baselines.refresh(NOW + 30 * DAY);
  expect(reads[first + 1]?.from).toBe(NOON + 16 * DAY);
});

test('an organization that is gone for two weeks is as new as one that never was', async () => {
  const { baselines } = baselinesOf((from, to) => hourly(['acme'])(from, Math.min(to, NOON)));
  await baselines.refresh(NOW);
  expect(baselines.of('ratio', 'acme')?.act).toBeGreaterThan(0);
  for (let at = NOW; at < NOW + 15 * DAY; at += 4 * HOUR) await baselines.refresh(at);
  expect(baselines.of('ratio', 'acme')).toBeNull();
});

test('a store that does not answer leaves nothing behind: the same part is read again', async () => {
  let fails = false;
  const { reads, baselines } = baselinesOf((from, to) => {
    if (fails) throw new Error('no store');
    return hourly(['acme'])(from, to);
  });
  await baselines.refresh(NOW);
  fails = true;
  await expect(baselines.refresh(NOW + 4 * HOUR)).rejects.toThrow('no store');
  fails = false;
  await baselines.refresh(NOW + 4 * HOUR);
  expect(reads.at(-1)).toMatchObject({ from: NOON, rows: 4 });
});

test('of a share above a limit the stored events are those within it', async () => {
  const slow: SignalKind = { kind: 'fractionAbove', of: { name: 'latency_seconds', labels: [] }, limit: 0.5 };
  const { baselines } = baselinesOf(hourly(['acme'], { bad: 10, all: 10 }), slow);
  await baselines.refresh(NOW);
  expect(baselines.of('ratio', 'acme')?.usual).toBeLessThan(0.002);
});

test('four hours of half a million events a second are counted whole', async () => {
  const { baselines } = baselinesOf(hourly(['acme'], { bad: 1_800_000, all: 1_800_000_000 }));
  await baselines.refresh(NOW);
  expect(baselines.of('ratio', 'acme')?.usual).toBeCloseTo(0.001, 4);
});
