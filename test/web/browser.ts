// A real Chromium over the real server, the story behind it. Everything that is started here is stopped here.
import { existsSync } from 'node:fs';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import type { Listening } from '../../src/server/app.ts';
import { realTime } from '../server/story.ts';
import { type Door, type DoorOptions, openDoor } from '../server/world.ts';

const COMMANDS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome-stable', '/usr/bin/google-chrome'];
export const CHROMIUM = COMMANDS.find((path) => existsSync(path));

const ARGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-gpu',
  // The list below its address bar is a page with a process of its own, made anew for each window: half of what a window costs.
  '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup',
];

export function launch(): Promise<Browser> {
  return puppeteer.launch({ executablePath: CHROMIUM ?? '', args: ARGS });
}

export interface Room {
  readonly door: Door;
  readonly url: string;
  /** Takes the server away, as a crash would. */
  stop(): Promise<void>;
  /** And gives it back on the same port. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function openRoom(o: Pick<DoorOptions, 'system'> = {}): Promise<Room> {
  const door = await openDoor({ ...o, time: realTime(), stream: { heartbeatMs: 500, pauseEveryMs: 200 } });
  let listening: Listening | null = await door.server.listen(0);
  const { port, url } = listening;
  return {
    door,
    url,
    async stop() {
      await listening?.close();
      listening = null;
    },
    async start() {
      listening = await door.server.listen(port);
    },
    async close() {
      await listening?.close();
      await door.remove();
    },
  };
}

export interface Seat {
  readonly page: Page;
  /** What the browser complained of: errors of scripts, refusals of the policy. */
  readonly complaints: string[];
  leave(): Promise<void>;
}

/** A page of its own, logged in by the one-time link, or by a plain form where scripts are off. */
export async function sit(browser: Browser, room: Room, o: { readonly script?: boolean; readonly person?: string } = {}): Promise<Seat> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('net::ERR_')) complaints.push(message.text());
  });
  // The shift lets a test make time pass in the page without waiting for it.
  await page.evaluateOnNewDocument(() => {
    const real = Date.now.bind(Date);
    (globalThis as { shiftMs?: number }).shiftMs = 0;
    Date.now = () => real() + ((globalThis as { shiftMs?: number }).shiftMs ?? 0);
  });
  await page.setJavaScriptEnabled(o.script ?? true);
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(`${room.url}/login`);
  await page.type('#token', await room.door.token(o.person ?? 'operator'));
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  return { page, complaints, leave: () => context.close() };
}

/** Presses Tab until the element has the focus: what a person without a mouse does. */
export async function tabTo(page: Page, selector: string, limit = 60): Promise<void> {
  for (let presses = 0; presses < limit; presses += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  throw new Error(`${selector} was not reached with ${limit} presses of Tab`);
}
