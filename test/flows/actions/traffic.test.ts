// `deploy.traffic` over a proxy in memory: the contract, and shares as people write them.
import { expect, it } from 'vitest';
import { BelayError } from '../../../src/domain/errors.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { TrafficSplit } from '../../../src/ports/traffic-split.ts';
import { actionContract } from '../../contracts/action.ts';

function worldOf(): { readonly action: Action; readonly set: (share: number) => void; readonly down: (name: string) => void } {
  let next = 0;
  let up = ['old', 'new'];
  const fingerprint = (): string => `new ${Math.round(next * 100)}`;
  const web: TrafficSplit = {
    compareAndSet: 'native',
    names: ['old', 'new'],
    look: async () => ({ shares: { old: 1 - next, new: next }, up, fingerprint: fingerprint() }),
    put: async (to, share, { expected }) => {
      const wanted = to === 'new' ? share : 1 - share;
      if (Math.abs(wanted - next) < 0.005) return;
      if (expected !== fingerprint()) throw new BelayError('BELAY_TARGET_CONFLICT', 'it is not as it was');
      next = wanted;
    },
  };
  const action = createActions({ targets: {}, switches: {}, proxies: { web }, pause: null as never })['deploy.traffic'];
  if (action === undefined) throw new Error('no action deploy.traffic');
  return {
    action,
    set: (share) => {
      next = share;
    },
    down: (name) => {
      up = up.filter((one) => one !== name);
    },
  };
}

actionContract('deploy.traffic', async () => {
  const { action, set } = worldOf();
  return {
    action,
    args: { proxy: 'web', to: 'new', share: '10%' },
    impossible: { proxy: 'web', to: 'nwe', share: '10%' },
    interfere: async () => set(0.3),
    close: async () => undefined,
  };
});

it.each([
  ['10%', 'old 90%, new 10%'],
  [0.5, 'old 50%, new 50%'],
  ['12.4%', 'old 88%, new 12%'],
  ['100%', 'old 0%, new 100%'],
])('a share of %s is told as what both get', async (share, desired) => {
  expect(await worldOf().action.observe({ proxy: 'web', to: 'new', share })).toMatchObject({ current: 'old 100%, new 0%', desired });
});

it.each([undefined, 'half', 10, '101%', -0.1, true])('a share of %j is none', async (share) => {
  const args = { proxy: 'web', to: 'new', ...(share === undefined ? {} : { share }) };
  await expect(worldOf().action.observe(args)).rejects.toMatchObject({
    code: 'BELAY_INPUT_INVALID',
    effect: 'none',
    hint: expect.any(String),
  });
});

it('a share that nobody can serve is neither possible nor reached', async () => {
  const { action, set, down } = worldOf();
  set(0.1);
  down('new');
  const args = { proxy: 'web', to: 'new', share: '10%' };
  expect(await action.impossible(args)).toContain('new does not answer');
  expect((await action.observe(args)).reached).toBe(false);
  expect(await action.impossible({ ...args, share: '0%' })).toBeNull();
});

it('the one that gets the rest must answer, too: 0 % for the new release sends nobody to an old one that is down', async () => {
  const { action, set, down } = worldOf();
  set(0.5);
  down('old');
  const args = { proxy: 'web', to: 'new', share: '0%' };
  expect(await action.impossible(args)).toContain('old does not answer');
  expect(await action.impossible({ ...args, share: '50%' })).toContain('old does not answer');
  expect(await action.impossible({ ...args, share: '100%' })).toBeNull();
  set(0);
  expect(await action.observe(args)).toMatchObject({ reached: false, current: expect.stringContaining('but old does not answer') });
});
