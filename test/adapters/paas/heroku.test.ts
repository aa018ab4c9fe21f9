// What is Heroku's own: releases that only change settings, images, dynos that are missing or one-off, a phase that fails, and its limits.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changesIn, commitIn, dynosIn, formationIn, madeIn } from '../../../src/adapters/paas/heroku-answers.ts';
import { fingerprintOf } from '../../../src/adapters/paas/history.ts';
import { createHeroku } from '../../../src/adapters/paas/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { Unusable } from '../../../src/domain/answer.ts';
import { odd, word } from '../odd.ts';
import { deps, herokuWorld, incident, OLD_COMMIT, order, TOKEN } from './world.ts';

const heroku = () => incident(herokuWorld());

describe('releases', () => {
  test('that only set configuration are changes of the same release, and it goes back with its newest settings', async () => {
    const { server, target, names } = await heroku();
    const before = await target.current();
    server.setConfig({ MAIL: 'new' });
    const after = await target.current();
    expect(after).toMatchObject({ release: names.new, previous: names.old });
    expect(after.fingerprint).not.toBe(before.fingerprint);
    server.deploy({ slug: server.app.releases[0]?.slug ?? '' });
    server.setConfig({ MAIL: 'newest' });
    server.deploy({ slug: server.app.releases[1]?.slug ?? '' });
    server.app.config = {};
    const { fingerprint } = await target.current();
    await target.rollTo(names.old, order(fingerprint));
    expect(server.app.releases.at(-1)?.description).toBe('Rollback to v5');
    expect(server.app.config).toEqual({ MAIL: 'newest' });
  });

  test('of one commit that was built twice are two, told apart by their slugs, and the hash alone is asked back', async () => {
    const { server, target, names } = await heroku();
    server.deploy({ commit: OLD_COMMIT });
    expect((await target.list(10)).map((one) => one.ref)).toEqual(['60883d9e8947-5003abcd', names.new, names.old]);
    await expect(target.resolve?.('60883d9')).rejects.toMatchObject({
      code: 'BELAY_INPUT_INVALID',
      message: expect.stringContaining(names.old),
    });
    await expect(target.resolve?.('v1')).resolves.toBe(names.old);
  });

  test('without a commit, and before any code, are told by what there is of them', async () => {
    const { server, target } = await heroku();
    server.deploy({ commit: null });
    expect(await target.current()).toMatchObject({ release: 'slug-5003abcd' });
    expect(await target.restorable('slug-5003abcd')).toMatchObject({ ok: true });
    server.app.releases.length = 0;
    await expect(target.current()).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
      message: expect.stringMatching(/no release is live/),
    });
  });

  test('whose slug is gone are not offered, whether Heroku says so or only the slug does', async () => {
    const { server, target, names, prune } = await heroku();
    server.app.tellsEligible = false;
    expect(await target.restorable(names.old)).toMatchObject({ ok: true });
    await prune(names.old);
    expect(await target.restorable(names.old)).toEqual({ ok: false, why: 'pruned' });
  });

  test('whose phase failed were never live: a failed one is not offered, and one that expired has given up, too', async () => {
    const { server, target } = await heroku();
    server.app.phase = 'fails';
    server.deploy({ commit: 'abcdef1234567' });
    expect(await target.restorable('abcdef123456-5003abcd')).toEqual({ ok: false, why: 'failed' });
    expect((await target.list(10)).map((one) => one.status)).toEqual(['failed', 'live', 'available']);
    server.app.phase = 'lasts';
    server.deploy({ commit: 'bcdef12345678' });
    expect(await target.current()).toMatchObject({ inFlight: 'bcdef1234567-5004abcd' });
    server.settle('expired');
    expect(await target.current()).toMatchObject({ gaveUp: expect.stringContaining('v4') });
  });
});

test('a rollback that has overrun a release of the same moment says which one', async () => {
  const { target, names, overtake } = await heroku();
  const { fingerprint } = await target.current();
  overtake('before');
  await expect(target.rollTo(names.old, order(fingerprint))).rejects.toMatchObject({
    effect: 'done',
    message: expect.stringContaining('v4 has overrun v3'),
  });
});

