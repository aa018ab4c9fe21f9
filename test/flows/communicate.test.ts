import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/domain/message.ts';
import { T0 } from '../world/story-log.ts';
import { createOutboxWorld, draft, rounds } from './outbox-world.ts';

const state = (deliveries: readonly Delivery[], id = 'd1'): readonly [string, string] => {
  const one = deliveries.find((delivery) => delivery.id === id);
  return [one?.state ?? 'missing', one?.reason ?? ''];
};

describe('the outbox loop', () => {
  it('sends what is planned once, and records the id that the receiver gave', async () => {
    const world = await createOutboxWorld();
    await world.plan({});
    const { loop } = world.life();
    expect(await loop.turn(world.time.now())).toBe(1);
    expect(await loop.turn(world.time.now())).toBe(0);
    expect(world.arrivals().map((one) => [one.id, one.plain])).toEqual([['d1', 'For ACME']]);
    expect((await world.deliveries())[0]).toMatchObject({ state: 'sent', providerId: 'p:d1', attempt: 1 });
    expect(await world.changes('d1')).toEqual(['sent']);
  });

  it('answers in the thread of the first message to the same recipient', async () => {
    const world = await createOutboxWorld();
    const { loop } = world.life();
    await world.plan({});
    await loop.turn(world.time.now());
    await world.plan({ id: 'd2' }, { id: 'd3', to: 'somebody else' });
    await loop.turn(world.time.now());
    expect(world.arrivals().map((one) => one.replyTo)).toEqual([null, 'p:d1', null]);
  });

  it('tries again after a refusal, later each time, and not before a busy receiver said', async () => {
    const world = await createOutboxWorld();
    await world.plan({});
    const life = world.life();
    life.channel.fates.push('refused', 'rate-limited');
    await rounds(world, life, 1_100);
    expect(await world.changes('d1')).toEqual(['planned', 'planned']);
    const waited = ((await world.deliveries())[0]?.dueAt ?? 0) - T0;
    expect(waited).toBeGreaterThanOrEqual(31_000);
    expect(waited).toBeLessThanOrEqual(31_500);
    expect(world.arrivals()).toHaveLength(0);
    await rounds(world, world.life(), 31_000);
    expect(await world.changes('d1')).toEqual(['planned', 'planned', 'sent']);
    expect(world.arrivals()).toHaveLength(1);
  });

  it('knocks once a second at a channel that refuses everything, however many messages wait, and sends all of them once it is back', async () => {
    const world = await createOutboxWorld();
    await world.plan(...Array.from({ length: 30 }, (_, index) => ({ id: `m${index}`, to: `person ${index}` })));
    const life = world.life();
    let [knocks, isDown] = [0, true];
    const { send } = life.channel;
    life.channel.send = (message, signal) => {
      knocks += 1;
      if (isDown) life.channel.fates.push('refused');
      return send(message, signal);
    };
    await rounds(world, life, 20_000);
    expect(knocks).toBeGreaterThan(15);
    expect(knocks).toBeLessThanOrEqual(22);
    isDown = false;
    await rounds(world, life, 1_500);
    expect(world.arrivals()).toHaveLength(30);
  });

  it('lets a message to somebody who can be reached wait for one that is refused again and again no longer than a second', async () => {
    const world = await createOutboxWorld();
    await world.plan({ id: 'unknown', to: 'nobody' });
    const life = world.life();
    const { send } = life.channel;
    life.channel.send = (message, signal) => {
      if (message.to === 'nobody') life.channel.fates.push('refused');
      return send(message, signal);
    };
    await rounds(world, life, 10_000);
    await world.plan({ id: 'known', to: 'oncall' });
    const planned = world.time.now();
    await rounds(world, life, 1_250);
    expect(world.arrivals().map((one) => one.id)).toEqual(['known']);
    expect((world.arrivals()[0]?.at ?? 0) - planned).toBeLessThanOrEqual(1_250);
  });

  it('gives up a message that could not leave for an hour', async () => {
    const world = await createOutboxWorld();
    await world.plan({});
    const life = world.life();
    life.channel.fates.push(...Array.from({ length: 200 }, () => 'refused' as const));
    await rounds(world, life, 3_700_000, 10_000);
    expect(state(await world.deliveries())).toEqual(['failed', 'refused']);
  });

  it.each([
    ['lost', 1],
    ['taken-but-error', 1],
  ] as const)('asks the receiver after an unclear send (%s) and ends with exactly one message', async (fate, arrived) => {
    const world = await createOutboxWorld();
    await world.plan({});
    const life = world.life();
    life.channel.fates.push(fate);
    await life.loop.turn(world.time.now());
    expect(state(await world.deliveries())[0]).toBe('ambiguous');
    await rounds(world, life, 30_000);
    expect(state(await world.deliveries())[0]).toBe('sent');
    expect(world.arrivals()).toHaveLength(arrived);
    expect(world.arrivals()[0]?.resent).toBe(false);
  });

  it('does not ask before a late receiver has had its time', async () => {
    const world = await createOutboxWorld({ lateMs: 1_900, card: { settleMs: 2_000 }, options: { claimMs: 12_000 } });
    await world.plan({});
    const life = world.life();
    life.channel.fates.push('taken-but-hangs');
    await rounds(world, life, 60_000);
    expect(world.arrivals()).toHaveLength(1);
    expect(await world.changes('d1')).toEqual(['ambiguous', 'sent']);
  });

  it('takes a mistake of an adapter for an unclear send, never for a message that did not leave', async () => {
    const world = await createOutboxWorld();
    await world.plan({});
    const life = world.life();
    life.channel.fates.push('bug');
    await life.loop.turn(world.time.now());
    expect(state(await world.deliveries())).toEqual(['ambiguous', 'undefined is not a function']);
  });

  it('gives customers an unconfirmed message at most once, and says that it may have arrived', async () => {
    const world = await createOutboxWorld({ card: { reconcile: false } });
    await world.plan({ audienceKind: 'customers' });
    const life = world.life();
    life.channel.fates.push('lost');
    await rounds(world, life, 60_000);
    expect(world.arrivals()).toEqual([]);
    expect(state(await world.deliveries())).toEqual(['failed', 'unconfirmed: it may have arrived and is not sent again']);
  });

  it('gives responders an unconfirmed message again, marked in their language', async () => {
    const world = await createOutboxWorld({ card: { reconcile: false } });
    await world.plan({ lang: 'pt-BR' });
    const life = world.life();
    life.channel.fates.push('taken-but-error');
    await rounds(world, life, 60_000);
    expect(world.arrivals().map((one) => [one.resent, one.plain])).toEqual([
      [false, 'For ACME'],
      [true, '(reenviada) For ACME'],
    ]);
    expect(state(await world.deliveries())[0]).toBe('sent');
  });

  it('repeats a message to a receiver that drops repeats, without asking and without a mark', async () => {
    const world = await createOutboxWorld({ card: { reconcile: false, idempotent: true } });
    await world.plan({ audienceKind: 'customers' });
    const life = world.life();
    life.channel.fates.push('taken-but-error');
    await rounds(world, life, 60_000);
    expect(world.arrivals().map((one) => one.resent)).toEqual([false]);
    expect(await world.changes('d1')).toEqual(['ambiguous', 'planned', 'sent']);
  });

  it('asks a silent receiver for ten minutes and then lets the policy decide', async () => {
    const world = await createOutboxWorld();
    await world.plan({ audienceKind: 'customers' });
    const life = world.life();
    life.channel.fates.push('lost');
    life.channel.faults.cannotBeAsked = true;
    await rounds(world, life, 500_000, 5_000);
    expect(state(await world.deliveries())[0]).toBe('ambiguous');
    await rounds(world, life, 200_000, 5_000);
    expect(state(await world.deliveries())[0]).toBe('failed');
  });

  it('gives up waiting for a channel that never answers, and does not hold up the others meanwhile', async () => {
    const world = await createOutboxWorld({ options: { sendTimeoutMs: 10_000 } });
    await world.plan({ channel: 'channel' }, { id: 'd2', channel: 'other', to: 'x' });
    const life = world.life();
    life.channel.fates.push('hangs');
    life.loop.start();
    await world.time.advance(500);
    expect(world.arrivals('other')).toHaveLength(1);
    await world.plan({ id: 'd3', channel: 'other', to: 'x' });
    await world.time.advance(500);
    expect(world.arrivals('other')).toHaveLength(2);
    await world.time.advance(11_000);
    expect(state(await world.deliveries())).toEqual(['ambiguous', 'no answer in time']);
    const stopped = life.loop.stop();
    await world.time.advance(1_000);
    await stopped;
  });

  it('never sends past a deadline, even when the store hands out messages of a busy channel', async () => {
    const world = await createOutboxWorld({ ignoresExcept: true, card: { reconcile: false } });
    await world.plan(
      ...Array.from({ length: 4 }, (_, index) => ({ id: `m${index}`, to: `person ${index}`, audienceKind: 'customers' as const })),
    );
    const life = world.life();
    life.channel.fates.push('hangs', 'hangs', 'hangs', 'hangs');
    await rounds(world, life, 120_000, 1_000);
    for (const id of ['m0', 'm1', 'm2', 'm3']) {
      const changes = (await world.changes(id)).filter((one) => one !== 'planned');
      expect(changes, id).toEqual(['ambiguous', 'failed']);
    }
  });

  it('keeps the order of messages to one channel', async () => {
    const world = await createOutboxWorld();
    await world.plan(...Array.from({ length: 6 }, (_, index) => ({ id: `m${index}`, to: `person ${index}` })));
    await world.life().loop.turn(world.time.now());
    expect(world.arrivals().map((one) => one.id)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5']);
  });

  it('drops a stale message once a closing one of the same conversation is planned, and only then', async () => {
    const world = await createOutboxWorld();
    await world.plan({ id: 'stale' }, { id: 'elsewhere', to: 'other person' }, { id: 'otherThread', thread: 'INC-2' });
    await world.time.advance(1);
    await world.plan({ id: 'over', closing: true });
    await world.life().loop.turn(world.time.now());
    expect(
      world
        .arrivals()
        .map((one) => one.id)
        .sort(),
    ).toEqual(['elsewhere', 'otherThread', 'over']);
    expect(state(await world.deliveries(), 'stale')).toEqual(['superseded', 'superseded by over']);
  });

  it('holds back the seventh message to one recipient within an hour, but not a page, and not for ever', async () => {
    const world = await createOutboxWorld();
    await world.plan(
      ...Array.from({ length: 8 }, (_, index) => ({ id: `m${index}` })),
      { id: 'page', exempt: true },
      { id: 'other', to: 'somebody else' },
    );
    const life = world.life();
    await life.loop.turn(world.time.now());
    expect(world.arrivals().map((one) => one.id)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'page', 'other']);
    expect(state(await world.deliveries(), 'm7')[0]).toBe('suppressed');
    await world.time.advance(3_600_001);
    await world.plan({ id: 'later' });
    await life.loop.turn(world.time.now());
    expect(world.arrivals().at(-1)?.id).toBe('later');
  });

  it('fails a message whose template cannot be filled, by the reason, and sends the others', async () => {
    const world = await createOutboxWorld();
    await world.plan({ id: 'broken', source: 'Hi {nobody}' }, { id: 'fine' });
    await world.life().loop.turn(world.time.now());
    expect(state(await world.deliveries(), 'broken')).toEqual(['failed', 'no value for {nobody}']);
    expect(world.arrivals().map((one) => one.id)).toEqual(['fine']);
  });

  it('fails a message to a channel that is no longer configured', async () => {
    const world = await createOutboxWorld();
    await world.plan({ channel: 'gone' });
    await world.life().loop.turn(world.time.now());
    expect(state(await world.deliveries())).toEqual(['failed', 'no channel gone']);
  });

  it("sends the text that was pinned when it was planned, and the system's where none was", async () => {
    const world = await createOutboxWorld();
    const { source: _source, ...unpinned } = draft({ id: 'unpinned', values: { severity: 'P1', components: ['Shop'], nextUpdate: 0 } });
    await world.plan({ id: 'pinned', source: 'as planned' });
    await world.plan({ ...unpinned, source: undefined } as never);
    await world.life().loop.turn(world.time.now());
    expect(world.arrivals().map((one) => one.plain)).toEqual(['as planned', 'P1 in Shop\n\nNext update by 00:00 UTC.']);
  });

  it('goes on after the store was away, and tells of it', async () => {
    const world = await createOutboxWorld();
    const trouble: unknown[] = [];
    const life = world.life();
    const { createOutboxLoop } = await import('../../src/flows/communicate.ts');
    let away = true;
    const outbox = {
      expire: async () => {
        if (away) throw new Error('store away');
        return [];
      },
      ambiguous: async () => [],
      claim: async () => [],
    } as never;
    const loop = createOutboxLoop(
      { outbox, channels: { channel: life.channel }, renderer: {} as never, time: world.time, system: {} as never },
      { onTrouble: (error) => trouble.push(error) },
    );
    loop.start();
    await world.time.advance(3_500);
    expect(trouble.map(String)).toEqual(['Error: store away', 'Error: store away', 'Error: store away', 'Error: store away']);
    away = false;
    await world.time.advance(5_000);
    expect(trouble).toHaveLength(4);
    const stopped = loop.stop();
    await world.time.advance(1_000);
    await stopped;
  });
});
