// Guard G4 as it runs: a provider that is down, or unknown, makes Belay ask instead of rolling back.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Component } from '../../src/domain/system.ts';
import type { TriggerView } from '../../src/domain/trigger.ts';
import { upstreamFacts } from '../../src/flows/upstreams.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, SHOP, START, startLife, viewOf } from '../world/scenes/deploy.ts';

const component = (id: string, dependsOn: readonly string[], downWhen?: string): Component => ({
  id,
  title: id,
  criticality: 'critical',
  dependsOn,
  ...(downWhen === undefined ? {} : { downWhen }),
});
const COMPONENTS = [component('shop', ['api']), component('api', ['supabase', 'shop']), component('supabase', [], 'supabase-down')];
const healthy = { status: 'ok', level: 'none', bad: 0, overLimit: false } as const;

async function decided(provider: readonly TriggerView[]) {
  const disk = new DurableDisk();
  const clock = createVirtualTime(START, 3);
  const views = (trigger: string) =>
    trigger === 'supabase-down' ? provider : ['acme', 'globex', 'initech'].map((org) => viewOf(org, clock.now()));
  const { world } = await startLife({ disk, clock, views, system: { ...SHOP, components: COMPONENTS } });
  await breach(disk, breachOf('acme', START));
  await clock.advance(120_000);
  const [decision] = (await world.incidents.events('INC-1')).filter((event) => event.type === 'decision.made');
  if (decision?.type !== 'decision.made') throw new Error('nothing was decided');
  return {
    choice: decision.data.choice,
    g4: decision.data.guards.find((guard) => guard.guard === 'G4'),
    effects: fakeTargetOn(disk, 'shop', BAD_RELEASE).effects.map((effect) => effect.to),
  };
}

describe('a provider that the hit component depends on, over another one', () => {
  it('is down: Belay asks and changes nothing', async () => {
    const one = await decided([viewOf('', START)]);
    expect(one).toMatchObject({
      choice: 'ask',
      g4: { answer: 'fail', facts: { upstreams: [{ id: 'supabase', healthy: false }] } },
      effects: [],
    });
  });

  it('is not known: Belay asks', async () => {
    expect(await decided([])).toMatchObject({ choice: 'ask', g4: { answer: 'inconclusive' }, effects: [] });
    expect(await decided([viewOf('', START, { ...healthy, unknown: true })])).toMatchObject({
      choice: 'ask',
      g4: { answer: 'inconclusive' },
    });
  });

  it('is beyond its limit, too new to tell or without traffic: Belay asks', async () => {
    for (const doubt of [{ overLimit: true }, { warming: true }, { value: null }, { baseline: null }])
      expect(await decided([viewOf('', START, { ...healthy, ...doubt })])).toMatchObject({
        choice: 'ask',
        g4: { answer: 'inconclusive' },
        effects: [],
      });
  });

  it('is healthy: Belay acts', async () => {
    expect(await decided([viewOf('', START, healthy)])).toMatchObject({ choice: 'act', g4: { answer: 'pass' }, effects: [GOOD_RELEASE] });
  });
});

describe('what counts as a provider', () => {
  const readings = { views: async () => [viewOf('', START, healthy)] } as unknown as Parameters<typeof upstreamFacts>[0]['readings'];
  const ask = (components: readonly Component[], hit: readonly string[]) =>
    upstreamFacts({ system: { ...SHOP, components }, readings }, hit);

  it('is never a component that is hit itself, and a circle ends', async () => {
    expect(await ask(COMPONENTS, ['shop', 'supabase'])).toEqual([]);
    expect(await ask(COMPONENTS, ['shop'])).toEqual([{ id: 'supabase', healthy: true }]);
    expect(await ask(COMPONENTS, [])).toEqual([]);
  });
});
