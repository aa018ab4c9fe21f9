// What every store of silences promises: one that was acknowledged is there, once, and ends once.
import type { SilenceDraft } from '../../src/domain/silence.ts';
import { type MakeStore, type StoreUnderTest, type TestTools, withStore } from './store-kit.ts';

export function silenceDraft(o: Partial<SilenceDraft> = {}): SilenceDraft {
  return { trigger: 'errors', org: 'acme', from: 1_000, until: 5_000, by: 'ana', reason: 'teste de carga \u0000 🛟', ...o };
}

export function silenceStoreContract(make: MakeStore, { test, expect }: TestTools): void {
  const on = (name: string, body: (store: StoreUnderTest) => Promise<void>): void => {
    test(name, () => withStore(make, expect, body));
  };

  on('a silence that was added is seen by every process, with all that was said', async (store) => {
    const one = await store.silences.add(silenceDraft(), 'a');
    expect(one).toEqual({ ...silenceDraft(), id: 'SIL-1', ended: null });
    const all = await store.silences.add(silenceDraft({ trigger: null, org: null, from: 9_000, until: 9_500 }), 'b');
    expect(all).toMatchObject({ id: 'SIL-2', trigger: null, org: null });
    expect(await (await store.another()).silences.list({ endingAfter: 0 })).toEqual([one, all]);
  });

  on('a request that is repeated under its key answers the first silence and adds none', async (store) => {
    const first = await store.silences.add(silenceDraft(), 'a');
    expect(await store.silences.add(silenceDraft({ reason: 'again' }), 'a')).toEqual(first);
    expect(await store.silences.list({ endingAfter: 0 })).toEqual([first]);
  });

  on('requests of several processes at once get different ids, and one key one silence', async (store) => {
    const other = await store.another();
    const made = await Promise.all(
      Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? store : other).silences.add(silenceDraft(), `key-${index % 6}`)),
    );
    expect([...new Set(made.map((one) => one.id))].sort()).toEqual(['SIL-1', 'SIL-2', 'SIL-3', 'SIL-4', 'SIL-5', 'SIL-6']);
    expect(await store.silences.list({ endingAfter: 0 })).toHaveLength(6);
  });

  on('those that end after an instant are listed, also those that have not begun', async (store) => {
    await store.silences.add(silenceDraft({ until: 2_000 }), 'a');
    await store.silences.add(silenceDraft({ from: 8_000, until: 9_000 }), 'b');
    const listed = async (endingAfter: number) => (await store.silences.list({ endingAfter })).map((one) => one.id);
    expect(await listed(1_999)).toEqual(['SIL-1', 'SIL-2']);
    expect(await listed(2_000)).toEqual(['SIL-2']);
    expect(await listed(9_000)).toEqual([]);
  });

  on('one is ended once: who ended it first, and when, stays', async (store) => {
    await store.silences.add(silenceDraft(), 'a');
    const over = await store.silences.end('SIL-1', { by: 'bob', at: 3_000 });
    expect(over).toMatchObject({ until: 5_000, ended: { by: 'bob', at: 3_000 } });
    expect(await (await store.another()).silences.end('SIL-1', { by: 'ana', at: 4_000 })).toEqual(over);
    expect(await store.silences.list({ endingAfter: 2_999 })).toEqual([over]);
    expect(await store.silences.list({ endingAfter: 3_000 })).toEqual([]);
  });

  on('one that is over by itself is not ended again, and an unknown one is null', async (store) => {
    const one = await store.silences.add(silenceDraft(), 'a');
    expect(await store.silences.end('SIL-1', { by: 'bob', at: 5_000 })).toEqual(one);
    for (const id of ['SIL-2', '1', '', 'SIL-0', 'SIL-1; drop']) expect(await store.silences.end(id, { by: 'bob', at: 1 })).toBeNull();
  });
}
