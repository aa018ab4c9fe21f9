// What every deploy target promises. `make` gives one with two good releases, v1.0.0 (old) and v1.1.0 (newer, live after a foreign
// deploy), and the hands of somebody who is not Belay.
import { afterEach, describe, expect, it } from 'vitest';
import type { DeployTarget } from '../../src/ports/deploy-target.ts';

export interface DeployTargetUnderTest {
  readonly target: DeployTarget;
  /** What the target calls v1.0.0 and v1.1.0, where it gives names by itself. Hands are told the name of the target. */
  readonly names?: { readonly old: string; readonly new: string };
  /** Somebody else puts a release live. */
  deploy(release: string): Promise<void>;
  /** Somebody else begins to put a release live, which takes a while; for targets with `abort`. */
  begin?(release: string): Promise<void>;
  /** What really runs. */
  running(): Promise<string>;
  /** Removes a release for good. */
  prune(release: string): Promise<void>;
  close(): Promise<void>;
}

let OLD = 'v1.0.0';
let NEW = 'v1.1.0';
const order = (expected: string, key = 'run/switch#1:act') => ({ expected, key, reason: 'INC-1' });

export function deployTargetContract(name: string, make: () => Promise<DeployTargetUnderTest>): void {
  describe(`the deploy target contract, kept by ${name}`, () => {
    const open: DeployTargetUnderTest[] = [];
    /** As an incident finds it: the old release was seen, then somebody deployed the new one. */
    const setUp = async (): Promise<DeployTargetUnderTest> => {
      const made = await make();
      open.push(made);
      ({ old: OLD, new: NEW } = made.names ?? { old: 'v1.0.0', new: 'v1.1.0' });
      await made.target.current();
      await made.deploy(NEW);
      await settled(made, NEW);
      return made;
    };
    afterEach(async () => {
      for (const one of open.splice(0)) await one.close();
    });

    it('says what is live, since when and what was live before', async () => {
      const { target } = await setUp();
      const state = await target.current();
      expect(state).toMatchObject({ release: NEW, previous: OLD, frozen: false });
      expect(state.inFlight).toBeUndefined();
      expect(Math.abs(Date.now() - state.changedAt)).toBeLessThan(60_000);
      expect(state.units.map((unit) => [unit.release, unit.ready])).toEqual(state.units.map(() => [NEW, true]));
    });

    it('keeps its fingerprint while nothing changes, a freeze included', async () => {
      const { target } = await setUp();
      const { fingerprint } = await target.current();
      if (target.caps.freeze) await target.freeze(true, 'INC-1');
      expect((await target.current()).fingerprint).toBe(fingerprint);
      expect((await target.current()).fingerprint).toBe(fingerprint);
    });

    it('lists the releases, newest first, and marks the live one', async () => {
      const { target } = await setUp();
      const releases = await target.list(10);
      expect(releases.map((one) => [one.ref, one.status])).toEqual([
        [NEW, 'live'],
        [OLD, 'available'],
      ]);
      expect(await target.list(1)).toHaveLength(1);
    });

    it('puts an explicit release live, for the service too', async () => {
      const made = await setUp();
      const before = await made.target.current();
      await made.target.rollTo(OLD, order(before.fingerprint));
      await settled(made, OLD);
      const after = await made.target.current();
      expect(after).toMatchObject({ release: OLD, previous: NEW });
      expect(after.fingerprint).not.toBe(before.fingerprint);
    });

    it('changes nothing when it is not as expected', async () => {
      const made = await setUp();
      const before = await made.target.current();
      await expect(made.target.rollTo(OLD, order('as it never was'))).rejects.toMatchObject({
        code: 'BELAY_TARGET_CONFLICT',
        effect: 'none',
      });
      expect(await made.target.current()).toEqual(before);
      expect(await made.running()).toBe(NEW);
    });

    it('never overruns a deploy that came between looking and acting', async () => {
      const made = await setUp();
      await made.deploy(OLD);
      const { fingerprint } = await settled(made, OLD);
      await made.deploy(NEW);
      await expect(made.target.rollTo(OLD, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
      expect((await settled(made, NEW)).release).toBe(NEW);
    });

    it('sees a deploy away and back as a change', async () => {
      const made = await setUp();
      const { fingerprint } = await made.target.current();
      await made.deploy(OLD);
      await made.deploy(NEW);
      await settled(made, NEW);
      await expect(made.target.rollTo(OLD, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT' });
    });

    it('takes the same order twice without harm, but not after somebody else has deployed', async () => {
      const made = await setUp();
      const { fingerprint } = await made.target.current();
      await made.target.rollTo(OLD, order(fingerprint));
      const once = await settled(made, OLD);
      await made.target.rollTo(OLD, order(fingerprint));
      expect((await settled(made, OLD)).fingerprint).toBe(once.fingerprint);
      await made.deploy(NEW);
      await expect(made.target.rollTo(OLD, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT' });
      expect((await settled(made, NEW)).release).toBe(NEW);
    });

    it('lets one of two that act at the same time win', async () => {
      const made = await setUp();
      const { fingerprint } = await made.target.current();
      const ended = await Promise.allSettled(['a', 'b', 'c'].map((key) => made.target.rollTo(OLD, order(fingerprint, key))));
      expect(ended.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
      for (const one of ended)
        if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
      expect((await settled(made, OLD)).previous).toBe(NEW);
    });

    it('offers only what it can put back', async () => {
      const made = await setUp();
      expect(await made.target.restorable(OLD)).toMatchObject({ ok: true });
      await made.prune(OLD);
      expect(await made.target.restorable(OLD)).toEqual({ ok: false, why: 'pruned' });
      expect(await made.target.restorable('v0.0.0-never')).toEqual({ ok: false, why: 'unknown' });
      const { fingerprint } = await made.target.current();
      await expect(made.target.rollTo(OLD, order(fingerprint))).rejects.toMatchObject({
        code: 'BELAY_RELEASE_NOT_RESTORABLE',
        effect: 'none',
      });
      expect((await made.target.current()).fingerprint).toBe(fingerprint);
    });

    it('says what is on its way and stops it, where it can', async () => {
      const made = await setUp();
      const { target, begin } = made;
      expect(begin === undefined).toBe(target.abort === undefined);
      if (begin === undefined || target.abort === undefined) return;
      const before = await target.current();
      await begin(OLD);
      const during = await target.current();
      expect(during).toMatchObject({ release: NEW, inFlight: OLD });
      expect(during.fingerprint).not.toBe(before.fingerprint);
      await target.abort(OLD);
      await target.abort(OLD);
      expect(await settled(made, NEW)).toMatchObject({ release: NEW });
      expect((await target.current()).inFlight).toBeUndefined();
    });

    it('freezes and thaws, as often as it is told', async () => {
      const { target } = await setUp();
      if (!target.caps.freeze) {
        await expect(target.freeze(true, 'INC-1')).rejects.toMatchObject({ effect: 'none' });
        return;
      }
      for (const on of [true, true, false, false]) {
        await target.freeze(on, 'INC-1');
        expect((await target.current()).frozen).toBe(on);
      }
    });
  });

  /** Services take a moment to load what they were told. */
  async function settled(made: DeployTargetUnderTest, release: string) {
    for (let look = 0; look < 200 && (await made.running()) !== release; look += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await made.running()).toBe(release);
    return made.target.current();
  }
}
