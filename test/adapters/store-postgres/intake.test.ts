// Messages of intakes on a real Postgres: kept once, in order, held without a gap, and counted beside.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openStore, type Store } from '../../../src/adapters/store-postgres/index.ts';
import { type Breaker, CLOSED } from '../../../src/domain/breaker.ts';
import type { IntakeDraft } from '../../../src/domain/intake.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { digest, freshDatabase, migratedTemplate, settableTime, sql } from './kit.ts';

let postgres: PostgresPart;
let url: string;
let store: Store;
const acme = { intake: 'dm', line: 'acme' };
const ALL = { intake: 'dm', line: '*' };
beforeAll(async () => {
  postgres = await startPostgres();
  await migratedTemplate(postgres);
  url = await freshDatabase(postgres);
  store = openStore({ databaseUrl: url, digest, time: settableTime() });
}, 60_000);
afterAll(async () => {
  await store.close();
  await postgres.stop();
});
beforeEach(() => sql(url, 'truncate belay.intake, belay.intake_count, belay.intake_hold'));

const draft = (id: string, o: Partial<IntakeDraft> = {}): IntakeDraft => ({
  ...{ ...acme, id, at: 1_000, method: 'POST' as const, rest: '', headers: { 'x-a': 'ç' }, body: `{"id":"${id}","nul":"\u0000"}` },
  ...o,
});

test('a message is taken as it came, and one of the same id is known, in its own line alone', async () => {
  expect(await store.intake.add(draft('1'))).toBe('stored');
  expect(await store.intake.add(draft('1', { body: 'another' }))).toBe('known');
  expect(await store.intake.add(draft('1', { line: 'globex' }))).toBe('stored');
  expect(await store.intake.take(acme, 5)).toMatchObject({ ...draft('1'), tries: 1 });
  expect(await store.intake.status(acme)).toMatchObject({ received: 1, waiting: 1, oldestAt: 1_000, underWayAt: 5 });
  expect(await store.intake.status(ALL)).toMatchObject({ received: 2, waiting: 2 });
  expect(await store.intake.waiting()).toEqual({ dm: 2 });
});

test('a line goes on in its order, and the one that failed stays its head', async () => {
  for (const id of ['1', '2', '3']) await store.intake.add(draft(id));
  const first = (await store.intake.take(acme, 1)) ?? expect.fail('none');
  await store.intake.failed(first, 'answered 404');
  const again = (await store.intake.take(acme, 2)) ?? expect.fail('none');
  expect([again.id, again.tries]).toEqual(['1', 2]);
  await store.intake.delivered(again, 3);
  await store.intake.delivered(again, 4);
  const second = (await store.intake.take(acme, 5)) ?? expect.fail('none');
  await store.intake.setAside(second, 6, 'answered 422');
  expect((await store.intake.take(acme, 7))?.id).toBe('3');
  expect(await store.intake.status(acme)).toMatchObject({ received: 3, delivered: 1, aside: 1, waiting: 1 });
});

test('a delivered message keeps its id and nothing else, until it is forgotten', async () => {
  await store.intake.add(draft('1'));
  await store.intake.delivered((await store.intake.take(acme, 1)) ?? expect.fail('none'), 10);
  expect(await sql(url, 'select length(body) as bytes, headers from belay.intake')).toEqual([{ bytes: 0, headers: {} }]);
  await store.intake.forget('dm', 10);
  expect(await store.intake.add(draft('1'))).toBe('known');
  await store.intake.forget('dm', 11);
  expect(await store.intake.add(draft('1'))).toBe('stored');
});

