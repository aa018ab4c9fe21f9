// The war room in a real browser: keyboard alone, without a script, live, stale and live again.
import type { Browser } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EventDraft } from '../../src/domain/event.ts';
import { CHROMIUM, launch, openRoom, type Room, type Seat, sit, tabTo } from './browser.ts';

describe.skipIf(CHROMIUM === undefined)('the war room', () => {
  let browser: Browser;
  let room: Room;
  const seats: Seat[] = [];
  const seat = async (o: Parameters<typeof sit>[2] = {}): Promise<Seat> => {
    const taken = await sit(browser, room, o);
    seats.push(taken);
    return taken;
  };
  const note = (text: string): EventDraft => ({
    type: 'note.added',
    data: { by: 'bob', text, lang: 'en' },
    at: Date.now(),
    actor: { kind: 'user', id: 'bob' },
  });
  const approvalState = async (): Promise<string | undefined> =>
    (await room.door.story.world.incidents.load('INC-1'))?.approvals[room.door.story.approval]?.state;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    room = await openRoom();
  });
  afterEach(async () => {
    const complaints = seats.flatMap((one) => one.complaints);
    for (const one of seats.splice(0)) await one.leave();
    await room.close();
    expect(complaints).toEqual([]);
  });

  describe('with the keyboard alone', () => {
    test('a plan is read and approved', async () => {
      const { page } = await seat({ person: 'ana' });
      await page.goto(`${room.url}/incidents/INC-1`);
      await tabTo(page, '#approve');
      await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
      expect(await page.$eval('h1', (element) => element.textContent)).toBe('Review the plan');
      await tabTo(page, '#confirm');
      await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
      expect(await page.$eval('.done', (element) => element.textContent)).toContain('Your approval is recorded.');
      expect(await approvalState()).toBe('granted');
    });

    test('everything is paused with a reason, and resumed', async () => {
      const { page } = await seat({ person: 'bob' });
      await page.goto(`${room.url}/incidents/INC-1`);
      await tabTo(page, '#pause-open');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#pause-sheet:popover-open');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('pause-reason');
      await page.keyboard.type('I do not trust this');
      await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
      expect(await page.$eval('.paused', (element) => element.textContent)).toContain('I do not trust this');
      expect((await room.door.story.world.pause.read()).paused).toBe(true);
      await tabTo(page, '.button.resume');
      await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
      expect((await room.door.story.world.pause.read()).paused).toBe(false);
    });

    test('Escape closes the pause sheet and pauses nothing', async () => {
      const { page } = await seat();
      await page.goto(`${room.url}/incidents/INC-1`);
      await tabTo(page, '#pause-open');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#pause-sheet:popover-open');
      await page.keyboard.press('Escape');
      expect(await page.$('#pause-sheet:popover-open')).toBeNull();
      expect((await room.door.story.world.pause.read()).paused).toBe(false);
    });

    test('the skip link leads to the next action, and nothing that has the focus is hidden by the block on top', async () => {
      const { page } = await seat();
      await page.setViewport({ width: 360, height: 740 });
      await page.goto(`${room.url}/incidents/INC-1`);
      await tabTo(page, '.skip');
      await page.keyboard.press('Enter');
      expect(await page.evaluate(() => location.hash)).toBe('#next');
      const hidden: string[] = [];
      for (let presses = 0; presses < 25; presses += 1) {
        await page.keyboard.press('Tab');
        const covered = await page.evaluate(() => {
          const focused = document.activeElement;
          if (focused === null || focused === document.body) return null;
          const box = focused.getBoundingClientRect();
          const top = document.elementFromPoint(box.left + Math.min(box.width, 40) / 2, box.top + Math.min(box.height, 40) / 2);
          return top !== null && (focused.contains(top) || top.contains(focused)) ? null : focused.outerHTML.slice(0, 80);
        });
        if (covered !== null) hidden.push(covered);
      }
      expect(hidden).toEqual([]);
    });
  });

  describe('without a script', () => {
    test('a plan is approved', async () => {
      const { page } = await seat({ script: false, person: 'ana' });
      await page.goto(`${room.url}/incidents/INC-1`);
      await Promise.all([page.waitForNavigation(), page.click('#approve')]);
      await Promise.all([page.waitForNavigation(), page.click('#confirm')]);
      expect(await approvalState()).toBe('granted');
    });

    test('everything is paused', async () => {
      const { page } = await seat({ script: false });
      await page.goto(`${room.url}/incidents/INC-1`);
      await page.click('#pause-open');
      await page.type('#pause-reason', 'no script here');
      await Promise.all([page.waitForNavigation(), page.click('#pause-sheet .button.pause')]);
      expect((await room.door.story.world.pause.read()).by[0]?.reason).toBe('no script here');
    });

    test('the page says how old it is, and its log shows the newest line', async () => {
      const { page } = await seat({ script: false });
      await room.door.story.add(Array.from({ length: 60 }, (_, index) => note(`line ${index}`)));
      await page.goto(`${room.url}/incidents/INC-1`);
      expect(await page.$eval('#live', (element) => element.textContent)).toContain('as of');
      const inSight = await page.$eval('#log', (box) => {
        const last = box.querySelector('li:last-child')?.getBoundingClientRect();
        const frame = box.getBoundingClientRect();
        return last !== undefined && last.bottom <= frame.bottom + 1 && last.top >= frame.top;
      });
      expect(inSight).toBe(true);
    });
  });

  describe('live', () => {
    test('the link from the terminal logs in once and leaves no code in the address', async () => {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      const code = room.door.auth.loginCode();
      await page.goto(`${room.url}/login#${code}`);
      await page.waitForSelector('main.list');
      expect(asked.filter((url) => new URL(url).search.includes(code))).toEqual([]);
      expect(page.url()).toBe(`${room.url}/`);
      await context.close();
    });

    test('what happens is on the screen within a second, without a reload, and focus, typed text and opened parts stay', async () => {
      const { page } = await seat();
      await page.goto(`${room.url}/incidents/INC-1`);
      await page.waitForSelector('#live.is-live');
      await page.click('#note > summary');
      await page.click('#step-more-switch > summary');
      await page.type('#note-text', 'half a sentence');
      const started = Date.now();
      await room.door.story.add([note('news from the engine')]);
      await page.waitForFunction(() => document.querySelector('#log-lines')?.textContent?.includes('news from the engine'));
      expect(Date.now() - started).toBeLessThan(1000);
      const kept = await page.evaluate(() => ({
        focus: document.activeElement?.id,
        text: (document.querySelector('#note-text') as HTMLTextAreaElement | null)?.value,
        open: (document.querySelector('#step-more-switch') as HTMLDetailsElement | null)?.open,
      }));
      expect(kept).toEqual({ focus: 'note-text', text: 'half a sentence', open: true });
    });

    test('an approval that another person grants takes the button away and says why', async () => {
      const { page } = await seat();
      await page.goto(`${room.url}/incidents/INC-1`);
      await page.waitForSelector('#live.is-live');
      const { story } = room.door;
      await story.commands.approve(
        { person: 'ana', roles: ['commander'] },
        { incident: story.incident, approval: story.approval, planHash: story.plan.planHash, decision: 'grant', key: 'elsewhere' },
      );
      await page.waitForFunction(() => document.querySelector('#approve') === null);
      expect(await page.$eval('#why-not', (element) => element.textContent)).toContain('Nothing to approve');
    });

    test('a pause from the command line appears, and its sheet stays open meanwhile', async () => {
      const { page } = await seat();
      await page.goto(`${room.url}/incidents/INC-1`);
      await page.waitForSelector('#live.is-live');
      await page.click('#pause-open');
      await room.door.story.world.pause.pause('cli', 'hands off');
      await page.waitForFunction(() => document.querySelector('#pause-banner')?.textContent?.includes('hands off'));
      expect(await page.$('#pause-sheet:popover-open')).not.toBeNull();
    });

    test('the log follows until somebody scrolls up, and again when asked', async () => {
      const { page } = await seat();
      await room.door.story.add(Array.from({ length: 80 }, (_, index) => note(`line ${index}`)));
      await page.goto(`${room.url}/incidents/INC-1`);
      await page.waitForSelector('#live.is-live');
      const inSight = (words: string): Promise<boolean> =>
        page.$eval(
          '#log',
          (box, wanted) => {
            const line = [...box.querySelectorAll('li')].find((one) => one.textContent?.includes(wanted));
            return line !== undefined && line.getBoundingClientRect().bottom <= box.getBoundingClientRect().bottom + 1;
          },
          words,
        );
      await room.door.story.add([note('followed')]);
      await page.waitForFunction(() => document.querySelector('#log-lines')?.textContent?.includes('followed'));
      expect(await inSight('followed')).toBe(true);
      await page.$eval('#log', (box) => box.scrollBy(0, -600));
      await page.waitForSelector('#follow:not([hidden])');
      await room.door.story.add([note('not followed')]);
      await page.waitForFunction(() => document.querySelector('#log-lines')?.textContent?.includes('not followed'));
      expect(await inSight('not followed')).toBe(false);
      await page.click('#follow');
      expect(await inSight('not followed')).toBe(true);
    });

    test('nine tabs share one stream, all of them stay live, and the next one takes over when the first is closed', async () => {
      const { page } = await seat();
      const context = page.browserContext();
      const tabs = [page];
      while (tabs.length < 9) tabs.push(await context.newPage());
      for (const tab of tabs) await tab.goto(`${room.url}/incidents/INC-1`);
      for (const tab of tabs) await tab.waitForSelector('#live.is-live');
      expect(room.door.server.streams.connections).toBe(1);
      await tabs[0]?.close();
      await expect.poll(() => room.door.server.streams.connections, { timeout: 15_000 }).toBe(1);
      await room.door.story.add([note('for every tab')]);
      // A tab in the background draws no frames: look by the clock.
      for (const tab of tabs.slice(1))
        await tab.waitForFunction(() => document.querySelector('#log-lines')?.textContent?.includes('for every tab'), { polling: 100 });
      expect(room.door.server.streams.connections).toBe(1);
    });

    test('going back and forth leaves no stream behind, and the page from before is live again', async () => {
      const { page } = await seat();
      for (let round = 0; round < 5; round += 1) {
        await page.goto(`${room.url}/incidents/INC-1`);
        await page.goto(`${room.url}/`);
      }
      await page.goBack();
      await page.waitForSelector('#live.is-live');
      await expect.poll(() => room.door.server.streams.connections, { timeout: 15_000 }).toBe(1);
      await room.door.story.add([note('after going back')]);
      await page.waitForFunction(() => document.querySelector('#log-lines')?.textContent?.includes('after going back'));
    });

    test('clocks count down without asking the server', async () => {
      const { page } = await seat();
      await page.goto(`${room.url}/incidents/INC-1`);
      const read = (): Promise<string> => page.$eval('.clock .digits', (element) => element.textContent ?? '');
      const before = await read();
      await page.waitForFunction((old) => document.querySelector('.clock .digits')?.textContent !== old, {}, before);
      expect(await read()).toMatch(/^2:\d\d$/);
    });
  });

  describe('stale', () => {
    test('a silent server turns the screen stale after twenty seconds, and it comes back with nothing lost', async () => {
      const { page } = await seat();
      await page.goto(`${room.url}/incidents/INC-1`);
      await page.waitForSelector('#live.is-live');
      await room.stop();
      await page.evaluate(() => {
        (globalThis as { shiftMs?: number }).shiftMs = 15_000;
      });
      await new Promise((resolve) => setTimeout(resolve, 1200));
      expect(await page.$('#live.is-stale')).toBeNull();
      await page.evaluate(() => {
        (globalThis as { shiftMs?: number }).shiftMs = 25_000;
      });
      await page.waitForSelector('#live.is-stale');
      expect(await page.$eval('#stale', (element) => (element as HTMLElement).hidden)).toBe(false);
      expect(await page.$eval('#stale', (element) => element.textContent)).toContain('Stale since');
      await room.door.story.add([note('while you were away')]);
      await room.start();
      await page.waitForSelector('#live.is-live', { timeout: 20_000 });
      await page.waitForFunction(() => document.querySelector('#log-lines')?.textContent?.includes('while you were away'));
      expect(await page.$eval('#stale', (element) => (element as HTMLElement).hidden)).toBe(true);
    });
  });
});
