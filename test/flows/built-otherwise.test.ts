// What goes live by a step is what was approved: where it would be another commit by now, people see the new plan before anything is built.
import { expect, it } from 'vitest';
import { breach, breachOf, GOOD_RELEASE, START } from '../world/scenes/deploy.ts';
import { ANA, asks, openApproval, play } from '../world/scenes/play.ts';

it('a step that would build another commit than the plan named builds nothing until people have approved that one', async () => {
  const one = await play();
  let commit = 'a'.repeat(40);
  one.wrapAction('deploy.freeze', ({ act }) => ({
    act: async (...order) => {
      await act(...order);
      commit = 'b'.repeat(40);
    },
  }));
  one.wrapAction('deploy.rollback', () => ({ builds: async () => [{ target: 'shop', release: commit }] }));
  await breach(one.disk, breachOf('acme', START));
  await one.until(asks);
  expect(one.shop.effects).toEqual([]);
  const [conflict] = (await one.all('step.finished')).filter(({ step }) => step === 'switch');
  expect(conflict).toMatchObject({
    status: 'failed',
    detail: { status: 'conflict', expected: `${'a'.repeat(40)} on shop`, found: `${'b'.repeat(40)} on shop` },
  });
  const { id, planHash } = openApproval(await one.incident());
  expect((await one.world.documents.get(planHash)) as object).toMatchObject({
    steps: expect.arrayContaining([expect.objectContaining({ id: 'switch', builds: [{ target: 'shop', release: 'b'.repeat(40) }] })]),
  });
  await one.commands.approve(ANA, { incident: 'INC-1', approval: id, planHash, decision: 'grant', key: 'yes' });
  await one.until(({ steps }) => steps['switch']?.status === 'done');
  expect(one.shop.effects.map(({ to }) => to)).toEqual([GOOD_RELEASE]);
});
