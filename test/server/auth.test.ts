// Tokens and sessions: made once, kept as hashes, alive over a restart, and nothing else gets in.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { createAuth } from '../../src/server/auth.ts';
import { isWellFormed, newToken } from '../../src/server/auth-tokens.ts';
import { SYSTEM } from './story-system.ts';
import { START } from './world.ts';

let dataDir = '';
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'belay-auth-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const open = (time = createVirtualTime(START)) => createAuth({ dataDir, people: SYSTEM.people, roles: SYSTEM.roles }, { time });
const tokenOf = async (file: string): Promise<string> => (await readFile(join(dataDir, file), 'utf8')).trim();

describe('token files', () => {
  test('the operator and every person get one of their own, readable by their owner alone', async () => {
    await open();
    const files = ['token', ...(await readdir(join(dataDir, 'tokens'))).map((name) => `tokens/${name}`)];
    expect(files.sort()).toEqual(['token', 'tokens/ana', 'tokens/bob', 'tokens/eve']);
    for (const file of files) expect((await stat(join(dataDir, file))).mode & 0o777).toBe(0o600);
    expect(new Set(await Promise.all(files.map(tokenOf))).size).toBe(4);
  });

  test('a second start keeps the tokens of the first', async () => {
    await open();
    const first = await tokenOf('token');
    const again = await open();
    expect(await tokenOf('token')).toBe(first);
    expect(again.byToken(first)?.person).toBe('operator');
  });

  test('the operator has every role of the system, a person the roles of belay.yaml', async () => {
    const auth = await open();
    expect(auth.byToken(await tokenOf('token'))?.roles).toEqual(['commander', 'comms', 'operator']);
    expect(auth.byToken(await tokenOf('tokens/ana'))).toEqual({ person: 'ana', roles: ['commander'] });
  });

  test('a person of belay.yaml cannot make themselves the operator', async () => {
    const people = [{ id: 'mallory', name: 'M', roles: ['operator', 'comms'], lang: 'en' as const }];
    const auth = await createAuth({ dataDir, people, roles: SYSTEM.roles }, { time: createVirtualTime(START) });
    expect(auth.byToken(await tokenOf('tokens/mallory'))?.roles).toEqual(['comms']);
  });

  test('an id that would leave the folder is refused', async () => {
    const people = [{ id: '../token', name: 'M', roles: [], lang: 'en' as const }];
    await expect(createAuth({ dataDir, people, roles: [] }, { time: createVirtualTime(START) })).rejects.toMatchObject({
      code: 'BELAY_CONFIG_INVALID',
    });
  });

  test('a file that holds no token is refused and not overwritten', async () => {
    await writeFile(join(dataDir, 'token'), 'my own secret\n');
    await expect(open()).rejects.toMatchObject({ code: 'BELAY_CONFIG_INVALID' });
    expect(await tokenOf('token')).toBe('my own secret');
  });

  test('a token with any one character changed is nobody', async () => {
    const auth = await open();
    const token = await tokenOf('token');
    for (let index = 0; index < token.length; index += 1) {
      const other = token[index] === 'a' ? 'b' : 'a';
      expect(auth.byToken(token.slice(0, index) + other + token.slice(index + 1))).toBeNull();
    }
  });

  test('a token carries its own checksum', () => {
    const token = newToken();
    expect(token).toMatch(/^bly_[0-9a-f]{56}$/);
    expect(isWellFormed(token)).toBe(true);
    expect(isWellFormed(`${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`)).toBe(false);
  });
});

describe('sessions', () => {
  test('a session lives over a restart and its secret is not on disk', async () => {
    const auth = await open();
    const opened = await auth.logIn(await tokenOf('tokens/bob'));
    expect(opened?.caller.person).toBe('bob');
    const onDisk = await readFile(join(dataDir, 'sessions.json'), 'utf8');
    expect(onDisk).not.toContain(opened?.session);
    expect((await stat(join(dataDir, 'sessions.json'))).mode & 0o777).toBe(0o600);
    expect((await open()).bySession(opened?.session ?? '')?.person).toBe('bob');
  });

  test('a session ends with log-out, for later lives too', async () => {
    const auth = await open();
    const opened = await auth.logIn(await tokenOf('token'));
    await auth.logOut(opened?.session ?? '');
    expect(auth.bySession(opened?.session ?? '')).toBeNull();
    expect((await open()).bySession(opened?.session ?? '')).toBeNull();
  });

  test('a session ends after seven days', async () => {
    const time = createVirtualTime(START);
    const auth = await open(time);
    const opened = await auth.logIn(await tokenOf('token'));
    time.jumpWallClock(7 * 86_400_000 - 1000);
    expect(auth.bySession(opened?.session ?? '')?.person).toBe('operator');
    time.jumpWallClock(2000);
    expect(auth.bySession(opened?.session ?? '')).toBeNull();
  });

  test('a session of somebody who left belay.yaml is nobody', async () => {
    const auth = await open();
    const opened = await auth.logIn(await tokenOf('tokens/bob'));
    const later = await createAuth({ dataDir, people: [], roles: [] }, { time: createVirtualTime(START) });
    expect(later.bySession(opened?.session ?? '')).toBeNull();
  });

  test('a file of sessions cut off by a crash logs people out and nothing more', async () => {
    await open();
    await writeFile(join(dataDir, 'sessions.json'), '[{"hash":"ab');
    expect((await open()).bySession('anything')).toBeNull();
  });

  test('the CSRF token belongs to one session', async () => {
    const auth = await open();
    const [a, b] = [await auth.logIn(await tokenOf('token')), await auth.logIn(await tokenOf('token'))];
    const csrf = auth.csrfOf(a?.session ?? '');
    expect(auth.csrfMatches(a?.session ?? '', csrf)).toBe(true);
    expect(auth.csrfMatches(b?.session ?? '', csrf)).toBe(false);
    expect(auth.csrfMatches(a?.session ?? '', '')).toBe(false);
  });
});

describe('one-time codes', () => {
  test('a code opens one session of the operator and then is nothing', async () => {
    const auth = await open();
    const code = auth.loginCode();
    expect((await auth.logIn(code))?.caller.person).toBe('operator');
    expect(await auth.logIn(code)).toBeNull();
  });

  test('a code is void after ten minutes', async () => {
    const time = createVirtualTime(START);
    const auth = await open(time);
    const code = auth.loginCode();
    time.jumpWallClock(10 * 60_000 + 1);
    expect(await auth.logIn(code)).toBeNull();
  });

  test('neither an empty secret nor a guessed one opens a session', async () => {
    const auth = await open();
    auth.loginCode();
    for (const secret of ['', ' ', 'once_', 'bly_', newToken()]) expect(await auth.logIn(secret)).toBeNull();
  });
});
