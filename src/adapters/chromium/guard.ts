// What a page may ask: the origins that were declared. What it does besides (dialogs, windows, foreign hosts) is ended and told. The same
// hosts are the only ones that this browser can find at all, so that what is not seen here (sockets, workers) is held, too.
import type { Browser, HTTPRequest, Page } from 'puppeteer-core';

export interface Guard {
  /** Where the page was led to that it may not go; '' as long as it was not. */
  foreign(): string;
  /** What was answered, newest last: bounded. */
  readonly answers: { readonly url: string; readonly status: number }[];
  notes(): readonly string[];
  forget(): void;
}

const MOST_ANSWERS = 300;
const MOST_NOTES = 10;

/** An address as it may be told: its query may hold tokens. */
export function plainAddress(address: string): string {
  try {
    const { origin, pathname } = new URL(address);
    return `${origin === 'null' ? '' : origin}${pathname}`.slice(0, 200);
  } catch {
    // No address at all.
    return address.slice(0, 60);
  }
}

export async function guard(browser: Browser, page: Page, origins: readonly string[]): Promise<Guard> {
  const allowed = new Set(origins);
  const answers: { readonly url: string; readonly status: number }[] = [];
  const notes = new Set<string>();
  const tell = (note: string): void => {
    if (notes.size < MOST_NOTES) notes.add(note);
  };
  let foreign = '';
  const judge = async (request: HTTPRequest): Promise<void> => {
    if (isAllowed(request.url(), allowed)) return request.continue();
    const where = plainAddress(request.url());
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) foreign = where;
    tell(`it asked for ${where}, which is not declared`);
    return request.abort('blockedbyclient');
  };
  // A request that ends while it is judged belongs to a page that is gone.
  page.on('request', (request) => void judge(request).catch(() => undefined));
  page.on('response', (response) => {
    answers.push({ url: response.url(), status: response.status() });
    if (answers.length > MOST_ANSWERS) answers.shift();
  });
  page.on('dialog', (dialog) => {
    tell(`it said in a dialog: ${dialog.message().replaceAll(/\s+/g, ' ').slice(0, 200)}`);
    const done = dialog.type() === 'beforeunload' ? dialog.accept() : dialog.dismiss();
    done.catch(() => undefined);
  });
  browser.on('targetcreated', (target) => {
    if (target.type() !== 'page') return;
    tell('it opened a window, which was closed');
    target
      .page()
      .then((other) => (other === page ? undefined : other?.close()))
      .catch(() => undefined);
  });
  await page.setBypassServiceWorker(true);
  await page.setRequestInterception(true);
  return {
    foreign: () => foreign,
    answers,
    notes: () => [...notes],
    forget: () => {
      foreign = '';
    },
  };
}

function isAllowed(address: string, origins: ReadonlySet<string>): boolean {
  if (/^(?:data|blob|about):/.test(address)) return true;
  try {
    return origins.has(new URL(address).origin);
  } catch {
    // What is no address is asked of nobody.
    return false;
  }
}
