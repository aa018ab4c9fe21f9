// What a page needs to know of its request: language, zone, who looks, its CSRF token, the pause state.
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { PauseFact } from '../../domain/incident-view.ts';
import type { Auth } from '../auth.ts';
import type { AppEnv } from '../guard.ts';
import type { ReadWorld } from '../snapshot.ts';
import { chooseLang, langOf, WORDS, type Words } from '../words.ts';
import type { PageContext } from './layout.ts';

export interface PageDeps {
  readonly world: ReadWorld;
  readonly auth: Auth;
  readonly version: string;
}

const DONE: Readonly<Record<string, keyof Words>> = {
  approved: 'doneApproved',
  denied: 'doneDenied',
  answered: 'doneAnswered',
  noted: 'doneNoted',
  kept: 'doneKept',
  paused: 'donePaused',
  resumed: 'doneResumed',
  closed: 'doneClosed',
  stopped: 'doneStopped',
  'taken-over': 'doneTakenOver',
  reported: 'doneReported',
  'run-started': 'doneRunStarted',
  marked: 'doneMarked',
  'backtest-started': 'doneBacktestStarted',
  'backtest-stopped': 'doneBacktestStopped',
};

export async function pageContext(
  c: Context<AppEnv>,
  { world, auth, version }: PageDeps,
  zone: string = world.system.zone,
): Promise<PageContext> {
  const lang = chooseLang({
    query: c.req.query('lang'),
    cookie: getCookie(c, 'belay_lang'),
    accept: c.req.header('accept-language'),
    fallback: world.system.lang,
  });
  if (langOf(c.req.query('lang')) !== undefined)
    setCookie(c, 'belay_lang', lang, { path: '/', sameSite: 'Strict', httpOnly: true, maxAge: 31_536_000 });
  const session = c.get('session');
  const url = new URL(c.req.url);
  const done = DONE[c.req.query('done') ?? ''];
  return {
    lang,
    w: WORDS[lang],
    clock: { lang, zone, now: world.time.now() },
    system: world.system.name,
    version,
    caller: c.get('caller'),
    path: c.req.method === 'GET' ? `${url.pathname}${url.search}` : '/',
    csrf: session === null ? '' : auth.csrfOf(session),
    key: () => world.time.uuid(),
    pause: await pauseOf(world),
    done: done === undefined ? null : WORDS[lang][done],
  };
}

async function pauseOf(world: ReadWorld): Promise<PauseFact> {
  return world.pause.read();
}

/** Only paths of our own: never another site, never a second slash. */
export function ownPath(path: string | undefined): string {
  return path !== undefined && /^\/(?![/\\])[\x21-\x7e]*$/.test(path) ? path : '/';
}
