// Evolution, Z-API and Chatwoot, each on a server that remembers, answers in both shapes that are written of it, and can lie.
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createChatwoot, createEvolution, createZApi } from '../../../src/adapters/integrations/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { createProbes } from '../../../src/flows/probes/index.ts';
import type { Integration } from '../../../src/ports/integration.ts';
import { actionContract } from '../../contracts/action.ts';
import { startChatwoot } from '../../world/vendors/chatwoot.ts';
import { PNG, startEvolution } from '../../world/vendors/evolution.ts';
import { startZApi } from '../../world/vendors/z-api.ts';

const KEY = 'hunter2-key-of-the-service';
const TOKENS = { instance: '3C67AB641C8AA412', token: 'hunter2-token-in-the-address', clientToken: 'hunter2-client-token' };
const deps = { http: createHttp({ allow: ['127.0.0.1'] }), time: systemTime };
const HOOK = { instance: 'Julia', url: 'https://julia.example.com/webhook/evolution', events: ['messages.upsert'], byEvents: false };

function handsOf(integration: Integration) {
  const integrations = { it: integration };
  const actions = createActions({ targets: {}, switches: {}, integrations, pause: null as never });
  const probes = createProbes({
    http: deps.http,
    readings: null as never,
    targets: {},
    switches: {},
    integrations,
    workingCopies: null as never,
  });
  const action = (name: string) => actions[name] ?? expect.fail(`no action ${name}`);
  const act = async (name: string, args: JsonObject) =>
    action(name).act(args, { expected: (await action(name).observe(args)).fingerprint, key: 'run/step#1:act', reason: 'INC-1' });
  return { action, act, measure: async (args: JsonObject) => probes[integration.driver]?.measure(args) };
}

async function evolutionOf(shape: 'source' | 'description' = 'source') {
  const server = await startEvolution({ key: KEY, shape });
  server.instances.set('Julia', { state: 'open', webhook: null, codes: 0 });
  return { server, ...handsOf(createEvolution({ url: server.url, key: KEY, timeoutMs: 5_000 }, deps)) };
}
async function zApiOf() {
  const server = await startZApi(TOKENS);
  return { server, ...handsOf(createZApi({ ...TOKENS, url: server.url, timeoutMs: 5_000 }, deps)) };
}
async function chatwootOf(o: { readonly wrapsBot?: boolean } = {}) {
  const server = await startChatwoot({ account: 7, token: KEY });
  server.wrapsBot = o.wrapsBot ?? true;
  server.inboxes.push({ id: 1, name: 'IG acme', bot: 5 }, { id: 2, name: 'IG globex', bot: 5 });
  server.bots.push({ id: 5, name: 'Julia' }, { id: 6, name: 'Other' });
  server.rules.push(
    { id: 11, name: 'welcome acme', active: true },
    { id: 12, name: 'welcome globex', active: true },
    { id: 13, name: 'close acme', active: true },
  );
  const options = { account: 7, token: KEY, inbox: 'IG {org}', bot: 'Julia', rules: ['welcome {org}', 'close {org}'], timeoutMs: 5_000 };
  return { server, ...handsOf(createChatwoot({ ...options, url: server.url }, deps)) };
}
async function running<T extends { readonly server: { close(): Promise<void> } }>(made: Promise<T>): Promise<T> {
  const world = await made;
  onTestFinished(() => world.server.close());
  return world;
}

for (const shape of ['source', 'description'] as const) {
  actionContract(`evolution.setWebhook, in the shape of its ${shape}`, async () => {
    const { server, action } = await evolutionOf(shape);
    const close = () => server.close();
    return { action: action('evolution.setWebhook'), args: HOOK, impossible: { ...HOOK, events: ['MESSAGES_UPSRET'] }, close };
  });
  actionContract(`evolution.restart, in the shape of its ${shape}`, async () => {
    const { server, action } = await evolutionOf(shape);
    server.instances.set('stuck', { state: 'connecting', webhook: null, codes: 1 });
    const close = () => server.close();
    return { action: action('evolution.restart'), args: { instance: 'stuck' }, impossible: { instance: 'nobody' }, close };
  });
}
actionContract('evolution.create', async () => {
  const { server, action } = await evolutionOf();
  return { action: action('evolution.create'), args: { instance: 'new one', qrcode: true }, close: () => server.close() };
});
actionContract('evolution.delete', async () => {
  const { server, action } = await evolutionOf();
  server.instances.set('old', { state: 'close', webhook: null, codes: 0 });
  const impossible = { instance: 'Julia', confirm: 'Julia' };
  return { action: action('evolution.delete'), args: { instance: 'old', confirm: 'old' }, impossible, close: () => server.close() };
});
actionContract('z-api.setWebhook', async () => {
  const { server, action } = await zApiOf();
  const args = { on: 'disconnected', url: 'https://crm.example/z' };
  return {
    action: action('z-api.setWebhook'),
    args,
    impossible: { on: 'delivery', url: 'http://crm.example' },
    close: () => server.close(),
  };
});
for (const [name, wrapsBot] of [
  ['chatwoot.automationsOff', true],
  ['chatwoot.automationsOff', false],
  ['chatwoot.automationsOn', true],
] as const) {
  actionContract(`${name}, with the bot ${wrapsBot ? 'wrapped' : 'bare'}`, async () => {
    const { server, action, act } = await chatwootOf({ wrapsBot });
    if (name === 'chatwoot.automationsOn') await act('chatwoot.automationsOff', { org: 'acme' });
    return {
      action: action(name),
      args: { org: 'acme' },
      impossible: { org: 'initech' },
      interfere: async () => void Object.assign(server.rules[0] ?? {}, { active: name === 'chatwoot.automationsOn' }),
      close: () => server.close(),
    };
  });
}

