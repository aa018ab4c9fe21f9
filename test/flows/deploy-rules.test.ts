// What the policies of deploys answer before an act, on targets with more releases than one page shows.
import { describe, expect, it } from 'vitest';
import { createVirtualDeployTarget } from '../../src/adapters/virtual/deploy-target.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualReleaseHistory } from '../../src/adapters/virtual/release-history.ts';
import { ACTIONS } from '../../src/domain/catalog.ts';
import type { BelayError } from '../../src/domain/errors.ts';
import type { Step } from '../../src/domain/ir.ts';
import { createActions } from '../../src/flows/actions/index.ts';
import { createDeployRules } from '../../src/flows/deploy-policy.ts';
import type { TrafficSplit } from '../../src/ports/traffic-split.ts';
import { createFakeAction, fakeTargetOn } from '../world/fakes/action.ts';
import { breach, breachOf, SHOP, START } from '../world/scenes/deploy.ts';
import { play, runbookOf, STEP } from '../world/scenes/play.ts';

const names = Array.from({ length: 1_200 }, (_, index) => `r${String(index).padStart(4, '0')}`);

/** `listed`: how many releases there are, the newest of them last. */
function shop({ live, listed }: { readonly live: string; readonly listed: number }) {
  const releases = names.slice(0, listed).map((ref, index) => ({ ref, createdAt: index }));
  const target = (from: string) => createVirtualDeployTarget({ releases, live: from, now: () => 0 });
  const targets = { app: target(live), staging: target(live) };
  const system = { ...SHOP, policy: { ...SHOP.policy, deploys: [{ target: 'app', stagedOn: 'staging' }] } };
  const history = createVirtualReleaseHistory({ disk: new DurableDisk() });
  const rules = createDeployRules(system, targets, history);
  const may = async (to: string, step: 'back' | 'any'): Promise<boolean> => (await rules.refusal('app', to, { step })) === null;
  return { may, rules };
}

describe('staging before production', () => {
  it('never hinders a rollback where what is live lies behind the newest fifty releases, and knows its way forward there all the same', async () => {
    const { may } = shop({ live: 'r0003', listed: 100 });
    expect(await Promise.all([may('r0002', 'back'), may('r0002', 'any')])).toEqual([true, true]);
    expect(await Promise.all([may('r0004', 'back'), may('r0099', 'back'), may('r0004', 'any')])).toEqual([false, false, false]);
  });

  it('never hinders a rollback of a release that no list names any more; a step that may be forward waits for staging', async () => {
    const pruned = shop({ live: 'gone', listed: 10 });
    expect(await Promise.all([pruned.may('r0002', 'back'), pruned.may('r0002', 'any')])).toEqual([true, false]);
    const far = shop({ live: 'r0003', listed: 1_200 });
    expect(await Promise.all([far.may('r0002', 'back'), far.may('r0002', 'any'), far.may('r1199', 'any')])).toEqual([true, false, false]);
  });

  it('holds for a target that is made anew: there is no list that a release could be older by', async () => {
    const { rules } = shop({ live: 'r0003', listed: 100 });
    expect(await rules.refusal('app', 'r0002', { step: 'any', anew: true })).toContain('nobody has seen it pass on staging');
    expect(await rules.refusal('staging', 'r0002', { step: 'any', anew: true })).toBeNull();
  });
});

describe('a commit that is built anew', () => {
  function building() {
    const built: string[] = [];
    const releases = names.slice(0, 3).map((ref, index) => ({ ref, createdAt: index }));
    const app = createVirtualDeployTarget({ releases, now: () => 0 });
    const commits = { refOf: (commit: string) => `of-${commit}`, deploy: async (commit: string) => void built.push(commit) };
    const targets = { app: { ...app, commits }, staging: createVirtualDeployTarget({ releases, now: () => 0 }) };
    const system = { ...SHOP, policy: { ...SHOP.policy, deploys: [{ target: 'app', stagedOn: 'staging' }] } };
    const history = createVirtualReleaseHistory({ disk: new DurableDisk() });
    const deployRules = createDeployRules(system, targets, history);
    const action = createActions({ targets, switches: {}, pause: null as never, deployRules })['deploy.commit'];
    if (action === undefined) throw new Error('no action deploy.commit');
    return { app, built, history, action, args: { target: 'app', commit: 'abc' } };
  }

  it('asks for staging like any release that is put live, when it is planned and when it acts', async () => {
    const { built, history, action, args } = building();
    expect(await action.impossible(args)).toMatch(/staging/);
    const order = { expected: (await action.observe(args)).fingerprint, key: 'k', reason: 'INC-1' };
    const refused = await action.act(args, order).catch((error: BelayError) => error);
    expect(refused).toMatchObject({ code: 'BELAY_GUARD_REFUSED', effect: 'none' });
    expect(built).toEqual([]);
    await history.prove('staging', { release: 'of-abc', since: 0, at: 1, result: 'pass', why: 'x' });
    expect(await action.impossible(args)).toBeNull();
    await action.act(args, order);
    expect(built).toEqual(['abc']);
  });

  it("is a change that the guards ask about, when it would be made without anybody's word", async () => {
    const args = { target: 'shop', commit: 'abc' };
    const build = {
      ...STEP,
      kind: 'do',
      id: 'build',
      title: 'Build',
      do: 'deploy.commit',
      with: args,
      verify: [],
      irreversible: 'x',
    } as Step;
    const one = await play({
      runbook: runbookOf(() => [build], { evidence: [], clocks: {} }),
      actions: (disk, kill) => ({
        'deploy.commit': createFakeAction({
          ...{ spec: ACTIONS['deploy.commit'] as never, target: fakeTargetOn(disk, 'built', 'v2'), name: 'target:shop', kill },
          wanted: ({ commit }) => String(commit),
        }),
      }),
    });
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advanceUntil(
      async () => (await one.world.incidents.load('INC-1')) !== null && (await one.all('decision.made')).length > 0,
    );
    const g2 = (await one.all('decision.made'))[0]?.guards.find(({ guard }) => guard === 'G2');
    expect(g2?.answer).not.toBe('not-applicable');
    expect(g2?.facts).toMatchObject({ targets: [{ step: 'build', target: 'target:shop', to: 'abc' }] });
  });

  it('does not race a deploy that is on its way', async () => {
    const { app, action, args } = building();
    app.begin('r0001');
    expect(await action.onItsWay?.(args)).toEqual({ release: 'r0001', then: 'abort' });
  });
});

