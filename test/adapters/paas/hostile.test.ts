// Platforms at their worst: answers that never come after the deed, lies, stale lists, limits, refusals; and people who deploy at the same
// moment. The judge is the platform's own ledger.
import { describe, expect, test } from 'vitest';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Asked, Mood } from '../../world/vendors/vendor-server.ts';
import { herokuWorld, incident, NEW_COMMIT, OLD_COMMIT, order, railwayWorld, TOKEN, vercelWorld } from './world.ts';

const heroku = () => incident(herokuWorld());
const railway = () => incident(railwayWorld());
const vercel = () => incident(vercelWorld());
const WORLDS = { Heroku: heroku, Railway: railway, Vercel: vercel } as const;
type World = Awaited<ReturnType<(typeof WORLDS)[keyof typeof WORLDS]>>;

/** What changes the world; everything else only looks. */
const acts = (one: Asked): boolean => one.method === 'POST' && !one.body.includes('query Look');
const byApi = ({ server }: World): number => server.ledger.filter((one) => one.by === 'api').length;

async function refusal(work: Promise<unknown>): Promise<BelayError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!BelayError.is(error)) throw new Error(`not refused: ${String(error)}`);
  expect(`${error.message} ${error.hint}`).not.toContain(TOKEN);
  return error;
}