describe('Evolution', () => {
  test('is told the events as it wants them, however they are written, and its answer is read back', async () => {
    const { server, act, action } = await running(evolutionOf());
    await act('evolution.setWebhook', HOOK);
    expect(server.instances.get('Julia')?.webhook).toEqual({
      ...{ enabled: true, url: HOOK.url, events: ['MESSAGES_UPSERT'], webhookByEvents: false, webhookBase64: false },
    });
    server.lies = true;
    const other = { ...HOOK, url: 'https://elsewhere.example/' };
    await act('evolution.setWebhook', other);
    expect(await action('evolution.setWebhook').observe(other)).toMatchObject({ reached: false });
    await expect(action('evolution.setWebhook').observe({ ...HOOK, events: [] })).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
    expect(server.refused).toEqual([]);
  });

  test('that answers 200 with an error has not done it', async () => {
    const { server, act } = await running(evolutionOf());
    server.instances.set('stuck', { state: 'connecting', webhook: null, codes: 1 });
    server.fails = true;
    await expect(act('evolution.restart', { instance: 'stuck' })).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'unknown' });
  });

  test('tells its state, and shows a code only where one is asked for', async () => {
    const { server, measure } = await running(evolutionOf());
    expect(await measure({ instance: 'Julia', qr: true })).toEqual({ known: true, values: { state: 'open', qr: '', pairingCode: '' } });
    Object.assign(server.instances.get('Julia') ?? {}, { state: 'close' });
    expect(await measure({ instance: 'Julia' })).toMatchObject({ values: { state: 'close', qr: '' } });
    expect(server.instances.get('Julia')?.codes).toBe(0);
    expect(await measure({ instance: 'Julia', qr: true })).toMatchObject({ values: { qr: `data:image/png;base64,${PNG}` } });
    expect(await measure({ instance: 'nobody' })).toMatchObject({ known: true, values: { state: 'absent' } });
    server.fails = true;
    expect(await measure({ instance: 'Julia', qr: true })).toMatchObject({
      known: false,
      why: expect.stringContaining('connection closed'),
    });
  });

  test('deletes only what is named twice and not connected', async () => {
    const { server, act, action } = await running(evolutionOf());
    Object.assign(server.instances.get('Julia') ?? {}, { state: 'close' });
    expect(await action('evolution.delete').impossible({ instance: 'Julia', confirm: 'julia' })).toContain('not the name of the instance');
    await expect(act('evolution.delete', { instance: 'Julia', confirm: 'yes' })).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
    const { fingerprint } = await action('evolution.delete').observe({ instance: 'Julia', confirm: 'Julia' });
    Object.assign(server.instances.get('Julia') ?? {}, { state: 'open' });
    const order = { expected: fingerprint, key: 'k', reason: 'r' };
    await expect(action('evolution.delete').act({ instance: 'Julia', confirm: 'Julia' }, order)).rejects.toMatchObject({
      code: 'BELAY_TARGET_CONFLICT',
    });
    expect(server.instances.has('Julia')).toBe(true);
  });
});

describe('Z-API', () => {
  test('tells whether the phone is connected, and never its token, which stands in its address', async () => {
    const { server, measure, action } = await running(zApiOf());
    expect(await measure({})).toMatchObject({ values: { connected: true, phone: true } });
    server.phone.connected = false;
    expect(await measure({})).toMatchObject({ values: { connected: false, said: 'You need to restore the session.' } });
    const stranger = handsOf(createZApi({ ...TOKENS, clientToken: 'another', url: server.url, timeoutMs: 5_000 }, deps));
    const refused = JSON.stringify(await stranger.measure({}));
    expect(refused).toContain('403');
    for (const secret of Object.values(TOKENS)) expect(refused).not.toContain(secret);
    await expect(action('z-api.setWebhook').observe({ on: 'received', url: 'https://x' })).rejects.toMatchObject({
      message: expect.stringContaining('does not tell receivedAndDeliveryCallbackUrl'),
    });
  });
});

