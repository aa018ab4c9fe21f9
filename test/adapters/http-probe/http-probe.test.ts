// The probe source against real servers over the real client.
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createHttp, createNet } from '../../../src/adapters/http/index.ts';
import { createHttpProbe, type HttpProbeSpec } from '../../../src/adapters/http-probe/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch } from '../../../src/domain/signal.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';
import { makeCertificate } from '../../world/parts/certificate.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function serve(status = 200, body = 'ok') {
  let answer = { status, body };
  const waiting: (() => void)[] = [];
  const server = createHttpServer((_request, response) => {
    for (const wake of waiting.splice(0)) wake();
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  open.push(close);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`,
    set: (next: number, text = 'ok') => {
      answer = { status: next, body: text };
    },
    nextAsked: () => new Promise<void>((resolve) => waiting.push(resolve)),
    close,
  };
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

interface Asked extends Partial<HttpProbeSpec> {
  readonly allow?: readonly string[];
  readonly authorities?: readonly string[];
}

function probeOf(points: readonly string[], { allow = ['127.0.0.1', 'localhost'], authorities, ...more }: Asked = {}) {
  const spec: HttpProbeSpec = {
    id: 'outside',
    driver: 'http',
    points,
    everyMs: 20,
    timeoutMs: 1_000,
    expectStatus: 200,
    certificateDays: 7,
    ...more,
  };
  const net = createNet({ allow }, authorities === undefined ? {} : { authorities });
  return createHttpProbe(spec, { http: createHttp({ allow }), net, expression: createCel(), time: systemTime });
}

const look = (points: readonly string[], o: Asked = {}): Promise<Batch> => probeOf(points, o).read(new AbortController().signal, {});
/** What was found at one point. */
async function found(point: string, o: Asked = {}): Promise<readonly [ok: boolean, detail: string]> {
  const { samples } = await look([point], o);
  const [one] = samples;
  if (one?.kind !== 'probe') throw new Error('no result');
  return [one.ok, one.detail];
}

signalSourceContract('the http-probe adapter', async () => {
  const server = await serve();
  return {
    source: polled(probeOf([server.url]), systemTime),
    beat: async (count) => {
      for (let n = 0; n <= count; n += 1) await Promise.race([server.nextAsked(), systemTime.sleep(200)]);
    },
    // A point that does not answer is a result: this source has no trouble of its own while addresses are allowed.
    trouble: null,
    close: server.close,
  };
});

test('every point gives one result: the wanted status, another status, no answer', async () => {
  const [good, bad, gone] = [await serve(200), await serve(503), await serve(200)];
  await gone.close();
  const { samples, alive, at } = await look([good.url, bad.url, gone.url]);
  expect(alive).toBe(true);
  expect(samples).toEqual([
    { kind: 'probe', point: good.url, at, ok: true, detail: 'status 200' },
    { kind: 'probe', point: bad.url, at, ok: false, detail: 'status 503' },
    { kind: 'probe', point: gone.url, at, ok: false, detail: expect.stringMatching(/./) },
  ]);
});

test.each(['tcp', 'tls', 'http'])(
  'an address of %s that may not be reached is no result of the service: the reading is dead',
  async (kind) => {
    const { url } = await serve();
    const { host } = new URL(url);
    expect(await look([`${kind}://${host}`], { allow: [] })).toMatchObject({
      alive: false,
      samples: [],
      reason: expect.stringContaining('this machine'),
    });
    expect(await look([`${kind}://${host}`, 'dns://localhost'], { allow: ['127.0.0.1'] })).toMatchObject({ alive: true });
  },
);

