// Connections, handshakes and names over real sockets, under the address rules of HTTP.

import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { Lookup } from '../../../src/adapters/http/connector.ts';
import { createNet } from '../../../src/adapters/http/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import { makeCertificate, type SelfMade } from '../../world/parts/certificate.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function listen(server: Server): Promise<{ readonly port: number; readonly reached: () => number }> {
  const sockets = new Set<Socket>();
  let reached = 0;
  server.on('connection', (socket: Socket) => {
    reached += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, reached: () => reached };
}

const listenTls = (certificate: SelfMade) => listen(createTlsServer({ cert: certificate.cert, key: certificate.key }));
const net = createNet({ allow: ['127.0.0.1', 'localhost'] });
const place = (port: number, host = '127.0.0.1', timeoutMs = 2_000) => ({ host, port, timeoutMs });
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'answered',
    (error: unknown) => (BelayError.is(error) ? `${error.code} ${error.effect}` : String(error)),
  );

describe('a connection', () => {
  it('stands where somebody listens, and is closed again', async () => {
    const server = createServer();
    const { port } = await listen(server);
    expect((await net.connect(place(port))).tookMs).toBeGreaterThanOrEqual(0);
    expect((await net.connect(place(port, 'localhost'))).tookMs).toBeGreaterThanOrEqual(0);
    for (let tries = 0; tries < 100 && (await countOf(server)) > 0; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await countOf(server)).toBe(0);
  });

  it('does not stand where nobody listens', async () => {
    expect(await codeOf(net.connect(place(1)))).toBe('BELAY_HTTP_FAILED none');
    expect(await codeOf(net.connect(place(1, 'nowhere.invalid')))).toBe('BELAY_HTTP_FAILED none');
  });

  it('ends when it is cancelled', async () => {
    expect(await codeOf(net.connect(place(1), AbortSignal.abort()))).toBe('BELAY_HTTP_FAILED none');
  });

  it.each(['127.0.0.1', '0x7f000001', '2130706433', '127.1', '[::ffff:127.0.0.1]', '[::1]', 'localhost', 'localhost.'])(
    'to %s is refused unless it is allowed, and nothing leaves',
    async (host) => {
      const { port, reached } = await listen(createServer());
      expect(await codeOf(createNet({ allow: [] }).connect(place(port, host)))).toBe('BELAY_HTTP_REFUSED none');
      expect(await codeOf(createNet({ allow: [] }).handshake(place(port, host)))).toBe('BELAY_HTTP_REFUSED none');
      expect(reached()).toBe(0);
    },
  );

  it.each(['169.254.169.254', 'metadata.google.internal', '[fe80::1]'])('to %s is refused whatever is allowed', async (host) => {
    expect(await codeOf(createNet({ allow: [host, '0.0.0.0/0', '::/0'] }).connect(place(80, host)))).toBe('BELAY_HTTP_REFUSED none');
  });

  it('to a name that lies about where it is gains nothing', async () => {
    const { port, reached } = await listen(createServer());
    const lookup: Lookup = (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]);
    expect(await codeOf(createNet({ allow: [] }, { lookup }).connect(place(port, 'public.example')))).toBe('BELAY_HTTP_REFUSED none');
    expect(reached()).toBe(0);
  });
});

const countOf = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))));

describe('a handshake', () => {
  const good = makeCertificate({ names: ['localhost', '127.0.0.1'], days: 30 });
  const trusting = (one: SelfMade) => createNet({ allow: ['127.0.0.1', 'localhost'] }, { authorities: [one.cert] });

  it('tells until when a certificate is valid, by name and by address', async () => {
    const { port } = await listenTls(good);
    for (const host of ['localhost', '127.0.0.1']) {
      const { certificate } = await trusting(good).handshake(place(port, host));
      expect(certificate).toMatchObject({ trusted: true, why: '' });
      expect(Math.abs(certificate.validTo - Date.now() - 30 * 86_400_000)).toBeLessThan(60_000);
    }
  });

  it.each([
    ['is from nobody that is known', good, net, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['is of another name', makeCertificate({ names: ['other.example'], days: 30 }), null, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['is over', makeCertificate({ names: ['localhost'], days: -1 }), null, 'CERT_HAS_EXPIRED'],
  ] as const)('with a certificate that %s is an answer that says so', async (_what, certificate, asker, why) => {
    const { port } = await listenTls(certificate);
    expect((await (asker ?? trusting(certificate)).handshake(place(port, 'localhost'))).certificate).toMatchObject({ trusted: false, why });
  });

  it('with a server that speaks something else, or says nothing, is no answer', async () => {
    const talking = await listen(createServer((socket) => void socket.end('220 smtp.example ESMTP\r\n')));
    expect(await codeOf(net.handshake(place(talking.port)))).toBe('BELAY_HTTP_FAILED none');
    const silent = await listen(createServer());
    const began = performance.now();
    await expect(net.handshake(place(silent.port, 'localhost', 150))).rejects.toMatchObject({
      code: 'BELAY_HTTP_FAILED',
      message: `tls://localhost:${silent.port}: no answer within 150 ms`,
    });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    await expect(net.handshake(place(silent.port), abort.signal)).rejects.toMatchObject({ message: expect.stringContaining('cancelled') });
    expect(performance.now() - began).toBeLessThan(1_500);
  });
});

describe('a name', () => {
  it('is resolved as the machine resolves it', async () => {
    const { addresses, tookMs } = await net.resolve({ name: 'localhost', timeoutMs: 2_000 });
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) expect(['127.0.0.1', '::1']).toContain(address);
    expect(tookMs).toBeGreaterThanOrEqual(0);
  });

  it('that leads to this machine is refused unless it is allowed, one that leads nowhere has no answer', async () => {
    expect(await codeOf(createNet({ allow: [] }).resolve({ name: 'localhost', timeoutMs: 2_000 }))).toBe('BELAY_HTTP_REFUSED none');
    expect(await codeOf(createNet({ allow: [] }).resolve({ name: 'metadata.google.internal', timeoutMs: 2_000 }))).not.toBe('answered');
    expect(await codeOf(net.resolve({ name: 'nowhere.invalid', timeoutMs: 2_000 }))).toBe('BELAY_HTTP_FAILED none');
  });

  it('whose resolver is silent is given up in time, and not asked again while the question is open', async () => {
    let asked = 0;
    const lookup: Lookup = () => {
      asked += 1;
    };
    const waiting = createNet({ allow: [] }, { lookup });
    for (let round = 0; round < 3; round += 1)
      await expect(waiting.resolve({ name: 'slow.example', timeoutMs: 30 })).rejects.toMatchObject({
        message: 'dns://slow.example: no answer within 30 ms',
      });
    expect(asked).toBe(1);
  });
});
