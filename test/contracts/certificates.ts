// What every store of certificates promises: each is kept once, never changed, and the newest comes first.
import type { Certificate } from '../../src/domain/certificate.ts';
import { type MakeStore, type StoreUnderTest, type TestTools, withStore } from './store-kit.ts';

export const certificateOf = (o: Partial<Certificate> = {}): Certificate => ({
  ...{ id: 'c1', database: 'crm', at: 1_000, by: 'ana', from: 'v2', to: 'v1', stays: null, postgres: 18, copiedAt: null },
  migrations: [{ id: '2_b', hash: 'h' }],
  outcome: 'fails',
  said: 'disse "não" \u0000',
  comparison: null,
  schema: { by: null, differs: [] },
  ...{ downMs: 12, tookMs: 34 },
  ...o,
});

export function certificatesContract(make: MakeStore, { test, expect }: TestTools): void {
  const on = (name: string, body: (store: StoreUnderTest) => Promise<void>): void => {
    test(name, () => withStore(make, expect, body));
  };

  on('a certificate is seen by every process as it was kept, and the same one again changes nothing', async (store) => {
    const other = await store.another();
    await store.certificates.keep(certificateOf());
    await other.certificates.keep(certificateOf({ outcome: 'lossless' }));
    expect(await other.certificates.list({ limit: 10 })).toEqual([certificateOf()]);
  });

  on('the newest comes first, of one database or of all, and no more than were asked for', async (store) => {
    const kept = [certificateOf(), certificateOf({ id: 'c2', database: 'shop' }), certificateOf({ id: 'c3', at: 500 })];
    for (const one of kept) await store.certificates.keep(one);
    expect((await store.certificates.list({ limit: 2 })).map(({ id }) => id)).toEqual(['c3', 'c2']);
    expect((await store.certificates.list({ database: 'crm', limit: 10 })).map(({ id }) => id)).toEqual(['c3', 'c1']);
  });
}
