// The form to report a problem, in a real browser: with the keyboard alone, without a script, and by those who may not.
import type { Browser } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WITH_REPORTS } from '../server/story-system.ts';
import { CHROMIUM, launch, openRoom, type Room, type Seat, sit, tabTo } from './browser.ts';

describe.skipIf(CHROMIUM === undefined)('a problem is reported', () => {
  let browser: Browser;
  let room: Room;
  let seat: Seat;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    room = await openRoom({ system: WITH_REPORTS });
  });
  afterEach(async () => {
    const { complaints } = seat;
    await seat.leave();
    await room.close();
    expect(complaints.filter((one) => !one.includes('403'))).toEqual([]);
  });
  const done = () => seat.page.$eval('.done', (element) => element.textContent);

  test('with the keyboard alone, for one organization', async () => {
    seat = await sit(browser, room, { person: 'ana' });
    const { page } = seat;
    await page.goto(`${room.url}/`);
    await tabTo(page, '#report-open');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(await page.$eval('h1', (element) => element.textContent)).toBe('Report a problem');
    await tabTo(page, '#report-complaints');
    await page.keyboard.press('Space');
    await tabTo(page, '#report-org');
    await page.keyboard.type('ACME');
    await tabTo(page, '#report-text');
    await page.keyboard.type('three clients called');
    await tabTo(page, '#report-send');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(await done()).toContain('Your report is recorded.');
    expect(room.door.story.commands.reports).toEqual([{ trigger: 'complaints', scope: 'acme', text: 'three clients called' }]);
  });

  test('without a script, in Portuguese, and the organization that was chosen by mistake is left out', async () => {
    seat = await sit(browser, room, { person: 'ana', script: false });
    const { page } = seat;
    await page.goto(`${room.url}/report?lang=pt-BR`);
    await page.click('#report-leak');
    await page.select('#report-org', 'globex');
    await page.type('#report-text', 'a acme viu pedidos da globex');
    await Promise.all([page.waitForNavigation(), page.click('#report-send')]);
    expect(await done()).toContain('Seu relato está registrado.');
    expect(room.door.story.commands.reports).toEqual([{ trigger: 'leak', scope: '', text: 'a acme viu pedidos da globex' }]);
  });

  test('only as far as the roles of a person go', async () => {
    seat = await sit(browser, room, { person: 'bob' });
    const { page } = seat;
    await page.goto(`${room.url}/report`);
    expect(await page.$$eval('input[name="trigger"]', (all) => all.map((one) => one.getAttribute('value')))).toEqual([
      'http-5xx',
      'complaints',
    ]);
    await seat.leave();
    seat = await sit(browser, room, { person: 'eve' });
    await seat.page.goto(`${room.url}/report`);
    expect(await seat.page.$('#report')).toBeNull();
    expect(await seat.page.$eval('.why-not', (element) => element.textContent)).toContain('nothing that you may report');
  });
});