describe('dynos', () => {
  test('that are missing, starting, crashed, or of another version are not ready; idle ones are', async () => {
    const { server, target } = await heroku();
    const [web, other, worker] = server.app.dynos;
    const ready = async () => Object.fromEntries((await target.current()).units.map(({ id, ready: is }) => [id, is]));
    expect(await ready()).toEqual({ 'web.1': true, 'web.2': true, 'worker.1': true });
    Object.assign(web ?? {}, { state: 'idle' });
    Object.assign(other ?? {}, { state: 'crashed' });
    Object.assign(worker ?? {}, { version: 1 });
    expect(await ready()).toEqual({ 'web.1': true, 'web.2': false, 'worker.1': false });
    server.app.dynos.pop();
    expect(await ready()).toEqual({ 'web.1': true, 'web.2': false, 'worker not there 1': false });
  });

  test('that run once are nobody’s release', async () => {
    const { server, target } = await heroku();
    for (const type of ['run', 'release', 'scheduler']) server.app.dynos.push({ name: `${type}.1`, type, state: 'up', version: 1 });
    expect((await target.current()).units).toHaveLength(3);
  });
});

test('a look that is asked for again and again waits for its turn, and an order does not', async () => {
  const { server, names } = await heroku();
  let now = 0;
  const waits: number[] = [];
  const time = { ...systemTime, monotonicMs: () => now, sleep: async (ms: number) => void waits.push(ms) };
  const target = createHeroku({ app: 'sdr-analytics', token: TOKEN, url: server.url, timeoutMs: 5_000 }, { ...deps, time });
  for (let look = 0; look < 40; look += 1) await target.current();
  expect(waits).toEqual([]);
  const { fingerprint } = await target.current();
  await target.current();
  expect(waits).toEqual([5_000, 10_000]);
  await target.rollTo(names.old, order(fingerprint));
  now += 3_600_000;
  await target.current();
  expect(waits).toHaveLength(2);
});

test.each([
  ['app', { app: '../x' }],
  ['app', { app: 'Shop' }],
  ['token', { token: '' }],
  ['token', { token: 'hunter2\r\nx: y' }],
])('an option that means nothing (%s) is told without being shown', (option, wrong) => {
  const make = () => createHeroku({ app: 'shop', token: TOKEN, url: 'https://api.test', timeoutMs: 1, ...wrong }, deps);
  expect(make).toThrow(
    expect.objectContaining({ code: 'BELAY_CONFIG_INVALID', message: expect.stringMatching(`^driver heroku: ${option}: `) }),
  );
  expect(make).not.toThrow(/hunter2|\.\.\/x/);
});

describe('whatever is answered', () => {
  const name = word('web', 'worker');
  const release = fc.record(
    {
      id: odd(fc.uuid()),
      version: odd(fc.integer({ min: 1, max: 9 })),
      status: odd(fc.constantFrom('succeeded', 'failed', 'pending', 'expired')),
      current: odd(fc.boolean()),
      created_at: odd(fc.constant('2026-01-01T00:00:00Z')),
      slug: odd(fc.record({ id: odd(fc.uuid()) }), 5),
      artifacts: odd(fc.array(odd(fc.record({ id: fc.uuid() })), { maxLength: 3 }), 5),
      eligible_for_rollback: odd(fc.boolean()),
    },
    { noNullPrototype: true },
  );
  const dyno = fc.record({ name, type: name, state: name, release: odd(fc.record({ version: odd(fc.nat()) })) });
  const many = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<unknown> => odd(fc.array(odd(one), { maxLength: 4 }));

  test.each<readonly [string, (json: unknown) => unknown, fc.Arbitrary<unknown>]>([
    ['releases', (json) => fingerprintOf(changesIn(json)), many(release)],
    ['dynos', dynosIn, many(dyno)],
    ['formation', (json) => [...formationIn(json)], many(fc.record({ type: name, quantity: odd(fc.nat({ max: 9 })) }))],
    ['a slug', commitIn, odd(fc.record({ commit: odd(fc.constantFrom('60883d9', 'x', null), 3) }), 3)],
    ['a rollback', madeIn, odd(fc.record({ version: odd(fc.nat(), 3) }), 3)],
  ])('to %s is read, briefly, or called unusable', (_what, read, answers) => {
    const seen = { read: 0, unusable: 0 };
    fc.assert(
      fc.property(answers, (json) => {
        try {
          if ((JSON.stringify(read(json)) ?? '').length > 5_000) throw new Error('too much was taken over');
          seen.read += 1;
        } catch (error) {
          if (!(error instanceof Unusable)) throw error;
          seen.unusable += 1;
        }
      }),
      { numRuns: 10_000 },
    );
    expect(Math.min(seen.read, seen.unusable)).toBeGreaterThan(300);
  });
});
