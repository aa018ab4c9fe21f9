// The month store on a real Postgres: what a kill loses (nothing that was acknowledged), what a day costs, how days go.
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore, type Store } from '../../../src/adapters/store-postgres/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import { MINUTE_MS, slotKey } from '../../../src/domain/minutes.ts';
import type { HistoryKept, SlotRow } from '../../../src/ports/signal-store.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { digest, freshDatabase, migratedTemplate, settableTime, sql } from './kit.ts';

const DAY = 24 * 3_600_000;
const WINDOW = slotKey('errors', 'org', 300_000);
const ALL = { signal: 'errors', by: 'org', from: 0, to: 400 * DAY } as const;
const KEPT: HistoryKept = { since: 0, coarser: [] };
let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
  await migratedTemplate(postgres);
}, 60_000);
afterAll(() => postgres.stop());

const slot = (at: number, scope: string, bad: number, all: number): SlotRow => ({ signal: WINDOW, scope, slot: at, bad, all, sum: 0 });
const commit = (store: Store, slots: readonly SlotRow[]): Promise<void> =>
  store.signals.commit({ slots, series: [], states: [], transitions: [] });

interface Ledger {
  done: number;
  unknown: number;
}

/** Commits one event after the other, a few seconds of event time apart, until told to stop. */
async function write(store: Store, ledger: Ledger, stop: AbortSignal): Promise<void> {
  for (let n = 0; !stop.aborted; n += 1) {
    try {
      await commit(store, [slot(Math.floor(n / 3) * 5_000, 'acme', 0, 1)]);
      ledger.done += 1;
    } catch (error) {
      if (!BelayError.is(error, 'BELAY_STORE_UNAVAILABLE')) throw error;
      ledger.unknown += error.effect === 'unknown' ? 1 : 0;
    }
  }
}

/** Forgets what was written, as fast as it can. */
async function forget(store: Store, ledger: Ledger, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const now = Math.floor(ledger.done / 3) * 5_000;
    await store.signals.prune(Math.floor(now / MINUTE_MS) * MINUTE_MS, KEPT).catch((error: unknown) => {
      if (!BelayError.is(error, 'BELAY_STORE_UNAVAILABLE')) throw error;
    });
    await wait(5);
  }
}

test('no acknowledged count is lost and none is kept twice when Postgres is killed while slots become minutes', {
  timeout: 60_000,
}, async () => {
  const databaseUrl = await freshDatabase(postgres);
  const [writer, folder] = [1, 2].map(() => openStore({ databaseUrl, digest, time: settableTime(), poolSize: 2 })) as [Store, Store];
  const ledger: Ledger = { done: 0, unknown: 0 };
  const stop = new AbortController();
  const running = [write(writer, ledger, stop.signal), forget(folder, ledger, stop.signal)];
  for (let round = 0; round < 3; round += 1) {
    const before = ledger.done;
    await expect.poll(() => ledger.done, { timeout: 20_000 }).toBeGreaterThan(before + 60);
    await postgres.kill();
    await wait((round + 1) * 300);
    await postgres.restart();
  }
  await expect.poll(() => ledger.done, { timeout: 20_000 }).toBeGreaterThan(300);
  stop.abort();
  await Promise.all(running);
  await folder.signals.prune(400 * DAY, KEPT);
  const counted = (await writer.signals.history(ALL)).reduce((sum, row) => sum + row.all, 0);
  expect(counted).toBeGreaterThanOrEqual(ledger.done);
  expect(counted).toBeLessThanOrEqual(ledger.done + ledger.unknown);
  const [left] = await sql<{ slots: string; blocks: string }>(
    databaseUrl,
    'select (select count(*) from belay.signal_page where to_slot is not null) as slots, (select count(*) from belay.minute) as blocks',
  );
  expect([Number(left?.slots), Number(left?.blocks) > 3]).toEqual([0, true]);
  await Promise.all([writer.close(), folder.close()]);
});

/** Bytes of a day's tables, index and all, per scope and minute. */
async function bytesPer(databaseUrl: string, cells: number): Promise<number> {
  const [size] = await sql<{ bytes: string }>(
    databaseUrl,
    `select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'belay' and c.relkind = 'r' and c.relname ~ '^minute(_scope)?_[0-9]+$'`,
  );
  return Number(size?.bytes) / cells;
}

async function fill(store: Store, o: { readonly scopes: number; readonly minutes: number; readonly fromMinute: number }): Promise<void> {
  const slots: SlotRow[] = [];
  for (let minute = o.fromMinute; minute < o.fromMinute + o.minutes; minute += 1)
    for (let scope = 0; scope < o.scopes; scope += 1)
      slots.push(slot(minute * MINUTE_MS, `organization-${scope}`, scope % 50 === minute % 50 ? 1 : 0, 40 + (scope % 120)));
  await commit(store, slots);
  await store.signals.prune((o.fromMinute + o.minutes) * MINUTE_MS, KEPT);
}

test('a minute of an active organization takes at most six bytes among thousands, and of a few at most forty', {
  timeout: 120_000,
}, async () => {
  const cost = async (scopes: number, minutes: number, step: number): Promise<number> => {
    const databaseUrl = await freshDatabase(postgres);
    const store = openStore({ databaseUrl, digest, time: settableTime() });
    // Minute by minute, as it happens, would cost the same and take longer.
    for (let fromMinute = 0; fromMinute < minutes; fromMinute += step) await fill(store, { scopes, minutes: step, fromMinute });
    await store.close();
    return bytesPer(databaseUrl, scopes * minutes);
  };
  const many = await cost(2_560, 120, 20);
  const few = await cost(10, 1_440, 240);
  const perDay = (bytes: number, scopes: number): string => `${((bytes * scopes * 1_440) / 1e6).toFixed(1)} MB a day and signal`;
  console.log(`thousands of active scopes: ${many.toFixed(2)} B a scope and minute; 10,000 of them: ${perDay(many, 10_000)}`);
  console.log(`10 active scopes: ${few.toFixed(2)} B a scope and minute, ${perDay(few, 10)}`);
  expect(many).toBeLessThan(6);
  expect(few).toBeLessThan(40);
});

test('a day that is too old goes as a table, its names with it, and the days after it stay', async () => {
  const databaseUrl = await freshDatabase(postgres);
  const store = openStore({ databaseUrl, digest, time: settableTime() });
  const tables = async (): Promise<readonly string[]> =>
    (
      await sql<{ name: string }>(
        databaseUrl,
        `select relname as name from pg_class where relnamespace = 'belay'::regnamespace and relkind = 'r' and relname ~ '^minute' order by 1`,
      )
    ).map((row) => row.name);
  await commit(
    store,
    [10, 11].map((day) => slot(day * DAY, 'acme', 0, day)),
  );
  await store.signals.prune(12 * DAY, KEPT);
  expect(await tables()).toEqual(['minute_10', 'minute_11', 'minute_scope_10', 'minute_scope_11']);
  await store.signals.prune(12 * DAY, { ...KEPT, since: 11 * DAY + 5 });
  expect(await tables()).toEqual(['minute_11', 'minute_scope_11']);
  // The names of a day that went are not taken for known when the day comes again.
  await commit(store, [slot(10 * DAY, 'acme', 0, 3)]);
  await store.signals.prune(12 * DAY, KEPT);
  expect((await store.signals.history(ALL)).map((row) => row.all)).toEqual([3, 11]);
  await store.close();
});
