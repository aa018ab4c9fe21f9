// Connections that break at the worst moment: outcomes are read back, never assumed, and nothing is done twice.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore, type Store } from '../../../src/adapters/store-postgres/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import { deliveryDraft, expectTrueLogs, note, opening } from '../../contracts/store-kit.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { type Cut, cutWire, type PostgresCut } from '../../world/parts/postgres-cut.ts';
import { digest, freshDatabase, migratedTemplate, settableTime, sql } from './kit.ts';

let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
  await migratedTemplate(postgres);
}, 60_000);
afterAll(() => postgres.stop());

async function onWire(body: (store: Store, wire: PostgresCut, url: string) => Promise<void>): Promise<void> {
  const url = await freshDatabase(postgres);
  const wire = await cutWire(url);
  const store = openStore({ databaseUrl: wire.url, digest, time: settableTime(), poolSize: 3 });
  try {
    await body(store, wire, url);
    await expectTrueLogs({ incidents: store.incidents, digest }, expect);
  } finally {
    await store.close();
    await wire.close();
  }
}

for (const cut of ['after-commit', 'before-commit'] as const satisfies readonly Cut[]) {
  test(`a declare cut ${cut} opens exactly one incident and says that it did`, () =>
    onWire(async (store, wire) => {
      wire.arm(cut);
      expect((await store.incidents.declare('f', opening('f'))).created).toBe(true);
      expect(wire.cuts).toBe(1);
      expect(await store.incidents.list()).toHaveLength(1);
    }));

  test(`an append cut ${cut} three times over is made once`, () =>
    onWire(async (store, wire) => {
      const { incident } = await store.incidents.declare('f', opening('f'));
      wire.arm(cut, 3);
      const after = await store.incidents.append(incident.id, {
        key: 'k',
        events: [note('x')],
        deliveries: [deliveryDraft('d')],
        setTimers: [{ id: 't', at: 1, kind: 'promise', data: {} }],
      });
      expect(after.seq).toBe(2);
      // Cut after the commit, the second try finds the first one's work and has a commit of its own to be cut.
      expect(wire.cuts).toBe(3);
      expect(await store.incidents.events(incident.id)).toHaveLength(2);
      expect(await store.outbox.ofIncident(incident.id)).toHaveLength(1);
    }));

  test(`a claim cut ${cut} still hands over every row that it took`, () =>
    onWire(async (store, wire) => {
      const { incident } = await store.incidents.declare('f', opening('f'));
      await store.incidents.append(incident.id, { key: 'k', events: [], deliveries: [deliveryDraft('a'), deliveryDraft('b')] });
      wire.arm(cut);
      expect((await store.outbox.claim(5_000, { limit: 5, deadline: 9_000 })).map((one) => [one.id, one.attempt])).toEqual([
        ['a', 1],
        ['b', 1],
      ]);
      expect(wire.cuts).toBe(1);
    }));

  test(`a move cut ${cut} is made once and logged once`, () =>
    onWire(async (store, wire) => {
      const { incident } = await store.incidents.declare('f', opening('f'));
      await store.incidents.append(incident.id, { key: 'k', events: [], deliveries: [deliveryDraft('a')] });
      await store.outbox.claim(5_000, { limit: 5, deadline: 9_000 });
      wire.arm(cut);
      await store.outbox.move('a', 'sent', { at: 6_000, providerId: 'p' });
      expect(wire.cuts).toBe(1);
      expect(await store.outbox.ofIncident(incident.id)).toMatchObject([{ state: 'sent', providerId: 'p' }]);
      expect((await store.incidents.events(incident.id)).filter((event) => event.type === 'comms.changed')).toHaveLength(1);
    }));

  test(`increments cut ${cut} are added once`, () =>
    onWire(async (store, wire) => {
      for (const times of [1, 2, 0]) {
        wire.arm(cut, times);
        await store.signals.commit({
          slots: [{ signal: 's', scope: 'acme', slot: 1, bad: 1, all: 10, sum: 0 }],
          series: [],
          states: [],
          transitions: [],
        });
      }
      expect(wire.cuts).toBe(3);
      expect((await store.signals.load(0)).slots).toMatchObject([{ bad: 3, all: 30 }]);
    }));
}

