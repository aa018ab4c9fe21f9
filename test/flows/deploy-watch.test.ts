// What looks after the deploys of targets, over time: gaps, clocks that are set back, names that move, tests that fail by a flake or take long.
import { describe, expect, it } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { createVirtualDeployTarget } from '../../src/adapters/virtual/deploy-target.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { PROBES } from '../../src/domain/catalog.ts';
import { BelayError } from '../../src/domain/errors.ts';
import { createDeployRules, createDeployWatches } from '../../src/flows/deploy-policy.ts';
import { startLoops } from '../../src/flows/loops.ts';
import { releasesOf } from '../../src/flows/releases.ts';
import { createWorld, SHOP, START } from '../world/scenes/deploy.ts';

const MINUTE = 60_000;
type Said = 'ok' | 'fails' | 'breaks off';

/** `app` comes after `staging`; each is tested by the suite of its name. */
function shop() {
  const clock = createVirtualTime(START, 7);
  const releases = ['v1', 'v2', 'v3'].map((ref, index) => ({ ref, createdAt: START - 1_000 + index }));
  const made = () => createVirtualDeployTarget({ releases, live: 'v1', now: () => clock.now() });
  const targets = { staging: made(), app: made() };
  const deploys = [
    { target: 'staging', smoke: { probe: 'smoke', of: 'staging' } },
    { target: 'app', stagedOn: 'staging', smoke: { probe: 'smoke', of: 'app' } },
  ] as const;
  const tested: string[] = [];
  const reports: string[] = [];
  const suites: Record<string, () => Promise<Said>> = {};
  const measure = async ({ suite }: { readonly [name: string]: unknown }) => {
    const id = String(suite) as keyof typeof targets;
    tested.push(`${id} ${(await targets[id].current()).release}`);
    const said = (await suites[id]?.()) ?? 'ok';
    if (said === 'breaks off') return { known: false, why: 'it broke off' } as const;
    const failed = said === 'ok' ? 0 : 1;
    return { known: true, values: { ok: failed === 0, exit: failed, failed, passed: 1, skipped: 0 } } as const;
  };
  const base = createWorld({ disk: new DurableDisk(), clock, kill: new KillSwitch() });
  const world = {
    ...base,
    system: { ...SHOP, policy: { ...SHOP.policy, deploys } },
    targets,
    expression: createCel(),
    probes: { smoke: { spec: PROBES['smoke'] as never, measure } },
    readings: {
      ...base.readings,
      report: async ({ text }: { readonly text: string }) => {
        reports.push(text);
        return { transitions: [] } as never;
      },
    },
  };
  let watches = createDeployWatches(world);
  const look = async (turns = 1, everyMs = 10_000): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1) {
      await Promise.all(watches.map((watch) => watch()));
      clock.pass(everyMs);
    }
  };
  /** What was kept in memory is gone. */
  const restart = (): void => {
    watches = createDeployWatches(world);
  };
  return { clock, world, targets, tested, reports, suites, look, restart, watches };
}

