// What surrounds the release that a plan would put live: which steps are judged, and what is not known of flags and settings. Stores are stand-ins.
import { describe, expect, it } from 'vitest';
import { createVirtualDeployTarget } from '../../src/adapters/virtual/deploy-target.ts';
import { NO_JUMPS } from '../../src/domain/jumps.ts';
import type { PlanStep } from '../../src/domain/plan.ts';
import { markOf, type Surroundings } from '../../src/domain/surroundings.ts';
import { type AroundWorld, judgeSurroundings } from '../../src/flows/surroundings.ts';
import type { Flag, SettingStore } from '../../src/ports/settings.ts';
import { SHOP } from '../world/scenes/deploy.ts';

type Values = Readonly<Record<string, string | boolean>>;

const flag = (values: Values, knowsOrgs = false): Flag =>
  ({
    ...{ notes: [], knowsOrgs },
    get: async () => ({ value: new Set(Object.values(values)).size === 1 ? (values[''] ?? null) : 'by organization', fingerprint: '' }),
    evaluate: async (org: string | null) => values[org ?? ''] ?? values[''] ?? null,
  }) as unknown as Flag;
const settings = (values: Values): SettingStore =>
  ({
    ...{ notes: [], isSecret: () => false, mark: (value: string) => value },
    ...{ keys: async () => Object.keys(values), get: async () => ({ values, fingerprint: '' }) },
  }) as unknown as SettingStore;

interface Scene {
  readonly voice?: Flag;
  readonly env?: SettingStore;
  readonly then?: Surroundings;
  readonly orgs?: number;
}

function world({ voice, env, then, orgs = 2 }: Scene): AroundWorld {
  const organizations = Array.from({ length: orgs }, (_, at) => ({ ...SHOP.organizations[0], id: `org${at}` }));
  return {
    system: { ...SHOP, organizations, flags: [{ id: 'voice' }], config: [{ id: 'env' }] } as unknown as AroundWorld['system'],
    targets: {},
    ...(voice === undefined ? {} : { flags: { voice } }),
    ...(env === undefined ? {} : { configs: { env } }),
    releases: { surroundings: async () => then ?? null } as unknown as NonNullable<AroundWorld['releases']>,
  };
}

const step = (action: string, args: PlanStep['args']): PlanStep => ({
  ...{ id: 'switch', kind: 'do', title: '', effect: 'change', action, args: { target: 'shop', ...args } },
});
const whys = async (scene: Scene, ...steps: readonly PlanStep[]) =>
  ((await judgeSurroundings(world(scene), steps, NO_JUMPS))?.reasons ?? []).map((one) => `${one.why} ${one.release ?? ''}`.trim());

const OFF_THEN: Surroundings = { flags: { voice: markOf({ '': false }) }, configs: { env: { PORT: '1' } } };

describe('a step that puts a release live', () => {
  it('is judged by its flags and settings whichever of the actions it is, a rollback or an activation', async () => {
    const scene = { voice: flag({ '': true }), env: settings({}), then: OFF_THEN };
    for (const action of ['deploy.rollback', 'deploy.activate'])
      expect(await whys(scene, step(action, { to: 'v1' }))).toEqual(['flag-changed v1', 'config-back v1']);
    const built = step('deploy.commit', { commit: 'abc' });
    expect(await whys(scene, { ...built, desired: 'v1' })).toEqual(['flag-changed v1', 'config-back v1']);
    const connect = { ...step('service.connect', {}), args: { service: 'shop' }, builds: [{ target: 'shop', release: 'v1' }] };
    expect(await whys(scene, connect)).toEqual(['flag-changed v1', 'config-back v1']);
    expect(await whys(scene, { ...connect, effect: 'noop' })).toEqual([]);
    expect(await whys(scene, { ...built, desired: 'v1', effect: 'noop' })).toEqual([]);
    expect(await whys(scene, { ...step('deploy.activate', { to: 'v1' }), effect: 'noop' })).toEqual([]);
    expect(await whys(scene, step('deploy.freeze', { to: 'v1' }))).toEqual([]);
  });

  it('by taking back one change makes code that nobody saw run: a flag that is on counts as not seen', async () => {
    const revert = step('deploy.revert', { commit: '4f2a9c11d0e7b3' });
    expect(await whys({ voice: flag({ '': true }), then: OFF_THEN }, revert)).toEqual(['flag-unseen revert(4f2a9c11d0e7)']);
    expect(await whys({ voice: flag({ '': false }), then: OFF_THEN }, revert)).toEqual([]);
    expect(await whys({ then: OFF_THEN }, revert)).toEqual([]);
  });

  it('by taking back one change is judged by the settings that ran before that change came', async () => {
    const releases = ['c1', 'c2', 'c3'].map((ref, at) => ({ ref, createdAt: at }));
    const shop = createVirtualDeployTarget({ releases, now: () => 0 });
    const kept: Readonly<Record<string, Surroundings>> = { c1: { flags: {}, configs: { env: { PORT: '1', KEY: 'k' } } } };
    const seen = async (commit: string, env: Values) => {
      const releasesSeen = { surroundings: async (_target: string, release: string) => kept[release] ?? null };
      const base = { ...world({ env: settings(env) }), targets: { shop }, releases: releasesSeen as never };
      return ((await judgeSurroundings(base, [step('deploy.revert', { commit })], NO_JUMPS))?.reasons ?? []).map(
        (one) => `${one.why} ${one.ids?.join() ?? ''} ${one.release ?? ''}`,
      );
    };
    expect(await seen('c2', { PORT: '1', KEY: 'k' })).toEqual([]);
    expect(await seen('c2', { PORT: '1' })).toEqual(['config-lacks KEY revert(c2)']);
    expect(await seen('c3', { PORT: '1' })).toEqual(['config-unseen  revert(c3)']);
  });
});

describe('a flag with values of its own for organizations', () => {
  const back = step('deploy.rollback', { to: 'v1' });
  const off = { ...step('flag.set', { flag: 'voice', to: false }), id: 'off' };

  it('counts as not seen where there are too many to ask and one of them has another value: off for the others is not off', async () => {
    const one = { voice: flag({ '': false, org7: true }, true), then: OFF_THEN, orgs: 51 };
    expect(await whys({ ...one, orgs: 50 }, back)).toEqual(['flag-changed v1']);
    expect(await whys(one, back)).toEqual(['flag-unseen v1']);
    expect(await whys(one, off, back)).toEqual(['flag-off-first v1']);
    expect(await whys({ ...one, voice: flag({ '': 'variant-a' }, true) }, back)).toEqual(['flag-unseen v1']);
    expect(await whys({ ...one, voice: flag({ '': false, org7: true }) }, back)).toEqual([]);
  });

  it('is off, or as it was, where the store says the same of all of however many', async () => {
    expect(await whys({ voice: flag({ '': false }, true), orgs: 51 }, back)).toEqual([]);
    expect(await whys({ voice: flag({ '': true }, true), then: OFF_THEN, orgs: 51 }, back)).toEqual(['flag-changed v1']);
    const on = { flags: { voice: markOf({ '': true }) }, configs: {} };
    expect(await whys({ voice: flag({ '': true }, true), then: on, orgs: 51 }, back)).toEqual([]);
  });
});
