// The last stable release, known from what Belay has seen: in the list, in the plan, and as the floor of rollbacks.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { createVirtualReleaseHistory } from '../../src/adapters/virtual/release-history.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { BelayError } from '../../src/domain/errors.ts';
import { createActions } from '../../src/flows/actions/index.ts';
import { releaseFacts } from '../../src/flows/facts.ts';
import { createProbes } from '../../src/flows/probes/index.ts';
import { noteReleases, releasesOf, withStability } from '../../src/flows/releases.ts';
import type { DeployTarget } from '../../src/ports/deploy-target.ts';
import type { Flag } from '../../src/ports/settings.ts';
import { declared, opening, phase } from '../contracts/store-kit.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { SHOP, START } from '../world/scenes/deploy.ts';

const H = 3_600_000;
const VERSIONS = ['v1.0.0', 'v1.0.1', 'v1.1.0-rc1', 'v1.1.0'];

function world() {
  const disk = new DurableDisk();
  const time = createVirtualTime(START);
  const now = { live: 'v1.0.0', down: false, changedAt: START };
  const target: DeployTarget = {
    caps: { compareAndSet: 'lock', freeze: true, restoresConfig: 'none' },
    list: async () =>
      VERSIONS.map((ref, index) => ({
        ref,
        version: ref,
        artefact: ref,
        createdAt: START + index,
        status: 'available' as const,
      })).toReversed(),
    current: async () => {
      if (now.down) throw new BelayError('BELAY_TARGET_UNREACHABLE', 'away');
      return { release: now.live, fingerprint: now.live, units: [], frozen: true, changedAt: now.changedAt, previous: null };
    },
    restorable: async (ref) => (ref === 'v1.1.0-rc1' ? { ok: false, why: 'pruned' } : { ok: true, artefact: ref }),
    rollTo: async () => undefined,
    changedFiles: async (from, to) => [`${from}..${to}`],
    read: async (release, file) => `${file} of ${release}`,
    freeze: async () => undefined,
  };
  const incidents = createVirtualIncidentStore({ disk, digest: createFakeDigest(), time });
  const past = { system: SHOP, releases: createVirtualReleaseHistory({ disk }), incidents, time };
  const targets = { shop: withStability('shop', target, past) };
  const pass = async (hours: number, live: string): Promise<void> => {
    if (now.live !== live) now.changedAt = time.now();
    now.live = live;
    await noteReleases({ ...past, targets });
    for (let minutes = 0; minutes < hours * 60; minutes += 5) {
      time.jumpWallClock(5 * 60_000);
      await noteReleases({ ...past, targets });
    }
  };
  return { now, incidents, past, plain: target, targets, pass };
}

