// A flag of Unleash: the contracts, what an organization gets, and the bad days of the server.
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createDigest } from '../../../src/adapters/system/index.ts';
import { createUnleash } from '../../../src/adapters/unleash/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { actionContract } from '../../contracts/action.ts';
import { flagContract } from '../../contracts/settings.ts';
import { startUnleash, type UnleashFlag } from '../../world/vendors/unleash.ts';

const [token, frontendToken] = ['user:admin-t0ken-123456', '*:production.front-t0ken'];
const deps = { http: createHttp({ allow: ['127.0.0.1'] }), digest: createDigest('key') };

async function unleash(flag: Partial<UnleashFlag> = {}) {
  const server = await startUnleash({ token, frontendToken });
  server.flags.set('voice', { enabled: true, strategies: [{ id: 's1', orgs: [] }], ...flag });
  const open = (more: Record<string, string> = {}) =>
    createUnleash(
      {
        ...({ id: 'voice', driver: 'unleash', url: server.url, token, frontendToken, project: 'default' } as const),
        ...{ environment: 'production', orgKey: 'userId', timeoutMs: 300, ...more },
      },
      deps,
    );
  return { server, open, flag: open(), close: () => server.close() };
}
const order = (expected: string) => ({ expected, key: 'run/set#1:act', reason: 'INC-1', org: null });

flagContract('a flag of Unleash', async () => {
  const { flag, server, close } = await unleash();
  const given = async () => {
    const answer = await fetch(`${server.url}/api/frontend`, { headers: { authorization: frontendToken } });
    return ((await answer.json()) as { toggles: readonly { name: string }[] }).toggles.some((one) => one.name === 'voice');
  };
  return { flag, is: true, to: false, given, close };
});

actionContract('flag.set on Unleash', async () => {
  const { flag, close } = await unleash();
  const action = createActions({ targets: {}, switches: {}, pause: null as never, flags: { voice: flag } })['flag.set'];
  if (action === undefined) throw new Error('no action flag.set');
  return { action, args: { flag: 'voice', to: 'off' }, impossible: { flag: 'voice', to: 'purple' }, close };
});

describe('a flag of Unleash', () => {
  const opened = async (flag: Partial<UnleashFlag> = {}) => {
    const all = await unleash(flag);
    onTestFinished(all.close);
    return all;
  };

  it('is what an organization gets by the strategies, and they stay when it goes off and on', async () => {
    const strategies = [{ id: 's1', orgs: ['acme'] }];
    const { flag, server } = await opened({ strategies });
    expect([await flag.evaluate('acme'), await flag.evaluate('globex')]).toEqual([true, false]);
    await flag.set(false, order((await flag.get(null)).fingerprint));
    expect(await flag.evaluate('acme')).toBe(false);
    await flag.set(true, order((await flag.get(null)).fingerprint));
    expect([server.flags.get('voice')?.strategies, server.ledger]).toEqual([strategies, ['voice off', 'voice on']]);
  });

  it('is not turned on for everybody because nobody had said for whom', async () => {
    const { flag, server } = await opened({ enabled: false, strategies: [] });
    await expect(flag.meant('on', false)).rejects.toMatchObject({
      code: 'BELAY_INPUT_INVALID',
      message: expect.stringMatching(/everybody/),
    });
    expect(server.ledger).toEqual([]);
  });

  it('counts as off only when applications get it off, however long their copy is old', async () => {
    const { flag, server } = await opened();
    const action = createActions({ targets: {}, switches: {}, pause: null as never, flags: { voice: flag } })['flag.set'];
    server.stale = new Map([['voice', { enabled: true, strategies: [{ id: 's1', orgs: [] }] }]]);
    await flag.set(false, order((await flag.get(null)).fingerprint));
    expect(await action?.observe({ flag: 'voice', to: 'off' })).toMatchObject({
      reached: false,
      current: 'false (applications still get true)',
    });
    server.stale = null;
    expect(await action?.observe({ flag: 'voice', to: 'off' })).toMatchObject({ reached: true });
  });

  it('stays as somebody else has changed its strategies in between', async () => {
    const { flag, server } = await opened();
    const { fingerprint } = await flag.get(null);
    server.flags.set('voice', { enabled: true, strategies: [{ id: 's2', orgs: ['acme'] }] });
    await expect(flag.set(false, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
  });

  it('is asked for again where the answer got lost, and a yes without a deed is seen', async () => {
    const { flag, server } = await opened();
    const { fingerprint } = await flag.get(null);
    Object.assign(server, { mood: 'done-then-cut', moodFor: (one: { method: string }) => one.method === 'POST' });
    await expect(flag.set(false, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'unknown' });
    expect((await flag.get(null)).value).toBe(false);
    Object.assign(server, { mood: 'done-then-502' });
    await expect(flag.set(true, order((await flag.get(null)).fingerprint))).rejects.toMatchObject({ effect: 'unknown' });
    server.mood = 'lie';
    await flag.set(false, order((await flag.get(null)).fingerprint));
    expect((await flag.get(null)).value).toBe(true);
  });

  it.each(['rate-limited', 'error-500', 'stall', 'cut', 'html', 'moved', 'forbidden'] as const)(
    'says in one sentence without a token what happened on a bad day: %s',
    async (mood) => {
      const { flag, server } = await opened();
      server.mood = mood;
      const told = await flag.get(null).catch((error: unknown) => error);
      expect(told).toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none', hint: expect.any(String) });
      expect(String(told)).not.toContain('t0ken');
    },
  );

  it('says when a change request is wanted, when the token is wrong, and when it is not there', async () => {
    const { flag, server, open } = await opened();
    server.changeRequests = true;
    const { fingerprint } = await flag.get(null);
    await expect(flag.set(false, order(fingerprint))).rejects.toMatchObject({
      effect: 'none',
      message: expect.stringMatching(/change request/),
    });
    await expect(open({ token: 'wrong' }).get(null)).rejects.toMatchObject({ message: expect.stringMatching(/401/) });
    await expect(open({ key: 'vioce' }).get(null)).rejects.toMatchObject({ message: expect.stringMatching(/no flag vioce/) });
    expect(() => open({ token: 'two\nlines' })).toThrow(/token/);
  });
});
