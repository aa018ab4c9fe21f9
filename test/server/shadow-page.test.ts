// The page of triggers in shadow: what each would have done, who may say whether it was right, and how one is armed.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { episodeOf, shadowPast } from '../world/scenes/shadow-past.ts';
import { SYSTEM } from './story-system.ts';
import { type Door, openDoor, START } from './world.ts';

const DAY = 86_400_000;
const ACTS = episodeOf('acme', START - 10 * DAY).episode;
const IN_SHADOW = { triggers: SYSTEM.triggers.map((rule) => ({ ...rule, mode: 'shadow' as const })) };

let door: Door;
beforeEach(async () => {
  door = await openDoor({ system: IN_SHADOW });
  await shadowPast(door.story.world, START);
});
afterEach(() => door.remove());

const read = async (path = '/shadow', person = 'bob'): Promise<string> => (await (await door.browser(person)).get(path)).text();

describe('the page of what would have been done', () => {
  test('tells how often, each time with what would have changed, the guards in the way and the real incident', async () => {
    const page = await read();
    expect(page).toContain('In 30 days: 3 incidents; it would have acted once, asked people once.');
    expect(page).toContain('It would have acted: org-rollback');
    expect(page).toContain('target:shop: v1.1.0');
    expect(page).toContain('G2: ');
    expect(page).toContain('<a href="/incidents/INC-1">real incident: INC-1</a>');
    expect(await read('/shadow?lang=pt-BR')).toContain('Teria agido: org-rollback');
  });

  test('says what to write and to type to arm it, and leads to a backtest', async () => {
    const page = await read();
    expect(page).toContain('http-5xx:\n    mode: armed');
    expect(page).toContain('belay lint');
    expect(page).toContain('href="/triggers/http-5xx/backtest"');
  });

  test('of one trigger shows that one, and of one that is not there that it is not', async () => {
    expect(await read('/shadow?trigger=http-5xx')).toContain('All triggers in shadow');
    const unknown = await (await door.browser('bob')).get('/shadow?trigger=nope');
    expect([unknown.status, await unknown.text()]).toEqual([404, expect.stringContaining('there is no trigger nope')]);
  });

  test('without a trigger in shadow says so', async () => {
    const other = await openDoor();
    const page = await (await (await other.browser()).get('/shadow')).text();
    await other.remove();
    expect(page).toContain('No trigger is in shadow');
  });
});

describe('a mark from the page', () => {
  const fields = { episode: ACTS, why: 'the release of that night', verdict: 'right', back: '/shadow?trigger=http-5xx' };

  test('is kept once with who said it, counted, and leads back to its episode', async () => {
    const browser = await door.browser('bob');
    const marked = await browser.submit('/shadow/marks', fields);
    expect([marked.status, marked.headers.get('location')]).toEqual([
      303,
      `/shadow?trigger=http-5xx&done=marked#ep-${encodeURIComponent(ACTS)}`,
    ]);
    await browser.submit('/shadow/marks', fields);
    expect(await door.story.world.shadows.marks({})).toMatchObject([{ episode: ACTS, verdict: 'right', by: 'bob' }]);
    const page = await read();
    expect(page).toContain('right, says bob: the release of that night');
    expect(page).toContain('1 of 1 was right, people say.');
    expect(page).toContain(`id="ep-${encodeURIComponent(ACTS)}"`);
  });

  test('of one who only looks has no form, and is refused', async () => {
    expect(await read('/shadow', 'eve')).not.toContain('action="/shadow/marks"');
    expect((await (await door.browser('eve')).submit('/shadow/marks', fields)).status).toBe(403);
    expect(await door.story.world.shadows.marks({})).toEqual([]);
  });

  test.each([
    ['without a reason', { why: ' ' }, 422],
    ['of an episode that is not there', { episode: 'http-5xx/acme/1' }, 404],
    ['with a verdict that is none', { verdict: 'perhaps' }, 422],
    ['without the token of the session', { csrf: 'wrong' }, 403],
  ])('%s is refused, and nothing is kept of it', async (_what, change, status) => {
    const browser = await door.browser('bob');
    expect((await browser.submit('/shadow/marks', { ...fields, ...change })).status).toBe(status);
    expect(await door.story.world.shadows.marks({})).toEqual([]);
  });

  test('never leads away from the page', async () => {
    const browser = await door.browser('bob');
    const marked = await browser.submit('/shadow/marks', { ...fields, back: '//evil.example/shadow' });
    expect(marked.headers.get('location')).toMatch(/^\/shadow\?done=marked#ep-/);
  });
});