describe.each(Object.entries(WORLDS))('%s', (_platform, make) => {
  test.each(['done-then-stall', 'done-then-cut', 'done-then-502'] as const)(
    'may have done what it did not answer (%s): the effect is unknown, looking settles it, and the same order does it once',
    async (mood) => {
      const world = await make();
      const target = world.again({ timeoutMs: 1_000 });
      const { fingerprint } = await target.current();
      Object.assign(world.server, { mood, moodFor: acts });
      expect(await refusal(target.rollTo(world.names.old, order(fingerprint)))).toMatchObject({
        code: 'BELAY_DEPLOY_TIMEOUT',
        effect: 'unknown',
      });
      world.server.mood = 'well';
      expect(await target.current()).toMatchObject({ release: world.names.old, previous: world.names.new });
      await target.rollTo(world.names.old, order(fingerprint));
      // Nor does a Belay that was started since, and remembers nothing.
      await world.again().rollTo(world.names.old, order(fingerprint));
      expect(byApi(world)).toBe(1);
    },
  );

  test.each([
    ['rate-limited', 'none'],
    ['forbidden', 'none'],
    ['moved', 'none'],
    ['error-500', 'unknown'],
    ['html', 'unknown'],
    ['cut', 'unknown'],
  ] as const)('says what a bad answer to an order (%s) leaves open: the effect is %s', async (mood, effect) => {
    const world = await make();
    const { fingerprint } = await world.target.current();
    Object.assign(world.server, { mood, moodFor: acts });
    expect((await refusal(world.target.rollTo(world.names.old, order(fingerprint)))).effect).toBe(effect);
    expect(byApi(world)).toBe(0);
  });

  test.each(['rate-limited', 'error-500', 'stall', 'cut', 'html', 'moved', 'lie', 'forbidden', 'long'] as const satisfies readonly Mood[])(
    'that cannot be read (%s) is unreachable, without an effect and without a secret, and acts on nothing',
    async (mood) => {
      const world = await make();
      const target = world.again({ timeoutMs: 1_000 });
      world.server.mood = mood;
      const { old } = world.names;
      const works = [target.current, () => target.list(5), () => target.restorable(old), () => target.rollTo(old, order('x'))];
      for (const work of works) expect(await refusal(work())).toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' });
      expect(byApi(world)).toBe(0);
    },
  );

  test('that asked to be left alone is not asked before that time', async () => {
    const world = await make();
    world.server.mood = 'rate-limited';
    await refusal(world.target.list(5));
    const before = world.server.asked.length;
    world.server.mood = 'well';
    expect((await refusal(world.target.list(5))).message).toMatch(/left alone for \d s more \(429\)/);
    expect(world.server.asked).toHaveLength(before);
  });

  test('that says yes and does nothing is seen to run what it ran', async () => {
    const world = await make();
    const before = await world.target.current();
    world.lie();
    await world.target.rollTo(world.names.old, order(before.fingerprint));
    expect(await world.target.current()).toEqual(before);
    expect(byApi(world)).toBe(0);
  });

  test('with a token that is not taken says so and never shows it', async () => {
    const world = await make();
    const error = await refusal(world.again({ token: `${TOKEN}-wrong` }).current());
    expect(error).toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', message: expect.stringMatching(/401: Invalid|Not Authorized/i) });
  });

  test('that tells an old history is not believed for longer than it tells it', async () => {
    const world = await make();
    const { fingerprint } = await world.target.current();
    world.stale();
    await world.target.rollTo(world.names.old, order(fingerprint));
    expect((await world.target.current()).release).toBe(world.names.new);
    Object.assign('app' in world.server ? world.server.app : world.server.service, { stale: null });
    expect(await world.target.current()).toMatchObject({ release: world.names.old, previous: world.names.new });
    await world.target.rollTo(world.names.old, order(fingerprint));
    expect(byApi(world)).toBe(1);
  });

  test('on which somebody deploys while it is made sure that the release can be put back is left as it is', async () => {
    const world = await make();
    const { fingerprint } = await world.target.current();
    let asked = 0;
    world.server.moodFor = () => {
      asked += 1;
      if (asked === 2) void world.deploy(world.names.new);
      return false;
    };
    await expect(world.target.rollTo(world.names.old, order(fingerprint))).rejects.toMatchObject({
      code: 'BELAY_TARGET_CONFLICT',
      effect: 'none',
    });
    expect(byApi(world)).toBe(0);
    expect(await world.running()).toBe(world.names.new);
  });

  test('that runs the wanted release already is not told again', async () => {
    const world = await make();
    const { fingerprint } = await world.target.current();
    await world.target.rollTo(world.names.new, order(fingerprint));
    expect(byApi(world)).toBe(0);
  });

  test('on its way is said to be on its way, and a second order of the same key does not send it again', async () => {
    const world = await make();
    const before = await world.target.current();
    world.next('lasts');
    await world.target.rollTo(world.names.old, order(before.fingerprint));
    expect(await world.target.current()).toMatchObject({ release: world.names.new, inFlight: world.names.old });
    await world.target.rollTo(world.names.old, order(before.fingerprint));
    await expect(world.target.rollTo(world.names.old, order(before.fingerprint, 'another'))).rejects.toMatchObject({
      code: 'BELAY_TARGET_CONFLICT',
    });
    expect(byApi(world)).toBe(1);
  });

  test('that could not put it live has given up, and says so until the next change', async () => {
    const world = await make();
    const before = await world.target.current();
    world.next('fails');
    await world.target.rollTo(world.names.old, order(before.fingerprint));
    const after = await world.target.current();
    expect(after).toMatchObject({ release: world.names.new, gaveUp: expect.stringMatching(/could not put .+ live/) });
    expect(after.inFlight).toBeUndefined();
    expect(after.fingerprint).not.toBe(before.fingerprint);
    Object.assign('app' in world.server ? world.server.app : world.server.service, { phase: 'passes', next: 'succeeds' });
    await world.deploy(world.names.new);
    expect((await world.target.current()).gaveUp).toBeUndefined();
  });

  test('is read within bounds: a long history is asked for in part, and told in part', async () => {
    const world = await make();
    for (let n = 0; n < 250; n += 1) await world.deploy(n % 2 === 0 ? world.names.old : world.names.new);
    expect(await world.target.list(50)).toHaveLength(2);
    expect(await world.target.current()).toMatchObject({ release: world.names.new, previous: world.names.old });
  });
});

describe.each(Object.entries(WORLDS))('a person’s hash on %s', (_platform, make) => {
  test('is the release that it begins the commit of, written short or in full', async () => {
    const { target, names } = await make();
    const named = (written: string) => target.resolve?.(written);
    for (const written of [OLD_COMMIT, OLD_COMMIT.slice(0, 7), OLD_COMMIT.slice(0, 7).toUpperCase(), names.old])
      expect(await named(written)).toBe(names.old);
    expect(await named(NEW_COMMIT.slice(0, 4))).toBe(names.new);
  });

  test('that is none, or says too little, is refused with the nearest', async () => {
    const { target, names } = await make();
    for (const written of ['60883aaa', '608', 'rm -rf /', '--all', '']) {
      const error = await refusal(target.resolve?.(written) ?? Promise.resolve());
      expect(error).toMatchObject({ code: 'BELAY_NOT_FOUND', effect: 'none' });
      expect(error.message).toContain(names.old);
    }
    expect((await refusal(target.resolve?.('60883aaa') ?? Promise.resolve())).message).toMatch(
      /^"60883aaa" is no release; the nearest: 60883d9e8947/,
    );
  });
});
