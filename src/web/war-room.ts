// Makes the server's pages live: follows the stream, asks for the page again and takes over what changed, counts clocks.
// It decides nothing and shows nothing of its own: without it every page still reads and every form still works.

const STALE_MS = 20_000;
const SETTLE_MS = 120;

const body = document.body;
const follow = body.dataset['follow'];
/** Server's clock minus ours. */
let skewMs = Number(body.dataset['now'] ?? Date.now()) - Date.now();
let heardAt = Date.now();

/** `/login#once_…`: the code is posted, never part of an address that somebody logs. */
function logInFromLink(): void {
  const form = document.querySelector<HTMLFormElement>('#login');
  const field = document.querySelector<HTMLInputElement>('#token');
  const code = location.hash.slice(1);
  if (form === null || field === null || !/^(once|bly)_[0-9a-f]{40,}$/.test(code)) return;
  history.replaceState(null, '', location.pathname + location.search);
  field.value = code;
  form.requestSubmit();
}

// --- The stream: one for all tabs, because a browser opens only six connections to one place ---

interface Told {
  readonly name: string;
  readonly data: string;
}

const NAMES = ['hello', 'heartbeat', 'incident', 'pause', 'triggers'] as const;
let source: EventSource | null = null;
let tabs: BroadcastChannel | null = null;
let leave: (() => void) | null = null;

/** The tab that holds the lock listens to the server and tells the others; when it goes, the next one takes over. */
function listen(): void {
  tabs = new BroadcastChannel('belay');
  tabs.addEventListener('message', (event: MessageEvent<Told>) => {
    if (leave === null) closeSource();
    hear(event.data);
  });
  const waiting = new AbortController();
  addEventListener(
    'pagehide',
    () => {
      waiting.abort();
      stopListening();
    },
    { once: true },
  );
  const lead = (): Promise<void> => {
    openSource();
    return new Promise((resolve) => {
      leave = resolve;
    });
  };
  navigator.locks.request('belay-stream', { signal: waiting.signal }, lead).catch(() => {
    // The page was left while it waited for its turn: nothing is owed.
  });
}

/** A page that is kept for the Back button must not keep its connection. */
function stopListening(): void {
  closeSource();
  tabs?.close();
  leave?.();
  leave = null;
}

function openSource(): void {
  closeSource();
  const opened = new EventSource('/v1/stream');
  source = opened;
  for (const name of NAMES) {
    opened.addEventListener(name, (event: MessageEvent<string>) => {
      const told = { name, data: event.data };
      tabs?.postMessage(told);
      hear(told);
    });
  }
  // A refused stream (logged out, too many) is not tried again by the browser: come back ourselves.
  opened.addEventListener('error', () => {
    if (opened.readyState === EventSource.CLOSED && source === opened) setTimeout(() => source === opened && openSource(), 3000);
  });
}

function closeSource(): void {
  source?.close();
  source = null;
}

function hear({ name, data }: Told): void {
  heardAt = Date.now();
  const { now, incident } = JSON.parse(data) as { now?: unknown; incident?: unknown };
  if (typeof now === 'number') skewMs = now - Date.now();
  showLive();
  if (name === 'triggers') {
    if (body.dataset['watches'] !== undefined) refreshSoon();
    return;
  }
  if (name !== 'incident' || follow === '' || follow === incident) refreshSoon();
}

let refreshing = false;
let again = false;
let timer: ReturnType<typeof setTimeout> | undefined;

function refreshSoon(): void {
  if (timer !== undefined) return;
  timer = setTimeout(() => {
    timer = undefined;
    void refresh();
  }, SETTLE_MS);
}

async function refresh(): Promise<void> {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    const answer = await fetch(location.pathname + location.search, { headers: { accept: 'text/html' }, cache: 'no-store' });
    if (answer.redirected && new URL(answer.url).pathname === '/login') location.reload();
    else if (answer.ok) takeOver(await answer.text());
  } catch {
    // No answer: the age of the last heartbeat tells it, and the next one asks again.
  } finally {
    refreshing = false;
    if (again) {
      again = false;
      refreshSoon();
    }
  }
}

interface Policies {
  createPolicy(name: string, rules: { createHTML(html: string): string }): { createHTML(html: string): string };
}
const policy = (globalThis as { trustedTypes?: Policies }).trustedTypes?.createPolicy('belay', { createHTML: (html) => html });

