// What people said counts for its time and no longer: not in a trigger over triggers, and not when Belay decides late.
import { describe, expect, test } from 'vitest';
import type { TriggerRule } from '../../src/domain/trigger.ts';
import { DetectWorld, ERRORS, signal, trigger } from './detect-world.ts';

const HOUR = 3_600_000;
const unmeasured = (id: string): TriggerRule => {
  const { breach: _breach, clear: _clear, ...rule } = trigger(id);
  return rule;
};

const both = (): DetectWorld =>
  new DetectWorld({
    signals: [
      signal(ERRORS),
      signal({ kind: 'manual', who: ['approver'], ask: 'Is it broken?' }, { sources: [] }),
      signal({ kind: 'composite', of: ['ratio', 'manual'], atLeast: 2 }, { sources: [] }),
    ],
    triggers: [trigger('ratio'), unmeasured('manual'), unmeasured('composite')],
  });

const say = (world: DetectWorld, by = 'ana') =>
  world.detector.readings.report({ trigger: 'manual', scope: 'acme', by, roles: ['approver'], text: 'nothing opens' });

const breaks = (world: DetectWorld) => (): void => {
  for (const org of ['acme', 'globex']) world.shop.serve(org, 20, org === 'acme' ? 10 : 0);
};

describe('a word', () => {
  test('that is an hour old makes up no breach together with what is measured today', async () => {
    const world = both();
    await world.run(70, () => world.shop.serve('acme', 20, 0));
    await say(world);
    expect((await world.view('manual')).status).toBe('breached');
    await world.run(130, () => world.shop.serve('acme', 20, 0));
    world.clock.nowMs += 2 * HOUR;
    await world.run(130, breaks(world));
    expect((await world.view('ratio')).status).toBe('breached');
    expect(await world.path('acme', 'composite')).not.toContain('suspect→breached');
    await say(world);
    expect(await world.path('acme', 'composite')).toContain('suspect→breached');
  });

  test('is no evidence any more when Belay looks again after its time', async () => {
    const world = both();
    await world.run(5, () => world.shop.serve('acme', 20, 0));
    await say(world);
    world.clock.nowMs += HOUR;
    expect((await world.view('manual')).level).toBe('act');
    world.clock.nowMs += 1;
    expect((await world.view('manual')).level).toBe('none');
  });
});
