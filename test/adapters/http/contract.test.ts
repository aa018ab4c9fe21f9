// The HTTP contract on the fake and over real sockets.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { httpContract } from '../../contracts/http.ts';
import { createFakeHttp, type FakeAnswer } from '../../world/fakes/http.ts';

const LONG = 'x'.repeat(1024 * 1024 + 1);

httpContract('undici', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/slow') return;
    if (request.url === '/reset') return void request.socket.destroy();
    if (request.url === '/missing') return void response.writeHead(404).end();
    if (request.url === '/moved') return void response.writeHead(302, { location: '/ok' }).end();
    if (request.url === '/long') return void response.end(LONG);
    if (request.url !== '/echo') return void response.end('fine');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () =>
      response.end(JSON.stringify({ method: request.method, who: request.headers['x-who'], body: Buffer.concat(chunks).toString() })),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    http: createHttp({ allow: ['127.0.0.1'] }),
    url: `http://127.0.0.1:${port}`,
    deadUrl: 'http://127.0.0.1:1/',
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
});

httpContract('the fake', async () => {
  const routes: Readonly<Record<string, FakeAnswer>> = {
    '/ok': { status: 200, body: 'fine' },
    '/missing': { status: 404 },
    '/moved': { status: 302, headers: { location: '/ok' } },
    '/long': { status: 200, body: LONG },
    '/slow': 'silent',
    '/reset': 'reset',
  };
  const http = createFakeHttp({
    hosts: ['shop.test'],
    answer: ({ url, method, headers, body }) => {
      const { pathname, port } = new URL(url);
      if (port === '1') return 'nobody';
      return routes[pathname] ?? { status: 200, body: JSON.stringify({ method, who: headers?.['X-Who'], body }) };
    },
  });
  return { http, url: 'http://shop.test', deadUrl: 'http://shop.test:1/', close: async () => undefined };
});