describe('the releases of a target', () => {
  it('say which one is live, which was healthy for 48 hours, of what kind each is, and which can be put back', async () => {
    const { past, targets, pass } = world();
    await pass(50, 'v1.0.0');
    await pass(10, 'v1.0.1');
    await pass(49, 'v1.1.0-rc1');
    await pass(1, 'v1.1.0');
    const list = await releasesOf({ ...past, targets }, 'shop');
    expect(list).toMatchObject({ target: 'shop', live: 'v1.1.0', frozen: true, soakMs: 48 * H, lastStable: 'v1.0.0' });
    expect(
      list.releases.map(({ ref, kind, healthyMs, stableSince, notRestorable, isLive }) => ({
        ref,
        kind,
        healthyMs,
        stableSince,
        notRestorable,
        isLive,
      })),
    ).toEqual([
      { ref: 'v1.1.0', kind: 'feature', healthyMs: H, stableSince: null, notRestorable: null, isLive: true },
      { ref: 'v1.1.0-rc1', kind: 'candidate', healthyMs: 49 * H, stableSince: START + 108 * H, notRestorable: 'pruned', isLive: false },
      { ref: 'v1.0.1', kind: 'hotfix', healthyMs: 10 * H, stableSince: null, notRestorable: null, isLive: false },
      { ref: 'v1.0.0', kind: 'major', healthyMs: 50 * H, stableSince: START + 48 * H, notRestorable: null, isLive: false },
    ]);
    expect(await releaseFacts(targets.shop)).toEqual({ current: 'v1.1.0', previous: 'v1.0.1', stable: 'v1.0.0' });
  });

  it('are stable after the soak that their target says, and the probe says it of what is live', async () => {
    const { past, plain, targets, pass } = world();
    const [target] = SHOP.targets;
    const hours = async (soakMs: number): Promise<unknown> => {
      const system = { ...SHOP, targets: [{ ...target, soakMs } as (typeof SHOP.targets)[number]] };
      const shop = withStability('shop', plain, { ...past, system });
      const list = await releasesOf({ ...past, system, targets }, 'shop');
      const asked = await createProbes({ targets: { shop } } as never)['stable']?.measure({ target: 'shop' });
      return [list.soakMs, list.releases.at(-1)?.stableSince, asked?.known === true ? asked.values : asked];
    };
    await pass(50, 'v1.0.0');
    expect(await hours(24 * H)).toEqual([24 * H, START + 24 * H, { stable: true, version: 'v1.0.0' }]);
    expect(await hours(72 * H)).toEqual([72 * H, null, { stable: false, version: 'v1.0.0' }]);
    await pass(1, 'v1.0.1');
    expect(await hours(24 * H)).toEqual([24 * H, START + 24 * H, { stable: false, version: 'v1.0.1' }]);
  });

  it('are not stable for the time that an incident took', async () => {
    const { past, targets, pass, incidents } = world();
    await incidents.declare('shop', (number) => opening('shop')(number));
    await pass(60, 'v1.0.0');
    expect((await releasesOf({ ...past, targets }, 'shop')).releases.at(-1)?.stableSince).toBeNull();
  });

  it('are not stable for the time that Belay was down, nor for an incident that names no component', async () => {
    const { past, targets, pass, incidents } = world();
    const target = SHOP.targets[0] as (typeof SHOP.targets)[number];
    const system = { ...SHOP, targets: [{ ...target, component: 'shop' }] };
    const shop = async () => (await releasesOf({ ...past, system, targets }, 'shop')).releases.at(-1);
    await pass(1, 'v1.0.0');
    past.time.jumpWallClock(100 * H);
    await pass(1, 'v1.0.0');
    expect(await shop()).toMatchObject({ healthyMs: 2 * H, stableSince: null });
    const declaration = declared(1, { at: START });
    await incidents.declare('all', () => ({
      key: 'all',
      events: [{ ...declaration, data: { ...declaration.data, components: [] } } as never],
    }));
    expect((await shop())?.healthyMs).toBe(0);
  });

  it('are not stable any more when Belay rolled away from them, so that the next bad release goes back to the one that holds', async () => {
    const { targets, pass, incidents, past } = world();
    const trouble = async (key: string, live: string) => {
      const { incident } = await incidents.declare(key, (number) => ({
        key,
        events: [declared(number, { fingerprint: key, at: past.time.now() })],
      }));
      past.time.jumpWallClock(20_000);
      await pass(1, live);
      await incidents.append(incident.id, { key: 'over', events: [phase('triage', 'mitigated', past.time.now())] });
    };
    await pass(50, 'v1.0.0');
    await pass(50, 'v1.0.1');
    await trouble('first', 'v1.0.0');
    await pass(2, 'v1.0.0');
    await pass(1, 'v1.1.0');
    await trouble('second', 'v1.1.0');
    expect(await releaseFacts(targets.shop)).toEqual({ current: 'v1.1.0', previous: 'v1.0.0', stable: 'v1.0.0' });
    const { releases } = await releasesOf({ ...past, targets }, 'shop');
    expect(releases.filter(({ rolledAway }) => rolledAway).map(({ ref }) => ref)).toEqual(['v1.0.1']);
    const actions = createActions({ targets, switches: {}, pause: undefined as never });
    expect(await actions['deploy.rollback']?.impossible({ target: 'shop', to: 'v1.0.0' })).toBeNull();
  });

  it('are neither stable nor what "previous" means when Belay rolled away from them after a measure had helped, until they are live again', async () => {
    const { targets, pass, incidents, past } = world();
    const rows = async () => (await releasesOf({ ...past, targets }, 'shop')).releases;
    const away = async () => (await rows()).filter(({ rolledAway }) => rolledAway).map(({ ref }) => ref);
    await pass(50, 'v1.0.0');
    await pass(50, 'v1.0.1');
    const { incident } = await incidents.declare('first', (number) => ({
      key: 'first',
      events: [declared(number, { fingerprint: 'first', at: past.time.now() })],
    }));
    past.time.jumpWallClock(600_000);
    await incidents.append(incident.id, { key: 'helped', events: [phase('triage', 'mitigated', past.time.now())] });
    await pass(1, 'v1.0.1');
    await pass(1, 'v1.0.0');
    await incidents.append(incident.id, { key: 'over', events: [phase('mitigated', 'resolved', past.time.now())] });
    await pass(1, 'v1.1.0');
    expect(await away()).toEqual(['v1.0.1']);
    expect(await releaseFacts(targets.shop)).toEqual({ current: 'v1.1.0', previous: 'v1.0.0', stable: 'v1.0.0' });
    expect((await rows()).find(({ ref }) => ref === 'v1.0.1')?.stableSince).toBeNull();
    await pass(1, 'v1.0.1');
    expect(await away()).toEqual([]);
  });

  it('are told by a target that can still do all that it could: say which files differ, among others', async () => {
    const { past, plain } = world();
    const able = { ...plain, changedFiles: async () => ['package.json'], resolve: async () => 'v1.0.0' };
    const shop = withStability('shop', able, past);
    expect(Object.keys(shop).toSorted()).toEqual(Object.keys(able).toSorted());
    const changed = createProbes({ targets: { shop } } as never)['changed'];
    expect(await changed?.measure({ target: 'shop', from: 'v1.0.0', to: 'v1.0.1' })).toMatchObject({ values: { changed: true } });
  });

  it('are a floor: nothing is rolled back behind the newest stable one', async () => {
    const { targets, pass } = world();
    await pass(50, 'v1.0.1');
    await pass(1, 'v1.1.0');
    const actions = createActions({ targets, switches: {}, pause: undefined as never });
    expect(await actions['deploy.rollback']?.impossible({ target: 'shop', to: 'v1.0.0' })).toBe(
      'release v1.0.0 lies behind v1.0.1, the newest stable release of shop',
    );
    expect(await actions['deploy.rollback']?.impossible({ target: 'shop', to: 'v1.0.1' })).toBeNull();
  });

  it('tell their files as before: which differ, and the text of one', async () => {
    const { targets } = world();
    expect(await targets.shop.changedFiles?.('v1.0.0', 'v1.1.0', [])).toEqual(['v1.0.0..v1.1.0']);
    expect(await targets.shop.read?.('v1.0.0', 'flags.json')).toBe('flags.json of v1.0.0');
  });

  it('are what was seen last while their target cannot be reached', async () => {
    const { past, targets, pass, now } = world();
    await pass(50, 'v1.0.0');
    now.down = true;
    await noteReleases({ ...past, targets });
    now.down = false;
    expect((await releasesOf({ ...past, targets }, 'shop')).releases.at(-1)?.healthyMs).toBe(50 * H);
    await expect(releasesOf({ ...past, targets }, 'nowhere')).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND' });
  });
});

