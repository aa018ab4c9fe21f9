// Requests that take a way of their own: a unix socket of this machine, and a server whose certificate only its own authority vouches for.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { makeCertificate } from '../../world/parts/certificate.ts';

async function listening(
  server: Server,
  where: { readonly path: string } | { readonly port: 0; readonly host: '127.0.0.1' },
): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(where, resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  onTestFinished(() => server.closeAllConnections());
  return server;
}

describe('a unix socket', () => {
  function socketPath(): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'belay-socket-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return path.join(folder, 's.sock');
  }

  test('is reached whatever the host is called, though nothing is allowed', async () => {
    const socket = socketPath();
    await listening(
      createServer((request, response) => void response.end(`${request.headers.host} ${request.url}`)),
      { path: socket },
    );
    const answer = await createHttp({ allow: [] }).request({ method: 'GET', url: 'http://engine/x?y=1', socket, timeoutMs: 2_000 });
    expect(answer).toMatchObject({ status: 200, body: 'engine /x?y=1' });
  });

  test('that is not there, or that nobody listens on, is trouble without an effect', async () => {
    await expect(
      createHttp({ allow: [] }).request({ method: 'GET', url: 'http://engine/', socket: socketPath(), timeoutMs: 2_000 }),
    ).rejects.toMatchObject({ code: 'BELAY_HTTP_FAILED', effect: 'none', message: expect.stringMatching(/ENOENT/) });
  });

  test('is no way around what may not be reached: the next request without it is judged as ever', async () => {
    const http = createHttp({ allow: [] });
    const socket = socketPath();
    await listening(
      createServer((_request, response) => void response.end('fine')),
      { path: socket },
    );
    expect(await http.request({ method: 'GET', url: 'http://127.0.0.1/', socket, timeoutMs: 2_000 })).toMatchObject({ body: 'fine' });
    await expect(http.request({ method: 'GET', url: 'http://127.0.0.1/', timeoutMs: 2_000 })).rejects.toMatchObject({
      code: 'BELAY_HTTP_REFUSED',
    });
  });
});

describe('an authority of their own', () => {
  const made = makeCertificate({ names: ['localhost', '127.0.0.1'], days: 30 });

  async function serve(): Promise<string> {
    const server = createTlsServer({ cert: made.cert, key: made.key }, (_request, response) => void response.end('fine'));
    await listening(server, { port: 0, host: '127.0.0.1' });
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  test('is trusted for the request that names it, and for no other', async () => {
    const url = await serve();
    const http = createHttp({ allow: ['127.0.0.1'] });
    const ask = (ca?: string) => http.request({ method: 'GET', url, timeoutMs: 2_000, ...(ca === undefined ? {} : { ca }) });
    await expect(ask()).rejects.toMatchObject({ code: 'BELAY_HTTP_FAILED' });
    expect(await ask(made.cert)).toMatchObject({ status: 200, body: 'fine' });
    await expect(ask()).rejects.toMatchObject({ code: 'BELAY_HTTP_FAILED' });
    await expect(ask(makeCertificate({ names: ['127.0.0.1'], days: 30 }).cert)).rejects.toMatchObject({ code: 'BELAY_HTTP_FAILED' });
  });

  test('does not open what may not be reached', async () => {
    const url = await serve();
    await expect(createHttp({ allow: [] }).request({ method: 'GET', url, timeoutMs: 2_000, ca: made.cert })).rejects.toMatchObject({
      code: 'BELAY_HTTP_REFUSED',
    });
  });

  test('that is no certificate is told, and nothing else happens', async () => {
    const url = await serve();
    const http = createHttp({ allow: ['127.0.0.1'] });
    for (const ca of ['', 'nonsense', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])
      await expect(http.request({ method: 'GET', url, timeoutMs: 2_000, ca })).rejects.toMatchObject({ effect: 'none' });
  });
});

test('what is said of an answer only after its body stands among its headers, and replaces none of them', async () => {
  const server = await listening(
    createServer((_request, response) => {
      response.setHeader('Trailer', 'ETag, X-Kind');
      response.setHeader('X-Kind', 'before');
      response.write('config');
      response.addTrailers({ ETag: '"/config 1f"', 'X-Kind': 'after' });
      response.end();
    }),
    { port: 0, host: '127.0.0.1' },
  );
  const { port } = server.address() as AddressInfo;
  const answer = await createHttp({ allow: ['127.0.0.1'] }).request({ method: 'GET', url: `http://127.0.0.1:${port}/`, timeoutMs: 2_000 });
  expect(answer).toMatchObject({ body: 'config', headers: { etag: '"/config 1f"', 'x-kind': 'before' } });
});
