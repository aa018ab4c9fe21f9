// What only Vercel has: domains that an instant rollback holds, builds that never served anybody, and deployments that go live later than they
// were begun. The judge is what the domains point at.
import { describe, expect, test } from 'vitest';
import { createVercel } from '../../../src/adapters/paas/index.ts';
import { sightIn } from '../../../src/adapters/paas/vercel-answers.ts';
import { deps, incident, NEW_COMMIT, OLD_COMMIT, order, PROJECT, TOKEN, vercelWorld } from './world.ts';

const bad = () => incident(vercelWorld());
const COMMIT = '1f2e3d4c5b6a79880910a1b2c3d4e5f6a7b8c9d0';

describe('the production domains', () => {
  test('that an instant rollback holds are not frozen: a promotion lets them go, so a freeze is asked for on its own, and holds after it', async () => {
    const { target, server, names } = await bad();
    server.point(server.service.deployments[1]?.uid ?? '', 'rollback');
    expect(await target.current()).toMatchObject({ release: names.old, previous: names.new, frozen: false });
    server.build(COMMIT);
    expect((await target.current()).release).toBe(names.old);
    await expect(target.freeze(false, 'INC-1')).rejects.toMatchObject({
      ...{ code: 'BELAY_ACT_FAILED', hint: expect.stringContaining('until a deployment is promoted') as string },
    });
    await target.freeze(true, 'INC-1');
    await target.rollTo(names.new, order((await target.current()).fingerprint));
    server.build(COMMIT);
    expect(await target.current()).toMatchObject({ release: names.new, frozen: true });
  });

  test('that are frozen do not follow a push, and do again when they are thawed', async () => {
    const { target, server, names } = await bad();
    await target.freeze(true, 'INC-1');
    const { fingerprint } = await target.current();
    server.build(COMMIT);
    expect(await target.current()).toMatchObject({ release: names.new, fingerprint, frozen: true });
    await target.freeze(false, 'INC-1');
    server.build(COMMIT);
    expect((await target.current()).release).toBe(`${COMMIT.slice(0, 12)}-004FqxYdDM`);
    expect(server.ledger.filter((one) => one.by === 'api').map((one) => one.id)).toEqual(['false', 'true']);
    expect(server.refused).toEqual([]);
  });

  test('that were pointed away and back by hand have another fingerprint than before', async () => {
    const { target, server, names } = await bad();
    const [young, old] = server.service.deployments.map((one) => one.uid);
    server.point(old ?? '', 'promote');
    const { fingerprint } = await target.current();
    server.point(young ?? '', 'promote');
    server.point(old ?? '', 'promote');
    expect((await target.current()).fingerprint).not.toBe(fingerprint);
    await expect(target.rollTo(names.new, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
  });
});

describe('deployments', () => {
  test('of which another one than the newest was left last have no release before that anybody could name', async () => {
    const { target, server, names } = await bad();
    const young = server.build(COMMIT).uid;
    const [, middle, old] = server.service.deployments.map((one) => one.uid);
    server.point(old ?? '', 'promote');
    expect(await target.current()).toMatchObject({ release: names.old, previous: `${COMMIT.slice(0, 12)}-003FqxYdDM` });
    server.point(middle ?? '', 'promote');
    expect(await target.current()).toMatchObject({ release: names.new, previous: null });
    expect(await target.restorable(`${COMMIT.slice(0, 12)}-003FqxYdDM`)).toMatchObject({ ok: true, artefact: young });
  });

  test('that never served anybody are no release to go back to', async () => {
    const { target, server, names } = await bad();
    await target.freeze(true, 'INC-1');
    server.build(COMMIT);
    expect((await target.list(10)).map((one) => one.ref)).toEqual([names.new, names.old]);
    expect(await target.restorable(`${COMMIT.slice(0, 12)}-003FqxYdDM`)).toEqual({ ok: false, why: 'unknown' });
  });

  test('that are built, fail or are called off are told as what they are', async () => {
    const { target, server, names } = await bad();
    await target.freeze(true, 'INC-1');
    const made = server.build(COMMIT);
    made.state = 'BUILDING';
    expect(await target.current()).toMatchObject({ release: names.new, inFlight: `${COMMIT.slice(0, 12)}-003FqxYdDM` });
    made.state = 'ERROR';
    expect(await target.current()).toMatchObject({
      release: names.new,
      gaveUp: expect.stringContaining('could not put 003FqxYdDM live') as string,
    });
    made.state = 'CANCELED';
    const after = await target.current();
    expect([after.release, after.inFlight, after.gaveUp]).toEqual([names.new, undefined, undefined]);
  });

  const row = (uid: string, created: number, more: object = {}) => ({
    uid,
    created,
    readyState: 'READY',
    readySubstate: 'PROMOTED',
    ...more,
  });
  const project = (id: string, lastAliasRequest: object | null = null) => ({
    targets: { production: { id, createdAt: 1, readyState: 'READY' } },
    lastAliasRequest,
  });

  test('that go live after they were passed over, or are older than the list, are live all the same', () => {
    const request = { toDeploymentId: 'dpl_oldoldold', requestedAt: 30, jobStatus: 'succeeded', type: 'promote' };
    const late = sightIn({ deployments: [row('dpl_newnewnew', 20), row('dpl_oldoldold', 10)] }, project('dpl_newnewnew', request));
    expect(late.changes.map((one) => [one.key, one.phase])).toEqual([
      ['dpl_oldoldold', 'past'],
      ['dpl_newnewnew', 'live'],
      ['dpl_oldoldold', 'past'],
    ]);
    const old = sightIn({ deployments: [row('dpl_newnewnew', 20)] }, project('dpl_oldoldold'));
    expect(old.changes.map((one) => [one.key, one.phase])).toEqual([
      ['dpl_newnewnew', 'past'],
      ['dpl_oldoldold', 'live'],
    ]);
  });

  test.each([
    [{ deployments: [row('x', 1)] }, /one has no id or no date/],
    [{ deployments: [row('dpl_newnewnew', 1, { readyState: 'NEW' })] }, /NEW is no status that is known/],
    [{}, /not what was asked for/],
  ])('that are not told as documented are refused, not guessed: %j', (list, message) => {
    expect(() => sightIn(list, project('dpl_newnewnew'))).toThrow(message);
  });
});

test.each([
  [{ project: '../x' }, /project:/],
  [{ project: '..' }, /project:/],
  [{ team: 'shop' }, /team:/],
  [{ token: 'a b' }, /token:/],
])('options that mean nothing are refused: %j', (more, message) => {
  const options = { project: PROJECT, token: TOKEN, url: 'http://127.0.0.1:1', timeoutMs: 1_000, ...more };
  expect(() => createVercel(options, deps)).toThrow(message);
});

test('a release is called by its commit and its deployment, which tells two builds of one commit apart', async () => {
  const { target, server, names } = await bad();
  server.build(OLD_COMMIT);
  expect((await target.current()).release).toBe(`${OLD_COMMIT.slice(0, 12)}-003FqxYdDM`);
  await expect(target.resolve?.(OLD_COMMIT.slice(0, 12))).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
  expect(await target.resolve?.(NEW_COMMIT)).toBe(names.new);
});
