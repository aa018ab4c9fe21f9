// Replays in a process of their own: heard while they run, killed when they must be, and never a burden for the process that started them.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createReplays } from '../../../src/adapters/process/index.ts';
import { openStore, type Store } from '../../../src/adapters/store-postgres/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { replay, replaySystem } from '../../../src/flows/rehearse/replay.ts';
import type { ReplayEnd, ReplayOrder } from '../../../src/ports/replays.ts';
import { SYSTEM } from '../../server/story-system.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { eventually } from '../../world/parts/shop.ts';
import { measuredPast } from '../../world/scenes/measured-past.ts';
import { digest, freshDatabase, migratedTemplate } from '../store-postgres/kit.ts';

/** A zombie is gone: nobody is left to hear of its end. */
const isThere = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

const DAY = 24 * 3_600_000;
const order = (trigger: string, o: Partial<ReplayOrder> = {}): ReplayOrder => ({
  ...{ system: replaySystem(SYSTEM, 'http-5xx'), trigger, from: 0, to: DAY, org: null, tried: null },
  ...o,
});

describe('a program that replays', () => {
  const entry = new URL('replays-app.ts', import.meta.url);
  const run = async (
    trigger: string,
    o: { readonly mostMs?: number; readonly mostMb?: number; readonly stopAfter?: number; readonly env?: Record<string, string> } = {},
  ) => {
    const shares: number[] = [];
    const { mostMs = 60_000, mostMb = 64, stopAfter, env = {} } = o;
    const replays = createReplays({ entry, databaseUrl: 'postgres://somewhere', env, mostMs, mostMb });
    let heard: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const running = replays.start(order(trigger), (share) => {
      shares.push(share);
      heard();
    });
    if (stopAfter !== undefined) {
      await first;
      running.stop();
      running.stop();
    }
    return { end: await running.ended, shares };
  };

  test('is heard while it runs, and answers what it found in the store that it was told', async () => {
    expect(await run('answers')).toEqual({
      end: { how: 'done', reports: { written: 'postgres://somewhere', tried: null } },
      shares: [0.5],
    });
  });

  test('sees no token that the server was started with, but how the store is reached', async () => {
    const env = { PATH: '/bin', SLACK_TOKEN: 'xoxb-1', SHOP_SECRET: 's', PGSSLROOTCERT: '/ca.pem' };
    const { end } = await run('shows its environment', { env });
    const seen = end.how === 'done' ? (end.reports.written as unknown as readonly string[]) : [];
    expect(seen).toEqual(expect.arrayContaining(['PATH', 'PGSSLROOTCERT']));
    expect(seen.filter((name) => /TOKEN|SECRET/.test(name))).toEqual([]);
  });

  test.each([
    ['says why it cannot', 'refuses', {}, { how: 'failed', why: 'the store does not answer' }],
    ['has a bug', 'breaks', {}, { how: 'failed', why: 'it ended with 1: Error: a bug of the replay' }],
    ['ends without an answer', 'leaves', {}, { how: 'failed', why: 'it ended with 3' }],
    ['wants too much memory', 'swells', { mostMb: 32 }, { how: 'memory', mostMb: 32 }],
    ['is stopped in the middle of a loop', 'spins', { stopAfter: 1 }, { how: 'stopped' }],
    ['takes too long', 'spins', { mostMs: 2_000 }, { how: 'late', mostMs: 2_000 }],
  ] as const)('that %s is told apart, and nothing of it is left', async (_what, trigger, o, end) => {
    expect((await run(trigger, o)).end).toEqual(end);
  });

  test('ends with the process that started it, however that ended', async () => {
    const starter = spawn(process.execPath, [fileURLToPath(new URL('starter-app.ts', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = await new Promise<number>((resolve) => starter.stdout.once('data', (text) => resolve(Number(text))));
    starter.kill('SIGKILL');
    expect(pid).toBeGreaterThan(1);
    await eventually(
      () => isThere(pid),
      (there) => !there,
      20_000,
    );
  });

  test('that is not there is a failure with its reason', async () => {
    const replays = createReplays({ entry: new URL('nowhere.ts', import.meta.url), databaseUrl: '' });
    expect(await replays.start(order('answers'), () => undefined).ended).toMatchObject({ how: 'failed' });
  });
});

describe('a replay of what was measured', () => {
  const to = Math.floor(Date.now() / 60_000) * 60_000;
  const entry = new URL('../../../src/replay-child.ts', import.meta.url);
  let postgres: PostgresPart;
  let store: Store;
  let databaseUrl: string;
  beforeAll(async () => {
    postgres = await startPostgres();
    await migratedTemplate(postgres);
    databaseUrl = await freshDatabase(postgres);
    store = openStore({ databaseUrl, digest, time: systemTime });
    await measuredPast(store.signals, {
      ...{ to, minutes: 1_440, away: [600, 540], orgs: Array.from({ length: 20 }, (_, index) => `org-${index}`) },
      bad: (org, minute) => (org === 'org-7' && minute <= 300 && minute > 280 ? 120 : 0),
    });
  }, 60_000);
  afterAll(async () => {
    await store?.close();
    await postgres?.stop();
  });

  test('in a process of its own finds what it finds in this one, and leaves the event loop of this one alone', async () => {
    const tried =
      SYSTEM.triggers.map((rule) => ({ ...rule, breach: { above: 0.5, overMs: 300_000, stillMs: 60_000, forMs: 0 } }))[0] ?? null;
    const asked = order('http-5xx', { from: to - DAY, to, tried });
    const shares: number[] = [];
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const end: ReplayEnd = await createReplays({ entry, databaseUrl }).start(asked, (share) => shares.push(share)).ended;
    delay.disable();
    const here = await replay(asked, { history: (query) => store.signals.history(query), onProgress: () => undefined });
    expect(end).toEqual({ how: 'done', reports: here });
    expect(here.written.episodes).toMatchObject([{ scope: 'org-7', level: 'act' }]);
    expect([here.written.gaps.length, here.tried?.episodes, here.written.lines[0]?.scope]).toEqual([1, [], 'org-7']);
    expect(shares.every((share, index) => share >= (shares[index - 1] ?? 0) && share <= 1)).toBe(true);
    // Half of the looks at the clock of this process come in time: what is late is the machine, not the replay.
    expect(delay.percentile(50) / 1e6).toBeLessThan(50);
  });

  test('of a store that does not answer is a failure with its reason', async () => {
    const gone = createReplays({ entry, databaseUrl: 'postgres://belay@127.0.0.1:1/nothing' });
    const { ended, stop } = gone.start(order('http-5xx'), () => undefined);
    const end = await Promise.race([ended, wait(50_000, null, { ref: false })]);
    stop();
    expect(end).toEqual({ how: 'failed', why: expect.stringMatching(/\w/) });
  });
});
