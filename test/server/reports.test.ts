// Reports through the server: what a person may report, and the form of the war room, once a key and from our own page alone.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WITH_REPORTS } from './story-system.ts';
import { type Door, openDoor } from './world.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor({ system: WITH_REPORTS });
});
afterEach(() => door.remove());

const FIELDS = { trigger: 'complaints', org: 'acme', text: 'they call' };

describe('the API', () => {
  test.each([
    ['ana', ['complaints', 'leak']],
    ['bob', ['http-5xx', 'complaints']],
    ['eve', []],
    ['operator', ['http-5xx', 'complaints', 'leak']],
  ] as const)('tells %s what their roles may report', async (person, triggers) => {
    const answer = (await (await door.ask('GET', '/v1/reportable', { as: person })).json()) as { reportable: { trigger: string }[] };
    expect(answer.reportable.map((one) => one.trigger)).toEqual(triggers);
  });

  test('lets nobody report who has no role at all', async () => {
    const body = { trigger: 'complaints', org: 'acme', text: 'they call' };
    expect((await door.ask('POST', '/v1/reports', { as: 'eve', key: 'report-01', body })).status).toBe(403);
    expect(door.story.commands.reports).toEqual([]);
  });
});

describe('the form', () => {
  test('is taken once, however often it is sent', async () => {
    const browser = await door.browser('ana');
    for (let again = 0; again < 2; again += 1) {
      const answer = await browser.submit('/report', FIELDS);
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/?done=reported']);
    }
    expect(door.story.commands.reports).toEqual([{ trigger: 'complaints', scope: 'acme', text: 'they call' }]);
  });

  test('takes no organization that the API does not: its name would be kept, and shown to all', async () => {
    const browser = await door.browser('ana');
    expect((await browser.submit('/report', { ...FIELDS, org: 'x'.repeat(100_000) })).status).toBe(422);
    expect(door.story.commands.reports).toEqual([]);
  });

  test('of another page, of another session, without words or by nobody is refused', async () => {
    const browser = await door.browser('ana');
    expect((await browser.submit('/report', FIELDS, { origin: 'http://127.0.0.1:9999' })).status).toBe(403);
    expect((await browser.submit('/report', { ...FIELDS, csrf: 'another' })).status).toBe(403);
    expect((await browser.submit('/report', { ...FIELDS, text: '  ', key: 'form-key-0002' })).status).toBe(422);
    expect((await door.server.app.request('/report', { headers: { host: '127.0.0.1:7070' } })).status).toBe(302);
    expect((await (await door.browser('eve')).submit('/report', FIELDS)).status).toBe(403);
    expect(door.story.commands.reports).toEqual([]);
  });
});