test('what is held is not taken, for one line or for all, until it is released', async () => {
  for (const line of ['acme', 'globex']) await store.intake.add(draft('1', { line }));
  await store.intake.hold(acme, { by: 'INC-1', at: 1 });
  await store.intake.hold(acme, { by: 'INC-2', at: 2 });
  expect([await store.intake.take(acme, 1), await store.intake.ready()]).toEqual([null, [{ intake: 'dm', line: 'globex' }]]);
  await store.intake.hold(ALL, { by: 'INC-1', at: 1 });
  expect(await store.intake.ready()).toEqual([]);
  expect(await store.intake.status({ intake: 'dm', line: 'globex' })).toMatchObject({ held: true });
  await store.intake.release(ALL);
  expect((await store.intake.take({ intake: 'dm', line: 'globex' }, 1))?.line).toBe('globex');
  expect(await store.intake.take(acme, 1)).toBeNull();
  await store.intake.release(acme);
  expect((await store.intake.take(acme, 1))?.id).toBe('1');
});

test('many senders at once and one of each id twice: all are there, once, and the counts agree', async () => {
  const ids = Array.from({ length: 60 }, (_, n) => String(n));
  const said = await Promise.all([...ids, ...ids].map((id) => store.intake.add(draft(id))));
  expect(said.filter((one) => one === 'stored')).toHaveLength(60);
  const got = new Set<string>();
  for (let one = await store.intake.take(acme, 1); one !== null; one = await store.intake.take(acme, 1)) {
    got.add(one.id);
    await store.intake.delivered(one, 2);
  }
  expect(got.size).toBe(60);
  expect(await store.intake.status(acme)).toMatchObject({ received: 60, delivered: 60, waiting: 0, oldestAt: null, underWayAt: null });
});

test('what was set aside is put back before all that came later, in its own line alone, and the counts agree', async () => {
  for (const line of ['acme', 'globex']) for (const id of ['1', '2', '3']) await store.intake.add(draft(id, { line }));
  for (const line of ['acme', 'acme', 'globex'])
    await store.intake.setAside((await store.intake.take({ intake: 'dm', line }, 1)) ?? expect.fail('none'), 2, 'answered 422');
  await store.intake.putBack(acme);
  expect(await store.intake.status(acme)).toMatchObject({ received: 3, delivered: 0, aside: 0, waiting: 3 });
  expect(await store.intake.status(ALL)).toMatchObject({ aside: 1, waiting: 5 });
  expect(await store.intake.take(acme, 5)).toMatchObject({ id: '1', tries: 1, headers: { 'x-a': 'ç' } });
  await store.intake.putBack(ALL);
  await store.intake.putBack(ALL);
  expect(await store.intake.status(ALL)).toMatchObject({ received: 6, aside: 0, waiting: 6 });
});

test('behind the head of a line is taken what was not often tried, and nothing when it is alone or held', async () => {
  for (const id of ['1', '2', '3']) await store.intake.add(draft(id));
  const head = (await store.intake.take(acme, 1)) ?? expect.fail('none');
  const ids: (string | undefined)[] = [];
  for (let n = 0; n < 7; n += 1) ids.push((await store.intake.takeBehind(head, 2))?.id);
  expect(ids).toEqual(['2', '2', '2', '2', '2', '3', '3']);
  await store.intake.hold(acme, { by: 'INC-1', at: 1 });
  expect(await store.intake.takeBehind(head, 2)).toBeNull();
  await store.intake.release(acme);
  await sql(url, "delete from belay.intake where id <> '1'");
  expect(await store.intake.takeBehind(head, 2)).toBeNull();
});

test('the breaker of a line is what was kept last, also for whoever opens the store anew', async () => {
  const open: Breaker = { state: 'open', failures: 5, since: 1_700_000_000_123, at: 1_700_000_000_456, notBefore: 1_700_000_900_456 };
  expect(await store.intake.breakers()).toEqual([]);
  await store.intake.keepBreaker(acme, { state: 'closed', failures: 1, at: 1, notBefore: 0 });
  await store.intake.keepBreaker(acme, open);
  await store.intake.keepBreaker({ intake: 'dm', line: 'globex' }, CLOSED);
  const another = openStore({ databaseUrl: url, digest, time: settableTime() });
  const kept = (await another.intake.breakers()).toSorted((a, b) => a.line.localeCompare(b.line));
  await another.close();
  expect(kept).toEqual([
    { ...acme, breaker: open },
    { intake: 'dm', line: 'globex', breaker: CLOSED },
  ]);
});
