// A flag of Flagsmith: the contracts, overrides that beat the default, and the bad days of the server.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFlagsmith } from '../../../src/adapters/flagsmith/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createDigest } from '../../../src/adapters/system/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { actionContract } from '../../contracts/action.ts';
import { flagContract } from '../../contracts/settings.ts';
import { startFlagsmith } from '../../world/vendors/flagsmith.ts';

const [token, environment] = ['org-t0ken-123456', 'env-k3y-123456'];

async function flagsmith(enabled = true) {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-flagsmith-'));
  const server = await startFlagsmith({ token, environment });
  server.state.features.set('voice', 3).set('other', 4);
  server.state.states.push(
    { id: 11, feature: 3, identity: null, feature_segment: null, enabled },
    { id: 12, feature: 4, identity: null, feature_segment: null, enabled: true },
  );
  const deps = { http: createHttp({ allow: ['127.0.0.1'] }), digest: createDigest('key'), dataDir };
  const open = (more: Record<string, string> = {}) =>
    createFlagsmith({ id: 'voice', driver: 'flagsmith', url: server.url, token, environment, timeoutMs: 300, ...more }, deps);
  const close = async (): Promise<void> => {
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { server, open, flag: open(), close };
}
const order = (expected: string) => ({ expected, key: 'run/set#1:act', reason: 'INC-1', org: null });

flagContract('a flag of Flagsmith', async () => {
  const { flag, server, close } = await flagsmith();
  const given = async () => {
    const answer = await fetch(`${server.url}/api/v1/flags/`, { headers: { 'x-environment-key': environment } });
    return ((await answer.json()) as readonly { feature: { name: string }; enabled: boolean }[]).find((one) => one.feature.name === 'voice')
      ?.enabled;
  };
  return { flag, is: true, to: false, given, close };
});

actionContract('flag.set on Flagsmith', async () => {
  const { flag, close } = await flagsmith();
  const action = createActions({ targets: {}, switches: {}, pause: null as never, flags: { voice: flag } })['flag.set'];
  if (action === undefined) throw new Error('no action flag.set');
  return { action, args: { flag: 'voice', to: 'off' }, impossible: { flag: 'voice', to: 'purple' }, close };
});

describe('a flag of Flagsmith', () => {
  const opened = async () => {
    const all = await flagsmith();
    const { state } = all.server;
    state.segments.set(5, ['initech']);
    state.states.push(
      { id: 21, feature: 3, identity: 'acme', feature_segment: null, enabled: true },
      { id: 22, feature: 3, identity: 'globex', feature_segment: null, enabled: false },
      { id: 23, feature: 3, identity: null, feature_segment: 5, enabled: true },
    );
    onTestFinished(all.close);
    return { ...all, state };
  };
  const orgs = ['acme', 'globex', 'initech', 'umbrella', null];
  const given = (flag: Awaited<ReturnType<typeof opened>>['flag']) => Promise.all(orgs.map((org) => flag.evaluate(org)));

  it('is off for everybody, past each override, and comes back as it was for each', async () => {
    const { flag, open, state } = await opened();
    expect(await given(flag)).toEqual([true, false, true, true, true]);
    await flag.set(false, order((await flag.get(null)).fingerprint));
    expect(await given(flag)).toEqual([false, false, false, false, false]);
    expect(state.ledger).toEqual(['21 off', '23 off', '11 off']);
    // Another life of Belay.
    const later = open();
    await later.set(true, order((await later.get(null)).fingerprint));
    expect(await given(later)).toEqual([true, false, true, true, true]);
    expect(state.states.find((one) => one.id === 12)?.enabled).toBe(true);
  });

  it('is not off while an override is on', async () => {
    const { flag, state } = await opened();
    const first = state.states[0];
    if (first !== undefined) first.enabled = false;
    expect((await flag.get(null)).value).toBe('off, but not for all');
  });

  it('stays as somebody else has changed it in between', async () => {
    const { flag, state } = await opened();
    const { fingerprint } = await flag.get(null);
    state.states.push({ id: 24, feature: 3, identity: 'umbrella', feature_segment: null, enabled: true });
    await expect(flag.set(false, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
    expect(state.ledger).toEqual([]);
  });

  it('is in doubt where an answer got lost half-way, and looking says how it stands', async () => {
    const { flag, server, state } = await opened();
    const { fingerprint } = await flag.get(null);
    Object.assign(server, { mood: 'done-then-cut', moodFor: (one: { path: string }) => one.path.endsWith('/23/') });
    await expect(flag.set(false, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'unknown' });
    expect(state.ledger).toEqual(['21 off', '23 off']);
    expect((await flag.get(null)).value).toBe(true);
  });

  it('turned off in two tries, the second refused half-way, is in doubt, and comes back as it was for each', async () => {
    const { flag, server } = await opened();
    const before = await given(flag);
    const refuses = (id: string) =>
      Object.assign(server, { mood: 'forbidden', moodFor: (one: { path: string }) => one.path.endsWith(`/${id}/`) });
    refuses('21');
    await expect(flag.set(false, order((await flag.get(null)).fingerprint))).rejects.toMatchObject({ effect: 'none' });
    refuses('11');
    await expect(flag.set(false, order((await flag.get(null)).fingerprint))).rejects.toMatchObject({
      code: 'BELAY_ACT_FAILED',
      effect: 'unknown',
    });
    server.mood = 'well';
    await flag.set(false, order((await flag.get(null)).fingerprint));
    expect(await given(flag)).toEqual([false, false, false, false, false]);
    await flag.set(true, order((await flag.get(null)).fingerprint));
    expect(await given(flag)).toEqual(before);
  });

  it.each(['rate-limited', 'error-500', 'stall', 'cut', 'html', 'moved', 'lie', 'forbidden'] as const)(
    'says in one sentence without a key what happened on a bad day: %s',
    async (mood) => {
      const { flag, server } = await opened();
      server.mood = mood;
      const told = await flag.get(null).catch((error: unknown) => error);
      expect(told).toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none', hint: expect.any(String) });
      expect(String(told)).not.toMatch(/t0ken|k3y/);
    },
  );

  it('refuses what it cannot change for certain: an environment with versions, more overrides than it sees, a flag that is not there', async () => {
    const { flag, open, state } = await opened();
    state.versioned = true;
    await expect(flag.get(null)).rejects.toMatchObject({ message: expect.stringMatching(/versions of features/), effect: 'none' });
    Object.assign(state, { versioned: false, more: true });
    await expect(flag.get(null)).rejects.toMatchObject({ message: expect.stringMatching(/more than 1000 overrides/) });
    await expect(open({ key: 'vioce' }).get(null)).rejects.toMatchObject({ message: expect.stringMatching(/no flag vioce/) });
    await expect(open({ token: 'wrong' }).get(null)).rejects.toMatchObject({ message: expect.stringMatching(/403/) });
    expect(() => open({ environment: 'a/b' })).toThrow(/environment/);
  });
});
