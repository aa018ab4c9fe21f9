// The door in front of webhooks: what it keeps, what it refuses, and that a full one says so. The store is in memory.
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { BelayError } from '../../src/domain/errors.ts';
import type { IntakeDraft, IntakeSpec } from '../../src/domain/intake.ts';
import type { IntakeStore } from '../../src/ports/intake-store.ts';
import type { AppEnv } from '../../src/server/guard.ts';
import { mountIntakeDoor } from '../../src/server/intake-door.ts';

const SECRET = 'hunter2-secret-of-the-sender';
const SPEC: IntakeSpec = {
  ...{ id: 'dm', to: 'http://n8n/webhook/dm-{org}', verify: 'bearer' as const, secret: SECRET },
  ...{ idHeader: 'X-Message-Id', idPath: 'data.key.id', timeoutMs: 1_000, most: 3, rememberMs: 1_000 },
};

function doorOf(o: { readonly down?: boolean } = {}) {
  const kept: IntakeDraft[] = [];
  let now = 1_000;
  let woken = 0;
  const store: Pick<IntakeStore, 'add' | 'waiting'> = {
    waiting: async () => ({ dm: kept.length }),
    add: async (draft) => {
      if (o.down === true) throw new BelayError('BELAY_STORE_UNAVAILABLE', 'no store');
      if (kept.some((one) => one.id === draft.id && one.line === draft.line)) return 'known';
      kept.push(draft);
      return 'stored';
    },
  };
  const app = new Hono<AppEnv>();
  const whole = { ...SPEC, id: 'whole', to: 'http://n8n/hook', most: 100, verify: 'none' as const };
  mountIntakeDoor(app, {
    intakes: [SPEC, whole],
    organizations: [{ id: 'acme' }],
    store: store as IntakeStore,
    time: { now: () => now, uuid: () => `uuid-${kept.length + 1}` },
    onStored: () => {
      woken += 1;
    },
  });
  const post = (path: string, init: RequestInit & { readonly secret?: string } = {}) =>
    app.request(`/intake/${path}`, {
      method: 'POST',
      body: '{}',
      ...init,
      headers: { authorization: `Bearer ${init.secret ?? SECRET}`, ...(init.headers as Record<string, string> | undefined) },
    });
  const wait = (ms: number): void => {
    now += ms;
  };
  return { post, kept, wait, woken: () => woken };
}

test('what is answered with 200 is kept: its line, its rest, its headers and its body, without Belay’s own secret', async () => {
  const { post, kept, woken } = doorOf();
  const headers = { 'x-message-id': 'm1', 'x-hub-signature-256': 'sha256=00' };
  const answer = await post('dm/acme/messages-upsert?x=1', { headers, body: '{"text":"olá"}' });
  expect([answer.status, await answer.json()]).toEqual([200, { id: 'm1', stored: true }]);
  expect(kept).toEqual([
    {
      ...{ intake: 'dm', line: 'acme', id: 'm1', at: 1_000, method: 'POST', rest: '/messages-upsert?x=1', body: '{"text":"olá"}' },
      headers: { 'content-type': 'text/plain;charset=UTF-8', ...headers },
    },
  ]);
  expect(woken()).toBe(1);
});

test('a second one of the same id is answered as the first and kept once; the id is in a header, in the body, or made', async () => {
  const { post, kept } = doorOf();
  const body = '{"data":{"key":{"id":"W1"}}}';
  for (const init of [{ headers: { 'x-message-id': 'W1' } }, { body }, {}]) expect((await post('dm/acme', init)).status).toBe(200);
  expect(kept.map((one) => one.id)).toEqual(['W1', 'uuid-2']);
  await post('dm/acme', { headers: { 'x-message-id': 'y'.repeat(300) } });
  expect(kept.at(-1)?.id).toMatch(/^[0-9a-f]{64}$/);
});

test('what cannot be kept is refused with its status, and nothing of it is kept', async () => {
  const { post, kept } = doorOf();
  const statuses = await Promise.all(
    [
      post('dm/acme', { secret: 'wrong' }),
      post('dm/nobody'),
      post('dm'),
      post('nothing/acme'),
      post('dm/acme/a%2F..%2Fb'),
      post('dm/acme', { body: 'x'.repeat(1024 * 1024 + 1) }),
      post('dm/acme', { body: new Uint8Array([0xff, 0xfe]) }),
      post('dm/acme', { headers: { 'content-encoding': 'gzip' } }),
      post('dm/acme', { headers: { 'x-long': 'y'.repeat(20_000) } }),
    ].map(async (one) => (await one).status),
  );
  expect(statuses).toEqual([401, 404, 404, 404, 404, 413, 415, 415, 431]);
  expect(kept).toEqual([]);
});

test('a full intake asks to come again, and takes again once there is room', async () => {
  const { post, kept, wait } = doorOf();
  for (const n of [1, 2, 3]) expect((await post('dm/acme', { headers: { 'x-message-id': `${n}` } })).status).toBe(200);
  const full = await post('dm/acme');
  expect([full.status, full.headers.get('retry-after')]).toEqual([503, '2']);
  kept.splice(0);
  wait(2_000);
  expect((await post('dm/acme')).status).toBe(200);
});

test('a store that is away is a 503, so that the sender comes again', async () => {
  const answer = await doorOf({ down: true }).post('dm/acme');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
});

test('an intake without organizations takes what is sent to its own name, and what is below it', async () => {
  const { post, kept } = doorOf();
  expect([(await post('whole')).status, (await post('whole/sub')).status]).toEqual([200, 200]);
  expect(kept.map((one) => [one.line, one.rest])).toEqual([
    ['', ''],
    ['', '/sub'],
  ]);
});