/** The page comes from our own server, which escapes every value; it is parsed, never run. */
function takeOver(text: string): void {
  const html = (policy?.createHTML(text) ?? text) as string;
  const next = new DOMParser().parseFromString(html, 'text/html');
  const pinned = logIsPinned();
  for (const region of next.querySelectorAll<HTMLElement>('[data-region]')) {
    const here = document.getElementById(region.id);
    if (here === null) insertRegion(next, region);
    else morph(here, region);
  }
  for (const here of document.querySelectorAll<HTMLElement>('[data-region]')) {
    if (next.getElementById(here.id) === null) here.remove();
  }
  document.title = next.title;
  skewMs = Number(next.body.dataset['now'] ?? Date.now()) - Date.now();
  if (pinned) scrollLogDown();
  tick();
}

/** A panel that was not there before goes where the new page has it: before its next sibling that is here already. */
function insertRegion(next: Document, region: HTMLElement): void {
  const parent = region.parentElement;
  const home = parent === null || parent === next.body ? body : document.querySelector(`.${[...parent.classList].join('.')}`);
  if (home === null) return;
  let sibling = region.nextElementSibling;
  while (sibling !== null && (sibling.id === '' || document.getElementById(sibling.id) === null)) sibling = sibling.nextElementSibling;
  const before = sibling === null ? null : document.getElementById(sibling.id);
  home.insertBefore(document.importNode(region, true), before?.parentElement === home ? before : null);
}

// --- Morphing: the old tree becomes the new one, keeping what a person is using ---

