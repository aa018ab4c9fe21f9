// An undo that waits beside a run which waits for its own: the younger one gives way while there still is time for the way back.
import { expect, it } from 'vitest';
import type { CallStep, DoStep, Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook, stepsOf } from '../../src/domain/ir.ts';
import { linkRunbook } from '../../src/domain/link-runbooks.ts';
import { BAD_RELEASE, GOOD_RELEASE } from '../world/scenes/deploy.ts';
import { ANA, play, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const [rollback, answers] = stepsOf(deployRunbook())
  .map((step) => ({ ...step, evidence: [] }))
  .slice(2) as unknown as [DoStep, Step];
const rest = (id: string, forMs: number): Step => ({ ...STEP, kind: 'wait', id, title: id, forMs });
const call = (id: string, lock: string, runbook: string): CallStep => ({
  ...{ ...STEP, kind: 'call', id, title: id, lock, runbook: bareRunbook(runbook), with: {} },
});
const book = (id: string, steps: readonly Step[]): Runbook =>
  deployRunbook({ id, start: 'ask', clocks: {}, evidence: [], triggers: [], phases: [{ id: 'all', title: 'All', text: '', steps }] });

function linked(runbook: Runbook, others: readonly Runbook[]): Runbook {
  const found = linkRunbook(runbook, (id) => others.find((one) => one.id === id));
  if (!found.ok) throw new Error(JSON.stringify(found.problems));
  return found.runbook;
}

it('an undo that would wait in a circle has the lock as soon as the younger run has given way, however seldom that one looks', async () => {
  const undoing = { ...answers, fail: { then: 'undo' } } as Step;
  const first = linked(book('first', [call('outer', 'a', 'inner')]), [
    book('inner', [call('back', 'b', 'switch'), rest('rest', 1_500_000), undoing]),
    book('switch', [rollback]),
  ]);
  const second = linked(book('second', [call('one', 'b', 'hold')]), [
    book('hold', [rest('short', 60_000), call('two', 'a', 'long')]),
    book('long', [rest('long', 60_000)]),
  ]);
  const one = await play({ runbook: first, orgRunbook: second, heals: false });
  await one.commands.startRun(ANA, { runbook: 'first', inputs: {}, key: 'a' });
  await one.until((incident) => incident.steps['outer.rest']?.status === 'running');
  expect(one.shop.value).toBe(GOOD_RELEASE);
  await one.commands.startRun(ANA, { runbook: 'second', inputs: {}, key: 'b' });
  await one.until((incident) => incident.queued != null, 3_600_000);
  const queuedAt = one.clock.now();
  await one.until((incident) => incident.isRunning === false, 3_600_000);
  expect((await one.all('run.finished')).at(-1)?.reason).toContain('took back outer.back.switch');
  expect([one.shop.value, one.clock.now() - queuedAt < 60_000]).toEqual([BAD_RELEASE, true]);
  expect((await one.world.incidents.load('INC-2'))?.steps['one.two']).toMatchObject({ status: 'failed' });
});
