// Counts in pages on a real Postgres: put together they say the same, names that nobody needs go, and a store that knew them goes on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/store-postgres/connection.ts';
import { openStore, type Store } from '../../../src/adapters/store-postgres/index.ts';
import { createMinuteStore } from '../../../src/adapters/store-postgres/minutes.ts';
import { SignalLog } from '../../../src/adapters/store-postgres/signal-log.ts';
import { sweepNames } from '../../../src/adapters/store-postgres/signal-sweep.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { digest, freshDatabase, migratedTemplate, settableTime, sql } from './kit.ts';

const NOTHING = { slots: [], series: [], states: [], transitions: [] } as const;
const WEEK_MS = 7 * 24 * 3_600_000;

let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
  await migratedTemplate(postgres);
}, 60_000);
afterAll(() => postgres.stop());

async function withStore(body: (store: Store, url: string) => Promise<void>): Promise<void> {
  const databaseUrl = await freshDatabase(postgres);
  const store = openStore({ databaseUrl, digest, time: settableTime(), poolSize: 4 });
  try {
    await body(store, databaseUrl);
  } finally {
    await store.close();
  }
}

const slot = (at: number, scope: string) => ({ signal: 's', scope, slot: at, bad: 1, all: 10, sum: 0 });
const counter = (series: string, total: number, at: number) => ({ source: 'web', series, total, at });

test('what was committed in many pages says the same after they were put together, and lies in two of them', () =>
  withStore(async ({ signals }, url) => {
    for (let round = 0; round < 50; round += 1) {
      await signals.commit({ ...NOTHING, slots: [slot(1_000 * Math.floor(round / 10), 'acme')], series: [counter('a', round, round)] });
    }
    const before = await signals.load(0);
    await signals.prune(0);
    expect(await signals.load(0)).toEqual(before);
    expect(before.slots.map(({ slot: at, all }) => [at, all])).toEqual([0, 1_000, 2_000, 3_000, 4_000].map((at) => [at, 100]));
    expect(before.series).toEqual([counter('a', 49, 49)]);
    expect(await sql(url, 'select tier from belay.signal_page order by tier')).toEqual([{ tier: 1 }, { tier: 2 }]);
  }));

test('commits while pages are put together are counted once', () =>
  withStore(async ({ signals }) => {
    const commit = () => signals.commit({ ...NOTHING, slots: [slot(10, 'acme')] });
    const rounds = Array.from({ length: 60 }, async (_, round) => (round % 6 === 5 ? signals.prune(0) : commit()));
    await Promise.all(rounds);
    expect((await signals.load(0)).slots).toEqual([{ ...slot(10, 'acme'), bad: 50, all: 500 }]);
  }));

test('names that came in many short lives are looked through as those of a long one', () =>
  withStore(async ({ signals }, url) => {
    const database = openDatabase(url, 2);
    const sweep = () => new SignalLog(database, createMinuteStore(database)).sweep(25);
    const stored = async () => (await sql(url, 'select count(*)::int as names from belay.signal_name'))[0]?.['names'];
    for (let life = 0; life < 3; life += 1) {
      const at = life * WEEK_MS;
      await signals.commit({ ...NOTHING, series: Array.from({ length: 10 }, (_, pod) => counter(`pod-${life}-${pod}`, 1, at)) });
      await signals.prune(at + WEEK_MS);
      await sweep();
    }
    // Each life learned ten; the third one found more than 25.
    expect(await stored()).toBeLessThan(25);
    await database.close();
  }));

test('names that no page speaks of are taken away, and a store that knew their numbers goes on', () =>
  withStore(async ({ signals }, url) => {
    const database = openDatabase(url, 2);
    await signals.commit({ ...NOTHING, series: [counter('gone', 1, 1), counter('kept', 1, 2 * WEEK_MS)] });
    await signals.prune(WEEK_MS + 2);
    expect(await sweepNames(database)).toBe(1);
    expect(await sweepNames(database)).toBe(0);
    await database.close();
    await signals.commit({ ...NOTHING, series: [counter('gone', 7, 3 * WEEK_MS)] });
    expect((await signals.load(0)).series.toSorted((a, b) => a.at - b.at)).toEqual([
      counter('kept', 1, 2 * WEEK_MS),
      counter('gone', 7, 3 * WEEK_MS),
    ]);
  }));