describe('a release that goes live again while a flag is on that it never ran with', () => {
  it('is known by what it ran with before, through the incident and until it has run well with the flag for hours', async () => {
    const { past, targets, incidents } = world();
    const flag = { on: false };
    const voice = { notes: [], knowsOrgs: false, evaluate: async () => flag.on } as unknown as Flag;
    const system = { ...SHOP, flags: [{ id: 'voice' }] } as unknown as typeof SHOP;
    const live = async (hours: number): Promise<string | undefined> => {
      for (let minutes = 0; minutes <= hours * 60; minutes += 5) {
        await noteReleases({ ...past, system, targets, flags: { voice } });
        past.time.jumpWallClock(5 * 60_000);
      }
      return (await past.releases.surroundings('shop', 'v1.0.0'))?.flags['voice'];
    };
    expect(await live(1)).toBe('[["",false]]');
    flag.on = true;
    expect(await live(0)).toBe('[["",false]]');
    const { incident } = await incidents.declare('x', (number) => ({
      key: 'x',
      events: [declared(number, { fingerprint: 'x', at: past.time.now() })],
    }));
    expect(await live(9)).toBe('[["",false]]');
    await incidents.append(incident.id, { key: 'over', events: [phase('triage', 'mitigated', past.time.now())] });
    expect(await live(3)).toBe('[["",false]]');
    expect(await live(2)).toBe('[["",true]]');
  });
});