describe('the look at deploys', () => {
  it('of one target goes on while the suite of another takes its time', async () => {
    const { clock, world, targets, tested, suites } = shop();
    let end = (_said: Said): void => undefined;
    const over = new Promise<Said>((resolve) => {
      end = resolve;
    });
    suites['staging'] = () => over;
    const loops = startLoops(world, (error) => {
      throw error;
    });
    await clock.advance(15_000);
    targets.app.deploy('v2');
    await clock.advance(15_000);
    expect(tested).toEqual(['staging v1', 'app v1', 'app v2']);
    end('ok');
    await Promise.all([loops.stop(), clock.advance(MINUTE)]);
  });

  it('waits for a target that cannot be reached, and tells whatever else goes wrong as what it is', async () => {
    const { world, targets, watches } = shop();
    const [staging] = createDeployWatches({
      ...world,
      targets: {
        ...targets,
        staging: { ...targets.staging, current: () => Promise.reject(new BelayError('BELAY_TARGET_UNREACHABLE', 'away')) },
      },
    });
    expect(watches).toHaveLength(2);
    await expect(staging?.()).resolves.toBeUndefined();
    const bug = new TypeError('a bug');
    const [other] = createDeployWatches({
      ...world,
      targets: { ...targets, staging: { ...targets.staging, current: () => Promise.reject(bug) } },
    });
    await expect(other?.()).rejects.toBe(bug);
  });

  it('tells of a release past staging also where Belay was killed after it had seen it, and was away for long', async () => {
    const { world, targets, tested, reports, look, clock } = shop();
    await look();
    targets.app.deploy('v2');
    // It is seen, and Belay is killed before it is tested.
    await world.releases.note('app', 'v2', { at: clock.now(), changedAt: clock.now() });
    clock.pass(6 * MINUTE);
    await look();
    expect(reports).toEqual(['v2 went live on app without having passed on staging.']);
    expect(tested.filter((one) => one === 'app v2')).toHaveLength(1);
  });

  it('does not take what has been live for weeks for a new deploy because nobody looked for a while', async () => {
    const { targets, tested, look, clock, restart } = shop();
    await look();
    expect(tested).toEqual(['staging v1', 'app v1']);
    clock.pass(21 * 24 * 60 * MINUTE);
    restart();
    await look(3, 6 * MINUTE);
    expect(tested).toEqual(['staging v1', 'app v1']);
    targets.staging.deploy('v2');
    await look();
    expect(tested.slice(2)).toEqual(['staging v2']);
  });

  it('goes on testing while a clock that was set back catches up, once a deploy', async () => {
    const { clock, targets, tested, reports, look } = shop();
    await look();
    clock.jumpWallClock(-60 * MINUTE);
    targets.app.deploy('v2');
    await look(2);
    expect([tested.slice(2), reports]).toEqual([['app v2'], ['v2 went live on app without having passed on staging.']]);
    targets.staging.deploy('v3');
    await look(120, MINUTE);
    expect([tested.slice(3), reports.length]).toEqual([['staging v3'], 1]);
  });

  it('tests what is put live anew under the same name, and what passed under it before lets nothing go live', async () => {
    const { world, targets, tested, reports, suites, look } = shop();
    const rules = createDeployRules(world.system, targets, world.releases);
    const shown = async () => (await releasesOf(world, 'staging')).releases.find((one) => one.ref === 'v2')?.smoke;
    await look();
    targets.staging.deploy('v2');
    await look(3);
    expect([await rules.refusal('app', 'v2', { step: 'any' }), await shown()]).toEqual([null, 'pass']);
    targets.staging.deploy('v2');
    expect(await rules.refusal('app', 'v2', { step: 'any' })).toContain('may not go live');
    expect(await shown()).toBeNull();
    suites['staging'] = async () => 'fails';
    await look(3);
    expect(tested.slice(2)).toEqual(['staging v2', 'staging v2']);
    expect(reports).toEqual(['The smoke test after the deploy of v2 to staging failed: exit 1, 1 failed, 1 passed.']);
    expect(await rules.refusal('app', 'v2', { step: 'any' })).toContain('its smoke test failed');
  });

  it('does not take a change that has begun for the deploy of what it has not replaced yet', async () => {
    const { clock, targets, tested, look } = shop();
    await look();
    targets.staging.deploy('v2');
    await look();
    targets.staging.begin('v3');
    const { current } = targets.staging;
    const begunAt = clock.now();
    targets.staging.current = async () => ({ ...(await current()), changedAt: begunAt });
    await look(70);
    expect(tested.slice(2)).toEqual(['staging v2']);
  });

  it('tests again every few minutes what did not pass while it is live there, tells people once, and lets go forward what passes then', async () => {
    const { world, targets, tested, reports, suites, look, restart, clock } = shop();
    const rules = createDeployRules(world.system, targets, world.releases);
    const why = () => rules.refusal('app', 'v2', { step: 'any' });
    await look();
    suites['staging'] = async () => 'breaks off';
    expect(await why()).toContain('nobody has seen it pass on staging; put it live on staging and let its smoke test pass first');
    targets.staging.deploy('v2');
    expect(await why()).toContain('it is live on staging, and its smoke test there has not passed yet; wait until it has');
    await look(3);
    expect(tested.slice(2)).toEqual(Array.from({ length: 3 }, () => 'staging v2'));
    await look(24);
    restart();
    await look(4);
    expect(tested.slice(5)).toEqual([]);
    expect(await why()).toContain('could not be told (it broke off); while it is live there it is tested again every 5 minutes: mend');
    suites['staging'] = async () => 'fails';
    await look(6);
    expect(tested.slice(5)).toEqual(['staging v2']);
    expect(await why()).toContain('on staging its smoke test failed');
    // That nothing could be told takes the failure not back.
    suites['staging'] = async () => 'breaks off';
    await look(60);
    expect(tested.slice(6)).toEqual(['staging v2', 'staging v2']);
    expect(await why()).toContain('on staging its smoke test failed (exit 1');
    // A clock that is set back makes no test wait.
    clock.jumpWallClock(-60 * MINUTE);
    suites['staging'] = async () => 'ok';
    await look(60);
    expect(tested.slice(8)).toEqual(['staging v2']);
    expect(await why()).toBeNull();
    expect(reports).toEqual(['The smoke test after the deploy of v2 to staging could not tell: it broke off.']);
  });

  it('says of what failed and is not live on staging any more that it must be put there once more', async () => {
    const { world, targets, suites, look } = shop();
    suites['staging'] = async () => 'fails';
    targets.staging.deploy('v2');
    await look();
    targets.staging.deploy('v1');
    await look();
    expect(await createDeployRules(world.system, targets, world.releases).refusal('app', 'v2', { step: 'any' })).toBe(
      'release v2 may not go live on app: on staging its smoke test failed (exit 1, 1 failed, 1 passed); put it live on staging once more and let its smoke test pass first: while it is live there it is tested again every 5 minutes (belay releases staging shows it). A rollback to an earlier release is free',
    );
  });
});
