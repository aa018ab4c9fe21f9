// The mappings of docs/sources/webhook.md, each on a realistic body of its sender, through the real door into detection.
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createMappedWebhook } from '../../../src/adapters/mapped-webhook/index.ts';
import type { SourceSpec } from '../../../src/domain/source-catalog.ts';
import { blocksOf, NOW, openSenders, systemOf } from '../../world/senders.ts';

const PAGE = 'docs/sources/webhook.md';
const ENV = {
  EVOLUTION_HOOK_SECRET: 'evo-secret',
  CHATWOOT_SECRET: 'chatwoot-secret',
  N8N_SECRET: 'n8n-secret',
  GITHUB_SECRET: 'github-secret',
  GATEWAY_SECRET: 'gateway-secret',
};
const blocks = blocksOf(PAGE);
const blockWith = (text: string): string => blocks.find((block) => block.includes(text)) ?? '';
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const signed = (secret: string, text: string): string => `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;

/** What the mapping of a page's block makes of one body. */
function decoded(source: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const spec = systemOf(blockWith(`\n  ${source}:\n    driver`), ENV).sources.find((one) => one.id === source);
  const decoder = createMappedWebhook(spec as Extract<SourceSpec, { driver: 'webhook' }>, { expression: createCel() });
  const request = { method: 'POST' as const, path: '', headers, body: Buffer.from(JSON.stringify(body)), at: NOW };
  return decoder.decode(request) as Awaited<ReturnType<typeof decoder.decode>>;
}

const connection = (state: string, statusReason = 200) => ({
  event: 'connection.update',
  instance: 'acme',
  data: { instance: 'acme', state, statusReason, wuid: '5511999990000@s.whatsapp.net', profileName: 'ACME' },
  destination: 'https://belay.example/in/whatsapp',
  date_time: '2026-03-01T09:00:00.000Z',
  sender: '5511999990000@s.whatsapp.net',
  server_url: 'https://evolution.example',
  apikey: 'B6D711FCDE4D4FD5936544120E713976',
});

describe('the mappings of the page', () => {
  test('are all read by the real loader, and the first block is a whole belay.yaml', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(8);
    expect(blocks[0]).toMatch(/^belay: 1/);
    for (const block of blocks) expect(systemOf(block, ENV).sources[0]?.driver).toBe('webhook');
  });

  test('Evolution tells the connection as a value that stands for a day, and other events say nothing', () => {
    expect(decoded('whatsapp', connection('close', 401))).toMatchObject({
      samples: [],
      standing: [{ name: 'evolution_disconnected', labels: { org: 'acme' }, value: 1, until: NOW + 24 * 3_600_000 }],
    });
    expect(decoded('whatsapp', connection('open')).standing).toMatchObject([{ value: 0 }]);
    expect(decoded('whatsapp', { event: 'messages.upsert', instance: 'acme', data: {} })).toMatchObject({ samples: [], standing: [] });
  });

  test('Z-API tells a disconnection until it is connected again', () => {
    const gone = {
      type: 'DisconnectedCallback',
      momment: 1_772_366_400,
      error: 'Device has been disconnected',
      disconnected: true,
      instanceId: '3C01',
    };
    expect(decoded('zapi', gone).standing).toMatchObject([{ name: 'zapi_disconnected', labels: { org: '3C01' }, value: 1 }]);
    const back = { type: 'ConnectedCallback', connected: true, momment: 1_772_366_400_000, instanceId: '3C01', phone: '5511999990000' };
    expect(decoded('zapi', back).standing).toMatchObject([{ value: 0 }]);
    expect(decoded('zapi', { type: 'DeliveryCallback', phone: '1', momment: 1, instanceId: '3C01' })).toMatchObject({ samples: [] });
  });

  test('n8n tells an error with its workflow and node, also when only the trigger failed', () => {
    const error = { message: 'The resource you are requesting could not be found', stack: 'NodeApiError: …' };
    const body = {
      execution: { id: '231', url: 'https://n8n.example/execution/231', error, lastNodeExecuted: 'HTTP Request', mode: 'webhook' },
      workflow: { id: '1', name: 'Julia' },
    };
    expect(decoded('n8n', body).samples).toEqual([
      { kind: 'delta', id: '231', name: 'n8n_errors', labels: { workflow: 'Julia', node: 'HTTP Request' }, at: NOW, delta: 1 },
    ]);
    expect(decoded('n8n', { trigger: { error, mode: 'trigger' }, workflow: { id: '1', name: 'Julia' } }).samples).toEqual([
      { kind: 'delta', name: 'n8n_errors', labels: { workflow: 'Julia' }, at: NOW, delta: 1 },
    ]);
  });

  test('GitHub tells the states of deployments, and nothing of other events', () => {
    const body = {
      action: 'created',
      deployment_status: { id: 11_223, state: 'failure', environment: 'production', created_at: '2026-03-01T11:59:58Z' },
      deployment: { id: 99, sha: 'abc', ref: 'main' },
      repository: { full_name: 'acme/crm' },
    };
    expect(decoded('github', body, { 'x-github-event': 'deployment_status' }).samples).toMatchObject([
      { id: '11223', name: 'deploys', labels: { state: 'failure', environment: 'production', repository: 'acme/crm' } },
    ]);
    expect(decoded('github', { zen: 'Design for failure.' }, { 'x-github-event': 'ping' }).samples).toEqual([]);
  });

  test('Railway tells the states of deployments', () => {
    const body = {
      type: 'Deployment.failed',
      details: { id: '8107edff', source: 'GitHub', status: 'FAILED', branch: 'main' },
      resource: {
        workspace: { id: 'w', name: 'acme' },
        project: { id: 'p', name: 'crm' },
        environment: { id: 'e', name: 'production', isEphemeral: false },
        service: { id: 's', name: 'api' },
        deployment: { id: '8107edff-4b8e-44fc-b43a-04566e847a2a' },
      },
      severity: 'WARNING',
      timestamp: '2026-03-01T11:59:58.311Z',
    };
    expect(decoded('railway', body).samples).toMatchObject([
      {
        id: '8107edff-4b8e-44fc-b43a-04566e847a2a/Deployment.failed',
        labels: { state: 'failed', environment: 'production', service: 'api' },
      },
    ]);
    expect(decoded('railway', { type: 'VolumeAlert.triggered' }).samples).toEqual([]);
  });

  test('Chatwoot, which signs its time and its body, is taken, and a recorded delivery is not taken later', async () => {
    const senders = await openSenders(systemOf(blockWith('\n  chatwoot:'), ENV));
    const body = JSON.stringify({
      event: 'message_updated',
      id: 4_711,
      content: 'Olá',
      message_type: 'outgoing',
      status: 'failed',
      account: { id: 7, name: 'ACME' },
      inbox: { id: 3, name: 'WhatsApp' },
      conversation: { id: 12 },
    });
    const time = String(NOW / 1_000);
    const headers = { 'x-chatwoot-timestamp': time, 'x-chatwoot-signature': signed(ENV.CHATWOOT_SECRET, `${time}.${body}`) };
    const answer = await senders.send('/in/chatwoot', body, headers);
    expect([answer.status, await answer.json()]).toEqual([200, { taken: 1 }]);
    expect((await senders.send('/in/chatwoot', body, { ...headers, 'x-chatwoot-timestamp': String(NOW / 1_000 + 1) })).status).toBe(401);
    expect(
      (await senders.send('/in/chatwoot', body, { ...headers, 'x-chatwoot-signature': signed(ENV.CHATWOOT_SECRET, body) })).status,
    ).toBe(401);
    await senders.time.advance(6 * 60_000);
    expect((await senders.send('/in/chatwoot', body, headers)).status).toBe(401);
    expect(decoded('chatwoot', JSON.parse(body)).samples).toMatchObject([
      { id: '4711/failed', name: 'chatwoot_messages', labels: { org: '7', status: 'failed', inbox: 'WhatsApp' } },
    ]);
  });
});

describe('through the door into detection', () => {
  const evolution = bearer(ENV.EVOLUTION_HOOK_SECRET);

  test('an instance of Evolution that says once that it is disconnected is a breach after 60 s, also over a restart, and clears when it is open [S5-TR-16]', async () => {
    const senders = await openSenders(systemOf(blocks[0] ?? '', ENV));
    expect((await senders.send('/in/whatsapp', connection('open'), evolution)).status).toBe(200);
    await senders.time.advance(60_000);
    expect(await senders.statuses('whatsapp-disconnected', 'acme')).toEqual([]);
    expect((await senders.send('/in/whatsapp', connection('close', 401), evolution)).status).toBe(200);
    await senders.time.advance(30_000);
    await senders.restart();
    expect(await senders.statuses('whatsapp-disconnected', 'acme')).not.toContain('breached');
    await senders.time.advance(60_000);
    expect(await senders.statuses('whatsapp-disconnected', 'acme')).toContain('breached');
    await senders.send('/in/whatsapp', connection('open'), evolution);
    await senders.time.advance(180_000);
    expect((await senders.statuses('whatsapp-disconnected', 'acme')).filter((one) => one === 'breached' || one === 'cleared')).toEqual([
      'breached',
      'cleared',
    ]);
  });

  test('a connection that comes back within 60 s is no breach', async () => {
    const senders = await openSenders(systemOf(blocks[0] ?? '', ENV));
    await senders.send('/in/whatsapp', connection('open'), evolution);
    await senders.time.advance(60_000);
    await senders.send('/in/whatsapp', connection('close', 428), evolution);
    await senders.time.advance(40_000);
    await senders.send('/in/whatsapp', connection('open'), evolution);
    await senders.time.advance(120_000);
    expect(await senders.statuses('whatsapp-disconnected', 'acme')).not.toContain('breached');
  });

  test('a QR code that nobody scanned starts its trigger once, and a code that is shown does not [S5-TR-15]', async () => {
    const senders = await openSenders(systemOf(blockWith('evolution_qr_expired'), ENV));
    await senders.time.advance(60_000);
    await senders.send('/in/whatsapp-qr', connection('connecting'), evolution);
    await senders.send('/in/whatsapp-qr', { event: 'qrcode.updated', instance: 'acme', data: { qrcode: { code: '2@…' } } }, evolution);
    await senders.time.advance(10_000);
    expect(await senders.statuses('whatsapp-qr-expired', 'acme')).toEqual([]);
    expect((await senders.send('/in/whatsapp-qr', connection('refused', 428), evolution)).status).toBe(200);
    await senders.time.advance(10_000);
    expect((await senders.statuses('whatsapp-qr-expired', 'acme')).filter((one) => one === 'breached')).toHaveLength(1);
  });

  test('senders of messages that are answered errors and then stop are one trigger, errors or quiet alone are not [S1-TR-03]', async () => {
    const senders = await openSenders(systemOf(blockWith('webhook_deliveries'), ENV));
    let count = 0;
    const deliver = async (seconds: number, status: number, org = 'acme'): Promise<void> => {
      for (let second = 0; second < seconds; second += 5) {
        const lines = Array.from({ length: 10 }, (_, n) => JSON.stringify({ id: `d${count + n}`, org, sender: 'zapi', status }));
        count += lines.length;
        const headers = { ...bearer(ENV.GATEWAY_SECRET), 'content-type': 'application/x-ndjson' };
        expect((await senders.send('/in/gateway', lines.join('\n'), headers)).status).toBe(200);
        await senders.time.advance(5_000);
      }
    };
    await deliver(60, 200, 'globex');
    await deliver(120, 200);
    expect(await senders.statuses('webhooks-errors', 'acme')).toEqual([]);
    expect(await senders.statuses('webhooks-silent', 'globex')).toContain('suspect');
    await deliver(40, 502);
    expect(await senders.statuses('webhooks-errors', 'acme')).toContain('breached');
    expect(await senders.statuses('webhooks-broken', 'acme')).toEqual([]);
    await senders.time.advance(120_000);
    expect(await senders.statuses('webhooks-silent', 'acme')).toContain('suspect');
    const told = (await senders.transitions('webhooks-broken')).filter((one) => one.announced);
    expect(told.map((one) => [one.scope, one.to])).toEqual([['acme', 'suspect']]);
  });

  test('a delivery that the store refuses is answered 503, and is counted exactly once when it is sent again', async () => {
    const senders = await openSenders(systemOf(blockWith('webhook_deliveries'), ENV));
    await senders.time.advance(30_000);
    const one = { id: 'd1', org: 'acme', sender: 'zapi', status: 502 };
    senders.store(false);
    const refused = await senders.send('/in/gateway', one, bearer(ENV.GATEWAY_SECRET));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    senders.store(true);
    expect((await senders.send('/in/gateway', one, bearer(ENV.GATEWAY_SECRET))).status).toBe(200);
    expect((await senders.send('/in/gateway', one, bearer(ENV.GATEWAY_SECRET))).status).toBe(200);
    await senders.time.advance(5_000);
    expect(await senders.count('webhooks-errors', 'acme')).toBe(1);
  });
});
