// What every history of releases promises: one row a change or gap, seen by every process, and time never goes back in it.
import { type MakeStore, type StoreUnderTest, type TestTools, withStore } from './store-kit.ts';

const look = (at: number, changedAt = 0) => ({ at, changedAt });

export function releaseHistoryContract(make: MakeStore, { test, expect }: TestTools): void {
  const on = (name: string, body: (store: StoreUnderTest) => Promise<void>): void => {
    test(name, () => withStore(make, expect, body));
  };

  on('the same release seen again makes its span longer, another one ends its span, by target and for every process', async (store) => {
    const other = await store.another();
    await store.releases.note('web', 'v1', look(1_000));
    await other.releases.note('web', 'v1', look(2_000));
    await other.releases.note('web', 'v2 "β"', look(3_000));
    await store.releases.note('worker', 'v1', look(1_500));
    await store.releases.note('web', 'v1', look(4_000));
    expect(await other.releases.spans('web')).toEqual([
      { release: 'v1', from: 1_000, seenAt: 2_000 },
      { release: 'v2 "β"', from: 3_000, seenAt: 3_000 },
      { release: 'v1', from: 4_000, seenAt: 4_000 },
    ]);
    expect(await store.releases.spans('worker')).toEqual([{ release: 'v1', from: 1_500, seenAt: 1_500 }]);
    expect(await store.releases.spans('none')).toEqual([]);
  });

  on('a look that comes late, or from many processes at once, makes no second row', async (store) => {
    const other = await store.another();
    await store.releases.note('web', 'v2', look(5_000));
    await store.releases.note('web', 'v1', look(4_000));
    await Promise.all([store, other, store, other].map((one) => one.releases.note('web', 'v3', look(6_000))));
    expect((await store.releases.spans('web')).map((span) => span.release)).toEqual(['v2', 'v3']);
  });

  on('a release is live since when its target says, where that lies between two looks', async (store) => {
    await store.releases.note('web', 'v1', look(1_000, 500));
    await store.releases.note('web', 'v2', look(3_000, 2_200));
    await store.releases.note('web', 'v3', look(4_000, 100));
    await store.releases.note('web', 'v4', look(5_000, 9_000));
    expect((await store.releases.spans('web')).map((span) => span.from)).toEqual([1_000, 2_200, 4_000, 5_000]);
  });

  on('a gap of more than five turns ends a span where it was last seen, and nothing that was not watched is live', async (store) => {
    const minute = 60_000;
    await store.releases.note('web', 'v1', look(0));
    await store.releases.note('web', 'v1', look(5 * minute));
    await store.releases.note('web', 'v1', look(10 * minute + 1));
    await store.releases.note('web', 'v2', look(60 * minute, 20 * minute));
    expect(await store.releases.spans('web')).toEqual([
      { release: 'v1', from: 0, seenAt: 5 * minute },
      { release: 'v1', from: 10 * minute + 1, seenAt: 10 * minute + 1 },
      { release: 'v2', from: 60 * minute, seenAt: 60 * minute },
    ]);
  });

  on(
    'what a smoke test said of a deploy is kept by target, oldest first, and a second word about the same deploy replaces it',
    async (store) => {
      const other = await store.another();
      const proof = (release: string, since: number, at: number, result: 'pass' | 'fail' | 'inconclusive', why = '') => ({
        ...{ release, since, at, result, why },
      });
      await store.releases.prove('web', proof('v2', 3_000, 3_500, 'pass'));
      await other.releases.prove('web', proof('v1 "β"', 1_000, 1_500, 'inconclusive', 'it could not be asked'));
      await store.releases.prove('worker', proof('v1', 1_000, 1_200, 'fail', 'one failed'));
      await other.releases.prove('web', proof('v2', 3_000, 3_600, 'fail', 'it fails now'));
      await store.releases.prove('web', proof('v1 "β"', 9_000, 9_100, 'pass'));
      expect(await store.releases.proofs('web')).toEqual([
        proof('v1 "β"', 1_000, 1_500, 'inconclusive', 'it could not be asked'),
        proof('v2', 3_000, 3_600, 'fail', 'it fails now'),
        proof('v1 "β"', 9_000, 9_100, 'pass'),
      ]);
      expect(await other.releases.proofs('worker')).toEqual([proof('v1', 1_000, 1_200, 'fail', 'one failed')]);
      expect(await store.releases.proofs('none')).toEqual([]);
    },
  );

  on('what surrounded a release is kept by target and release, for every process, and the last word counts', async (store) => {
    const other = await store.another();
    const seen = (voice: string) => ({ flags: { voice }, configs: { 'app "β"': { KEY: 'mark' } } });
    await store.releases.keep('web', 'v1', seen('off'));
    await other.releases.keep('web', 'v1', seen('on'));
    await store.releases.keep('worker', 'v1', { flags: {}, configs: {} });
    expect(await store.releases.surroundings('web', 'v1')).toEqual(seen('on'));
    expect(await other.releases.surroundings('worker', 'v1')).toEqual({ flags: {}, configs: {} });
    expect(await store.releases.surroundings('web', 'v2')).toBeNull();
  });
}
