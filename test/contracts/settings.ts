// What every place of settings, and every feature flag, promises. `make` gives one with a value that is not as the test will ask, and the
// hands of somebody who is not Belay.
import { afterEach, describe, expect, it } from 'vitest';
import type { SettingValue } from '../../src/domain/setting.ts';
import type { Flag, SettingStore } from '../../src/ports/settings.ts';

const order = (expected: string, key = 'run/set#1:act') => ({ expected, key, reason: 'INC-1' });
const CONFLICT = { code: 'BELAY_TARGET_CONFLICT', effect: 'none' };

export interface StoreUnderTest {
  readonly store: SettingStore;
  /** Somebody else's change. */
  put(key: string, value: string): Promise<void>;
  /** What the service would read. */
  read(): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

/** `make` gives a store with CACHE_MODE normal, RATE_LIMIT 10 and API_TOKEN t0p. */
export function settingStoreContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`the contract of settings, kept by ${name}`, () => {
    const open: StoreUnderTest[] = [];
    const setUp = async (): Promise<StoreUnderTest> => {
      const made = await make();
      open.push(made);
      return made;
    };
    afterEach(async () => {
      for (const one of open.splice(0)) await one.close();
    });
    const both = (store: SettingStore) => ({
      CACHE_MODE: store.held('CACHE_MODE', 'aggressive'),
      RATE_LIMIT: store.held('RATE_LIMIT', '100'),
    });

    it('sets several keys in one step, and leaves the others', async () => {
      const { store, read } = await setUp();
      const before = await read();
      const { fingerprint } = await store.get(['CACHE_MODE', 'RATE_LIMIT']);
      await store.set(both(store), order(fingerprint));
      expect(await read()).toEqual({ ...before, CACHE_MODE: 'aggressive', RATE_LIMIT: '100' });
      expect((await store.get(['CACHE_MODE'])).values).toEqual({ CACHE_MODE: 'aggressive' });
    });

    it('says what is not there, and takes away what was there', async () => {
      const { store, read } = await setUp();
      expect((await store.get(['NEW_KEY'])).values).toEqual({ NEW_KEY: null });
      const { fingerprint } = await store.get(['CACHE_MODE', 'NEW_KEY']);
      await store.set({ CACHE_MODE: null, NEW_KEY: store.held('NEW_KEY', 'yes') }, order(fingerprint));
      const after = await read();
      expect(after).toMatchObject({ NEW_KEY: 'yes', API_TOKEN: 't0p' });
      expect(after).not.toHaveProperty('CACHE_MODE');
    });

    it('changes nothing when one of the keys is not as expected, and does not mind the others', async () => {
      const { store, put, read } = await setUp();
      const { fingerprint } = await store.get(['CACHE_MODE', 'RATE_LIMIT']);
      await put('API_TOKEN', 'other');
      expect((await store.get(['CACHE_MODE', 'RATE_LIMIT'])).fingerprint).toBe(fingerprint);
      await put('RATE_LIMIT', '11');
      await expect(store.set(both(store), order(fingerprint))).rejects.toMatchObject(CONFLICT);
      expect(await read()).toMatchObject({ CACHE_MODE: 'normal', RATE_LIMIT: '11' });
    });

    it('takes the same order twice without harm', async () => {
      const { store, read } = await setUp();
      const { fingerprint } = await store.get(['CACHE_MODE', 'RATE_LIMIT']);
      await store.set(both(store), order(fingerprint));
      const after = await read();
      await store.set(both(store), order(fingerprint));
      expect(await read()).toEqual(after);
    });

    it('lets one of several that act at the same time win', async () => {
      const { store, read } = await setUp();
      const { fingerprint } = await store.get(['CACHE_MODE']);
      const ends = await Promise.allSettled(
        ['a', 'b', 'c'].map((mode) => store.set({ CACHE_MODE: store.held('CACHE_MODE', mode) }, order(fingerprint, mode))),
      );
      expect(ends.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect(['a', 'b', 'c']).toContain((await read())['CACHE_MODE']);
    });

    it('shows nothing of a secret in its fingerprints and marks', async () => {
      const { store } = await setUp();
      expect([store.isSecret('API_TOKEN'), store.isSecret('CACHE_MODE')]).toEqual([true, false]);
      const { fingerprint } = await store.get(['API_TOKEN']);
      expect(`${fingerprint} ${store.mark('t0p')}`).not.toContain('t0p');
      expect(store.mark('t0p')).not.toBe(store.mark('t1p'));
    });
  });
}

export interface FlagUnderTest {
  readonly flag: Flag;
  /** What it is, and what it is to become. */
  readonly is: SettingValue;
  readonly to: SettingValue;
  /** Somebody else gives it another value than `is` and `to`, or takes it away. Undefined where there is no third. */
  readonly put?: () => Promise<void>;
  /** What an application gets, asked past Belay. */
  given(org: string | null): Promise<unknown>;
  close(): Promise<void>;
}

export function flagContract(name: string, make: () => Promise<FlagUnderTest>): void {
  describe(`the contract of flags, kept by ${name}`, () => {
    const open: FlagUnderTest[] = [];
    const setUp = async (): Promise<FlagUnderTest> => {
      const made = await make();
      open.push(made);
      return made;
    };
    afterEach(async () => {
      for (const one of open.splice(0)) await one.close();
    });

    it('is what the application gets, and becomes what is asked', async () => {
      const { flag, is, to, given } = await setUp();
      const before = await flag.get(null);
      expect([before.value, await given(null), await flag.evaluate(null)]).toEqual([is, is, is]);
      expect(await flag.meant(to, is)).toBe(to);
      await flag.set(to, { ...order(before.fingerprint), org: null });
      expect([(await flag.get(null)).value, await given(null), await flag.evaluate(null)]).toEqual([to, to, to]);
      await flag.set(to, { ...order(before.fingerprint), org: null });
      expect(await given(null)).toBe(to);
    });

    it('goes back to what it was by the opposite order', async () => {
      const { flag, is, to, given } = await setUp();
      await flag.set(to, { ...order((await flag.get(null)).fingerprint), org: null });
      await flag.set(is, { ...order((await flag.get(null)).fingerprint, 'run/back#1:undo'), org: null });
      expect(await given(null)).toBe(is);
    });

    it('stays as somebody else has made it in between', async () => {
      const { flag, to, put, given } = await setUp();
      if (put === undefined) return;
      const { fingerprint } = await flag.get(null);
      await put();
      const other = await given(null);
      await expect(flag.set(to, { ...order(fingerprint), org: null })).rejects.toMatchObject(CONFLICT);
      expect(await given(null)).toBe(other);
    });

    it('gives one organization its own value, where it knows organizations', async () => {
      const { flag, is, to, given } = await setUp();
      if (!flag.knowsOrgs) return;
      const { fingerprint } = await flag.get('acme');
      await flag.set(to, { ...order(fingerprint), org: 'acme' });
      expect([await given('acme'), await given('globex')]).toEqual([to, is]);
      expect([await flag.evaluate('acme'), await flag.evaluate('globex')]).toEqual([to, is]);
      expect((await flag.get('acme')).value).toBe(to);
    });
  });
}
