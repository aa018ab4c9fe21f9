// One page of one browser, and what is done on it step by step. Each step has its time, and all of them have theirs: a page that never ends
// what it does is left, not waited for.
import type { Browser, ElementHandle, Page } from 'puppeteer-core';
import { addressFits, type BrowserStep, type Place, placeText, type Sight, sightText } from '../../domain/browser-step.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Visit, VisitOptions } from '../../ports/browser.ts';
import type { Time } from '../../ports/time.ts';
import { type Guard, guard, plainAddress } from './guard.ts';
import { createShots } from './shot.ts';

type Clock = Pick<Time, 'monotonicMs' | 'sleep'>;

const LOOK_EVERY_MS = 100;
const SHOWN_TEXT = 200;
const SHOT_MS = 5_000;

interface Seat {
  readonly page: Page;
  readonly guard: Guard;
  readonly time: Clock;
  readonly hide: VisitOptions['hide'];
  /** Fields that were filled: no picture shows them. */
  readonly filled: ElementHandle[];
}

type Acting = Exclude<BrowserStep, { does: 'shot' }>;

export async function openVisit(browser: Browser, o: VisitOptions, time: Clock): Promise<Visit> {
  const [page = await browser.newPage()] = await browser.pages();
  const seat: Seat = { page, guard: await guard(browser, page, o.origins), time, hide: o.hide, filled: [] };
  const end = time.monotonicMs() + o.limitMs;
  const crash = crashOf(browser, page);
  const shots = createShots(page, seat.filled, o.hide);
  let hangs = false;
  const shoot: Visit['shoot'] = async (name) => {
    const shot = hangs ? undefined : await inTime(Promise.race([shots(name), crash]), SHOT_MS, time);
    return shot ?? { name, png: '', why: 'the page hangs' };
  };
  return {
    carryOut: async (step) => {
      if (step.does === 'shot') return null;
      const left = end - time.monotonicMs();
      const ms = Math.min(step.withinMs ?? o.timeoutMs, left);
      const why = await inTime(Promise.race([carriedOut(seat, step, ms), crash]), ms + 500, time);
      hangs = why === undefined;
      const said = why === undefined ? `the page hangs: nothing came of it within ${ms} ms` : why;
      if (said !== null && left < (step.withinMs ?? o.timeoutMs) && time.monotonicMs() >= end)
        throw new BelayError('BELAY_TIMEOUT', `the ${o.limitMs} ms of all steps in the browser were over in "${step.name}"`, {
          hint: 'Raise limit of its browser in belay.yaml, if that is right.',
        });
      return said;
    },
    shoot,
    notes: seat.guard.notes,
  };
}

/** Rejects when the browser is gone; else it never ends. */
function crashOf(browser: Browser, page: Page): Promise<never> {
  const crash = new Promise<never>((_, reject) => {
    const gone = (what: string) => (): void =>
      reject(new BelayError('BELAY_PROCESS_FAILED', `${what} crashed`, { hint: 'Look at the memory of this machine, and try again.' }));
    browser.once('disconnected', gone('the browser'));
    page.once('error', gone('the page'));
  });
  // It may come when nobody waits for it any more.
  crash.catch(() => undefined);
  return crash;
}

/** Undefined: it did not end in time. */
async function inTime<T>(work: Promise<T>, ms: number, time: Clock): Promise<T | undefined> {
  const over = new AbortController();
  work.catch(() => undefined);
  try {
    return await Promise.race([work, time.sleep(ms, over.signal).then(() => undefined)]);
  } finally {
    over.abort();
  }
}

async function carriedOut(seat: Seat, step: Acting, ms: number): Promise<string | null> {
  const until = seat.time.monotonicMs() + ms;
  if (step.does === 'open') return opened(seat, step, ms);
  if (step.does === 'see') return seen(seat, step, until);
  const found = await foundOne(seat, step.place, until);
  if (typeof found === 'string') return found;
  return step.does === 'click' ? clicked(found) : filled(seat, found, step.value);
}

async function opened(seat: Seat, { url, status }: Extract<Acting, { does: 'open' }>, timeout: number): Promise<string | null> {
  seat.guard.forget();
  try {
    const answer = await seat.page.goto(url, { waitUntil: 'domcontentloaded', timeout });
    const got = answer?.status() ?? 0;
    if (status === undefined ? got < 400 : got === status) return null;
    return `status ${got}; ${await shown(seat)}`;
  } catch (error) {
    if (seat.guard.foreign() !== '') return astray(seat);
    return said(error, `it cannot be opened within ${timeout} ms`);
  }
}

