// Backtests and the shadow report in a real browser: with the keyboard alone, live, without a script, and drawn as they are told.
import type { Browser, Page } from 'puppeteer-core';
import type uPlot from 'uplot';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SYSTEM } from '../server/story-system.ts';
import { measuredPast } from '../world/scenes/measured-past.ts';
import { episodeOf, shadowPast } from '../world/scenes/shadow-past.ts';
import { CHROMIUM, launch, openRoom, type Room, type Seat, sit, tabTo } from './browser.ts';

const IN_SHADOW = { triggers: SYSTEM.triggers.map((rule) => ({ ...rule, mode: 'shadow' as const })) };
const MIN = 60_000;
const DAY = 1_440 * MIN;
const PATH = '/triggers/http-5xx/backtest';

describe.skipIf(CHROMIUM === undefined)('what a trigger would have done', () => {
  let browser: Browser;
  let room: Room;
  let seat: Seat;
  let page: Page;
  let now: number;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    room = await openRoom({ system: IN_SHADOW });
    now = Math.floor(Date.now() / MIN) * MIN;
    const { signals } = room.door.story.world;
    await measuredPast(signals, {
      ...{ to: now, minutes: 1_440, away: [900, 700] },
      bad: (org, minute) => (org === 'acme' ? (minute <= 400 && minute > 350 ? 60 : 1) : minute <= 100 && minute > 90 ? 30 : 0),
    });
    await shadowPast(room.door.story.world, now);
    seat = await sit(browser, room);
    page = seat.page;
  });
  afterEach(async () => {
    const { complaints } = seat;
    await seat.leave();
    await room.close();
    expect(complaints).toEqual([]);
  });

  const go = (path: string, on = page) => on.goto(`${room.url}${path}`);
  const textOf = (selector: string, on = page): Promise<string> => on.$eval(selector, (element) => (element as HTMLElement).innerText);
  const press = () => Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);

  /** How many pixels of the ground of a band stand in the columns of a span, above the middle of the plot. */
  function tintedBetween(from: number, to: number): Promise<number> {
    return page.$eval(
      '.plot-canvas',
      (home, [begin, end]) => {
        const { plot } = home as HTMLElement & { plot: uPlot };
        const left = Math.round(plot.valToPos(begin, 'x', true));
        const right = Math.max(left + 2, Math.round(plot.valToPos(end, 'x', true)));
        const { data } = plot.ctx.getImageData(left, plot.bbox.top, right - left, plot.bbox.height / 4);
        let found = 0;
        for (let at = 0; at < data.length; at += 4) if ((data[at] ?? 0) - (data[at + 1] ?? 0) > 25 && (data[at + 3] ?? 0) > 30) found += 1;
        return found;
      },
      [from, to] as const,
    );
  }

  test('a backtest is started, watched and read with the keyboard alone, and its end comes by itself', async () => {
    room.door.replays.hold();
    await go('/triggers/http-5xx?org=acme');
    await tabTo(page, '#backtest');
    await press();
    expect(await page.$eval('#bt-org', (element) => (element as HTMLSelectElement).value)).toBe('acme');
    await tabTo(page, '#bt-org');
    await page.keyboard.type('all');
    await tabTo(page, '.tried summary');
    await page.keyboard.press('Enter');
    await tabTo(page, '#bt-above');
    await page.keyboard.type('8%');
    await tabTo(page, '#start');
    await press();
    expect(await textOf('.done')).toContain('The backtest is running.');
    expect(room.door.replays.orders[0]).toMatchObject({ org: null, tried: { breach: { above: 0.08 } } });
    room.door.replays.tell(0.42);
    await page.waitForFunction(() => document.querySelector<HTMLProgressElement>('progress.share')?.value === 42);
    expect(await page.$('#start')).toBeNull();
    await room.door.replays.release();
    await page.waitForSelector('#totals');
    await page.waitForSelector('#start');
    const cards = await page.$$eval('.rule-card', (all) => all.map((one) => (one.textContent ?? '').replaceAll(/\s+/g, ' ')));
    expect(cards).toHaveLength(2);
    expect(cards[0]).toContain('2 times in 30 days it would have acted alone.');
    expect(cards[1]).toContain('Once in 30 days it would have acted alone.');
  });

  test.each(['light', 'dark'] as const)('the plot has the episodes as bands, no line in a gap, and the limit: %s', async (scheme) => {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await room.door.ask('POST', '/v1/triggers/http-5xx/backtest', { key: 'backtest-0001', body: { from: now - DAY, to: now } });
    await go(PATH);
    await page.waitForSelector('.plot-canvas canvas');
    expect(await textOf('#line-title')).toContain('ACME');
    const given = JSON.parse(await page.$eval('#plot', (element) => (element as HTMLElement).dataset['plot'] ?? '')) as {
      readonly bands: readonly { from: number; to: number; act: boolean }[];
      readonly gaps: readonly { from: number; to: number }[];
      readonly x: readonly number[];
      readonly y: readonly (number | null)[];
      readonly limit: number;
    };
    const [band] = given.bands;
    const [gap] = given.gaps;
    if (band === undefined || gap === undefined) throw new Error('there is an episode, and a gap');
    expect([band.act, given.limit, gap.to - gap.from]).toEqual([true, 0.02, 200 * MIN]);
    const inside = given.x.flatMap((at, index) => (at > gap.from && at < gap.to ? [given.y[index]] : []));
    expect(inside).toEqual([null]);
    expect(await tintedBetween(band.from + MIN, band.to - MIN)).toBeGreaterThan(50);
    expect(await tintedBetween(now - DAY + 60 * MIN, now - DAY + 120 * MIN)).toBe(0);
    expect(await textOf('#plot-caption')).toMatch(/Each point is the worst of 3.min: between/);
  });

  test('another organization is chosen, worst first, and its line and episodes are shown', async () => {
    await room.door.ask('POST', '/v1/triggers/http-5xx/backtest', { key: 'backtest-0001', body: { from: now - DAY, to: now } });
    await go(PATH);
    expect(await page.$$eval('#bt-show option', (all) => all.map((one) => one.value))).toEqual(['acme', 'globex']);
    await tabTo(page, '#bt-show');
    await page.keyboard.type('Glob');
    await tabTo(page, '#show');
    await press();
    expect(await textOf('#line-title')).toContain('Globex');
    expect(await page.$$eval('.episodes .who', (all) => all.map((one) => one.textContent))).toEqual(['Globex']);
  });

  test('without a script one is started, stopped and read, in Portuguese', async () => {
    room.door.replays.hold();
    const plain = await sit(browser, room, { script: false, person: 'eve' });
    await go(`${PATH}?lang=pt-BR`, plain.page);
    await Promise.all([plain.page.waitForNavigation(), plain.page.click('#start')]);
    expect(await textOf('#running', plain.page)).toContain('começado por eve');
    await Promise.all([plain.page.waitForNavigation(), plain.page.click('#stop')]);
    expect(await textOf('#found', plain.page)).toContain('foi parado antes de acabar');
    await plain.leave();
  });

  test('an episode in shadow is marked with the keyboard alone, and the next one is right below it', async () => {
    const { episode } = episodeOf('acme', now - 5 * DAY);
    await go('/shadow');
    await tabTo(page, `input[id="why-ep-${encodeURIComponent(episode)}"]`);
    await page.keyboard.type('deploy of billing');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await press();
    expect(await textOf('.done')).toContain('Your word is kept');
    expect(await page.$eval('li:target .said', (element) => element.textContent?.trim())).toBe('false, says operator: deploy of billing');
    expect(await room.door.story.world.shadows.marks({})).toMatchObject([{ episode, verdict: 'false', by: 'operator' }]);
    expect(await textOf('#shadow-http-5xx')).toContain('0 of 1 was right, people say.');
  });

  test('without a script an episode in shadow is marked, and how to arm the trigger is read', async () => {
    const plain = await sit(browser, room, { script: false, person: 'bob' });
    await go('/shadow?trigger=http-5xx&lang=pt-BR', plain.page);
    await plain.page.type('.mark input[name="why"]', 'era a release');
    await Promise.all([plain.page.waitForNavigation(), plain.page.click('.mark button[value="right"]')]);
    expect(await textOf('main', plain.page)).toContain('certo, diz bob: era a release');
    await plain.page.click('.arm summary');
    expect(await textOf('.arm', plain.page)).toContain('mode: armed');
    await plain.leave();
  });
});
