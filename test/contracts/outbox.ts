// What every outbox promises: claimed once, moved by the automaton, each end in the incident's log, nothing lost with a process.
import { DELIVERY_MOVES } from '../../src/domain/delivery.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { Delivery, DeliveryDraft, DeliveryState } from '../../src/domain/message.ts';
import { deliveryDraft, type MakeStore, note, opening, type StoreUnderTest, type TestTools, withStore } from './store-kit.ts';

const STATES = Object.keys(DELIVERY_MOVES) as DeliveryState[];

export function outboxContract(make: MakeStore, { test, expect }: TestTools): void {
  const on = (name: string, body: (store: StoreUnderTest) => Promise<void>): void => {
    test(name, () => withStore(make, expect, body));
  };
  const plan = async (store: StoreUnderTest, drafts: readonly DeliveryDraft[], fingerprint = 'f'): Promise<string> => {
    const { incident } = await store.incidents.declare(fingerprint, opening(fingerprint));
    await store.incidents.append(incident.id, { key: `plan/${drafts[0]?.id}`, events: [note('planned')], deliveries: drafts });
    return incident.id;
  };
  const only = async (store: StoreUnderTest, incident: string): Promise<Delivery> =>
    (await store.outbox.ofIncident(incident))[0] as Delivery;
  const changes = async (store: StoreUnderTest, incident: string) =>
    (await store.incidents.events(incident)).flatMap((event) => (event.type === 'comms.changed' ? [event.data] : []));

  on('a planned delivery keeps its draft, is due at once, and is planned once', async (store) => {
    store.setNow(500);
    const draft = deliveryDraft('d1', { closing: true, source: '# Olá {org}', values: { org: ['Açme <!channel>'], nil: null } });
    const incident = await plan(store, [draft]);
    await store.incidents.append(incident, { key: 'again', events: [], deliveries: [{ ...draft, to: 'elsewhere' }] });
    expect(await store.outbox.ofIncident(incident)).toEqual([
      { ...draft, incident, state: 'planned', attempt: 0, plannedAt: 500, dueAt: 500, resent: false },
    ]);
    expect(await store.outbox.ofIncident('INC-77')).toEqual([]);
  });

  on('characters that no text can hold hold up neither a message that quotes them nor the reason why it failed', async (store) => {
    store.setNow(100);
    const values = { reason: 'said \u0000 and half a pair \ud83d' };
    const incident = await plan(store, [deliveryDraft('d', { values })]);
    expect(await only(store, incident)).toMatchObject({ id: 'd', channel: 'slack', to: '#incidents', values });
    await store.outbox.claim(100, { limit: 1, deadline: 500 });
    await store.outbox.move('d', 'failed', { at: 100, reason: 'answered \u0000' });
    expect(await only(store, incident)).toMatchObject({ state: 'failed', reason: 'answered \ufffd' });
  });

  on('claim takes what is due, oldest first, up to the limit, and counts the attempt', async (store) => {
    store.setNow(100);
    const incident = await plan(
      store,
      ['a', 'b', 'c'].map((id) => deliveryDraft(id)),
    );
    expect(await store.outbox.claim(99, { limit: 10, deadline: 500 })).toEqual([]);
    const claimed = await store.outbox.claim(100, { limit: 2, deadline: 500 });
    expect(claimed.map((one) => [one.id, one.state, one.attempt, one.deadline])).toEqual([
      ['a', 'sending', 1, 500],
      ['b', 'sending', 1, 500],
    ]);
    expect((await store.outbox.claim(100, { limit: 2, deadline: 500 })).map((one) => one.id)).toEqual(['c']);
    expect((await store.outbox.ofIncident(incident)).map((one) => one.state)).toEqual(['sending', 'sending', 'sending']);
    expect(await changes(store, incident)).toEqual([]);
  });

  on('what was never tried is claimed before what was refused, however long that is due', async (store) => {
    store.setNow(100);
    await plan(
      store,
      ['refused', 'refused too'].map((id) => deliveryDraft(id)),
    );
    for (const { id } of await store.outbox.claim(100, { limit: 2, deadline: 500 }))
      await store.outbox.move(id, 'planned', { at: 100, dueAt: 110 });
    store.setNow(200);
    await plan(store, [deliveryDraft('new')], 'f2');
    const claimed = await store.outbox.claim(200, { limit: 3, deadline: 500 });
    expect(claimed.map((one) => one.id)).toEqual(['new', 'refused', 'refused too']);
  });

  on('processes that claim at once share nothing and leave nothing', async (store) => {
    await plan(
      store,
      Array.from({ length: 40 }, (_, index) => deliveryDraft(`d${index}`)),
    );
    const others = [store, await store.another(), await store.another(), await store.another()];
    const rounds = await Promise.all(
      others.flatMap((one) => [1, 2, 3, 4].map(() => one.outbox.claim(store.now(), { limit: 5, deadline: store.now() + 100 }))),
    );
    const last = await store.outbox.claim(store.now(), { limit: 40, deadline: store.now() + 100 });
    const ids = [...rounds.flat(), ...last].map((one) => one.id);
    expect(ids).toHaveLength(40);
    expect(new Set(ids).size).toBe(40);
  });

  on('a move writes its event in the incident and keeps what the provider said', async (store) => {
    store.setNow(100);
    const incident = await plan(store, [deliveryDraft('d')]);
    await store.outbox.claim(100, { limit: 1, deadline: 500 });
    await store.outbox.move('d', 'sent', { at: 120, providerId: 'ts-1' });
    await store.outbox.move('d', 'delivered', { at: 130, reason: 'receipt' });
    const delivery = await only(store, incident);
    expect(delivery).toMatchObject({ state: 'delivered', providerId: 'ts-1', reason: 'receipt', attempt: 1 });
    expect(delivery).not.toHaveProperty('deadline');
    expect(await changes(store, incident)).toEqual([
      { delivery: 'd', state: 'sent', providerId: 'ts-1', reason: '' },
      { delivery: 'd', state: 'delivered', providerId: null, reason: 'receipt' },
    ]);
  });

  on('a refused message is planned again, not before its instant, with its mark', async (store) => {
    store.setNow(100);
    const incident = await plan(store, [deliveryDraft('d')]);
    await store.outbox.claim(100, { limit: 1, deadline: 500 });
    await store.outbox.move('d', 'planned', { at: 110, dueAt: 900, reason: '429', resent: true });
    expect(await only(store, incident)).toMatchObject({ state: 'planned', dueAt: 900, plannedAt: 100, reason: '429', resent: true });
    expect(await store.outbox.claim(899, { limit: 1, deadline: 1_500 })).toEqual([]);
    const [again] = await store.outbox.claim(900, { limit: 1, deadline: 1_500 });
    expect(again).toMatchObject({ attempt: 2, resent: true, deadline: 1_500 });
    await store.outbox.move('d', 'planned', { at: 950 });
    expect(await only(store, incident)).toMatchObject({ state: 'planned', dueAt: 950 });
    expect((await changes(store, incident)).map((one) => one.state)).toEqual(['planned', 'planned']);
  });

  on('moving to the state that it has changes nothing', async (store) => {
    const incident = await plan(store, [deliveryDraft('d')]);
    await store.outbox.claim(store.now(), { limit: 1, deadline: store.now() + 5 });
    await store.outbox.move('d', 'sent', { at: 7, providerId: 'first' });
    await store.outbox.move('d', 'sent', { at: 8, providerId: 'second' });
    expect(await only(store, incident)).toMatchObject({ state: 'sent', providerId: 'first' });
    expect(await changes(store, incident)).toHaveLength(1);
  });

  on('a caller that was overtaken moves nothing', async (store) => {
    const incident = await plan(store, [deliveryDraft('d')]);
    const now = store.now();
    await store.outbox.claim(now, { limit: 1, deadline: now + 5 });
    await store.outbox.move('d', 'planned', { at: now, attempt: 1 });
    await store.outbox.claim(now, { limit: 1, deadline: now + 5 });
    await expect(store.outbox.move('d', 'sent', { at: now, attempt: 1 })).rejects.toSatisfy((error) =>
      BelayError.is(error, 'BELAY_TARGET_CONFLICT'),
    );
    // Its own earlier move, repeated because the answer was lost, is not a conflict.
    await store.outbox.move('d', 'planned', { at: now, attempt: 1 });
    expect(await only(store, incident)).toMatchObject({ state: 'sending', attempt: 2 });
  });

  on('an unknown delivery is not found', async (store) => {
    await expect(store.outbox.move('none', 'sent', { at: 1 })).rejects.toSatisfy((error) => BelayError.is(error, 'BELAY_NOT_FOUND'));
  });

  on('only the moves of the automaton are made', async (store) => {
    const now = store.now();
    for (const from of STATES) {
      for (const to of STATES.filter((one) => one !== from)) {
        const id = `${from}-${to}`;
        const incident = await plan(store, [deliveryDraft(id)], id);
        await bring(store, id, from);
        const before = await only(store, incident);
        const moved = store.outbox.move(id, to, { at: now });
        if (from === 'delivered' && to === 'sent') {
          // It was sent before it was delivered: a repeated report, not a conflict.
          await moved;
          expect(await only(store, incident), id).toEqual(before);
        } else if (to !== 'sending' && DELIVERY_MOVES[from].includes(to)) {
          await moved;
          expect((await only(store, incident)).state, id).toBe(to);
        } else {
          await expect(moved, id).rejects.toSatisfy((error) => BelayError.is(error, 'BELAY_TARGET_CONFLICT') && error.effect === 'none');
          expect(await only(store, incident), id).toEqual(before);
        }
      }
    }
  });

  on('what is past its deadline becomes ambiguous, once, and says so in the log', async (store) => {
    store.setNow(100);
    const incident = await plan(store, [deliveryDraft('a'), deliveryDraft('b')]);
    await store.outbox.claim(100, { limit: 1, deadline: 200 });
    await store.outbox.claim(100, { limit: 1, deadline: 300 });
    expect(await store.outbox.expire(199)).toEqual([]);
    const expired = await store.outbox.expire(200);
    expect(expired.map((one) => [one.id, one.state, one.deadline, one.attempt])).toEqual([['a', 'ambiguous', 200, 1]]);
    expect(await store.outbox.expire(200)).toEqual([]);
    expect(await changes(store, incident)).toEqual([{ delivery: 'a', state: 'ambiguous', providerId: null, reason: 'deadline' }]);
    expect(await store.outbox.ambiguous(199)).toEqual([]);
    expect((await store.outbox.ambiguous(200)).map((one) => one.id)).toEqual(['a']);
  });

  on('processes that expire at once write one event', async (store) => {
    const incident = await plan(store, [deliveryDraft('a')]);
    const now = store.now();
    await store.outbox.claim(now, { limit: 1, deadline: now + 1 });
    const other = await store.another();
    const found = await Promise.all([store, other, store, other].map((one) => one.outbox.expire(now + 1)));
    expect(found.flat().length).toBeGreaterThanOrEqual(1);
    expect(await changes(store, incident)).toHaveLength(1);
  });

  on('what a dead process was sending becomes ambiguous before its deadline, what a living one sends does not', async (store) => {
    const now = store.now();
    const incident = await plan(store, [deliveryDraft('dead'), deliveryDraft('own')]);
    const other = await store.another();
    expect((await other.outbox.claim(now, { limit: 1, deadline: now + 60_000 })).map((one) => one.id)).toEqual(['dead']);
    expect((await store.outbox.claim(now, { limit: 1, deadline: now + 60_000 })).map((one) => one.id)).toEqual(['own']);
    expect(await store.outbox.expire(now)).toEqual([]);
    await other.die();
    const expired: Delivery[] = [];
    await expect
      .poll(
        async () => {
          expired.push(...(await store.outbox.expire(now)));
          return expired.map((one) => one.id);
        },
        { timeout: 5_000 },
      )
      .toEqual(['dead']);
    expect(await changes(store, incident)).toEqual([{ delivery: 'dead', state: 'ambiguous', providerId: null, reason: 'process-lost' }]);
    // Not to be judged before its deadline: the request may still be on its way.
    expect(await store.outbox.ambiguous(now)).toEqual([]);
    expect((await store.outbox.ambiguous(now + 60_000)).map((one) => one.id)).toEqual(['dead']);
    await store.outbox.move('dead', 'sent', { at: now, providerId: 'found' });
    expect((await store.outbox.ofIncident(incident)).map((one) => one.state)).toEqual(['sent', 'sending']);
  });

  on('the cap counts what left or may have left to one recipient, pages excepted', async (store) => {
    store.setNow(1_000);
    const drafts = ['sent', 'ambiguous', 'failed', 'planned', 'sending'].map((id) => deliveryDraft(id));
    await plan(store, [...drafts, deliveryDraft('page', { exempt: true }), deliveryDraft('else', { to: '#other' })]);
    for (const one of await store.outbox.claim(1_000, { limit: 10, deadline: 2_000 })) {
      const to = ['sent', 'page', 'else'].includes(one.id) ? 'sent' : one.id;
      if (to !== 'sending') await store.outbox.move(one.id, to as DeliveryState, { at: 1_100 });
    }
    expect(await store.outbox.countSince('slack', '#incidents', 1_000)).toBe(2);
    expect(await store.outbox.countSince('slack', '#incidents', 1_001)).toBe(0);
    expect(await store.outbox.countSince('slack', '#other', 0)).toBe(1);
    expect(await store.outbox.countSince('email', '#incidents', 0)).toBe(0);
  });
}

/** By legal moves only. */
async function bring(store: StoreUnderTest, id: string, to: DeliveryState): Promise<void> {
  if (to === 'planned') return;
  await store.outbox.claim(store.now(), { limit: 100, deadline: store.now() + 1_000 });
  if (to === 'sending') return;
  if (to === 'delivered') await store.outbox.move(id, 'sent', { at: store.now() });
  await store.outbox.move(id, to, { at: store.now() });
}
