// Silences over the API and on the list of the war room: who may ask, what is refused, what a repetition answers, what is shown.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Silence } from '../../src/domain/silence.ts';
import { type Ask, type Door, openDoor, START } from './world.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.remove());

const HOUR = 3_600_000;
const BODY = { trigger: 'http-5xx', org: 'acme', until: START + HOUR, reason: 'load test' };
const ask = (body: unknown, o: Ask = {}): Promise<Response> => door.ask('POST', '/v1/silences', { key: 'silence-1', body, ...o });
const listed = async (as = 'operator'): Promise<readonly Silence[]> =>
  ((await (await door.ask('GET', '/v1/silences', { as })).json()) as { silences: Silence[] }).silences;

describe('over the API', () => {
  test('a responder asks for one, gets it as it is stored, and everybody with a token sees it', async () => {
    const response = await ask(BODY, { as: 'bob' });
    const stored = { ...BODY, id: 'SIL-1', from: START, by: 'bob', ended: null };
    expect([response.status, await response.json()]).toEqual([201, { silence: stored }]);
    expect(await listed('eve')).toEqual([stored]);
    expect(await (await door.ask('GET', '/v1/status', { as: 'eve' })).json()).toMatchObject({ silences: [stored] });
  });

  test('times may be written as text, null and absent mean all, and a window to come is listed but not in the status', async () => {
    const body = { trigger: null, from: '2026-03-02T02:00Z', until: '2026-03-02T02:00:00-03:00', reason: 'move' };
    expect((await ask(body)).status).toBe(201);
    expect(await listed()).toMatchObject([
      { trigger: null, org: null, from: Date.parse('2026-03-02T02:00:00Z'), until: Date.parse('2026-03-02T05:00:00Z') },
    ]);
    expect(await (await door.ask('GET', '/v1/status')).json()).toMatchObject({ silences: [] });
  });

  test('who only looks may not', async () => {
    expect((await ask(BODY, { as: 'eve' })).status).toBe(403);
    expect((await ask(BODY, { as: null })).status).toBe(401);
    expect((await door.ask('POST', '/v1/silences/SIL-1/end', { as: 'eve', key: 'end-00001', body: {} })).status).toBe(403);
    expect(await listed()).toEqual([]);
  });

  test('a repeated request answers the first silence; the same key with another request is refused', async () => {
    const first = (await (await ask(BODY)).json()) as { silence: Silence };
    expect(await (await ask(BODY)).json()).toEqual(first);
    const other = await ask({ ...BODY, reason: 'another' });
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([422, 'BELAY_INPUT_INVALID']);
    expect(await listed()).toEqual([first.silence]);
  });

  test.each([
    ['no key', BODY, { key: undefined }, 'idempotency-key'],
    ['an unknown trigger', { ...BODY, trigger: 'nope' }, {}, 'There is no trigger "nope"; there are: http-5xx.'],
    ['an unknown organization', { ...BODY, org: 'nope' }, {}, 'There is no organization "nope"; there are: acme, globex.'],
    ['more than 7 days', { ...BODY, until: START + 7 * 24 * HOUR + 1 }, {}, 'A silence lasts 7 days at most.'],
    ['an end before the beginning', { ...BODY, from: START + 2 * HOUR }, {}, 'A silence must end after it begins.'],
    ['a blank reason', { ...BODY, reason: '  ' }, {}, 'A silence needs a reason'],
    ['an empty reason', { ...BODY, reason: '' }, {}, 'reason'],
    ['no end', { trigger: 'http-5xx', reason: 'x' }, {}, 'until'],
    ['a day that does not exist', { ...BODY, until: '2026-02-31T00:00:00Z' }, {}, 'until'],
    ['a time without its zone', { ...BODY, until: '2026-03-01T09:00:00' }, {}, 'until'],
    ['an unknown field', { ...BODY, triggers: 'http-5xx' }, {}, 'triggers'],
  ])('%s is refused and stores nothing', async (_what, body, o, says) => {
    const response = await ask(body, o as Ask);
    const problem = (await response.json()) as { detail: string; errors?: unknown };
    expect([response.status, `${problem.detail} ${JSON.stringify(problem.errors)}`]).toEqual([422, expect.stringContaining(says)]);
    expect(await listed()).toEqual([]);
  });

  test('one is ended by its id or its number, once, by whoever came first; one that is not there is a 404', async () => {
    await ask(BODY);
    const end = (id: string, as: string, key: string) => door.ask('POST', `/v1/silences/${id}/end`, { as, key, body: {} });
    const first = (await (await end('1', 'bob', 'end-00001')).json()) as { silence: Silence };
    expect(first.silence.ended).toEqual({ by: 'bob', at: START });
    expect(await (await end('SIL-1', 'ana', 'end-00002')).json()).toEqual(first);
    expect(await listed()).toEqual([]);
    for (const id of ['SIL-2', 'x', '..%2f']) {
      const none = await end(id, 'bob', 'end-00003');
      expect([none.status, ((await none.json()) as { code: string }).code]).toEqual([404, 'BELAY_NOT_FOUND']);
    }
  });
});

describe('in the war room', () => {
  test('the list says what is silenced, until when, why and by whom, in both languages, and nothing of what is to come', async () => {
    await ask({ ...BODY, reason: '<b>load</b> test' });
    await ask({ ...BODY, from: START + HOUR, until: START + 2 * HOUR }, { key: 'silence-2' });
    const browser = await door.browser('eve');
    const page = await (await browser.get('/?lang=en')).text();
    expect(page).toContain('<b>Silence SIL-1</b>: http-5xx · ACME · until ');
    expect(page).toContain('— &lt;b&gt;load&lt;/b&gt; test (operator)');
    expect(page).not.toContain('SIL-2');
    await ask({ trigger: null, org: null, until: START + HOUR, reason: 'x' }, { key: 'silence-3' });
    expect(await (await browser.get('/?lang=pt-BR')).text()).toContain(
      '<b>Silêncio SIL-3</b>: todos os gatilhos · todas as organizações · até ',
    );
  });
});