const astray = ({ guard: { foreign } }: Seat): string => `the page leads to ${foreign()}, which is not declared under alsoLoads`;

async function seen(seat: Seat, { sight, gone }: Extract<Acting, { does: 'see' }>, until: number): Promise<string | null> {
  for (;;) {
    if (seat.guard.foreign() !== '') return astray(seat);
    if ((await isSeen(seat, sight)) !== gone) return null;
    if (seat.time.monotonicMs() + LOOK_EVERY_MS > until) break;
    await seat.time.sleep(LOOK_EVERY_MS);
  }
  return `${gone ? 'still there' : 'not there'}: ${sightText(sight)}; ${await shown(seat)}`;
}

async function isSeen(seat: Seat, sight: Sight): Promise<boolean> {
  if ('url' in sight) return addressFits(sight.url, seat.page.url());
  if ('answer' in sight) return seat.guard.answers.some((one) => one.status === sight.status && addressFits(sight.answer, one.url));
  if ('place' in sight) return (await visible(seat, sight.place)).length > 0;
  const text = await textOf(seat.page);
  return text.includes(sight.text.replaceAll(/\s+/g, ' ').trim());
}

/** A click on the wrong one of two would be worse than none. */
async function foundOne(seat: Seat, place: Place, until: number): Promise<ElementHandle | string> {
  for (;;) {
    if (seat.guard.foreign() !== '') return astray(seat);
    const found = await visible(seat, place);
    const [one] = found;
    if (one !== undefined && found.length === 1) return one;
    if (seat.time.monotonicMs() + LOOK_EVERY_MS > until)
      return `${found.length === 0 ? 'not there' : `${found.length} of them are there`}: ${placeText(place)}; ${await shown(seat)}`;
    await seat.time.sleep(LOOK_EVERY_MS);
  }
}

async function visible({ page }: Seat, place: Place): Promise<readonly ElementHandle[]> {
  try {
    const found = await page.$$(selectorOf(place));
    const looked = await Promise.all(found.map(async (one) => ((await one.isVisible()) ? [one] : [])));
    return looked.flat();
  } catch (error) {
    if (isLeft(error)) return [];
    if ('css' in place)
      throw new BelayError('BELAY_INPUT_INVALID', `${place.css} is no selector: ${wordsOf(error)}`, { hint: 'Mend it in belay.yaml.' });
    throw error;
  }
}

function selectorOf(place: Place): string {
  if ('css' in place) return place.css;
  return 'testId' in place ? `[data-testid="${place.testId}"]` : `aria/[name="${place.name}"][role="${place.role}"]`;
}

async function clicked(one: ElementHandle): Promise<string | null> {
  try {
    await one.click();
    return null;
  } catch (error) {
    // Whoever clicks on a link leaves the page before the click is told to have ended.
    return isLeft(error) ? null : said(error, 'it cannot be clicked');
  }
}

async function filled(seat: Seat, one: ElementHandle, value: string): Promise<string | null> {
  seat.filled.push(one);
  try {
    await one.focus();
    await one.evaluate((element) => {
      if ('select' in element && typeof element.select === 'function') element.select();
    });
    // Typed over what was there, and sent as one input, so that no character of it is a key that does something.
    await seat.page.keyboard.sendCharacter(value);
    return null;
  } catch (error) {
    return said(error, 'it cannot be filled');
  }
}

/** A page that goes away while it is asked is asked again. */
const isLeft = (error: unknown): boolean =>
  /Execution context|context was destroyed|detached|Cannot find context|JSHandle is disposed|Node with given id|not find node/i.test(
    wordsOf(error),
  );

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The browser's own words without the address that it repeats. */
function said(error: unknown, what: string): string {
  const [, code] = /net::(ERR_\w+)/.exec(wordsOf(error)) ?? [];
  return code === undefined ? `${what} (${wordsOf(error).split('\n')[0]?.slice(0, 120) ?? ''})` : `it cannot be reached: ${code}`;
}

/** Runs in the page. */
const TEXT = `document.body?.innerText.slice(0, 200000) ?? ''`;

async function textOf(page: Page): Promise<string> {
  try {
    return String(await page.evaluate(TEXT))
      .replaceAll(/\s+/g, ' ')
      .trim();
  } catch (error) {
    if (isLeft(error)) return '';
    throw error;
  }
}

/** Masked first and then cut, so that no half of a secret is left. */
async function shown({ page, hide }: Seat): Promise<string> {
  const text = (await hide(await textOf(page))).slice(0, SHOWN_TEXT);
  return `${plainAddress(await hide(page.url()))} shows ${JSON.stringify(text)}`;
}
