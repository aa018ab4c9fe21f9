// What the policies of deploys answer before an act, on targets with more releases than one page shows.
import { describe, expect, it } from 'vitest';
import { createDeployRules } from '../../src/flows/deploy-policy.ts';
import { createFakeDeployTarget } from '../world/fakes/deploy-target.ts';
import { DurableDisk } from '../world/fakes/durable-disk.ts';
import { createFakeReleaseHistory } from '../world/fakes/release-history.ts';
import { SHOP } from '../world/scenes/deploy.ts';

const names = Array.from({ length: 1_200 }, (_, index) => `r${String(index).padStart(4, '0')}`);

/** `listed`: how many releases there are, the newest of them last. */
function shop({ live, listed }: { readonly live: string; readonly listed: number }) {
  const releases = names.slice(0, listed).map((ref, index) => ({ ref, createdAt: index }));
  const target = (from: string) => createFakeDeployTarget({ releases, live: from, now: () => 0 });
  const targets = { app: target(live), staging: target(live) };
  const system = { ...SHOP, policy: { ...SHOP.policy, deploys: [{ target: 'app', stagedOn: 'staging' }] } };
  const history = createFakeReleaseHistory({ disk: new DurableDisk() });
  const rules = createDeployRules(system, targets, history);
  const may = async (to: string, step: 'back' | 'any'): Promise<boolean> => (await rules.refusal('app', to, { step })) === null;
  return { may };
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
});
