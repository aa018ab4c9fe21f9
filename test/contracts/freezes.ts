// What every store of freezes promises: one a scope, seen by every process, and lifted only by who has seen it.
import type { ScopeFreeze } from '../../src/domain/scope-freeze.ts';
import { type MakeStore, type StoreUnderTest, type TestTools, withStore } from './store-kit.ts';

export const freezeOf = (o: Partial<ScopeFreeze> = {}): ScopeFreeze => ({
  scope: 'org/acme',
  incident: 'INC-1',
  by: 'belay',
  why: 'o roteiro "v2" \u0000',
  at: 1_000,
  ...o,
});

export function freezesContract(make: MakeStore, { test, expect }: TestTools): void {
  const on = (name: string, body: (store: StoreUnderTest) => Promise<void>): void => {
    test(name, () => withStore(make, expect, body));
  };

  on('a freeze is seen by every process with all that was said, and a second one of its scope changes nothing', async (store) => {
    const other = await store.another();
    expect(await store.freezes.set(freezeOf())).toBe(true);
    expect(await other.freezes.set(freezeOf({ at: 2_000, by: 'eve' }))).toBe(false);
    expect(await other.freezes.set(freezeOf())).toBe(true);
    expect(await other.freezes.set(freezeOf({ scope: 'component/shop', incident: null }))).toBe(true);
    expect(await other.freezes.list()).toEqual([freezeOf({ scope: 'component/shop', incident: null }), freezeOf()]);
  });

  on('a freeze is lifted once, and only by who has seen the one that holds', async (store) => {
    await store.freezes.set(freezeOf({ at: 5_000 }));
    expect(await store.freezes.lift('org/acme', 4_000)).toBe(false);
    expect(await (await store.another()).freezes.lift('org/acme', 5_000)).toBe(true);
    expect(await store.freezes.lift('org/acme', 5_000)).toBe(false);
    expect(await store.freezes.list()).toEqual([]);
  });
}
