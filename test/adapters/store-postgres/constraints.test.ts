// What the tables themselves refuse, whatever program writes to them; and the two small tables of the doors.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore, type Store } from '../../../src/adapters/store-postgres/index.ts';
import { deliveryDraft, opening } from '../../contracts/store-kit.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { digest, freshDatabase, migratedTemplate, settableTime, sql } from './kit.ts';

let postgres: PostgresPart;
let url: string;
let store: Store;
const time = settableTime();
beforeAll(async () => {
  postgres = await startPostgres();
  await migratedTemplate(postgres);
  url = await freshDatabase(postgres);
  store = openStore({ databaseUrl: url, digest, time });
  const { incident } = await store.incidents.declare('f', opening('f'));
  await store.incidents.append(incident.id, { key: 'k', events: [], deliveries: [deliveryDraft('d')] });
}, 60_000);
afterAll(async () => {
  await store.close();
  await postgres.stop();
});

for (const statement of ['update belay.event set at = 0', 'delete from belay.event', 'truncate belay.event']) {
  test(`the log refuses: ${statement}`, async () => {
    await expect(sql(url, statement)).rejects.toThrow(/append-only/);
  });
}

const FORBIDDEN: readonly (readonly [string, string])[] = [
  ['sending without a deadline', `state = 'sending', attempt = 1, attempted_at = 1, claimed_by = 1`],
  ['sending without a claimer', `state = 'sending', attempt = 1, attempted_at = 1, deadline = 2`],
  ['sending without an attempt', `state = 'sending', claimed_by = 1, deadline = 2`],
  ['planned with a deadline', `deadline = 2`],
  ['planned with an end', `ended_at = 2`],
  ['planned with a claimer', `claimed_by = 1`],
  ['sent without an end', `state = 'sent', attempt = 1, attempted_at = 1`],
  ['sent without an attempt', `state = 'sent', ended_at = 1`],
  ['ambiguous without a deadline', `state = 'ambiguous', attempt = 1, attempted_at = 1`],
  ['a state that does not exist', `state = 'lost'`],
];
for (const [name, change] of FORBIDDEN) {
  test(`a delivery cannot be ${name}`, async () => {
    await expect(sql(url, `update belay.delivery set ${change} where id = 'd'`)).rejects.toThrow(/violates check constraint/);
  });
}

test('an open incident cannot be stored as ended, nor an ended one hold a fingerprint', async () => {
  await expect(sql(url, `update belay.incident set open = false`)).rejects.toThrow(/violates check constraint/);
  await expect(sql(url, `update belay.incident set phase = 'closed', open = false`)).rejects.toThrow(/violates check constraint/);
});

test('two open incidents cannot hold one fingerprint', async () => {
  const { incident } = await store.incidents.declare('g', opening('g'));
  await expect(
    sql(url, `update belay.incident set fingerprint = 'f', held_fingerprint = 'f' where id = $1`, [incident.id]),
  ).rejects.toThrow(/unique constraint/);
});

test('a batch of signals with one bad row writes nothing at all', async () => {
  const slot = { signal: 's', scope: 'acme', slot: 1, bad: 0, all: 1, sum: 0 };
  const bad = { trigger: 't', scope: 'nul \u0000', state: null };
  await expect(store.signals.commit({ slots: [slot], series: [], states: [bad], transitions: [] })).rejects.toMatchObject({
    code: 'BELAY_INPUT_INVALID',
    effect: 'none',
  });
  expect((await store.signals.load(0)).slots).toEqual([]);
});

test('the pause row keeps the first who paused, until it is cleared', async () => {
  expect(await store.pauseRow.read()).toBeNull();
  time.set(5_000);
  await store.pauseRow.set('ana', 'wrong rollback');
  time.set(6_000);
  await store.pauseRow.set('bia', 'me too');
  expect(await store.pauseRow.read()).toEqual({ where: 'store', who: 'ana', reason: 'wrong rollback', at: 5_000 });
  await store.pauseRow.clear('bia');
  await store.pauseRow.clear('bia');
  expect(await store.pauseRow.read()).toBeNull();
});

test('the first answer to a request is kept, for its key and route alone', async () => {
  expect(await store.idempotency.get('k', '/api/approve')).toBeNull();
  await store.idempotency.put('k', '/api/approve', 200, { ok: true });
  await store.idempotency.put('k', '/api/approve', 409, null);
  expect(await store.idempotency.get('k', '/api/approve')).toEqual({ status: 200, body: { ok: true } });
  expect(await store.idempotency.get('k', '/api/pause')).toBeNull();
  time.set(9_000);
  await store.idempotency.put('k2', '/api/approve', 200, null);
  await store.idempotency.prune(9_000);
  expect(await store.idempotency.get('k', '/api/approve')).toBeNull();
  expect(await store.idempotency.get('k2', '/api/approve')).toEqual({ status: 200, body: null });
});
