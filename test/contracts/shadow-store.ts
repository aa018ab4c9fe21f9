// What every store of decisions in shadow promises: what was kept first stays, once, and what people said of it is there with its key.
import { JOINS, type ShadowDecision, type ShadowMark } from '../../src/domain/shadow.ts';
import { type MakeStore, type StoreUnderTest, type TestTools, withStore } from './store-kit.ts';

export function shadowDecision(o: Partial<ShadowDecision> = {}): ShadowDecision {
  return {
    trigger: 'errors',
    scope: 'acme',
    episode: 'errors/acme/1000',
    to: 'breached',
    at: 2_000,
    since: 1_000,
    judgedAt: 2_500,
    locality: 'local',
    runbook: 'roll-back',
    choice: 'ask',
    reason: 'guard G2',
    guards: [{ guard: 'G2', answer: 'fail', reason: 'G2.no-recent-change', facts: { targets: [], name: 'Açme \u0000 🛟' } }],
    changes: [{ step: 'switch', title: 'Switch', target: 'target:shop', from: 'v2', to: { release: 'v1' } }],
    joins: null,
    ...o,
  };
}

export function shadowMark(o: Partial<ShadowMark> = {}): ShadowMark {
  const mark = { episode: 'errors/acme/1000', trigger: 'errors', since: 1_000, verdict: 'false', why: 'deploy of billing \u0000' } as const;
  return { ...mark, by: 'ana', at: 9_000, ...o };
}

export function shadowStoreContract(make: MakeStore, { test, expect }: TestTools): void {
  const on = (name: string, body: (store: StoreUnderTest) => Promise<void>): void => {
    test(name, () => withStore(make, expect, body));
  };

  on('a decision that was kept is seen by every process with all that was known, and a second one does not replace it', async (store) => {
    const one = shadowDecision();
    await store.shadows.keep(one);
    await store.shadows.keep({ ...one, choice: 'act', judgedAt: 9_999 });
    const other = await store.another();
    expect(await other.shadows.decisions({})).toEqual([one]);
    const suspect = shadowDecision({ to: 'suspect', at: 1_500 });
    await other.shadows.keep(suspect);
    expect(await store.shadows.decisions({ episode: one.episode })).toEqual([one, suspect]);
  });

  on('of two processes that keep the same decision at once one wins, and neither fails', async (store) => {
    const other = await store.another();
    await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        (index % 2 === 0 ? store : other).shadows.keep(shadowDecision({ at: index % 3, judgedAt: index })),
      ),
    );
    expect(new Set((await store.shadows.decisions({})).map((one) => one.at))).toEqual(new Set([0, 1, 2]));
    expect(await store.shadows.decisions({})).toHaveLength(3);
  });

  on('decisions are found by trigger, by episode and by age, the newest of too many', async (store) => {
    for (const at of [1, 2, 3]) await store.shadows.keep(shadowDecision({ at }));
    await store.shadows.keep(shadowDecision({ trigger: 'slow', episode: 'slow/*/5', at: 5 }));
    const found = async (filter: Parameters<typeof store.shadows.decisions>[0]) =>
      (await store.shadows.decisions(filter)).map((one) => one.at);
    expect(await found({ trigger: 'errors', since: 2 })).toEqual([2, 3]);
    expect(await found({ limit: 2 })).toEqual([3, 5]);
    expect(await found({ episode: 'slow/*/5' })).toEqual([5]);
    expect(await found({ trigger: 'none' })).toEqual([]);
    await store.shadows.keep(shadowDecision({ at: 9, reason: JOINS, joins: 'errors/globex/1' }));
    expect(await found({ trigger: 'errors', since: 3 })).toEqual([3, 9]);
    expect(await found({ trigger: 'errors', since: 3, judged: true })).toEqual([3]);
  });

  on('a mark that is repeated under its key is one, and a later one of the same episode stands behind it', async (store) => {
    const first = await store.shadows.mark(shadowMark(), 'a');
    expect(first).toEqual(shadowMark());
    expect(await store.shadows.mark(shadowMark({ why: 'again', at: 9_500 }), 'a')).toEqual(first);
    const second = await (await store.another()).shadows.mark(shadowMark({ verdict: 'right', by: 'bob' }), 'b');
    expect(await store.shadows.marks({ trigger: 'errors', since: 1_000 })).toEqual([first, second]);
    expect(await store.shadows.marks({ since: 1_001 })).toEqual([]);
    expect(await store.shadows.marks({ trigger: 'slow' })).toEqual([]);
  });

  on('what is older than an instant is forgotten, and nothing else', async (store) => {
    for (const at of [1, 2]) await store.shadows.keep(shadowDecision({ at }));
    for (const since of [1, 2]) await store.shadows.mark(shadowMark({ since }), `k${since}`);
    await store.shadows.prune(2);
    expect((await store.shadows.decisions({})).map((one) => one.at)).toEqual([2]);
    expect((await store.shadows.marks({})).map((one) => one.since)).toEqual([2]);
  });
}
