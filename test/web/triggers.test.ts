// The screens of triggers in a real browser: a gap is drawn as a gap, what is late says so, and the keyboard reaches everything.

import type { Browser, Page } from 'puppeteer-core';
import type uPlot from 'uplot';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { breachedAt, viewAt } from '../server/story-readings.ts';
import { CHROMIUM, launch, openRoom, type Room, type Seat, sit, tabTo } from './browser.ts';

describe.skipIf(CHROMIUM === undefined)('the screens of triggers', () => {
  let browser: Browser;
  let room: Room;
  let seat: Seat;
  let page: Page;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    room = await openRoom();
    seat = await sit(browser, room);
    page = seat.page;
  });
  afterEach(async () => {
    const { complaints } = seat;
    await seat.leave();
    await room.close();
    expect(complaints.filter((one) => !one.includes('404'))).toEqual([]);
  });

  const go = (path: string) => page.goto(`${room.url}${path}`);
  const textOf = (selector: string): Promise<string> => page.$eval(selector, (element) => (element as HTMLElement).innerText);

  /** How many pixels of the line's own colour stand in the columns of a span. */
  function inkBetween(from: number, to: number): Promise<number> {
    return page.$eval(
      '.plot-canvas',
      (home, span) => {
        const { plot } = home as HTMLElement & { plot: uPlot };
        const [left, right] = span.map((at) => Math.round(plot.valToPos(at, 'x', true))) as [number, number];
        const colour = getComputedStyle(document.documentElement).getPropertyValue('--ink').trim();
        const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
        const { data } = plot.ctx.getImageData(left, 0, right - left, plot.ctx.canvas.height);
        let found = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at] === r && data[at + 1] === g && data[at + 2] === b) found += 1;
        return found;
      },
      [from, to] as [number, number],
    );
  }

  test.each(['light', 'dark'] as const)('missing data is a gap in what the plot is given and in what it draws: %s', async (scheme) => {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await go('/triggers/http-5xx?org=acme');
    await page.waitForSelector('.plot-canvas canvas');
    const given = await page.$eval('.plot-canvas', (home) => (home as HTMLElement & { plot: uPlot }).plot.data.map((one) => [...one]));
    const gap = JSON.parse(await page.$eval('#plot', (element) => (element as HTMLElement).dataset['plot'] ?? '')) as {
      gaps: { from: number; to: number }[];
    };
    const { from, to } = gap.gaps[0] ?? { from: 0, to: 0 };
    expect(to - from).toBe(60_000);
    const inside = (given[0] ?? []).flatMap((at, index) => (Number(at) > from && Number(at) < to ? [given[1]?.[index]] : []));
    expect(inside).toEqual([null]);
    expect(await inkBetween(from + 4_000, to - 4_000)).toBe(0);
    expect(await inkBetween(to + 30_000, to + 90_000)).toBeGreaterThan(20);
    expect(await textOf('#plot-caption')).toContain('no data');
  });

  test('the plot says the same in a sentence and in a table that the keyboard opens', async () => {
    await go('/triggers/http-5xx?org=acme');
    await tabTo(page, '#plot-table summary');
    await page.keyboard.press('Enter');
    const rows = await page.$$eval('#plot-table tbody tr', (all) => all.map((one) => one.innerText.replaceAll(/\s+/g, ' ')));
    expect(rows.length).toBeLessThanOrEqual(30);
    expect(rows.filter((one) => one.includes('no data →'))).toHaveLength(1);
    expect(rows.some((one) => one.includes('checkout: stable → next'))).toBe(true);
    expect(await textOf('.evidence-words')).toBe('35 of 850 failed; by chance at 2\u00a0%: 1 in 14,000');
    expect(await textOf('.plot-marks')).toContain('checkout: stable → next');
  });

  test('what is over its limit without evidence says how many are needed, and is not shown as fine', async () => {
    room.door.story.readings.show(() => [viewAt(Date.now(), 'acme', { overLimit: true, value: 3 / 140, bad: 3, all: 140 })]);
    await go('/triggers');
    expect(await textOf('.trigger-rows .state-badge')).toBe('over, not sure yet');
    await tabTo(page, '.trigger-rows a');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(await textOf('.evidence-words')).toBe('Over the limit, not significant yet: 3 of 140; 8 needed');
    expect(await textOf('#why-panel')).toContain('8 are needed to ask');
  });

  test('a list is filtered by organization and by state with the keyboard alone', async () => {
    await go('/triggers');
    await tabTo(page, '#filter-org');
    await page.keyboard.type('globex');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(await page.$$eval('.trigger-rows .who', (all) => all.map((one) => one.textContent))).toEqual(['Globex']);
    await tabTo(page, '#filter-state');
    await page.keyboard.type('in b');
    await tabTo(page, '.filter .button');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(await textOf('#next')).toContain('No organization matches.');
  });

  test('a state that changes is on the screen without a reload, and a look that is late says so in a word', async () => {
    await go('/triggers');
    await page.evaluate(() => {
      (globalThis as { mine?: boolean }).mine = true;
    });
    expect(await page.$eval('.old-word', (element) => (element as HTMLElement).hidden)).toBe(true);
    const at = Date.now();
    room.door.story.readings.show(() => [breachedAt(at - 60_000, 'acme'), breachedAt(at - 60_000, 'globex', { unknown: true })]);
    await page.waitForFunction(() => document.querySelector('.counts')?.textContent?.trim().startsWith('2'));
    expect(await page.evaluate(() => (globalThis as { mine?: boolean }).mine)).toBe(true);
    expect(await textOf('.looked')).toMatch(/looked 1 min ago · late/);
    expect(await textOf('.trigger-rows')).toContain('No data since');
    await go('/triggers/http-5xx?org=globex');
    expect(await textOf('#card')).toContain('Unknown is neither fine nor a breach.');
  });

  test('a look grows old on the screen even when the server tells nothing any more', async () => {
    await go('/triggers');
    await page.waitForSelector('#live.is-live');
    await room.stop();
    await page.evaluate(() => {
      (globalThis as { shiftMs?: number }).shiftMs = 30_000;
    });
    await page.waitForFunction(() => document.querySelector<HTMLElement>('.old-word')?.hidden === false);
    await page.waitForSelector('#live.is-stale');
    await room.start();
  });

  test('the incident carries the plot of its trigger, small, and the way to the whole card', async () => {
    await go('/incidents/INC-1');
    await page.waitForSelector('#signal .plot.is-small canvas');
    expect(await page.$eval('#signal canvas', (element) => element.getBoundingClientRect().height)).toBeLessThanOrEqual(150);
    expect(await page.$eval('#signal a[href^="/triggers/"]', (element) => element.getAttribute('href'))).toBe(
      '/triggers/http-5xx?org=acme',
    );
  });

  test('nothing was measured, an unknown trigger and a silence each have their words', async () => {
    const until = Date.now() + 3_600_000;
    await room.door.ask('POST', '/v1/silences', {
      key: 'silence-0001',
      body: { trigger: 'http-5xx', org: 'acme', until, reason: 'a move' },
    });
    await go('/triggers/http-5xx?org=acme');
    expect(await textOf('#card')).toContain('Silenced until');
    expect(await textOf('#why-panel')).toContain('(operator: a move): nobody is told, and nothing is acted on.');
    await go('/triggers/nothing');
    expect(await textOf('main')).toContain('there is no trigger nothing');
    expect(await page.$('#pause-open')).not.toBeNull();
    room.door.story.readings.show(() => []);
    await go('/triggers');
    expect(await textOf('#trigger-http-5xx')).toContain('Nothing was ever measured for it.');
    await go('/triggers/http-5xx');
    expect(await textOf('#card')).toContain('Its source has not delivered yet.');
  });

  test('without a script the card still reads, and its table opens', async () => {
    const plain = await sit(browser, room, { script: false });
    await plain.page.goto(`${room.url}/triggers/http-5xx?org=acme`);
    await plain.page.click('#plot-table summary');
    expect(await plain.page.$eval('#plot-table', (element) => (element as HTMLElement).innerText)).toContain('no data →');
    await plain.leave();
  });
});
