// The gate: only this machine's names, only our own pages, and headers that leave a stolen script nothing to do.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Browser, type Door, HOST, openDoor } from './world.ts';

let door: Door;
let browser: Browser;
beforeEach(async () => {
  door = await openDoor();
  browser = await door.browser();
});
afterEach(() => door.remove());

describe('names of this machine', () => {
  test('a foreign host name gets nothing, not even health', async () => {
    for (const host of ['belay.example.com', 'rebind.attacker.test:7070', '127.0.0.1.nip.io', '10.0.0.5:7070', 'localhost.evil.test']) {
      expect([host, (await door.ask('GET', '/v1/health', { as: null, headers: { host } })).status]).toEqual([host, 403]);
    }
  });

  test('the loopback names are accepted with any port', async () => {
    for (const host of ['127.0.0.1', '127.0.0.1:41234', 'localhost:7070', '[::1]:7070']) {
      expect([host, (await door.ask('GET', '/v1/health', { as: null, headers: { host } })).status]).toEqual([host, 200]);
    }
  });
});

describe('writes from a browser', () => {
  test('our own form pauses', async () => {
    const response = await browser.submit('/pause', { reason: 'too hot', back: '/incidents/INC-1' });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/incidents/INC-1?done=paused');
    expect(door.story.commands.asked).toEqual(['pause operator too hot']);
  });

  test('another site, another port of this machine, and a form without its token are refused', async () => {
    const tries: [Record<string, string>, Record<string, string>][] = [
      [{}, { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }],
      [{}, { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' }],
      [{}, { origin: 'null' }],
      [{ csrf: '' }, {}],
      [{ csrf: 'x'.repeat(43) }, {}],
    ];
    for (const [fields, headers] of tries) expect((await browser.submit('/pause', { reason: 'x', ...fields }, headers)).status).toBe(403);
    expect(door.story.commands.asked).toEqual([]);
  });

  test('the API asks a cookie for the CSRF token too, and a bearer token for none', async () => {
    const write = (headers: Record<string, string>): Promise<Response> =>
      door.ask('POST', '/v1/pause', {
        as: null,
        key: 'pause-001',
        body: { reason: 'x' },
        headers: { cookie: browser.cookie, origin: `http://${HOST}`, ...headers },
      });
    expect((await write({})).status).toBe(403);
    expect((await write({ 'x-csrf-token': browser.csrf })).status).toBe(200);
    expect((await door.ask('POST', '/v1/pause', { key: 'pause-002', body: { reason: 'x' } })).status).toBe(200);
  });

  test('a log-in from another site is refused, so that nobody is logged in as somebody else', async () => {
    const body = new URLSearchParams({ token: await door.token('operator') }).toString();
    const headers = { host: HOST, 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.test' };
    expect((await door.server.app.request('/login', { method: 'POST', body, headers })).status).toBe(403);
  });
});

describe('headers', () => {
  test('every answer forbids foreign scripts, frames and sniffing', async () => {
    for (const path of ['/login', '/assets/war-room.css', '/v1/health', '/v1/openapi.json', '/nowhere']) {
      const { headers } = await door.ask('GET', path, { as: null });
      const csp = headers.get('content-security-policy') ?? '';
      expect([
        path,
        csp.includes("default-src 'none'"),
        csp.includes("script-src 'self';"),
        csp.includes("frame-ancestors 'none'"),
        csp.includes("require-trusted-types-for 'script'"),
      ]).toEqual([path, true, true, true, true]);
      expect(csp).not.toContain('unsafe-inline');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  test('the session cookie is out of reach of scripts and other sites, and named by its port', async () => {
    const body = new URLSearchParams({ token: await door.token('operator') }).toString();
    const response = await door.server.app.request('/login', {
      method: 'POST',
      body,
      headers: { host: HOST, 'content-type': 'application/x-www-form-urlencoded' },
    });
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^belay_session_7070=/);
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
  });

  test('no page holds an inline script, an inline style or an address elsewhere', async () => {
    for (const path of ['/', '/incidents/INC-1', '/login', `/incidents/INC-1/review/${encodeURIComponent(door.story.approval)}`]) {
      const text = await (await browser.get(path)).text();
      expect([
        path,
        /<script(?![^>]*src=)/.test(text),
        /\sstyle=/.test(text),
        /\son[a-z]+=/.test(text),
        /(?:src|href|action)="(?:https?:)?\/\//.test(text),
      ]).toEqual([path, false, false, false, false]);
    }
  });
});

describe('wrong tokens', () => {
  test('a wrong bearer token is a challenge, even beside a good cookie', async () => {
    const response = await door.ask('GET', '/v1/status', {
      as: null,
      headers: { authorization: 'Bearer bly_wrong', cookie: browser.cookie },
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
  });

  test('many wrong log-ins are slowed, but the right token still gets in', async () => {
    const login = (token: string): Promise<Response> =>
      Promise.resolve(
        door.server.app.request('/login', {
          method: 'POST',
          body: new URLSearchParams({ token }).toString(),
          headers: { host: HOST, 'content-type': 'application/x-www-form-urlencoded' },
        }),
      );
    const statuses: number[] = [];
    for (let index = 0; index < 12; index += 1) statuses.push((await login('bly_nonsense')).status);
    expect(statuses.slice(0, 10).every((status) => status === 401)).toBe(true);
    expect(statuses.at(-1)).toBe(429);
    expect((await login(await door.token('ana'))).status).toBe(303);
  });
});
