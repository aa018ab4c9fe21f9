// A target that says that it has given up is believed at once, but only of the change that is ours.
import { expect, test } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualEngine } from '../../src/adapters/virtual/engine.ts';
import { createVirtualJournal, journalLinesOf } from '../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../src/adapters/virtual/pause.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { ACTIONS } from '../../src/domain/catalog.ts';
import { performDo } from '../../src/flows/do.ts';
import type { Action, Observation } from '../../src/ports/action.ts';
import { createFakeAction, fakeTargetOn } from '../world/fakes/action.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';

const TIMEOUT_MS = 600_000;

/** The act moves the target to `lands`; `told` says what an observation adds. */
async function play(lands: string, told: (seen: Observation, acted: boolean) => Partial<Observation>) {
  const [disk, clock, kill] = [new DurableDisk(), createVirtualTime(1_000_000), new KillSwitch(null)];
  const time = clock.ofLife(kill);
  const target = fakeTargetOn(disk, 'web', 'v2');
  const spec = ACTIONS['deploy.rollback'] as never;
  const fake = createFakeAction({ spec, target, name: 'target:web', kill, wanted: (args) => String(args['to']) });
  const action: Action = {
    ...fake,
    act: (_args, o) => fake.act({ to: lands }, o),
    observe: async (args) => {
      const seen = await fake.observe(args);
      return { ...seen, ...told(seen, target.effects.length > 0) };
    },
  };
  const world = {
    journal: createVirtualJournal({ digest: createFakeDigest(), disk, kill }),
    pause: createVirtualPause({ disk, kill, time }),
    engine: createVirtualEngine({ disk, clock, kill }),
    time,
    probes: {},
    expression: { check: () => [], evaluate: () => ({ ok: true as const, value: true }) },
  };
  const ids = { key: 'run/switch#1', run: 'run', incident: 'INC-1', step: 'switch', attempt: 1, actor: 'belay', reason: 'INC-1' };
  const startedAt = clock.now();
  const ended = performDo(world, {
    ...ids,
    action,
    args: { target: 'web', to: 'v1' },
    expected: 'v2@1',
    verify: [],
    lookup: () => undefined,
    timeoutMs: TIMEOUT_MS,
    earlier: [],
  });
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  await clock.advanceUntil(() => isOver, 2 * TIMEOUT_MS);
  return { outcome: await ended, tookMs: clock.now() - startedAt, lines: journalLinesOf(disk) };
}

test('a change that the target has taken back is told at once as unknown, with its reason, instead of at the time-out', async () => {
  const { outcome, tookMs, lines } = await play('v3', (_seen, acted) => (acted ? { gaveUp: 'its health check failed' } : {}));
  expect(outcome).toMatchObject({ status: 'unknown', message: 'the target gave up: its health check failed' });
  expect(tookMs).toBeLessThan(2_000);
  expect(lines.map((line) => [line.kind, line.effect])).toEqual([
    ['intent', 'none'],
    ['outcome', 'unknown'],
  ]);
});

test('what it gave up before our change, the bad deploy itself, does not end the wait for ours', async () => {
  const { outcome } = await play('v1', (seen) => (seen.reached ? {} : { gaveUp: 'the deploy of v2 failed' }));
  expect(outcome).toMatchObject({ status: 'done' });
});
