// The door for senders: who may send, how much, in which encoding, and what they are answered.
import { createHmac, randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import type { Batch, Sample } from '../../src/domain/signal.ts';
import type { SourceSpec } from '../../src/domain/source-catalog.ts';
import { sent } from '../../src/flows/detect/sent.ts';
import type { RefusalLog } from '../../src/ports/refusal-log.ts';
import type { Received } from '../../src/ports/signal-source.ts';
import { INTAKE_CAPS } from '../../src/server/intake.ts';
import { openRefusals } from '../../src/server/refusals.ts';
import { type Door, openDoor } from './world.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const SECRET = 'correct horse battery staple';

let doors: Door[] = [];
afterEach(async () => {
  for (const door of doors) await door.remove();
  doors = [];
});

interface Options {
  readonly verify?: string;
  readonly secret?: string;
  readonly header?: string;
  readonly isRead?: boolean;
  readonly log?: RefusalLog;
  /** What the detector says to a delivery. */
  readonly refuse?: () => Error | null;
}

async function open(o: Options = {}) {
  const received: Received[] = [];
  const batches: Batch[] = [];
  const refused: { readonly source: string; readonly status: number; readonly reason: string; readonly times: number }[] = [];
  const source = sent({
    id: 'hooks',
    everyMs: 60_000,
    decode: (request) => {
      received.push(request);
      const text = Buffer.from(request.body).toString();
      if (text === 'nonsense') throw new BelayError('BELAY_INPUT_INVALID', 'line 1 is nonsense');
      if (text === 'bug') throw new TypeError('a bug of ours');
      const sample: Sample = { kind: 'delta', name: 'hooks', labels: {}, at: request.at, delta: 1 };
      return { samples: text === '' ? [] : [sample], reply: { status: 202, body: 'thanks', headers: { 'x-sender': 'yes' } } };
    },
  });
  const spec = { id: 'hooks', driver: 'push', everyMs: 60_000, verify: o.verify ?? 'bearer', header: o.header, secret: o.secret ?? SECRET };
  const time = createVirtualTime(NOW);
  const door = await openDoor({
    time,
    sources: [spec as unknown as SourceSpec],
    receivers: { hooks: source },
    onRefused: (one) => void refused.push(one),
    refusals: await openRefusals({ time, log: o.log }),
  });
  doors.push(door);
  const take = async (batch: Batch): Promise<void> => {
    const no = o.refuse?.() ?? null;
    if (no !== null) throw no;
    batches.push(batch);
  };
  if (o.isRead !== false) void source.run(take, new AbortController().signal);
  const send = (body: string | Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>> = {}, path = '/in/hooks') =>
    door.server.app.request(path, { method: 'POST', body, headers: { host: '127.0.0.1:7070', ...headers } });
  return { door, time, send, received, batches, refused };
}

const bearer = { authorization: `Bearer ${SECRET.replaceAll(' ', '-')}` };
const tokenSecret = SECRET.replaceAll(' ', '-');

describe('a sender', () => {
  test('is answered by its source once the samples are taken', async () => {
    const { send, received, batches } = await open({ secret: tokenSecret });
    const response = await send('hello', bearer, '/in/hooks/api/v2/alerts?x=1');
    expect(response.status).toBe(202);
    expect(response.headers.get('x-sender')).toBe('yes');
    expect(await response.text()).toBe('thanks');
    expect(received[0]).toMatchObject({ method: 'POST', path: '/api/v2/alerts', at: NOW });
    expect(batches).toEqual([
      { source: 'hooks', at: NOW, alive: true, samples: [{ kind: 'delta', name: 'hooks', labels: {}, at: NOW, delta: 1 }] },
    ]);
  });

  test('that has nothing to tell is a heartbeat', async () => {
    const { send, batches } = await open({ secret: tokenSecret });
    expect((await send('', bearer)).status).toBe(202);
    expect(batches).toMatchObject([{ alive: true, samples: [] }]);
  });

  test('with the token of a person is nobody here, and its own token opens nothing else', async () => {
    const { door, send, received } = await open({ secret: tokenSecret });
    expect((await send('hello', { authorization: `Bearer ${await door.token('operator')}` })).status).toBe(401);
    expect(received).toEqual([]);
    const other = await door.server.app.request('/v1/status', { headers: { host: '127.0.0.1:7070', ...bearer } });
    expect(other.status).toBe(401);
  });

  test.each([
    ['no token', {}],
    ['another token', { authorization: 'Bearer nearly' }],
    ['another scheme', { authorization: `Basic ${tokenSecret}` }],
  ])('with %s is refused before its body is looked at, and the refusal is told', async (_what, headers) => {
    const { send, received, refused } = await open({ secret: tokenSecret });
    const response = await send('hello', headers);
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain(tokenSecret);
    expect(received).toEqual([]);
    expect(refused).toMatchObject([{ source: 'hooks', status: 401 }]);
  });

  test('who is refused again and again fills no log', async () => {
    const { time, send, refused } = await open({ secret: tokenSecret });
    for (let n = 0; n < 50; n += 1) expect((await send('hello')).status).toBe(401);
    expect(refused).toMatchObject([{ times: 1 }]);
    await time.advance(61_000);
    await send('hello');
    expect(refused).toMatchObject([{ times: 1 }, { times: 50 }]);
  });

  test('is told that no such source is here, also where a source takes nothing from outside', async () => {
    const { send } = await open();
    for (const path of ['/in/nobody', '/in/app', '/in/constructor', '/in/__proto__'])
      expect((await send('hello', {}, path)).status, path).toBe(404);
    // And not which there are.
    expect(await (await send('hello', {}, '/in/nobody')).text()).not.toContain('hooks');
  });
});

describe('a signature', () => {
  const hmac = (body: string, secret = SECRET): Buffer => createHmac('sha256', secret).update(body).digest();

  test.each([
    ['hex', (body: string) => hmac(body).toString('hex')],
    ['hex after sha256=', (body: string) => `sha256=${hmac(body).toString('hex')}`],
    ['base64', (body: string) => hmac(body).toString('base64')],
  ])('in %s over the bytes as they came is taken, of other bytes it is not', async (_form, sign) => {
    const { send } = await open({ verify: 'hmac-sha256', header: 'X-Hub-Signature-256' });
    const body = '{"a": 1 }';
    expect((await send(body, { 'x-hub-signature-256': sign(body) })).status).toBe(202);
    expect((await send('{"a":1}', { 'x-hub-signature-256': sign(body) })).status).toBe(401);
    expect((await send(body, { 'x-hub-signature-256': '' })).status).toBe(401);
    expect((await send(body)).status).toBe(401);
  });

  test('of Standard Webhooks holds for five minutes, and one of several is enough', async () => {
    const key = randomBytes(24);
    const { send } = await open({ verify: 'standard-webhooks', secret: `whsec_${key.toString('base64')}` });
    const headers = (body: string, at = NOW, before = '') => {
      const timestamp = String(Math.floor(at / 1_000));
      const signature = createHmac('sha256', key).update(`msg_1.${timestamp}.${body}`).digest('base64');
      return { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': `${before}v1,${signature}` };
    };
    expect((await send('hello', headers('hello'))).status).toBe(202);
    expect((await send('hello', headers('hello', NOW, `v1,${randomBytes(32).toString('base64')} `))).status).toBe(202);
    expect((await send('hellO', headers('hello'))).status).toBe(401);
    expect((await send('hello', headers('hello', NOW - 6 * 60_000))).status).toBe(401);
    expect((await send('hello', headers('hello', NOW + 6 * 60_000))).status).toBe(401);
    expect((await send('hello', { ...headers('hello'), 'webhook-id': 'msg_2' })).status).toBe(401);
  });

  test('by a secret that is no key is refused: an empty key is one that anybody has', async () => {
    const { send } = await open({ verify: 'standard-webhooks', secret: '!!!' });
    const timestamp = String(NOW / 1_000);
    const signature = createHmac('sha256', '').update(`msg_1.${timestamp}.hello`).digest('base64');
    const signed = { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
    expect((await send('hello', signed)).status).toBe(401);
  });

  test('is not asked for where the source says that anybody may send', async () => {
    const { send } = await open({ verify: 'none' });
    expect((await send('hello')).status).toBe(202);
  });
});

describe('a body', () => {
  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('in %s is unpacked, and its signature is over what was sent', async (encoding, pack) => {
    const { send, received } = await open({ verify: 'hmac-sha256', header: 'x-signature' });
    const packed = new Uint8Array(pack('hello'));
    const signature = createHmac('sha256', SECRET).update(packed).digest('hex');
    expect((await send(packed, { 'content-encoding': encoding, 'x-signature': signature })).status).toBe(202);
    expect(Buffer.from(received[0]?.body ?? []).toString()).toBe('hello');
  });

  test('in an encoding that the door does not know comes as it is', async () => {
    const { send, received } = await open({ verify: 'none' });
    await send('hello', { 'content-encoding': 'snappy' });
    expect(Buffer.from(received[0]?.body ?? []).toString()).toBe('hello');
  });

  test('that is a gzip bomb is refused without being unpacked to its end', async () => {
    const { send, received } = await open({ verify: 'none' });
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(512 * 1024 * 1024)));
    expect(bomb.length).toBeLessThan(INTAKE_CAPS.wireBytes);
    const before = process.memoryUsage().rss;
    expect((await send(bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect(received).toEqual([]);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  });

  test('that is larger than the door takes is refused', async () => {
    const { send } = await open({ verify: 'none' });
    expect((await send('x'.repeat(INTAKE_CAPS.wireBytes + 1))).status).toBe(413);
  });

  test('that is cut or no gzip at all is refused with the reason', async () => {
    const { send, refused } = await open({ verify: 'none' });
    expect((await send(new Uint8Array(gzipSync('hello').subarray(0, 12)), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await send('hello', { 'content-encoding': 'gzip' })).status).toBe(400);
    expect(refused).toMatchObject([{ reason: 'the body is not gzip' }]);
  });

  test('that its source cannot take is refused for good, with what is wrong', async () => {
    const { send, refused } = await open({ verify: 'none' });
    const response = await send('nonsense');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'BELAY_INPUT_INVALID', detail: 'line 1 is nonsense' });
    expect(refused).toEqual([{ source: 'hooks', status: 400, reason: 'line 1 is nonsense', times: 1 }]);
  });

  test('that trips over a bug of ours is 500, and the bug is told', async () => {
    const { door, send } = await open({ verify: 'none' });
    expect((await send('bug')).status).toBe(500);
    expect(door.bugs).toHaveLength(1);
  });
});

describe('what was refused', () => {
  test('is in the file within the same second, in a flood too, and a slow disk is written less often and never twice at once', async () => {
    const saves: { readonly at: number; readonly all: readonly Refusal[] }[] = [];
    const time = createVirtualTime(NOW);
    let [atOnce, slowMs] = [0, 0];
    const save = async (all: readonly Refusal[]): Promise<void> => {
      atOnce += 1;
      expect(atOnce).toBe(1);
      saves.push({ at: time.now() - NOW, all });
      if (slowMs > 0) await time.sleep(slowMs);
      atOnce -= 1;
    };
    const refusals = await openRefusals({ time, log: { load: async () => [], save } });
    const refuse = () =>
      refusals.add({ source: 'hooks', status: 400 }, () => ({ reason: 'no', method: 'POST', path: '', bytes: 1, body: 'x' }));
    refuse();
    await time.advance(1_000);
    expect(saves.map(({ all }) => all.length)).toEqual([1]);
    slowMs = 500;
    for (let second = 0; second < 60; second += 1) {
      for (let n = 0; n < 100; n += 1) refuse();
      await time.advance(1_000);
    }
    expect(saves.length).toBeLessThan(10);
    slowMs = 0;
    await time.advance(30_000);
    await refusals.close();
    expect(saves.at(-1)?.all.reduce((sum, one) => sum + 1 + one.more, 0)).toBe(6_001);
  });

  const listed = async ({ door }: Awaited<ReturnType<typeof open>>, query = '') =>
    ((await (await door.ask('GET', `/v1/refused${query}`)).json()) as { refused: Refusal[] }).refused;

  test('is kept with its reason and the beginning of its body, without secrets, for whoever integrates', async () => {
    const opened = await open({ verify: 'hmac-sha256', header: 'x-signature' });
    const body = `{"event":"open","token":"of-a-customer","note":"${SECRET}"}`;
    await opened.send(body, { 'x-signature': 'abcd' }, '/in/hooks/v1/x');
    const [one] = await listed(opened);
    expect(one).toMatchObject({ source: 'hooks', status: 401, method: 'POST', path: '/v1/x', bytes: body.length, more: 0 });
    expect(one?.reason).toContain('the signature does not match');
    expect(one?.body).toBe('{"event":"open","token":"•••","note":"•••"}');
    expect(await listed(opened, '?source=app')).toEqual([]);
  });

  test('by its headers was not even read: neither a token nor a signature that is missing lets a body in', async () => {
    for (const verify of ['bearer', 'hmac-sha256', 'standard-webhooks']) {
      const opened = await open({ verify });
      const state = { pulled: 0 };
      const stream = new ReadableStream(
        {
          pull: (controller) => {
            state.pulled += 1;
            controller.enqueue(new Uint8Array(1024 * 1024));
          },
        },
        { highWaterMark: 0 },
      );
      const response = await opened.door.server.app.request('/in/hooks', {
        method: 'POST',
        body: stream,
        headers: { host: '127.0.0.1:7070' },
        duplex: 'half',
      } as RequestInit);
      expect([verify, response.status, state.pulled]).toEqual([verify, 401, 0]);
      expect((await listed(opened))[0]).toMatchObject({ bytes: null, body: null });
    }
  });

  test('is kept without the secret of its source in its address or its reason, and not with 16 kB of address', async () => {
    const opened = await open({ verify: 'hmac-sha256', header: 'x-signature' });
    await opened.send('x', { 'x-signature': 'abcd' }, `/in/hooks/${SECRET}`);
    await opened.send('x', { 'x-signature': 'abcd' }, `/in/hooks/${'a'.repeat(12_000)}`);
    const [long, own] = await listed(opened);
    expect(own?.path).toBe('/•••');
    expect(long?.path.length).toBeLessThanOrEqual(256);
  });

  test('does not keep the door busy, whatever a stranger made of its body', async () => {
    const opened = await open({ verify: 'hmac-sha256', header: 'x-signature' });
    const began = performance.now();
    for (let n = 0; n < 200; n += 1) await opened.send('password.'.repeat(4_000), { 'x-signature': 'abcd' });
    expect(performance.now() - began).toBeLessThan(4_000);
    expect((await listed(opened)).reduce((sum, one) => sum + one.more + 1, 0)).toBe(200);
  });

  test('is shown to nobody without a role', async () => {
    const { door } = await open();
    expect((await door.ask('GET', '/v1/refused', { as: 'eve' })).status).toBe(403);
    expect((await door.ask('GET', '/v1/refused', { as: null })).status).toBe(401);
  });

  test('in a flood is written once for many, and outlives a restart', async () => {
    const saved: (readonly Refusal[])[] = [];
    const log: RefusalLog = { load: async () => saved.at(-1) ?? [], save: async (all) => void saved.push(all) };
    const opened = await open({ log });
    for (let n = 0; n < 500; n += 1) await opened.send('hello');
    expect(saved).toEqual([]);
    await opened.time.advance(900);
    expect(saved).toHaveLength(1);
    const again = await listed(await open({ log }));
    expect([again.length, again.reduce((sum, one) => sum + one.more + 1, 0)]).toEqual([5, 500]);
  });
});

describe('a delivery that is not durable', () => {
  test('is to be sent again, in a second', async () => {
    let away = true;
    const { send, batches } = await open({
      verify: 'none',
      refuse: () => (away ? new BelayError('BELAY_STORE_UNAVAILABLE', 'no store') : null),
    });
    const refused = await send('hello');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    away = false;
    expect((await send('hello')).status).toBe(202);
    expect(batches).toHaveLength(1);
  });

  test('because nobody reads the source is refused the same way', async () => {
    const { send } = await open({ verify: 'none', isRead: false });
    expect((await send('hello')).status).toBe(503);
  });
});