describe('a condition on the answer', () => {
  const expectation = 'status == 200 && json.status != "CRITICAL"';

  test.each<[status: number, body: string, ok: boolean, detail: RegExp]>([
    [200, '{"status":"OK"}', true, /^status 200$/],
    [200, '{"status":"CRITICAL"}', false, /^status 200; not so: status == 200 &&/],
    [500, '{"status":"OK"}', false, /^status 500; not so/],
    [200, 'not JSON', false, /^status 200; .*json/],
    [200, '{}', false, /^status 200; .*status/],
    [200, '[1]', false, /^status 200; ./],
    [200, `${'['.repeat(100_000)}`, false, /^status 200; ./],
  ])('judges an answer of %i and %j', async (status, body, ok, detail) => {
    const { url } = await serve(status, body);
    const [was, why] = await found(url, { expect: expectation });
    expect(was).toBe(ok);
    expect(why).toMatch(detail);
    expect(why.length).toBeLessThanOrEqual(256);
  });

  test('replaces the status, and sees text, latency and absent JSON', async () => {
    const { url } = await serve(503, `${'x'.repeat(64 * 1024)}tail`);
    expect(await found(url, { expect: 'status == 503 && body.startsWith("x") && !body.contains("tail")' })).toEqual([true, 'status 503']);
    expect(await found(url, { expect: 'latencyMs < 1000.0 && json == null' })).toEqual([true, 'status 503']);
    expect(await found(url, { expect: 'latencyMs < 0.0' })).toEqual([false, 'status 503; not so: latencyMs < 0.0']);
  });

  test('counts numbers of JSON as numbers', async () => {
    const { url } = await serve(200, '{"depth":3,"ready":true}');
    expect(await found(url, { expect: 'json.depth < 5 && json.ready == true' })).toEqual([true, 'status 200']);
    expect((await found(url, { expect: 'json.depth > 5' }))[0]).toBe(false);
  });

  test('of an answer that is too long is a bad result', async () => {
    const { url } = await serve(200, 'x'.repeat(1024 * 1024 + 1));
    expect(await found(url, { expect: 'status == 200' })).toEqual([false, expect.stringContaining('longer than')]);
  });

  test.each([
    ['status = 200', /expect/],
    ['stats == 200', /unknown name: stats/],
    ['json.ready', /a bool is needed/],
    ['status', /a bool is needed/],
    ['body.matches("a+")', /matches\(\) is refused/],
    ['status == "200"', /no such overload/],
  ])('that does not compile opens nothing: %s', (condition, says) => {
    expect(() => probeOf(['http://a.example/'], { expect: condition })).toThrow(
      expect.objectContaining({ code: 'BELAY_CONFIG_INVALID', message: expect.stringMatching(says) }),
    );
  });

  test('that no point answers opens nothing', () => {
    expect(() => probeOf(['tcp://a.example:1'], { expect: 'status == 200' })).toThrow(
      expect.objectContaining({ code: 'BELAY_CONFIG_INVALID' }),
    );
  });
});

describe('points that are not HTTP', () => {
  test('of TCP are good where somebody listens', async () => {
    const port = await listen(createTcpServer());
    expect(await found(`tcp://127.0.0.1:${port}`)).toEqual([true, expect.stringMatching(/^connected in \d+ ms$/)]);
    expect(await found('tcp://127.0.0.1:1')).toEqual([false, expect.stringContaining('ECONNREFUSED')]);
  });

  test('of TLS are good while their certificate can be trusted and lasts', async () => {
    const certificate = makeCertificate({ names: ['localhost'], days: 10 });
    const point = `tls://localhost:${await listen(createTlsServer({ cert: certificate.cert, key: certificate.key }))}`;
    const authorities = [certificate.cert];
    expect(await found(point, { authorities })).toEqual([true, expect.stringMatching(/^the certificate is valid until 20/)]);
    expect(await found(point, { authorities, certificateDays: 14 })).toEqual([
      false,
      expect.stringMatching(/^the certificate ends in (9|10) days, on .*: fewer than 14$/),
    ]);
    expect(await found(point)).toEqual([false, 'the certificate is not trusted: DEPTH_ZERO_SELF_SIGNED_CERT']);
    expect(await found(point.replace('localhost', '127.0.0.1'), { authorities })).toEqual([
      false,
      'the certificate is not trusted: ERR_TLS_CERT_ALTNAME_INVALID',
    ]);
  });

  test('of TLS whose certificate is over say when it ended', async () => {
    const certificate = makeCertificate({ names: ['localhost'], days: -2 });
    const point = `tls://localhost:${await listen(createTlsServer({ cert: certificate.cert, key: certificate.key }))}`;
    const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
    expect(await found(point, { authorities: [certificate.cert] })).toEqual([false, `the certificate ended on ${day}`]);
  });

  test('of DNS are good where the name is known', async () => {
    expect(await found('dns://localhost')).toEqual([true, expect.stringMatching(/^at (127\.0\.0\.1|::1)/)]);
    expect((await found('dns://nowhere.invalid'))[0]).toBe(false);
  });

  test('that are none open nothing', () => {
    for (const point of ['ftp://a.example', 'tcp://a.example', 'tls://a.example:0', 'dns://127.0.0.1', 'a.example'])
      expect(() => probeOf([point])).toThrow(expect.objectContaining({ code: 'BELAY_CONFIG_INVALID' }));
  });
});
