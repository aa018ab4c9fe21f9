// Guard G10 as it runs: an unsigned sender's word is enough to act on only while something that Belay counts itself says the same.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { corroboratorsOf } from '../../src/domain/corroboration.ts';
import type { SignalSpec } from '../../src/domain/signal.ts';
import type { SourceSpec } from '../../src/domain/source-catalog.ts';
import type { System } from '../../src/domain/system.ts';
import type { TriggerView } from '../../src/domain/trigger.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, SHOP, START, startLife, viewOf } from '../world/scenes/deploy.ts';

const hook = (more: object): SourceSpec =>
  ({ id: 'hook', driver: 'webhook', everyMs: 1_000, verify: 'none', name: 'failed', ...more }) as unknown as SourceSpec;
const probe = { id: 'checkout', driver: 'http', everyMs: 1_000, timeoutMs: 1_000 } as unknown as SourceSpec;
const signal = (id: string, kind: SignalSpec['signal'], sources: readonly string[]): SignalSpec => ({
  id,
  signal: kind,
  by: null,
  max: 10,
  lateMs: 0,
  absentAfter: { cadences: 3 },
  sources,
});
const name = (of: string) => ({ name: of, labels: [] });
const systemWith = (more: object): System => ({
  ...SHOP,
  sources: [hook(more), probe],
  signals: [
    signal('answers', { kind: 'probe', source: 'checkout', failing: 1, consecutive: 3 }, []),
    signal('failed', { kind: 'count', of: name('failed') }, ['hook']),
    signal('anything', { kind: 'count', of: name('failed') }, []),
    signal('said', { kind: 'manual', who: [], ask: '?' }, []),
    signal('both', { kind: 'composite', of: ['checkout-down'], atLeast: 1 }, []),
  ],
  triggers: [
    ...SHOP.triggers,
    ...['checkout-down:answers', 'hooked:failed', 'any:anything', 'people:said', 'several:both'].map((one) => {
      const [id = '', of = ''] = one.split(':');
      return { ...(SHOP.triggers[0] as System['triggers'][number]), id, signal: of, scope: 'all' as const };
    }),
  ],
});

async function decided(more: object, probed: readonly TriggerView[]) {
  const disk = new DurableDisk();
  const clock = createVirtualTime(START, 3);
  const views = (trigger: string) =>
    trigger === 'checkout-down' ? probed : ['acme', 'globex', 'initech'].map((org) => viewOf(org, clock.now()));
  const { world } = await startLife({ disk, clock, views, system: systemWith(more) });
  const transition = breachOf('acme', START);
  await breach(disk, { ...transition, inputs: { ...transition.inputs, sources: ['hook'] } });
  await clock.advance(120_000);
  const [decision] = (await world.incidents.events('INC-1')).filter((event) => event.type === 'decision.made');
  if (decision?.type !== 'decision.made') throw new Error('nothing was decided');
  return {
    choice: decision.data.choice,
    g10: decision.data.guards.find((guard) => guard.guard === 'G10')?.answer,
    effects: fakeTargetOn(disk, 'shop', BAD_RELEASE).effects.map((effect) => effect.to),
  };
}

const ASKED = { choice: 'ask', g10: 'inconclusive', effects: [] };
const ACTED = { choice: 'act', g10: 'pass', effects: [GOOD_RELEASE] };
const healthy = { status: 'ok', level: 'none', bad: 0, overLimit: false } as const;

describe('an unsigned sender', () => {
  it('alone makes Belay ask, also while a probe that nobody named says the same', async () => {
    expect(await decided({}, [viewOf('', START)])).toEqual(ASKED);
  });

  it.each(['checkout-down', 'checkout'])('makes Belay act while %s, which it names, is in breach', async (corroboratedBy) => {
    expect(await decided({ corroboratedBy }, [viewOf('', START)])).toEqual(ACTED);
  });

  it.each([
    ['sees nothing', [viewOf('', START, healthy)]],
    ['has no fresh data', [viewOf('', START, { unknown: true })]],
    ['was in breach a while ago', [viewOf('', START, { overLimit: false })]],
    ['has told nobody yet', [viewOf('', START, { status: 'suspect', announced: false })]],
    ['is of another organization', [viewOf('globex', START)]],
    ['has never spoken', []],
  ] as const)('makes Belay ask while what it names %s', async (_what, probed) => {
    expect(await decided({ corroboratedBy: 'checkout-down' }, probed)).toEqual(ASKED);
  });

  it('that signs needs nobody', async () => {
    expect(await decided({ verify: 'bearer', secret: 's' }, [])).toEqual(ACTED);
  });
});

describe('what confirms', () => {
  it.each([
    ['a trigger over a probe', 'checkout-down', ['checkout-down']],
    ['a source of our own', 'checkout', ['checkout-down']],
    ['a trigger over the sender itself', 'hooked', []],
    ['the sender', 'hook', []],
    ['a trigger over whatever comes', 'any', []],
    ['people', 'people', []],
    ['a trigger over triggers', 'several', []],
    ['nothing', 'nobody', []],
  ] as const)('is counted by Belay itself: %s', (_what, named, triggers) => {
    expect(corroboratorsOf(systemWith({}), named)).toEqual(triggers);
  });
});
