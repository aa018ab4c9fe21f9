// What every action of `do` promises. `make` gives an action on a world that is not as its arguments ask, and somebody else's hands.
import { afterEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import type { Action } from '../../src/ports/action.ts';

export interface ActionUnderTest {
  readonly action: Action;
  /** Asks for something that is not so yet. */
  readonly args: JsonObject;
  /** Asks for what can never be; undefined where everything can. */
  readonly impossible?: JsonObject;
  /** Somebody else changes the same thing, so that it is still not as `args` ask. Undefined where nobody can. */
  readonly interfere?: () => Promise<void>;
  close(): Promise<void>;
}

const order = (expected: string) => ({ expected, key: 'run/step#1:act', reason: 'INC-1' });

export function actionContract(name: string, make: () => Promise<ActionUnderTest>): void {
  describe(`the action contract, kept by ${name}`, () => {
    const open: ActionUnderTest[] = [];
    const setUp = async (): Promise<ActionUnderTest> => {
      const made = await make();
      open.push(made);
      return made;
    };
    afterEach(async () => {
      for (const one of open.splice(0)) await one.close();
    });

    it('only looks when it observes, and sees the same each time', async () => {
      const { action, args } = await setUp();
      const seen = await action.observe(args);
      expect(seen).toMatchObject({ reached: false });
      expect(seen.current).not.toEqual(seen.desired);
      expect(await action.observe(args)).toEqual(seen);
      expect(action.target(args)).toMatch(/^[a-z]+:\S+$/);
    });

    it('reaches what is asked, and may then be told again', async () => {
      const { action, args } = await setUp();
      expect(await action.impossible(args)).toBeNull();
      const before = await action.observe(args);
      await action.act(args, order(before.fingerprint));
      const after = await reached(action, args, before.mark);
      expect(after).toMatchObject({ reached: true, current: before.desired });
      await action.act(args, order(before.fingerprint));
      expect(await reached(action, args, before.mark)).toEqual(after);
    });

    it('changes nothing when somebody else was quicker, where it promises to compare', async () => {
      const { action, args, interfere } = await setUp();
      if (action.compareAndSet(args) === 'none' || interfere === undefined) return;
      const before = await action.observe(args);
      await interfere();
      await expect(action.act(args, order(before.fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
      expect((await action.observe(args)).reached).toBe(false);
    });

    it('says beforehand what can never be, and whom it does not know', async () => {
      const { action, impossible } = await setUp();
      if (impossible !== undefined) expect(await action.impossible(impossible)).toEqual(expect.any(String));
      for (const [param, spec] of Object.entries(action.spec.params)) {
        if (spec.type !== 'target' && spec.type !== 'switch' && spec.type !== 'service') continue;
        await expect(action.observe({ [param]: 'nobody', org: 'acme', to: spec.type === 'service' ? 1 : 'x' })).rejects.toMatchObject({
          code: 'BELAY_NOT_FOUND',
          effect: 'none',
          hint: expect.any(String),
        });
        await expect(action.observe({})).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID', effect: 'none' });
      }
    });
  });
}

/** What runs may take a moment to become what was asked. */
async function reached(action: Action, args: JsonObject, mark: string | undefined) {
  const since = mark === undefined ? {} : { since: mark };
  for (let look = 0; look < 500 && !(await action.observe(args, since)).reached; look += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return action.observe(args, since);
}
