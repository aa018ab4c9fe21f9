// Where requests may go: every spelling of an inner address, names that lie or change their mind, and what a configuration can allow.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAllowList, refusal } from '../../../src/adapters/http/addresses.ts';
import type { Lookup } from '../../../src/adapters/http/connector.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';

const HOSTILE = [
  '127.0.0.1',
  '127.255.255.254',
  '10.0.0.1',
  '10.255.255.255',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '169.254.169.254',
  '169.254.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '0.0.0.0',
  '0.1.2.3',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  '198.18.0.1',
  '192.0.2.1',
  '168.63.129.16',
  '::',
  '::1',
  'fe80::1',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:169.254.169.254',
  '64:ff9b::7f00:1',
  '64:ff9b::a9fe:a9fe',
  '2002:7f00:1::',
  '2001:0:7f00:1::',
  '2001:db8::1',
  '::7f00:1',
];
const SPELLINGS = [
  '127.0.0.1',
  '0x7f000001',
  '2130706433',
  '017700000001',
  '127.1',
  '0',
  '[::ffff:127.0.0.1]',
  '[::1]',
  '[::]',
  '127.0.0.1.',
  'localhost',
];
const NEVER = [
  '169.254.169.254',
  '169.254.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '0.0.0.0',
  '255.255.255.255',
  '224.0.0.1',
  '::',
  'fe80::1',
  'fd00:ec2::254',
  'ff02::1',
  '::ffff:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::',
];

let server: Server;
let port = 0;
let reached = 0;
beforeAll(async () => {
  server = createServer((_request, response) => {
    reached += 1;
    response.end('inside');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'answered',
    (error: unknown) => (BelayError.is(error) ? error.code : String(error)),
  );
const names =
  (table: Readonly<Record<string, readonly string[]>>): Lookup =>
  (host, _options, callback) =>
    callback(
      null,
      (table[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

describe('addresses', () => {
  it.each(HOSTILE)('%s is not reached unless the configuration names it', (ip) => {
    expect(refusal('service.example', ip, readAllowList([]))).not.toBeNull();
  });

  it.each(['1.1.1.1', '93.184.216.34', '2606:4700:4700::1111'])('%s is public and reached', (ip) => {
    expect(refusal('service.example', ip, readAllowList([]))).toBeNull();
  });

  it.each(NEVER)('%s is never reached, whatever the configuration says', (ip) => {
    expect(refusal(ip, ip, readAllowList([ip, '0.0.0.0/0', '::/0', 'service.example']))).toContain('never');
    expect(refusal('service.example', ip, readAllowList(['service.example']))).toContain('never');
  });

  it('a configuration allows by name, by address and by range, and nothing beside', () => {
    const allow = readAllowList(['Shop.Internal', '10.1.2.3', '192.168.7.0/24', '[::1]']);
    expect(refusal('shop.internal', '10.9.9.9', allow)).toBeNull();
    expect(refusal('other.internal', '10.9.9.9', allow)).toContain('not public');
    expect(refusal('anything', '10.1.2.3', allow)).toBeNull();
    expect(refusal('anything', '::ffff:10.1.2.3', allow)).toBeNull();
    expect(refusal('anything', '10.1.2.4', allow)).not.toBeNull();
    expect(refusal('anything', '192.168.7.255', allow)).toBeNull();
    expect(refusal('anything', '192.168.8.0', allow)).not.toBeNull();
    expect(refusal('::1', '::1', allow)).toBeNull();
  });
});

describe('requests to inner addresses', () => {
  it.each(SPELLINGS)('http://%s/ does not reach a server of this machine', async (host) => {
    const before = reached;
    expect(await codeOf(createHttp({ allow: [] }).request({ method: 'GET', url: `http://${host}:${port}/`, timeoutMs: 2_000 }))).toBe(
      'BELAY_HTTP_REFUSED',
    );
    expect(reached).toBe(before);
  });

  it('a name that turns to this machine after it was looked up once gains nothing', async () => {
    let looks = 0;
    const rebinding: Lookup = (_host, _options, callback) => {
      looks += 1;
      callback(null, [{ address: looks === 1 ? '192.0.2.1' : '127.0.0.1', family: 4 }]);
    };
    const http = createHttp({ allow: [] }, { lookup: rebinding });
    for (let round = 0; round < 3; round += 1) {
      expect(await codeOf(http.request({ method: 'GET', url: `http://rebind.example:${port}/`, timeoutMs: 2_000 }))).toBe(
        'BELAY_HTTP_REFUSED',
      );
    }
    expect(looks).toBe(3);
  });

  it('a name with an allowed and a forbidden address is reached at the allowed one only', async () => {
    const http = createHttp({ allow: ['127.0.0.1'] }, { lookup: names({ 'mixed.example': ['10.0.0.1', '127.0.0.1'] }) });
    expect(await codeOf(http.request({ method: 'GET', url: `http://mixed.example:${port}/`, timeoutMs: 2_000 }))).toBe('answered');
  });

  it('every request is checked anew: an allowed name that moves away is refused', async () => {
    const table = { 'moving.example': ['127.0.0.1'] };
    const http = createHttp({ allow: ['127.0.0.1'] }, { lookup: (host, options, callback) => names(table)(host, options, callback) });
    const ask = () => codeOf(http.request({ method: 'GET', url: `http://moving.example:${port}/`, timeoutMs: 2_000 }));
    expect(await ask()).toBe('answered');
    table['moving.example'] = ['169.254.169.254'];
    expect(await ask()).toBe('BELAY_HTTP_REFUSED');
  });

  it('a redirect to an inner address is an answer, not a way in', async () => {
    const redirecting = createServer((_request, response) => void response.writeHead(302, { location: `http://169.254.169.254/` }).end());
    await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve));
    const { port: at } = redirecting.address() as AddressInfo;
    const answer = await createHttp({ allow: ['127.0.0.1'] }).request({ method: 'GET', url: `http://127.0.0.1:${at}/`, timeoutMs: 2_000 });
    expect(answer.status).toBe(302);
    redirecting.closeAllConnections();
    await new Promise((resolve) => redirecting.close(resolve));
  });

  it.each(['/a/../b', '/a/..', '/./a', '/a/%2E%2e/b', '/a/.%2e?x', '\\\\..\\b', '/a/.\t./b'])(
    'a path with a step of dots (%j) is refused before anything leaves: a value in it would lead elsewhere',
    async (path) => {
      const before = reached;
      const url = `http://127.0.0.1:${port}${path}`;
      const request = createHttp({ allow: ['127.0.0.1'] }).request({ method: 'GET', url, timeoutMs: 2_000 });
      await expect(request).rejects.toMatchObject({ code: 'BELAY_HTTP_REFUSED', effect: 'none' });
      expect(reached).toBe(before);
    },
  );

  it.each(['/v1.2/a..b/...', '/a?to=../b', '/.well-known/x', '/a#/../b'])('dots within a word (%j) are no step', async (path) => {
    const url = `http://127.0.0.1:${port}${path}`;
    expect((await createHttp({ allow: ['127.0.0.1'] }).request({ method: 'GET', url, timeoutMs: 2_000 })).status).toBeLessThan(500);
  });

  it('a header that would end the line is refused before anything leaves', async () => {
    const before = reached;
    const request = createHttp({ allow: ['127.0.0.1'] }).request({
      method: 'GET',
      url: `http://127.0.0.1:${port}/`,
      headers: { 'x-a': 'b\r\nx-c: d' },
      timeoutMs: 2_000,
    });
    await expect(request).rejects.toMatchObject({ effect: 'none' });
    expect(reached).toBe(before);
  });
});
