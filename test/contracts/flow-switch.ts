// What every flow switch promises. `make` gives one with the flows stable and next, three organizations on stable, and the hands of
// somebody who is not Belay.
import { afterEach, describe, expect, it } from 'vitest';
import type { FlowSwitch } from '../../src/ports/flow-switch.ts';

export interface FlowSwitchUnderTest {
  readonly flow: FlowSwitch;
  /** Somebody else puts an organization on a flow. */
  put(org: string, value: string): Promise<void>;
  /** What the service would read. */
  flows(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

const order = (expected: string, key = 'run/switch#1:act') => ({ expected, key, reason: 'INC-1' });

export function flowSwitchContract(name: string, make: () => Promise<FlowSwitchUnderTest>): void {
  describe(`the flow switch contract, kept by ${name}`, () => {
    const open: FlowSwitchUnderTest[] = [];
    const setUp = async (): Promise<FlowSwitchUnderTest> => {
      const made = await make();
      open.push(made);
      for (const org of ['acme', 'globex', 'initech']) {
        await made.flow.get(org);
        await made.put(org, 'next');
      }
      return made;
    };
    afterEach(async () => {
      for (const one of open.splice(0)) await one.close();
    });

    it('says what an organization uses, since when and what it used before', async () => {
      const { flow } = await setUp();
      const state = await flow.get('acme');
      expect(state).toMatchObject({ value: 'next', previous: 'stable' });
      expect(Math.abs(Date.now() - state.changedAt)).toBeLessThan(60_000);
      expect(flow.values).toEqual(['stable', 'next']);
    });

    it('puts one organization back and leaves the others where they are', async () => {
      const { flow, flows } = await setUp();
      await flow.set('acme', 'stable', order((await flow.get('acme')).fingerprint));
      expect(await flows()).toEqual({ acme: 'stable', globex: 'next', initech: 'next' });
      expect(await flow.get('acme')).toMatchObject({ value: 'stable', previous: 'next' });
    });

    it('changes nothing when the organization is not as expected', async () => {
      const { flow, flows } = await setUp();
      await expect(flow.set('acme', 'stable', order('stable#999'))).rejects.toMatchObject({
        code: 'BELAY_TARGET_CONFLICT',
        effect: 'none',
      });
      expect(await flows()).toEqual({ acme: 'next', globex: 'next', initech: 'next' });
    });

    it('is not disturbed by what happens to other organizations', async () => {
      const { flow, put, flows } = await setUp();
      const { fingerprint } = await flow.get('acme');
      await put('globex', 'stable');
      expect((await flow.get('acme')).fingerprint).toBe(fingerprint);
      await flow.set('acme', 'stable', order(fingerprint));
      expect(await flows()).toEqual({ acme: 'stable', globex: 'stable', initech: 'next' });
    });

    it('sees a change away and back, once it was looked at, as a change', async () => {
      const { flow, put } = await setUp();
      const { fingerprint } = await flow.get('acme');
      await put('acme', 'stable');
      await flow.get('acme');
      await put('acme', 'next');
      await expect(flow.set('acme', 'stable', order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT' });
    });

    it('takes the same order twice without harm, but not after somebody else has changed it', async () => {
      const { flow, put, flows } = await setUp();
      const { fingerprint } = await flow.get('acme');
      await flow.set('acme', 'stable', order(fingerprint));
      await flow.set('acme', 'stable', order(fingerprint));
      expect(await flow.get('acme')).toMatchObject({ value: 'stable', previous: 'next' });
      await put('acme', 'next');
      await expect(flow.set('acme', 'stable', order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT' });
      expect((await flows())['acme']).toBe('next');
    });

    it('lets one of several that act at the same time win, and loses no other organization', async () => {
      const { flow, flows } = await setUp();
      const { fingerprint } = await flow.get('acme');
      const other = (await flow.get('globex')).fingerprint;
      const acme = await Promise.allSettled([
        ...['a', 'b', 'c'].map((key) => flow.set('acme', 'stable', order(fingerprint, key))),
        flow.set('globex', 'stable', order(other, 'd')),
      ]);
      expect(acme.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
      expect(await flows()).toEqual({ acme: 'stable', globex: 'stable', initech: 'next' });
    });

    it('refuses a flow that it does not have', async () => {
      const { flow } = await setUp();
      const { fingerprint } = await flow.get('acme');
      await expect(flow.set('acme', 'nxet', order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID', effect: 'none' });
    });
  });
}
