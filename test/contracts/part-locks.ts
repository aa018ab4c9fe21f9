// What every store of part locks promises: one holder of all processes at a time, runs of incidents included.
import { type MakeStore, opening, type StoreUnderTest, type TestTools, withStore } from './store-kit.ts';

const LOCK = 'org/acme "1"';

export function partLocksContract(make: MakeStore, { test, expect }: TestTools): void {
  const on = (name: string, body: (store: StoreUnderTest) => Promise<void>): void => {
    test(name, () => withStore(make, expect, body));
  };
  const startOf = (id: string, lock = LOCK) => ({
    key: `start/${id}`,
    events: [
      {
        type: 'run.started' as const,
        data: { run: id, runbook: 'r', irHash: 'i', planHash: 'p', inputs: {}, lock },
        at: 2_000,
        actor: { kind: 'engine' as const, id: 'belay' },
      },
    ],
  });
  const open = async (store: StoreUnderTest, name: string): Promise<string> =>
    (await store.incidents.declare(name, opening(name))).incident.id;

  on('of parts that race for a lock exactly one has it, and has it still when it asks again', async (store) => {
    const id = await open(store, 'a');
    const other = await store.another();
    const holders = Array.from({ length: 8 }, (_, index) => `part-${index}`);
    const took = await Promise.all(
      holders.map((holder, index) => (index % 2 === 0 ? store : other).partLocks.take(LOCK, { holder, incident: id })),
    );
    expect(took.filter(Boolean)).toHaveLength(1);
    const winner = holders[took.indexOf(true)] ?? '';
    expect(await other.partLocks.take(LOCK, { holder: winner, incident: id })).toBe(true);
    const held = await store.partLocks.find(LOCK);
    expect(held).toMatchObject({ holder: winner, incident: id });
    await other.partLocks.release({ incident: id, holders: ['part-none', 'part'] });
    expect(await other.partLocks.find(LOCK)).toEqual(held);
    await other.partLocks.release({ incident: id, holders: [winner] });
    expect(await store.partLocks.find(LOCK)).toBeNull();
    await store.partLocks.take(LOCK, { holder: winner, incident: id });
    expect((await store.partLocks.find(LOCK))?.token).toBeGreaterThan(held?.token ?? Number.POSITIVE_INFINITY);
  });

  on('a run does not begin while a part of another incident holds its lock, and begins when it is given back', async (store) => {
    const [fanOut, single] = [await open(store, 'a'), await open(store, 'b')];
    expect(await store.partLocks.take(LOCK, { holder: 'part', incident: fanOut })).toBe(true);
    await expect(store.incidents.append(single, startOf(single))).rejects.toMatchObject({ code: 'BELAY_LOCK_HELD', effect: 'none' });
    await store.partLocks.release({ incident: fanOut });
    expect((await store.incidents.append(single, startOf(single))).lock).toBe(LOCK);
  });

  on('a part has no lock that the run of another incident holds, and may take one that its own incident holds', async (store) => {
    const [fanOut, single] = [await open(store, 'a'), await open(store, 'b')];
    await store.incidents.append(single, startOf(single));
    expect(await store.partLocks.take(LOCK, { holder: 'part', incident: fanOut })).toBe(false);
    expect(await store.partLocks.find(LOCK)).toBeNull();
    expect(await store.partLocks.take(LOCK, { holder: 'own', incident: single })).toBe(true);
  });

  on('knows which incidents have had a lock, runs and parts alike, each by its last taking and the newest first', async (store) => {
    const [fanOut, single, never] = [await open(store, 'a'), await open(store, 'b'), await open(store, 'c')];
    const uses = async (): Promise<readonly string[]> => (await store.partLocks.uses(LOCK)).map(({ incident }) => incident);
    expect(await uses()).toEqual([]);
    await store.partLocks.take(LOCK, { holder: 'part', incident: fanOut });
    const { token } = (await store.partLocks.find(LOCK)) ?? {};
    expect(await store.partLocks.uses(LOCK)).toEqual([{ incident: fanOut, token }]);
    expect(await store.partLocks.take(LOCK, { holder: 'other', incident: never })).toBe(false);
    await expect(store.incidents.append(never, startOf(never))).rejects.toMatchObject({ code: 'BELAY_LOCK_HELD' });
    await store.partLocks.take(LOCK, { holder: 'part', incident: fanOut });
    expect(await store.partLocks.uses(LOCK)).toEqual([{ incident: fanOut, token }]);
    await store.partLocks.release({ incident: fanOut });
    await store.incidents.append(single, startOf(single));
    const end = { type: 'run.finished' as const, data: { run: single, outcome: 'done' as const, reason: '' } };
    await store.incidents.append(single, { key: 'end', events: [{ ...end, at: 3_000, actor: { kind: 'engine', id: 'belay' } }] });
    expect(await uses()).toEqual([single, fanOut]);
    expect(await (await store.another()).partLocks.take(LOCK, { holder: 'part', incident: fanOut })).toBe(true);
    const after = await store.partLocks.uses(LOCK);
    expect(after.map(({ incident }) => incident)).toEqual([fanOut, single]);
    expect(after[0]?.token).toBe((await store.partLocks.find(LOCK))?.token);
    expect(await store.partLocks.uses('another')).toEqual([]);
  });

  on('what is held below a holder goes with it, and what another one of the same incident holds stays', async (store) => {
    const id = await open(store, 'a');
    for (const holder of ['run/each/acme/call', 'run/each/acme', 'run/each/acme2'])
      await store.partLocks.take(holder, { holder, incident: id });
    await store.partLocks.release({ incident: id, holders: ['run/each/acme'] });
    expect(await store.partLocks.find('run/each/acme')).toBeNull();
    expect(await store.partLocks.find('run/each/acme/call')).toBeNull();
    expect(await store.partLocks.find('run/each/acme2')).toMatchObject({ holder: 'run/each/acme2' });
  });

  on('a run and a part that race for one lock never both have it', async (store) => {
    const fanOut = await open(store, 'f');
    for (let round = 0; round < 10; round += 1) {
      const single = await open(store, `s${round}`);
      const lock = `lock ${round}`;
      const [part, run] = await Promise.all([
        store.partLocks.take(lock, { holder: 'part', incident: fanOut }),
        store.incidents.append(single, startOf(single, lock)).then(
          () => true,
          () => false,
        ),
      ]);
      expect([part, run].filter(Boolean)).toHaveLength(1);
    }
  });
}
