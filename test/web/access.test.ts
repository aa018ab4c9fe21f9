// Accessibility of every screen: no axe violation in light and dark, both languages, phone and desk; targets for thumbs;
// nothing that moves for those who asked for none; nothing wider than the screen.
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WITH_REPORTS } from '../server/story-system.ts';
import { measuredPast } from '../world/scenes/measured-past.ts';
import { shadowPast } from '../world/scenes/shadow-past.ts';
import { axeViolations } from './axe.ts';
import { CHROMIUM, launch, openRoom, type Room, type Seat, sit } from './browser.ts';

describe.skipIf(CHROMIUM === undefined)('every screen', () => {
  let browser: Browser;
  let room: Room;
  let seat: Seat;
  let paths: Readonly<Record<string, string>>;

  beforeAll(async () => {
    browser = await launch();
    room = await openRoom({ system: WITH_REPORTS });
    const at = { at: Date.now(), actor: { kind: 'engine' as const, id: 'belay' } };
    await room.door.story.add([
      { type: 'step.started', data: { step: 'look', kind: 'manual', title: 'Look', attempt: 2 }, ...at },
      { type: 'step.waiting', data: { step: 'look', kind: 'manual', who: 'comms', ask: 'Look', count: 1, answers: {} }, ...at },
      {
        type: 'contingency.opened',
        data: { step: 'switch', action: 'flow.set', scope: 'acme', owner: 'commander', expiresAt: at.at + 7 * 86_400_000 },
        ...at,
      },
    ]);
    await backtestsAndShadow();
    seat = await sit(browser, room);
    // axe is brought in as a script of the test, past the policy; the page's own scripts stay under it.
    await seat.page.setBypassCSP(true);
    paths = {
      list: '/',
      incident: '/incidents/INC-1',
      review: `/incidents/INC-1/review/${encodeURIComponent(room.door.story.approval)}`,
      problem: '/incidents/INC-404',
      triggers: '/triggers',
      trigger: '/triggers/http-5xx',
      noMatch: '/triggers?org=nobody',
      report: '/report',
      backtest: '/triggers/http-5xx/backtest',
      noBacktest: '/triggers/complaints/backtest',
      shadow: '/shadow',
    };
  });

  /** One that was found, one that runs, and what would have been done in shadow. */
  async function backtestsAndShadow(): Promise<void> {
    const { door } = room;
    const { signals } = door.story.world;
    await measuredPast(signals, {
      ...{ to: Date.now(), minutes: 600, away: [300, 200] },
      bad: (org, minute) => (org === 'acme' ? (minute <= 100 && minute > 80 ? 60 : 1) : minute <= 150 && minute > 140 ? 30 : 0),
    });
    await shadowPast(door.story.world, Date.now());
    const start = (key: string): Promise<Response> =>
      door.ask('POST', '/v1/triggers/http-5xx/backtest', { key, body: { from: Date.now() - 36_000_000, set: { above: '8%' } } });
    await start('backtest-0001');
    while (((await (await door.ask('GET', '/v1/backtest')).json()) as { running: unknown }).running !== null)
      await new Promise((resolve) => setTimeout(resolve, 20));
    door.replays.hold();
    await start('backtest-0002');
    door.replays.tell(0.3);
  }
  afterAll(async () => {
    await seat?.leave();
    await browser?.close();
    await room?.close();
  });

  const variants = (['light', 'dark'] as const).flatMap((scheme) =>
    (['en', 'pt-BR'] as const).flatMap((lang) => ([360, 1280] as const).map((width) => ({ scheme, lang, width }))),
  );

  async function show(path: string, o: (typeof variants)[number]): Promise<void> {
    const { page } = seat;
    await page.setViewport({ width: o.width, height: o.width === 360 ? 740 : 900, isMobile: o.width === 360 });
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: o.scheme },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    await page.goto(withLang(path, o.lang));
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });
  }

  const withLang = (path: string, lang: string): string => `${room.url}${path}${path.includes('?') ? '&' : '?'}lang=${lang}`;

  const violations = (): Promise<readonly string[]> => axeViolations(seat.page);

  test.each(variants)('has no axe violation: $scheme, $lang, $width px', async (variant) => {
    for (const [name, path] of Object.entries(paths)) {
      await show(path, variant);
      expect([name, await violations()]).toEqual([name, []]);
    }
  });

  test('the pause sheet and the page to log in have no axe violation either', async () => {
    await show('/incidents/INC-1', { scheme: 'light', lang: 'en', width: 360 });
    await seat.page.click('#pause-open');
    expect(await violations()).toEqual([]);
    const fresh = await browser.createBrowserContext();
    const page = await fresh.newPage();
    await page.setBypassCSP(true);
    await page.goto(`${room.url}/login`);
    const found = await axeViolations(page);
    await fresh.close();
    expect(found).toEqual([]);
  });

  test.each([320, 360, 760, 1280])('nothing is wider than a screen of %i px', async (width) => {
    for (const path of Object.values(paths)) {
      await seat.page.setViewport({ width, height: 740 });
      await seat.page.goto(withLang(path, 'pt-BR'));
      const over = await seat.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect([path, over <= 0]).toEqual([path, true]);
    }
  });

  test('the buttons that act are at least 48 px high, and no two targets are closer than the rule allows', async () => {
    for (const path of Object.values(paths)) {
      await show(path, { scheme: 'light', lang: 'pt-BR', width: 360 });
      const low = await seat.page.$$eval(
        '.button:not(.small), input:not([type="hidden"]):not([type="checkbox"], [type="radio"]), .tick, .step summary',
        (all) =>
          all.filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 47.5).map((one) => one.outerHTML.slice(0, 80)),
      );
      expect([path, low]).toEqual([path, []]);
    }
  });

  test('approve and pause differ in word, shape and colour', async () => {
    await show('/incidents/INC-1', { scheme: 'dark', lang: 'en', width: 1280 });
    const looks = await seat.page.$$eval('#approve, #pause-open', (both) =>
      both.map((one) => {
        const style = getComputedStyle(one);
        return [one.textContent?.trim().split(' ')[0], style.borderRadius, style.backgroundColor];
      }),
    );
    expect(looks).toHaveLength(2);
    for (const index of [0, 1, 2]) expect(looks[0]?.[index]).not.toBe(looks[1]?.[index]);
  });

  test('nothing moves for those who asked for no motion', async () => {
    await show('/incidents/INC-1', { scheme: 'light', lang: 'en', width: 1280 });
    await seat.page.waitForSelector('#live.is-live');
    expect(await seat.page.evaluate(() => document.getAnimations().length)).toBe(0);
  });

  test('the scripts of the pages complain of nothing', () => {
    expect(seat.complaints.filter((one) => !one.includes('404'))).toEqual([]);
  });
});
