// The gate before every route: host, headers, who calls, CSRF, permission. It decides nothing about incidents.
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { mayDo, type Operation } from '../domain/authorization.ts';
import { BelayError } from '../domain/errors.ts';
import type { Auth } from './auth.ts';
import type { Caller } from './commands.ts';

export interface Vars {
  caller: Caller | null;
  /** The session cookie's value, for browsers. */
  session: string | null;
}
export type AppEnv = { Variables: Vars };

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i;

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types belay',
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CSP,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Only names of this machine: a foreign name that resolves to loopback (DNS rebinding) gets nothing. */
export const hostGuard: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (!LOOPBACK.test(hostOf(c))) {
    throw new BelayError('BELAY_FORBIDDEN', `host ${hostOf(c)} is not this machine`, {
      hint: 'Open http://127.0.0.1 with the port that `belay up` printed.',
    });
  }
  await next();
  for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
};

/** No name of anything holds U+0000, and the store could not even look for it. */
export const addressGuard: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (/%00/.test(c.req.url)) throw new BelayError('BELAY_INPUT_INVALID', 'the address holds the character U+0000, which is in no name.');
  await next();
};

export const hostOf = (c: Context): string => c.req.header('host') ?? new URL(c.req.url).host;

/** Cookies do not know ports: two Belays on one machine must not log each other out. */
export const cookieName = (c: Context): string => `belay_session_${/:(\d+)$/.exec(hostOf(c))?.[1] ?? '80'}`;

/** Finds out who calls; refuses nothing but a wrong token. */
export function identify(auth: Auth): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const header = c.req.header('authorization');
    const session = getCookie(c, cookieName(c)) ?? null;
    if (header !== undefined) {
      c.set('session', null);
      c.set('caller', auth.byToken(/^Bearer (\S+)$/i.exec(header)?.[1] ?? ''));
    } else {
      const caller = session === null ? null : auth.bySession(session);
      c.set('caller', caller);
      c.set('session', caller === null ? null : session);
    }
    await next();
  };
}

/** The caller of an operation, or a refusal that names what is missing. */
export function requireCaller(c: Context<AppEnv>, operation: Operation): Caller {
  const caller = c.get('caller');
  if (caller === null) {
    throw new BelayError('BELAY_UNAUTHORIZED', 'no valid token or session', {
      hint: 'Send "Authorization: Bearer <token>" with the token of the file that `belay up` printed, or log in at /login.',
    });
  }
  const may = mayDo(operation, caller);
  if (!may.allowed) {
    const needs = may.why === 'needs-level' ? may.level : 'another role';
    throw new BelayError('BELAY_FORBIDDEN', `${caller.person} may not do ${operation}: it needs ${needs}`, {
      hint: 'Ask somebody with that role, or add the role in belay.yaml.',
    });
  }
  return caller;
}

/**
 * A write from a browser must come from our own page. Other ports of this machine are the same *site*, so SameSite
 * alone would let them through: the origin must be ours and the form must carry the session's own token.
 */
export function requireOwnPage(c: Context<AppEnv>, auth: Auth, csrf: string | undefined): void {
  requireOwnOrigin(c);
  const session = c.get('session');
  if (session === null) return; // a bearer token is never sent by a browser on its own
  if (csrf === undefined || !auth.csrfMatches(session, csrf)) {
    throw new BelayError('BELAY_FORBIDDEN', 'the form is not from this session', { hint: 'Load the page again and repeat.' });
  }
}

export function requireOwnOrigin(c: Context<AppEnv>): void {
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  const foreignOrigin = origin !== undefined && origin !== `http://${hostOf(c)}` && origin !== `https://${hostOf(c)}`;
  if (foreignSite || foreignOrigin) {
    throw new BelayError('BELAY_FORBIDDEN', `a write from ${origin ?? site ?? 'elsewhere'} is refused`, {
      hint: 'Use the war room itself, or the API with a token.',
    });
  }
}
