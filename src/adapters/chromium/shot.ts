// Pictures of a page for the record: fields of passwords and all that was filled are blank, and a page that shows a secret is not shot. Small
// enough to stand in the log.
import type { ElementHandle, Page } from 'puppeteer-core';
import type { Shot, VisitOptions } from '../../ports/browser.ts';

/** Of base64: what the war room shows of evidence. */
const MOST_CHARACTERS = 200_000;
const SCALES = [1, 0.5, 0.25] as const;
const VIEWPORT = { width: 1280, height: 800 } as const;

export function createShots(page: Page, filled: readonly ElementHandle[], hide: VisitOptions['hide']): (name: string) => Promise<Shot> {
  return async (name) => {
    try {
      const texts = await textsOf(page);
      if ((await hide(texts)) !== texts) return { name, png: '', why: 'the page shows a secret, so there is no picture of it' };
      await blank(page, filled, true);
      for (const scale of SCALES) {
        const png = await pictureOf(page, scale);
        if (png.length <= MOST_CHARACTERS) return { name, png: `data:image/png;base64,${png}`, why: '' };
      }
      return { name, png: '', why: 'the picture is too large to be kept' };
    } catch (error) {
      return { name, png: '', why: `there is no picture: ${(error instanceof Error ? error.message : String(error)).slice(0, 120)}` };
    } finally {
      await blank(page, filled, false).catch(() => undefined);
    }
  };
}

/** Runs in the page: what can be read there, also in fields that are not for passwords. */
const TEXTS = `[
  document.body?.innerText ?? '',
  ...[...document.querySelectorAll('input:not([type=password]), textarea')].filter((one) => one.checkVisibility()).map((one) => one.value),
].join('\\n').slice(0, 500000)`;

async function textsOf(page: Page): Promise<string> {
  const all = await Promise.all(page.frames().map((frame) => frame.evaluate(TEXTS)));
  return all.map(String).join('\n');
}

async function pictureOf(page: Page, scale: number): Promise<string> {
  await page.setViewport({ ...VIEWPORT, deviceScaleFactor: scale });
  return page.screenshot({ encoding: 'base64', type: 'png', captureBeyondViewport: false });
}

async function blank(page: Page, filled: readonly ElementHandle[], isBlank: boolean): Promise<void> {
  for (const frame of page.frames()) for (const one of await frame.$$('input[type=password]')) await painted(one, isBlank);
  for (const one of filled) await painted(one, isBlank);
}

interface Style {
  setProperty(name: string, value: string, priority: string): void;
  removeProperty(name: string): void;
}

/** A field of a page that is gone is shown to nobody. */
const painted = (one: ElementHandle, isBlank: boolean): Promise<unknown> =>
  one
    .evaluate((element, hidden) => {
      const { style } = element as unknown as { readonly style: Style };
      if (hidden) style.setProperty('visibility', 'hidden', 'important');
      else style.removeProperty('visibility');
    }, isBlank)
    .catch(() => undefined);