function morph(old: Element, next: Element): void {
  if (old.isEqualNode(next) || old.hasAttribute('data-keep')) return;
  // A form keeps its key: pressing it twice stays one request.
  if (isInUse(old) || (old instanceof HTMLInputElement && old.name === 'key')) return;
  copyAttributes(old, next);
  const children = [...next.childNodes];
  const keyed = new Map([...old.children].flatMap((child) => (child.id === '' ? [] : [[child.id, child] as const])));
  let at: ChildNode | null = old.firstChild;
  for (const child of children) {
    const match = child instanceof Element && child.id !== '' ? keyed.get(child.id) : sameKind(at, child) ? at : null;
    if (match === null || match === undefined) {
      old.insertBefore(document.importNode(child, true), at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else old.insertBefore(match, at);
    if (match instanceof Element && child instanceof Element) morph(match, child);
    else if (match.nodeValue !== child.nodeValue) match.nodeValue = child.nodeValue;
  }
  while (at !== null) {
    const gone: ChildNode = at;
    at = at.nextSibling;
    if (!(gone instanceof Element && isInUse(gone))) gone.remove();
  }
}

function sameKind(old: ChildNode | null, next: ChildNode): old is ChildNode {
  if (old === null || old.nodeType !== next.nodeType) return false;
  if (!(old instanceof Element) || !(next instanceof Element)) return true;
  return old.tagName === next.tagName && old.id === next.id;
}

/** A form that somebody writes in stays as it is, whatever the page says. */
function isInUse(element: Element): boolean {
  if (!(element instanceof HTMLFormElement)) return false;
  if (element.contains(document.activeElement) && document.activeElement?.matches('input:not([type="hidden"]), textarea')) return true;
  return [...element.elements].some(
    (field) =>
      (field instanceof HTMLInputElement &&
        field.type !== 'hidden' &&
        (field.value !== field.defaultValue || field.checked !== field.defaultChecked)) ||
      (field instanceof HTMLTextAreaElement && field.value !== field.defaultValue),
  );
}

/** What a person opened or closed stays so: `open` belongs to them once the page is there. */
function copyAttributes(old: Element, next: Element): void {
  const own = old.tagName === 'DETAILS' ? ['open'] : [];
  for (const { name } of [...old.attributes]) if (!own.includes(name) && !next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...next.attributes])
    if (!own.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
}

// --- Clocks ---

function tick(): void {
  const now = Date.now() + skewMs;
  for (const element of document.querySelectorAll<HTMLElement>('[data-deadline]'))
    showDeadline(element, Number(element.dataset['deadline']) - now);
  for (const element of document.querySelectorAll<HTMLElement>('[data-since]'))
    setText(element, (element.dataset['fine'] === undefined ? span : fineSpan)(now - Number(element.dataset['since'])));
  for (const element of document.querySelectorAll<HTMLElement>('[data-old-after]')) showAge(element, now);
  showLive();
}

/** A look that is late is marked by a word, however long ago the page was made. */
function showAge(element: HTMLElement, now: number): void {
  const isOld = now - Number(element.dataset['looked']) > Number(element.dataset['oldAfter']);
  element.classList.toggle('is-old', isOld);
  const word = element.querySelector<HTMLElement>('.old-word');
  if (word !== null) word.hidden = !isOld;
}

function showDeadline(element: HTMLElement, leftMs: number): void {
  setText(element.querySelector('.digits'), `${leftMs < 0 ? '+' : ''}${countdown(leftMs)}`);
  setText(element.querySelector('.unit'), (leftMs < 0 ? body.dataset['late'] : body.dataset['left']) ?? '');
  const bar = element.parentElement?.querySelector('progress');
  if (bar === null || bar === undefined) return;
  bar.value = Math.max(0, leftMs);
  announce(element, leftMs);
}

/** For ears: at half, a quarter, a tenth and the end, not every second. */
const told = new Map<string, number>();
function announce(element: HTMLElement, leftMs: number): void {
  const total = Number(element.dataset['deadline']) - Number(element.dataset['started']);
  const step = [0, 10, 25, 50].find((percent) => leftMs <= (total * percent) / 100);
  const key = `${element.dataset['name']}@${element.dataset['deadline']}`;
  const before = told.get(key);
  told.set(key, step ?? 100);
  if (before === undefined || step === undefined || before === step) return;
  setText(
    document.getElementById('announce'),
    `${element.textContent ?? ''} ${body.dataset['on'] ?? ''} ${element.dataset['name'] ?? ''}`.trim(),
  );
}

function countdown(ms: number): string {
  const total = Math.max(0, Math.floor(Math.abs(ms) / 1000));
  const [days, hours, minutes, seconds] = [
    Math.floor(total / 86_400),
    Math.floor(total / 3600) % 24,
    Math.floor(total / 60) % 60,
    total % 60,
  ];
  if (days > 0) return `${days}d ${hours}h`;
  const pad = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds)}` : `${minutes}:${pad(seconds)}`;
}

function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function fineSpan(ms: number): string {
  if (ms >= 10_000) return span(ms);
  const lang = document.documentElement.lang;
  return `${(Math.max(0, ms) / 1000).toLocaleString(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} s`;
}

function setText(element: Element | null, text: string): void {
  if (element !== null && element.textContent !== text) element.textContent = text;
}

// --- Live or stale ---

function showLive(): void {
  const badge = document.getElementById('live');
  if (badge === null || follow === undefined) return;
  const age = Date.now() - heardAt;
  const stale = age > STALE_MS;
  // The tab that leads may be frozen by the browser: ask the server ourselves until it is heard again.
  if (stale && source === null) openSource();
  badge.classList.toggle('is-live', !stale);
  badge.classList.toggle('is-stale', stale);
  setText(badge.querySelector('.live-text'), `${(stale ? body.dataset['stale'] : body.dataset['live']) ?? ''} ${span(age)}`);
  showStaleBanner(stale);
}

function showStaleBanner(stale: boolean): void {
  const banner = document.getElementById('stale');
  if (banner === null || banner.hidden === !stale) return;
  banner.hidden = !stale;
  if (!stale) return;
  const since = new Date(heardAt).toLocaleTimeString(document.documentElement.lang, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const why = document.createElement('span');
  why.textContent = banner.dataset['why'] ?? '';
  banner.replaceChildren(`${banner.dataset['text'] ?? ''} ${since}. `, why);
}

// --- The log follows its newest line until somebody scrolls up ---

function logBox(): HTMLElement | null {
  return document.querySelector<HTMLElement>('[data-log]');
}

/** The box grows from its bottom: its scroll position is 0 there and negative above. */
function logIsPinned(): boolean {
  const box = logBox();
  return box !== null && Math.abs(box.scrollTop) < 24;
}

function scrollLogDown(): void {
  const box = logBox();
  if (box !== null) box.scrollTop = 0;
}

function keepLogInSight(): void {
  const button = document.getElementById('follow');
  logBox()?.addEventListener(
    'scroll',
    () => {
      if (button !== null) button.hidden = logIsPinned();
    },
    { passive: true },
  );
  button?.addEventListener('click', () => {
    scrollLogDown();
    button.hidden = true;
  });
}

// --- Start: last, so that everything above exists ---

logInFromLink();
tick();
setInterval(tick, 1000);
if (follow !== undefined) {
  listen();
  keepLogInSight();
}
addEventListener('pageshow', (event) => {
  if (!event.persisted || follow === undefined) return;
  listen();
  refreshSoon();
});