describe('requests that a proxy sends to a release', () => {
  /** `blue` runs the older r0001, `green` the newer r0002. */
  async function proxied(o: { readonly smoke?: 'pass' | 'fail' } = {}) {
    const releases = names.slice(0, 3).map((ref, index) => ({ ref, createdAt: index }));
    const on = (live: string) => createVirtualDeployTarget({ releases, live, now: () => 0 });
    const targets = { blue: on('r0001'), green: on('r0002'), staging: on('r0000') };
    const deploys = [
      { target: 'blue', stagedOn: 'staging' },
      { target: 'green', stagedOn: 'staging' },
    ];
    const proxies = [
      { id: 'web', driver: 'haproxy', socket: 's', backend: 'b', servers: ['old', 'new'], targets: { old: 'blue', new: 'green' } },
    ] as const;
    const system = { ...SHOP, proxies, policy: { ...SHOP.policy, deploys } };
    const history = createVirtualReleaseHistory({ disk: new DurableDisk() });
    if (o.smoke !== undefined) await history.prove('staging', { release: 'r0002', since: 0, at: 1, result: o.smoke, why: 'x' });
    let next = 0.2;
    const web: TrafficSplit = {
      ...{ compareAndSet: 'native', names: ['old', 'new'] },
      look: async () => ({ shares: { old: 1 - next, new: next }, up: ['old', 'new'], fingerprint: String(next) }),
      put: async (to, share) => {
        next = to === 'new' ? share : 1 - share;
      },
    };
    const deployRules = createDeployRules(system, targets, history);
    const action = createActions({ targets, switches: {}, proxies: { web }, pause: null as never, deployRules })['deploy.traffic'];
    if (action === undefined) throw new Error('no action deploy.traffic');
    const act = async (to: string, share: string, isUndo = false) => {
      const args = { proxy: 'web', to, share };
      const impossible = await action.impossible(args);
      const { fingerprint } = await action.observe(args);
      const done = action.act(args, { expected: fingerprint, key: 'k', reason: 'INC-1', ...(isUndo ? { isUndo } : {}) });
      return [
        impossible,
        await done.then(
          () => next,
          (error: BelayError) => error.code,
        ),
      ] as const;
    };
    return { act, notes: action.notes?.({ proxy: 'web', to: 'new', share: '10%' }) };
  }

  it('are refused while it has not passed on staging, by whichever name the step says it, and the plan tells why', async () => {
    const { act, notes } = await proxied();
    const [why, code] = await act('new', '50%');
    expect(why).toContain('release r0002 may not go live on green: nobody has seen it pass on staging');
    expect(code).toBe('BELAY_GUARD_REFUSED');
    expect(await act('old', '50%')).toEqual([why, 'BELAY_GUARD_REFUSED']);
    expect(notes).toEqual(['staged-first']);
  });

  it('are free on the way back to the older one, and for one that has passed', async () => {
    expect(await (await proxied()).act('new', '0%')).toEqual([null, 0]);
    expect(await (await proxied()).act('old', '100%')).toEqual([null, 0]);
    expect(await (await proxied({ smoke: 'pass' })).act('new', '50%')).toEqual([null, 0.5]);
  });

  it('may be given back by the run that took them, unless it failed on staging', async () => {
    expect((await (await proxied()).act('new', '50%', true))[1]).toBe(0.5);
    expect((await (await proxied({ smoke: 'fail' })).act('new', '50%', true))[1]).toBe('BELAY_GUARD_REFUSED');
  });
});
