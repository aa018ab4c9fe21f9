// What every document store promises: a value is found under the digest of its content, for ever.
import { BelayError } from '../../src/domain/errors.ts';
import { type MakeStore, type StoreUnderTest, type TestTools, withStore } from './store-kit.ts';

export function documentStoreContract(make: MakeStore, { test, expect }: TestTools): void {
  const on = (name: string, body: (store: StoreUnderTest) => Promise<void>): void => {
    test(name, () => withStore(make, expect, body));
  };

  on('a document is found under the digest of its content, by every process', async (store) => {
    const value = { title: 'Reverter versão \u0000 🛟', steps: [1, null, { deep: [] }], third: 1 / 3 };
    const hash = await store.documents.put(value);
    expect(hash).toBe(store.digest.of(value));
    expect(await store.documents.get(hash)).toEqual(value);
    expect(await (await store.another()).documents.get(hash)).toEqual(value);
  });

  on('equal values share one document whatever the order of their keys', async (store) => {
    expect(await store.documents.put({ a: 1, b: 2 })).toBe(await store.documents.put({ b: 2, a: 1 }));
    for (const value of [null, 'text', 0, false, []]) expect(await store.documents.get(await store.documents.put(value))).toEqual(value);
  });

  on('an unknown document is not found', async (store) => {
    await expect(store.documents.get('0'.repeat(64))).rejects.toSatisfy((error) => BelayError.is(error, 'BELAY_NOT_FOUND'));
  });
}
