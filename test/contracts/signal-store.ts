// What every signal store promises: increments add up once, the last value wins, no transition is lost or told twice.
import { HEARD, HEARD_KEY, slotKey } from '../../src/domain/minutes.ts';
import type { Transition } from '../../src/domain/trigger.ts';
import { type MakeStore, type StoreUnderTest, type TestTools, withStore } from './store-kit.ts';

const NOTHING = { slots: [], series: [], states: [], transitions: [] } as const;

export function transition(o: Partial<Transition> = {}): Transition {
  return {
    trigger: 'errors',
    scope: 'acme',
    episode: 'e1',
    from: 'ok',
    to: 'suspect',
    at: 1_000,
    since: 900,
    observedAt: 1_050,
    announced: false,
    inputs: {
      value: 0.25,
      bad: 5,
      all: 20,
      above: 0.05,
      overMs: 60_000,
      level: 'suspect',
      pValue: 1e-7,
      alpha: { suspect: 0.01, act: 1e-6 },
      watermark: 990,
      sources: ['web'],
      unknown: false,
      warming: false,
    },
    ...o,
  };
}

export function signalStoreContract(make: MakeStore, { test, expect }: TestTools): void {
  const on = (name: string, body: (store: StoreUnderTest) => Promise<void>): void => {
    test(name, () => withStore(make, expect, body));
  };
  const slot = (at: number, scope: string, counts: Partial<{ bad: number; all: number; sum: number }> = {}) => ({
    signal: 's',
    scope,
    slot: at,
    bad: 0,
    all: 0,
    sum: 0,
    ...counts,
  });

  on('an event is known once it was committed, of its own source alone, for a week', async (store) => {
    const event = (id: string, at = 1_000) => ({ source: 'hooks', id, at });
    await store.signals.commit({ ...NOTHING, events: [event('a'), event('b'), event('a')] });
    await store.signals.commit({ ...NOTHING, events: [event('a', 2_000)] });
    expect([...(await store.signals.known('hooks', ['a', 'b', 'c']))].sort()).toEqual(['a', 'b']);
    expect([...(await store.signals.known('others', ['a']))]).toEqual([]);
    await store.signals.prune(1_500 + 7 * 24 * 3_600_000);
    expect([...(await store.signals.known('hooks', ['a', 'b']))]).toEqual([]);
  });

  on('a cursor stays, however long its source has been silent', async (store) => {
    const row = (series: string) => ({ source: 'log', series, total: 7, at: 1_000 });
    await store.signals.commit({ ...NOTHING, series: [row('#cursor:offset'), row('["errors"]')] });
    await store.signals.prune(90 * 24 * 3_600_000);
    expect((await store.signals.load(0)).series.map((one) => one.series)).toEqual(['#cursor:offset']);
  });

  on('increments of one slot add up, within a batch and over batches', async (store) => {
    await store.signals.commit({
      ...NOTHING,
      slots: [slot(10, 'acme', { bad: 1, all: 5 }), slot(10, 'acme', { bad: 1, all: 5 }), slot(10, '', { all: 3, sum: 0.5 })],
    });
    await store.signals.commit({ ...NOTHING, slots: [slot(10, 'acme', { bad: 2, all: 10, sum: 1.25 })] });
    const { slots } = await store.signals.load(0);
    expect(slots.find((row) => row.scope === 'acme')).toEqual({ signal: 's', scope: 'acme', slot: 10, bad: 4, all: 20, sum: 1.25 });
    expect(slots.find((row) => row.scope === '')).toEqual({ signal: 's', scope: '', slot: 10, bad: 0, all: 3, sum: 0.5 });
    expect(slots).toHaveLength(2);
  });

  on('of a value that was seen the newest slot stays, from its instant on, until it is pruned', async (store) => {
    const seen = (digest: number, at: number, o: Partial<{ scope: string; depth: number }> = {}) => ({
      signal: 's',
      scope: 'acme',
      digest,
      slot: at,
      depth: 0,
      ...o,
    });
    const big = 2 ** 52 - 1;
    await store.signals.commit({ ...NOTHING, seen: [seen(big, 10), seen(big, 30, { depth: 2 }), seen(7, 20), seen(7, 20, { scope: '' })] });
    await store.signals.commit({ ...NOTHING, seen: [seen(big, 20), seen(7, 40)] });
    const told = async (since: number) =>
      (await (await store.another()).signals.load(since)).seen.map((row) => [row.scope, row.digest, row.slot, row.depth].join()).sort();
    expect(await told(0)).toEqual([`,7,20,0`, `acme,${big},30,2`, `acme,7,40,0`].sort());
    expect(await told(30)).toEqual([`acme,${big},30,2`, `acme,7,40,0`].sort());
    await store.signals.prune(40);
    expect(await told(0)).toEqual([`acme,7,40,0`]);
  });

  on('load begins at its instant and comes in the order of time', async (store) => {
    await store.signals.commit({ ...NOTHING, slots: [30, 10, 20, 100].map((at) => slot(at, 'acme', { all: at })) });
    expect((await store.signals.load(20)).slots.map((row) => row.slot)).toEqual([20, 30, 100]);
  });

  on('slots of one scope are read, and it is told when anybody of the signal counted', async (store) => {
    const other = { ...slot(30, 'acme', { all: 9 }), signal: 'other' };
    await store.signals.commit({
      ...NOTHING,
      slots: [
        slot(10, 'acme', { bad: 1, all: 5, sum: 2.5 }),
        slot(20, 'globex', { all: 7 }),
        slot(40, 'acme', { all: 1 }),
        slot(50, 'acme', { all: 1 }),
        other,
      ],
    });
    await store.signals.commit({ ...NOTHING, slots: [slot(10, 'acme', { bad: 1, all: 1 })] });
    const { rows, spoken } = await store.signals.slots({ signal: 's', scope: 'acme', from: 10, to: 50 });
    expect(rows).toEqual([slot(10, 'acme', { bad: 2, all: 6, sum: 2.5 }), slot(40, 'acme', { all: 1 })]);
    expect([...spoken].sort((a, b) => a - b)).toEqual([10, 20, 40]);
    expect(await store.signals.slots({ signal: 's', scope: 'acme', from: 60, to: 90 })).toEqual({ rows: [], spoken: new Set() });
  });

  on('the last value of a series and the last state win', async (store) => {
    await store.signals.commit({
      ...NOTHING,
      series: [
        { source: 'web', series: 'a', total: 5, at: 1 },
        { source: 'web', series: 'b', total: 1, at: 1 },
      ],
      states: [{ trigger: 't', scope: '', state: { n: 1 } }],
    });
    await store.signals.commit({
      ...NOTHING,
      series: [
        { source: 'web', series: 'a', total: 9, at: 2 },
        { source: 'web', series: 'a', total: 2, at: 3 },
      ],
      states: [{ trigger: 't', scope: '', state: null }],
    });
    const { series, states } = await store.signals.load(0);
    expect(series.toSorted((a, b) => (a.series < b.series ? -1 : 1))).toEqual([
      { source: 'web', series: 'a', total: 2, at: 3 },
      { source: 'web', series: 'b', total: 1, at: 1 },
    ]);
    expect(states).toEqual([{ trigger: 't', scope: '', state: null }]);
  });

  on('transitions wait for their answer, oldest first, and are answered one by one', async (store) => {
    const first = transition();
    const announced = transition({ from: 'suspect', announced: true });
    const second = transition({ from: 'suspect', to: 'breached', at: 2_000, report: { by: 'ana', text: 'não abre \u0000' } });
    await store.signals.commit({ ...NOTHING, transitions: [first, announced, second] });
    expect(await store.signals.unanswered()).toEqual([first, announced, second]);
    await store.signals.answered(first);
    await store.signals.answered(first);
    expect(await (await store.another()).signals.unanswered()).toEqual([announced, second]);
    expect(await store.signals.transitions({})).toEqual([first, announced, second]);
  });

  on('a transition that is written again is neither doubled nor waiting again', async (store) => {
    await store.signals.commit({ ...NOTHING, transitions: [transition(), transition()] });
    await store.signals.answered(transition());
    await store.signals.commit({ ...NOTHING, transitions: [transition()] });
    expect(await store.signals.unanswered()).toEqual([]);
    expect(await store.signals.transitions({})).toHaveLength(1);
  });

  on('transitions are found by trigger, scope and time, the newest within a limit', async (store) => {
    const at = (instant: number, o: Partial<Transition> = {}): Transition => transition({ at: instant, episode: `e${instant}`, ...o });
    await store.signals.commit({ ...NOTHING, transitions: [at(1), at(2, { trigger: 'other' }), at(3, { scope: '' }), at(4)] });
    const when = async (filter: Parameters<typeof store.signals.transitions>[0]) =>
      (await store.signals.transitions(filter)).map((one) => one.at);
    expect(await when({ trigger: 'errors' })).toEqual([1, 3, 4]);
    expect(await when({ scope: '' })).toEqual([3]);
    expect(await when({ since: 3 })).toEqual([3, 4]);
    expect(await when({ limit: 2 })).toEqual([3, 4]);
  });

  on('an empty batch is fine and changes nothing', async (store) => {
    await store.signals.commit(NOTHING);
    expect(await store.signals.load(0)).toEqual({ slots: [], series: [], states: [], seen: [] });
    await store.signals.answered(transition());
    expect(await store.signals.transitions({})).toEqual([]);
  });

  on('processes that commit at once lose no increment', async (store) => {
    const stores = [store, await store.another()];
    const scopes = Array.from({ length: 50 }, (_, index) => `org-${index}`);
    await Promise.all(
      Array.from({ length: 20 }, (_, round) =>
        (stores[round % 2] ?? store).signals.commit({
          ...NOTHING,
          slots: (round % 3 === 0 ? scopes.toReversed() : scopes).map((scope) => slot(10, scope, { bad: 1, all: 2 })),
          series: scopes.map((series) => ({ source: 'web', series, total: round, at: round })),
        }),
      ),
    );
    const { slots } = await store.signals.load(0);
    expect(slots).toHaveLength(50);
    expect(slots.every((row) => row.bad === 20 && row.all === 40)).toBe(true);
  });

  on('pruning forgets old slots and counters long unfed, never a transition', async (store) => {
    const week = 7 * 24 * 3_600_000;
    await store.signals.commit({
      slots: [slot(10, 'acme'), slot(20, 'acme')],
      series: [
        { source: 'web', series: 'old', total: 1, at: 19 - week },
        { source: 'web', series: 'kept', total: 1, at: 21 - week },
      ],
      states: [],
      transitions: [transition({ at: 1 })],
    });
    await store.signals.prune(20);
    const { slots, series } = await store.signals.load(0);
    expect(slots.map((row) => row.slot)).toEqual([20]);
    expect(series.map((row) => row.series)).toEqual(['kept']);
    expect(await store.signals.transitions({})).toHaveLength(1);
  });

  on('what lies in the future is not loaded, goes with the next pruning, and hides nothing that comes after', async (store) => {
    const FAR = 1_000_000;
    await store.signals.commit({
      ...NOTHING,
      slots: [slot(FAR + 10, 'acme', { all: 1 })],
      seen: [{ signal: 'd', scope: '', digest: 7, slot: FAR, depth: 0 }],
    });
    await store.signals.prune(FAR);
    await store.signals.commit({ ...NOTHING, slots: [slot(500, 'acme', { all: 2 })] });
    const { slots, seen } = await (await store.another()).signals.load(100, 1_000);
    expect(slots.map((row) => row.slot)).toEqual([500]);
    expect(seen).toEqual([]);
    await store.signals.prune(200, undefined, 1_000);
    const after = await (await store.another()).signals.load(0);
    expect(after.slots.map((row) => row.slot)).toEqual([500]);
    expect(after.seen).toEqual([]);
  });

  const MIN = 60_000;
  const DAY = 24 * 3_600_000;
  const FINE = slotKey('errors', 'org', 300_000);
  const COARSE = slotKey('errors', 'org', 900_000);
  const counted = (signal: string, at: number, scope: string, counts: Partial<{ bad: number; all: number; sum: number }>) => ({
    ...slot(at, scope, counts),
    signal,
  });
  const kept = (before: number, since = 0) => [before, { since, coarser: [COARSE] }] as const;
  const whole = { signal: 'errors', by: 'org', from: 0, to: 100 * DAY } as const;

  on('minutes say the same before and after their slots are forgotten', async (store) => {
    await store.signals.commit({
      ...NOTHING,
      slots: [
        ...[0, 5_000, 55_000].map((at) => counted(FINE, 7 * MIN + at, 'acme', { bad: 1, all: 10 })),
        counted(FINE, 7 * MIN, 'globex', { all: 3, sum: 0.25 }),
        counted(FINE, 9 * MIN, 'acme', { all: 5 }),
        counted(COARSE, 7 * MIN, 'acme', { bad: 3, all: 30 }),
        counted(slotKey('others', 'org', 300_000), 7 * MIN, 'acme', { all: 1 }),
        counted(slotKey('errors', null, 300_000), 7 * MIN, '', { all: 99 }),
        counted(HEARD_KEY, 7 * MIN, '', { all: 1 }),
      ],
    });
    const row = (at: number, scope: string, bad: number, all: number, sum = 0) => ({ at, spanMs: MIN, scope, bad, all, sum });
    const expected = [row(7 * MIN, 'acme', 3, 30), row(7 * MIN, 'globex', 0, 3, 0.25), row(9 * MIN, 'acme', 0, 5)];
    expect(await store.signals.history(whole)).toEqual(expected);
    await store.signals.prune(...kept(8 * MIN));
    expect(await store.signals.history(whole)).toEqual(expected);
    expect((await store.signals.load(0)).slots.filter((one) => one.signal === FINE)).toHaveLength(1);
    await store.signals.prune(...kept(20 * MIN));
    expect(await store.signals.history(whole)).toEqual(expected);
    expect((await store.signals.load(0)).slots).toEqual([]);
    expect(await store.signals.history({ ...whole, signal: HEARD, by: null })).toEqual([row(7 * MIN, '', 0, 1)]);
    expect(await store.signals.history({ ...whole, by: null })).toEqual([row(7 * MIN, '', 0, 99)]);
  });

  on('minutes are found by scope and time, the end left out', async (store) => {
    const scopes = Array.from({ length: 600 }, (_, index) => `org-${String(index).padStart(3, '0')}`);
    for (const round of [1, 2, 3]) {
      const some = scopes.filter((_, index) => index % round === 0);
      await store.signals.commit({ ...NOTHING, slots: some.map((scope, index) => counted(FINE, round * MIN, scope, { all: index + 1 })) });
      await store.signals.prune(...kept((round + 1) * MIN));
    }
    const found = await store.signals.history({ ...whole, from: MIN, to: 3 * MIN });
    expect(found).toHaveLength(900);
    expect(found.map((one) => one.scope).slice(0, 600)).toEqual(scopes);
    const one = await store.signals.history({ ...whole, scope: 'org-598' });
    expect(one.map(({ at, all }) => [at, all])).toEqual([
      [MIN, 599],
      [2 * MIN, 300],
    ]);
    expect(await store.signals.history({ ...whole, scope: 'nobody' })).toEqual([]);
  });

  on('what comes for a minute that is kept already is added to it', async (store) => {
    for (const all of [5, 7]) {
      await store.signals.commit({ ...NOTHING, slots: [counted(FINE, 2 * MIN, 'acme', { all })] });
      await store.signals.prune(...kept(10 * MIN));
    }
    expect((await store.signals.history(whole)).map((one) => one.all)).toEqual([12]);
  });

  on('minutes are dropped with the day that is too old, and not kept at all where nobody wants them', async (store) => {
    const at = (day: number) => counted(FINE, day * DAY + 5 * MIN, 'acme', { all: day });
    await store.signals.commit({ ...NOTHING, slots: [1, 2, 3, 40].map(at) });
    await store.signals.prune(...kept(41 * DAY));
    expect((await store.signals.history(whole)).map((one) => one.all)).toEqual([1, 2, 3, 40]);
    await store.signals.prune(...kept(41 * DAY, 3 * DAY + MIN));
    expect((await store.signals.history(whole)).map((one) => one.all)).toEqual([3, 40]);
    await store.signals.commit({ ...NOTHING, slots: [at(41)] });
    await store.signals.prune(42 * DAY);
    expect((await store.signals.history(whole)).map((one) => one.all)).toEqual([3, 40]);
  });

  on('a window whose slots are longer than a minute tells how long they are', async (store) => {
    const day = slotKey('slow', null, 24 * 3_600_000);
    await store.signals.commit({ ...NOTHING, slots: [counted(day, 24 * MIN, '', { all: 4 })] });
    await store.signals.prune(...kept(DAY));
    const [row] = await store.signals.history({ ...whole, signal: 'slow', by: null });
    expect(row).toEqual({ at: 24 * MIN, spanMs: 24 * MIN, scope: '', bad: 0, all: 4, sum: 0 });
  });
}