describe('Chatwoot', () => {
  test('moves the one webhook of that path to another address, keeps its subscriptions, and refuses none and several', async () => {
    const { server, act, action } = await running(chatwootOf());
    const [url, old] = ['https://new.example/webhook/chatwoot', 'https://old.example/webhook/chatwoot?token=hunter2'];
    const webhook = action('chatwoot.setWebhook');
    expect(await webhook.impossible({ url })).toContain('no webhook with the path /webhook/chatwoot');
    server.webhooks.push({ id: 3, url: old, subscriptions: ['message_created'] }, { id: 4, url: 'https://x.example/', subscriptions: [] });
    const seen = await webhook.observe({ url });
    expect([seen.reached, JSON.stringify(seen).includes('hunter2')]).toEqual([false, false]);
    server.lies = true;
    await act('chatwoot.setWebhook', { url });
    expect((await webhook.observe({ url })).reached).toBe(false);
    server.lies = false;
    await act('chatwoot.setWebhook', { url });
    expect([await webhook.observe({ url }), server.webhooks[0]]).toMatchObject([
      { reached: true },
      { id: 3, url, subscriptions: ['message_created'] },
    ]);
    server.webhooks.push({ id: 5, url: old, subscriptions: [] });
    expect(await webhook.impossible({ url })).toContain('2 webhooks with the path');
    await expect(webhook.act({ url }, { expected: 'not one', key: 'k', reason: 'INC-1' })).rejects.toMatchObject({ effect: 'none' });
  });

  test('goes on receiving with its automations off, and the other organization is not touched [S5-SY-05]', async () => {
    const { server, act, measure } = await running(chatwootOf());
    server.write('IG acme', 'maria', 'oi');
    await act('chatwoot.automationsOff', { org: 'acme', keep: 'inbox' });
    server.write('IG acme', 'joão', 'bom dia');
    expect(server.messages.map((one) => one.by)).toEqual([['Julia', 'welcome acme', 'welcome globex', 'close acme'], ['welcome globex']]);
    expect(await measure({ org: 'acme' })).toEqual({ known: true, values: { bot: '', rulesOn: 0, rulesOff: 2, conversations: 2 } });
    expect(await measure({ org: 'globex' })).toMatchObject({
      known: false,
      why: expect.stringContaining('0 automation rules "close globex"'),
    });
    expect(server.inboxes[1]?.bot).toBe(5);
    await act('chatwoot.automationsOn', { org: 'acme' });
    server.write('IG acme', 'ana', 'oi');
    expect(server.messages.at(-1)?.by).toEqual(['Julia', 'welcome acme', 'welcome globex', 'close acme']);
    expect(server.refused).toEqual([]);
  });

  test('that says yes and changes nothing is not believed, and a bot of somebody else is not taken away', async () => {
    const { server, act, action } = await running(chatwootOf());
    server.lies = true;
    await act('chatwoot.automationsOff', { org: 'acme' });
    expect(await action('chatwoot.automationsOff').observe({ org: 'acme' })).toMatchObject({
      reached: false,
      current: 'bot: Julia, welcome acme: on, close acme: on',
      desired: 'bot: none, welcome acme: off, close acme: off',
    });
    Object.assign(server.inboxes[0] ?? {}, { bot: 6 });
    expect(await action('chatwoot.automationsOff').impossible({ org: 'acme' })).toContain('the bot "Other"');
  });
});

test.each([
  ['evolution.setWebhook', evolutionOf, HOOK],
  ['z-api.setWebhook', zApiOf, { on: 'disconnected' }],
] as const)('%s shows nothing of the token in a webhook’s address, neither to people nor in its fingerprint', async (name, open, more) => {
  const { server, action, act } = await open();
  onTestFinished(() => server.close());
  const [first, second] = ['s3cr3t-of-the-flow', 'another-s3cr3t'].map((one) => ({
    ...more,
    url: `https://n8n.example/hook?token=${one}`,
  }));
  if (first === undefined || second === undefined) throw new Error('two were written');
  await act(name, first);
  const seen = await action(name).observe(second);
  expect(seen).toMatchObject({ reached: false, fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(JSON.stringify(seen)).not.toContain('s3cr3t');
  await act(name, second);
  expect((await action(name).observe(second)).fingerprint).not.toBe(seen.fingerprint);
  await expect(action(name).act(first, { expected: seen.fingerprint, key: 'k', reason: 'r' })).rejects.toMatchObject({
    code: 'BELAY_TARGET_CONFLICT',
    message: expect.not.stringContaining('s3cr3t'),
  });
});
