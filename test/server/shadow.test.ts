// The shadow report over the API: who may look, who may mark, what a repetition answers, and how it is counted.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ShadowMark } from '../../src/domain/shadow.ts';
import type { ShadowReport } from '../../src/server/shadow.ts';
import { episodeOf, shadowPast } from '../world/scenes/shadow-past.ts';
import { SYSTEM } from './story-system.ts';
import { type Ask, type Door, openDoor, START } from './world.ts';

const DAY = 86_400_000;
const ACTS = episodeOf('acme', START - 10 * DAY).episode;
const ASKS = episodeOf('acme', START - 5 * DAY).episode;
const IN_SHADOW = { ...SYSTEM, triggers: SYSTEM.triggers.map((rule) => ({ ...rule, mode: 'shadow' as const })) };

let door: Door;
beforeEach(async () => {
  door = await openDoor({ system: IN_SHADOW });
  await shadowPast(door.story.world, START);
});
afterEach(() => door.remove());

const report = async (query = '', as = 'eve'): Promise<ShadowReport> =>
  (await (await door.ask('GET', `/v1/shadow${query}`, { as })).json()) as ShadowReport;
const mark = (body: unknown, o: Ask = {}): Promise<Response> => door.ask('POST', '/v1/shadow/marks', { key: 'mark-0001', body, ...o });

describe('the report', () => {
  test('counts what would have been an incident once, and lists each episode with what stood in the way and the real incident', async () => {
    const { triggers, episodes, more } = await report();
    expect(triggers).toMatchObject([
      {
        trigger: 'http-5xx',
        mode: 'shadow',
        kind: 'ratio',
        limit: { above: 0.02 },
        episodes: 3,
        acts: 1,
        asks: 1,
        refusals: 0,
        joined: 1,
        undecided: 1,
      },
    ]);
    expect(more).toBe(false);
    expect(episodes.map(({ scope, choice, incident, joins }) => [scope, choice, incident, joins])).toEqual([
      ['acme', null, 'INC-1', null],
      ['acme', 'ask', null, null],
      ['globex', 'act', null, ACTS],
      ['acme', 'act', null, null],
    ]);
    expect(episodes[1]?.inTheWay.map((guard) => guard.guard)).toEqual(['G2']);
    expect(episodes[3]).toMatchObject({ runbook: 'org-rollback', changes: [{ target: 'target:shop', to: 'v1.0.0' }], peak: 0.5, bad: 100 });
    expect((episodes[3]?.endedAt ?? 0) - (episodes[3]?.since ?? 0)).toBe(21 * 60_000);
  });

  test('takes a trigger and a time, and says when there is more than it lists', async () => {
    expect((await report(`?since=${START - 7 * DAY}`)).episodes).toHaveLength(2);
    expect(await report('?trigger=http-5xx&limit=1')).toMatchObject({ more: true, episodes: [{ incident: 'INC-1' }] });
    const unknown = await door.ask('GET', '/v1/shadow?trigger=nope');
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'BELAY_NOT_FOUND' }]);
    expect((await door.ask('GET', '/v1/shadow?limit=0')).status).toBe(422);
    expect((await door.ask('GET', '/v1/shadow', { as: null })).status).toBe(401);
  });

  test('of a trigger that is armed by now keeps what it would have done, without what it did', async () => {
    const armed = await openDoor();
    await shadowPast(armed.story.world, START);
    const { triggers, episodes } = (await (await armed.ask('GET', '/v1/shadow')).json()) as ShadowReport;
    expect([triggers[0]?.mode, episodes.map((one) => one.choice)]).toEqual(['armed', ['ask', 'act', 'act']]);
    await armed.remove();
  });
});

describe('a mark', () => {
  test('of a responder is kept with who and when, shown in the report, and counted; the newest of an episode counts', async () => {
    const response = await mark({ episode: ACTS, verdict: 'false', why: 'deploy of billing' }, { as: 'bob' });
    const stored = { verdict: 'false', why: 'deploy of billing', by: 'bob', at: START };
    expect([response.status, ((await response.json()) as { mark: ShadowMark }).mark]).toMatchObject([201, stored]);
    await mark({ episode: ASKS, verdict: 'false', why: 'no' }, { key: 'mark-0002' });
    await mark({ episode: ASKS, verdict: 'right', why: 'it was an outage' }, { key: 'mark-0003' });
    const { triggers, episodes } = await report();
    expect(triggers).toMatchObject([{ right: 1, wrong: 1 }]);
    expect(episodes.map((one) => one.mark?.verdict ?? null)).toEqual([null, 'right', null, 'false']);
    expect(episodes[3]?.mark).toEqual(stored);
  });

  test('that is repeated under its key is made once, and another request under that key is refused', async () => {
    const body = { episode: ACTS, verdict: 'right', why: 'it was' };
    const first = await (await mark(body)).json();
    expect(await (await mark(body)).json()).toEqual(first);
    expect((await mark({ ...body, why: 'another' })).status).toBe(422);
    expect(await door.story.world.shadows.marks({})).toHaveLength(1);
  });

  test.each([
    ['an episode that is not in the report', { episode: 'http-5xx/acme/1', verdict: 'right', why: 'x' }, 404],
    ['a verdict that is none', { episode: ACTS, verdict: 'maybe', why: 'x' }, 422],
    ['no reason', { episode: ACTS, verdict: 'right' }, 422],
    ['a blank reason', { episode: ACTS, verdict: 'right', why: '  ' }, 422],
    ['a field that is not known', { episode: ACTS, verdict: 'right', why: 'x', by: 'somebody else' }, 422],
  ])('with %s is refused, and nothing is kept', async (_what, body, status) => {
    expect((await mark(body)).status).toBe(status);
    expect(await door.story.world.shadows.marks({})).toEqual([]);
  });

  test('of one who only looks is refused', async () => {
    expect((await mark({ episode: ACTS, verdict: 'right', why: 'x' }, { as: 'eve' })).status).toBe(403);
    expect((await mark({ episode: ACTS, verdict: 'right', why: 'x' }, { as: null })).status).toBe(401);
  });
});
