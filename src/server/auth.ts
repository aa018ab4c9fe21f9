// Who is calling: tokens of files for machines, opaque sessions for browsers. There is no way in without one of them.
// It knows nothing of HTTP: guard.ts reads headers and cookies and asks here.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { OPERATOR } from '../domain/authorization.ts';
import type { Instant } from '../domain/json.ts';
import type { Person } from '../domain/system.ts';
import { ensureToken, findByHash, isWellFormed, operatorTokenFile, personTokenFile, sha256 } from './auth-tokens.ts';
import type { Caller } from './commands.ts';

export interface Auth {
  readonly tokenFile: string;
  byToken(token: string): Caller | null;
  /** Opens a browser session for a token or a one-time code; null when it is neither. */
  logIn(secret: string): Promise<{ readonly session: string; readonly caller: Caller } | null>;
  bySession(session: string): Caller | null;
  logOut(session: string): Promise<void>;
  /** The CSRF token of a session: derived, so that nothing more need be stored. */
  csrfOf(session: string): string;
  csrfMatches(session: string, token: string): boolean;
  /** A code for one link `/login#<code>`: works once, within ten minutes, until the next start. */
  loginCode(): string;
}

interface Session {
  readonly hash: Buffer;
  readonly person: string;
  readonly expiresAt: Instant;
}

export interface AuthOptions {
  readonly dataDir: string;
  readonly people: readonly Person[];
  readonly roles: readonly string[];
}

const SESSION_MS = 7 * 24 * 3_600_000;
const CODE_MS = 10 * 60_000;
const MAX_SESSIONS = 200;

/** Makes the token files that are missing and reads the sessions of earlier lives. */
export async function createAuth(options: AuthOptions, deps: { readonly time: { now(): Instant } }): Promise<Auth> {
  const callers = callersOf(options);
  const tokens = await Promise.all(
    [...callers.values()].map(async (caller) => ({ caller, hash: sha256(await ensureToken(fileOf(options.dataDir, caller.person))) })),
  );
  const sessions = createSessionFile(join(options.dataDir, 'sessions.json'), await readSessions(options.dataDir), deps.time);
  const codes = createCodes(deps.time);
  const byToken = (token: string): Caller | null => (isWellFormed(token) ? (findByHash(tokens, token)?.caller ?? null) : null);

  return {
    tokenFile: operatorTokenFile(options.dataDir),
    byToken,
    async logIn(secret) {
      const caller = codes.take(secret) ? (callers.get(OPERATOR) ?? null) : byToken(secret.trim());
      return caller === null ? null : { session: await sessions.add(caller.person), caller };
    },
    bySession: (session) => callers.get(sessions.personOf(session) ?? '') ?? null,
    logOut: (session) => sessions.remove(session),
    csrfOf,
    csrfMatches(session, token) {
      const expected = Buffer.from(csrfOf(session));
      const given = Buffer.from(token);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
    loginCode: codes.issue,
  } satisfies Auth;
}

function fileOf(dataDir: string, person: string): string {
  return person === OPERATOR ? operatorTokenFile(dataDir) : personTokenFile(dataDir, person);
}

/** The operator holds the machine, so every role of the system; a person has what belay.yaml says. */
function callersOf({ people, roles }: AuthOptions): ReadonlyMap<string, Caller> {
  const own = people
    .filter((one) => one.id !== OPERATOR)
    .map((one): [string, Caller] => [one.id, { person: one.id, roles: one.roles.filter((role) => role !== OPERATOR) }]);
  return new Map([[OPERATOR, { person: OPERATOR, roles: [...new Set([...roles, OPERATOR])] }], ...own]);
}

function csrfOf(session: string): string {
  return createHmac('sha256', session).update('belay csrf').digest('base64url');
}

function createCodes(time: { now(): Instant }) {
  let codes: { readonly hash: Buffer; readonly expiresAt: Instant }[] = [];
  return {
    issue(): string {
      const code = `once_${randomBytes(24).toString('hex')}`;
      codes = [...codes.slice(-9), { hash: sha256(code), expiresAt: time.now() + CODE_MS }];
      return code;
    },
    take(secret: string): boolean {
      const found = findByHash(codes, secret);
      codes = codes.filter((code) => code !== found && code.expiresAt > time.now());
      return found !== null && found.expiresAt > time.now();
    },
  };
}

function createSessionFile(file: string, initial: readonly Session[], time: { now(): Instant }) {
  let sessions = initial;
  let last = Promise.resolve();
  const save = (): Promise<void> => {
    // One write after another; a failed one must not block the next.
    last = last.catch(() => undefined).then(() => writeSessions(file, sessions));
    return last;
  };
  return {
    async add(person: string): Promise<string> {
      const session = randomBytes(32).toString('base64url');
      const alive = sessions.filter((one) => one.expiresAt > time.now()).slice(-MAX_SESSIONS + 1);
      sessions = [...alive, { hash: sha256(session), person, expiresAt: time.now() + SESSION_MS }];
      await save();
      return session;
    },
    personOf(session: string): string | null {
      const found = findByHash(sessions, session);
      return found !== null && found.expiresAt > time.now() ? found.person : null;
    },
    remove(session: string): Promise<void> {
      const found = findByHash(sessions, session);
      sessions = sessions.filter((one) => one !== found);
      return save();
    },
  };
}

async function writeSessions(file: string, sessions: readonly Session[]): Promise<void> {
  const rows = sessions.map((one) => ({ hash: one.hash.toString('hex'), person: one.person, expiresAt: one.expiresAt }));
  const handle = await open(`${file}.new`, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(rows));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
  await chmod(file, 0o600);
}

async function readSessions(dataDir: string): Promise<readonly Session[]> {
  try {
    const rows: unknown = JSON.parse(await readFile(join(dataDir, 'sessions.json'), 'utf8'));
    return Array.isArray(rows) ? rows.flatMap(sessionOf) : [];
  } catch (error) {
    // No file, or one cut off by a crash: people log in again, nothing else is lost.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return [];
    throw error;
  }
}

function sessionOf(row: unknown): Session[] {
  const { hash, person, expiresAt } = (row ?? {}) as Record<string, unknown> as { hash?: unknown; person?: unknown; expiresAt?: unknown };
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash) || typeof person !== 'string' || typeof expiresAt !== 'number') return [];
  return [{ hash: Buffer.from(hash, 'hex'), person, expiresAt }];
}
