// `belay silence`: what is typed, what is refused before anything is asked, and where a silence is seen.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Silence } from '../../src/domain/silence.ts';
import { type LivingDoor, livingDoor } from './belay.ts';

let door: LivingDoor;
beforeEach(async () => {
  door = await livingDoor();
});
afterEach(() => door.remove());

const silence = (...args: readonly string[]) => door.belay(['silence', ...args]);
const still = (text: string): string =>
  text.replaceAll(/\d+:\d\d(:\d\d)?(?= left| restam)/g, 'm:ss').replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, 'then');

describe('belay silence', () => {
  test('asks for one from now on, says its id and its end, and lists it', async () => {
    const made = await silence('--trigger', 'http-5xx', '--org', 'acme', '--for', '1h', '--why', 'load test');
    expect({ code: made.code, out: still(made.out) }).toEqual({ code: 0, out: 'SIL-1 is stored: silence until then.\n' });
    expect(made.err).toContain('End it: belay silence --end SIL-1');
    const list = await silence('--plain');
    expect(still(list.out)).toMatchInlineSnapshot(`
      "SILENCE SIL-1  http-5xx - acme - m:ss left, until then
          operator: load test
      "
    `);
    expect(still((await silence('--lang', 'pt-BR')).out)).toMatchInlineSnapshot(`
      "SILÊNCIO SIL-1  http-5xx · acme · m:ss restam, até then
          operator: load test
      "
    `);
  });

  test('asks for a window to come, for every trigger, and json is the answer of the API', async () => {
    const year = new Date().getUTCFullYear() + 1;
    const from = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 16);
    const made = await silence('--all', '--from', `${from}-03:00`, '--for', '2h', '--why', 'move', '--json');
    const { silence: stored } = made.json<{ silence: Silence }>();
    expect(stored).toMatchObject({ trigger: null, org: null, from: Date.parse(`${from}:00-03:00`), by: 'operator', reason: 'move' });
    expect(stored.until - stored.from).toBe(7_200_000);
    expect((await silence('--json')).json()).toEqual({ silences: [stored] });
    expect(still((await silence()).out)).toContain('all triggers · all organizations\n    to come: then → then\n');
    expect((await silence('--all', '--from', `${year + 3}-01-01T00:00Z`, '--for', '1h', '--why', 'x')).err).toContain(
      'begins within a year',
    );
  });

  test('ends one by its id', async () => {
    await silence('--trigger', 'http-5xx', '--for', '1h', '--why', 'load test');
    const over = await silence('--end', 'sil-1', '--as', 'bob');
    expect({ code: over.code, out: still(over.out) }).toEqual({ code: 0, out: 'SIL-1 covers nothing any more, since then.\n' });
    expect((await silence()).out).toBe('No silence holds or lies ahead.\n');
    expect(await silence('--end', 'SIL-9')).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is no silence SIL-9.') as string,
    });
  });

  test('is shown by the status while it holds', async () => {
    await silence('--trigger', 'http-5xx', '--for', '30m', '--why', 'evil \u001b[2J text');
    const status = await door.belay(['status', '--plain']);
    expect(still(status.out)).toContain(
      'SILENCE SIL-1  http-5xx - all organizations\n    m:ss left, until then\n    operator: evil \ufffd[2J text\n',
    );
    await silence('--end', '1');
    expect((await door.belay(['status', '--plain'])).out).not.toContain('SILENCE');
  });

  test.each([
    [['--for', '1h', '--why', 'x'], 'for one trigger (--trigger ID) or for every one (--all)'],
    [['--trigger', 'http-5xx', '--all', '--for', '1h', '--why', 'x'], 'for one trigger (--trigger ID) or for every one (--all)'],
    [['--trigger', 'http-5xx', '--why', 'x'], 'A silence needs its length.'],
    [['--trigger', 'http-5xx', '--for', '1 hour', '--why', 'x'], 'write 1h'],
    [['--trigger', 'http-5xx', '--for', '1h'], 'A silence needs a reason'],
    [['--trigger', 'http-5xx', '--for', '1h', '--why', ' '], 'A silence needs a reason'],
    [['--trigger', 'http-5xx', '--for', '8d', '--why', 'x'], 'A silence lasts 7 days at most.'],
    [['--trigger', 'http-5xx', '--for', '0s', '--why', 'x'], 'A silence must end after it begins.'],
    [['--trigger', 'nope', '--for', '1h', '--why', 'x'], 'There is no trigger "nope"; there are: http-5xx.'],
    [['--trigger', 'http-5xx', '--org', 'nope', '--for', '1h', '--why', 'x'], 'There is no organization "nope"'],
    [['--all', '--for', '1h', '--why', 'x', '--from', '2026-12-01T02:00'], 'is not a time with its zone'],
    [['--all', '--for', '1h', '--why', 'x', '--from', '2026-02-31T02:00Z'], 'is not a time with its zone'],
    [['--all', '--for', '1h', '--why', 'x', '--from', '2026-12-01T24:00Z'], 'is not a time with its zone'],
    [['--all', '--for', '1h', '--why', 'x', '--from', 'tomorrow'], 'is not a time with its zone'],
    [['--all', '--for', '1h', '--why', 'x', '--from', '2020-12-01T02:00Z'], 'This silence would be over already.'],
    [['--end', 'SIL-1', '--all'], '--end ends a silence; it goes with no other option'],
  ])('refuses %j with 2 and a sentence, and stores nothing', async (flags, says) => {
    const refused = await silence(...flags);
    expect({ code: refused.code, out: refused.out, says: refused.err.includes(says) || refused.err }).toEqual({
      code: 2,
      out: '',
      says: true,
    });
    expect(await door.story.world.silences.list({ endingAfter: 0 })).toEqual([]);
  });
});
