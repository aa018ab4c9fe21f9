// More releases than the newest fifty: the floor, the stable one and the one before are the same as with few, on targets that build far more
// than they deploy.
import { describe, expect, it } from 'vitest';
import { createVirtualDeployTarget } from '../../src/adapters/virtual/deploy-target.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { createVirtualReleaseHistory } from '../../src/adapters/virtual/release-history.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { createActions } from '../../src/flows/actions/index.ts';
import { releaseFacts } from '../../src/flows/facts.ts';
import { createProbes } from '../../src/flows/probes/index.ts';
import { releasesOf } from '../../src/flows/releases.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { SHOP } from '../world/scenes/deploy.ts';

const ref = (index: number): string => `r${String(index).padStart(4, '0')}`;

interface Built {
  readonly count: number;
  readonly live: number;
  readonly stable?: readonly number[];
  readonly before?: number;
  readonly pruned?: (index: number) => boolean;
}

/** `count` were built; what was deployed is few of them. */
function built({ count, live, stable = [], before, pruned }: Built) {
  const releases = Array.from({ length: count }, (_, index) => ({
    ...{ ref: ref(index), createdAt: index },
    ...(stable.includes(index) ? { stableMs: 1 } : {}),
  }));
  const target = createVirtualDeployTarget({ releases, live: ref(before ?? live), now: () => 0 });
  if (before !== undefined) target.deploy(ref(live));
  const lists: number[] = [];
  const seen = {
    ...target,
    list: async (limit: number) => {
      lists.push(limit);
      return target.list(limit);
    },
    restorable: async (name: string) =>
      pruned?.(Number(name.slice(1))) === true ? ({ ok: false, why: 'pruned' } as const) : target.restorable(name),
  };
  const rollback = createActions({ targets: { shop: seen }, switches: {}, pause: null as never })['deploy.rollback'];
  const refusal = (to: number) => rollback?.impossible({ target: 'shop', to: ref(to) });
  return { target: seen, refusal, lists };
}

describe('a target with more than fifty releases', () => {
  it('has its floor where the newest stable release is, however many were built since', async () => {
    const { refusal } = built({ count: 200, live: 199, stable: [20] });
    expect(await Promise.all([refusal(30), refusal(20)])).toEqual([null, null]);
    expect(await refusal(19)).toBe('release r0019 lies behind r0020, the newest stable release of shop');
  });

  it('lets nothing behind the floor that is older than all that is looked at', async () => {
    const { refusal } = built({ count: 200, live: 199, stable: [190] });
    expect(await refusal(3)).toBe('release r0003 lies behind r0190, the newest stable release of shop');
    const far = built({ count: 1_100, live: 1_099, stable: [1_090] });
    expect(await far.refusal(3)).toBe('release r0003 lies behind r1090, the newest stable release of shop');
    expect(await far.refusal(1_095)).toBeNull();
  });

  it('names as the one before what ran before, and no build that never ran', async () => {
    expect(await releaseFacts(built({ count: 200, live: 199, before: 20 }).target)).toMatchObject({ previous: ref(20) });
    expect(await releaseFacts(built({ count: 1_100, live: 1_099, before: 20 }).target)).toMatchObject({ previous: ref(20) });
    // What is live may itself be older than fifty builds.
    expect(await releaseFacts(built({ count: 200, live: 30, before: 20 }).target)).toMatchObject({ previous: ref(20) });
  });

  it('goes on to older ones where none of the newest can be put back', async () => {
    const { target } = built({ count: 200, live: 199, stable: [180, 20], pruned: (index) => index > 100 && index < 199 });
    expect(await releaseFacts(target)).toEqual({ current: ref(199), previous: ref(100), stable: ref(20) });
  });

  it('says that it is stable although fifty newer ones were built, and lists the last stable one although twenty are shown', async () => {
    const { target } = built({ count: 200, live: 30, stable: [30, 10] });
    const probe = createProbes({ targets: { shop: target } } as never)['stable'];
    expect(await probe?.measure({ target: 'shop' })).toMatchObject({ values: { stable: true, version: ref(30) } });
    const [disk, time] = [new DurableDisk(), createVirtualTime(0)];
    const releases = createVirtualReleaseHistory({ disk });
    const H = 3_600_000;
    for (let at = 0; at <= 60 * H; at += 240_000)
      await releases.note('shop', at < 59 * H ? ref(10) : ref(30), { at, changedAt: at < 59 * H ? 0 : 59 * H });
    time.jumpWallClock(60 * H);
    const world = { system: SHOP, releases, incidents: createVirtualIncidentStore({ disk, digest: createFakeDigest(), time }), time };
    const list = await releasesOf({ ...world, targets: { shop: target } }, 'shop');
    expect([list.releases.length, list.lastStable]).toEqual([20, ref(10)]);
  });

  it('is asked for few where few are enough', async () => {
    const { target, refusal, lists } = built({ count: 200, live: 199, before: 198, stable: [197] });
    await releaseFacts(target);
    await refusal(198);
    expect(new Set(lists)).toEqual(new Set([50]));
  });
});