test('a commit that can never be read back is reported as unknown, and it had happened', () =>
  onWire(async (store, wire, url) => {
    const { incident } = await store.incidents.declare('f', opening('f'));
    wire.arm('after-commit', 1_000);
    await expect(store.incidents.append(incident.id, { key: 'k', events: [note('x')] })).rejects.toSatisfy(
      (error) => BelayError.is(error, 'BELAY_STORE_UNAVAILABLE') && error.effect === 'unknown',
    );
    wire.arm('after-commit', 0);
    expect(await sql(url, `select 1 from belay.change where key = 'k'`)).toHaveLength(1);
    // Repeating it is the way out.
    expect((await store.incidents.append(incident.id, { key: 'k', events: [note('x')] })).seq).toBe(2);
  }));

test('connections that were cut while idle are not noticed by callers, nor by the process', () =>
  onWire(async (store, wire) => {
    const heard: string[] = [];
    store.incidents.subscribe((id) => heard.push(id));
    const { incident } = await store.incidents.declare('f', opening('f'));
    await expect.poll(() => heard).toContain(incident.id);
    for (const round of [1, 2, 3]) {
      wire.cutAll();
      expect((await store.incidents.append(incident.id, { key: `k${round}`, events: [note('x')] })).seq).toBe(round + 1);
    }
  }));

test('a change of another process is heard after the listener lost its connection', () =>
  onWire(async (store, wire, url) => {
    const heard: string[] = [];
    store.incidents.subscribe((id) => heard.push(id));
    const { incident } = await store.incidents.declare('f', opening('f'));
    const other = openStore({ databaseUrl: url, digest, time: settableTime() });
    wire.cutAll();
    heard.length = 0;
    await other.incidents.append(incident.id, { key: 'while away', events: [note('x')] });
    await expect.poll(() => heard, { timeout: 5_000 }).toContain(incident.id);
    await other.close();
  }));

test('a process whose sign of life was cut takes it up again under the same number', () =>
  onWire(async (store, wire, url) => {
    const { incident } = await store.incidents.declare('f', opening('f'));
    await store.incidents.append(incident.id, { key: 'k', events: [], deliveries: ['a', 'b'].map((id) => deliveryDraft(id)) });
    await store.outbox.claim(5_000, { limit: 1, deadline: 99_000 });
    wire.cutAll();
    const locks = (): Promise<unknown[]> =>
      sql(url, `select 1 from pg_locks where locktype = 'advisory' and classid = 23529 and objsubid = 2 and granted`);
    await expect.poll(async () => (await locks()).length, { timeout: 5_000 }).toBe(1);
    await expect.poll(async () => (await store.outbox.claim(5_000, { limit: 1, deadline: 99_000 })).map((one) => one.id)).toEqual(['b']);
    const other = openStore({ databaseUrl: url, digest, time: settableTime() });
    expect(await other.outbox.expire(6_000)).toEqual([]);
    await other.close();
  }));

test('a store that is not there is unavailable within seconds, with nothing done', async () => {
  const store = openStore({ databaseUrl: 'postgresql://postgres@localhost/belay?host=/nonexistent/belay', digest, time: settableTime() });
  const started = performance.now();
  const calls = [
    store.incidents.list(),
    store.incidents.declare('f', opening('f')),
    store.outbox.claim(1, { limit: 1, deadline: 2 }),
    store.documents.put(1),
  ];
  for (const result of await Promise.allSettled(calls)) {
    expect(result.status === 'rejected' && BelayError.is(result.reason, 'BELAY_STORE_UNAVAILABLE') && result.reason.effect === 'none').toBe(
      true,
    );
  }
  expect(performance.now() - started).toBeLessThan(5_000);
  await store.close();
});

test('the pause row answers or gives up within a second, even when nothing comes back', () =>
  onWire(async (store, wire) => {
    await store.pauseRow.set('ana', 'stop');
    expect(await store.pauseRow.read()).toMatchObject({ who: 'ana' });
    wire.stall(true);
    const started = performance.now();
    await expect(store.pauseRow.read()).rejects.toSatisfy(
      (error) => BelayError.is(error, 'BELAY_STORE_UNAVAILABLE') && error.effect === 'none',
    );
    expect(performance.now() - started).toBeLessThan(1_000);
    wire.stall(false);
    wire.cutAll();
    await expect.poll(() => store.pauseRow.read().catch(() => null)).toMatchObject({ who: 'ana' });
  }));
