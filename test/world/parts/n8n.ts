// A real n8n for tests, of the folder that scripts/build-n8n.ts fills outside of the clone: each one with a home, a database and a port of its own,
// set up as a person does it: an owner, a key of the public API, workflows of one webhook that tell a recorder what they got. It judges nothing.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { folderOf, N8N, whyNotHeavy } from '../../../scripts/heavy-parts.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const OWNER = { email: 'ana@belay.test', firstName: 'Ana', lastName: 'Belay', password: 'Hunter2-hunter2' };
const SCOPES = [
  ...['create', 'read', 'update', 'delete', 'list', 'activate', 'deactivate'].map((verb) => `workflow:${verb}`),
  ...['execution:read', 'execution:list'],
];
const WEBHOOKS_WITHIN_MS = 60_000;

export interface Got {
  readonly workflow: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly at: number;
}
export interface N8nPart extends Pick<ServerProcess, 'url' | 'version' | 'log' | 'kill' | 'stop'> {
  /** Of the public API. */
  readonly key: string;
  /** What workflows were run with, in the order in which they were. */
  readonly got: Got[];
  /** Its public API, as a person would use it. */
  ask(method: string, where: string, body?: object): Promise<{ readonly status: number; readonly json: unknown }>;
  /** A workflow of one webhook; it answers `says`. Returns its id. */
  add(o: { readonly name: string; readonly path: string; readonly says?: string; readonly active?: boolean }): Promise<string>;
  /** Somebody in the editor. */
  turn(id: string, on: boolean): Promise<number>;
  call(where: string, body?: object): Promise<{ readonly status: number; readonly body: string }>;
  /** Names of those whose flag says so. */
  active(): Promise<readonly string[]>;
  /** Kills it and starts it again over the same database; ready when its API is. */
  restart(): Promise<void>;
}

/** Null when it is there. */
export const whyNoN8n = (): string | null => whyNotHeavy(N8N);

export async function startN8nPart(): Promise<N8nPart> {
  const got: Got[] = [];
  const recorder = await startRecorder(got);
  const recordAt = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`;
  const server = await startServer({
    name: 'n8n',
    file: '/usr/bin/env',
    version: N8N.version,
    // In what it takes for its own tests it ends without a word.
    args: ({ port, folder }) => [
      ...['-u', 'VITEST', '-u', 'NODE_OPTIONS'],
      ...environmentOf(port, folder),
      ...[process.execPath, path.join(folderOf(N8N), N8N.proof[0] ?? ''), 'start'],
    ],
    // It says that it is ready before it answers anything but its editor.
    works: async (url) => (await asked(`${url}/rest/settings`, { method: 'GET', headers: {} })).status === 200,
    readyWithinMs: 180_000,
  });
  const { url } = server;
  const key = await keyOf(url);
  const ask = (method: string, where: string, body?: object) =>
    asked(`${url}/api/v1${where}`, { method, headers: { 'x-n8n-api-key': key }, ...(body === undefined ? {} : { body }) });
  const turn = async (id: string, on: boolean): Promise<number> =>
    (await ask('POST', `/workflows/${id}/${on ? 'activate' : 'deactivate'}`)).status;
  const part: N8nPart = {
    ...{ url, key, got, ask, turn, version: server.version, log: server.log, kill: server.kill, restart: server.restart },
    add: async ({ name, path: where, says = name, active = false }) => {
      const { status, json } = await ask('POST', '/workflows', workflowOf({ name, path: where, says, recordAt }));
      if (status !== 200) throw new Error(`n8n took no workflow ${name}: ${status} ${JSON.stringify(json)}`);
      const { id } = json as { readonly id: string };
      if (active && (await turn(id, true)) !== 200) throw new Error(`n8n did not activate ${name}`);
      return id;
    },
    call: async (where, body = {}) => {
      const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const answer = await fetch(`${url}/webhook/${where}`, request);
      return { status: answer.status, body: await answer.text() };
    },
    active: async () => {
      const { json } = await ask('GET', '/workflows?active=true&limit=250');
      return (json as { readonly data: readonly { readonly name: string }[] }).data.map((one) => one.name).toSorted();
    },
    stop: async () => {
      await server.stop();
      recorder.closeAllConnections();
      await new Promise((resolve) => recorder.close(resolve));
    },
  };
  await untilWebhooksAnswer(part);
  return part;
}

const environmentOf = (port: number, folder: string): readonly string[] =>
  Object.entries({
    ...{ N8N_USER_FOLDER: folder, N8N_PORT: port, N8N_LISTEN_ADDRESS: '127.0.0.1', N8N_HOST: '127.0.0.1', DB_TYPE: 'sqlite' },
    ...{ N8N_ENCRYPTION_KEY: 'hunter2', N8N_EXPRESSION_ENGINE: 'legacy', N8N_SECURE_COOKIE: false, N8N_RUNNERS_ENABLED: false },
    ...{ N8N_DIAGNOSTICS_ENABLED: false, N8N_VERSION_NOTIFICATIONS_ENABLED: false, N8N_TEMPLATES_ENABLED: false },
    ...{ N8N_PERSONALIZATION_ENABLED: false, NODE_ENV: 'production' },
  }).map(([name, value]) => `${name}=${value}`);

/** Its readiness is told seconds before its webhooks are there: ready is when one answers. */
async function untilWebhooksAnswer(part: N8nPart): Promise<void> {
  const id = await part.add({ name: 'ready', path: 'belay-ready', active: true });
  for (const until = Date.now() + WEBHOOKS_WITHIN_MS; (await part.call('belay-ready')).status !== 200; await wait(50))
    if (Date.now() > until) throw new Error(`the webhooks of n8n do not answer: ${part.log()}`);
  await part.ask('DELETE', `/workflows/${id}`);
  part.got.length = 0;
}

/** As its first person does it in the browser. */
async function keyOf(url: string): Promise<string> {
  const headers = { 'browser-id': 'belay' };
  const made = await fetch(`${url}/rest/owner/setup`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(OWNER),
  });
  const cookie = made.headers
    .getSetCookie()
    .map((one) => one.split(';')[0] ?? '')
    .join('; ');
  const { json } = await asked(`${url}/rest/api-keys`, {
    method: 'POST',
    headers: { ...headers, cookie },
    body: { label: 'belay', expiresAt: null, scopes: SCOPES },
  });
  const key = (json as { readonly data?: { readonly rawApiKey?: string } } | null)?.data?.rawApiKey;
  if (key === undefined) throw new Error(`n8n gave no key: ${made.status}, ${JSON.stringify(json)}`);
  return key;
}

async function asked(
  address: string,
  { method, headers, body }: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body?: object },
): Promise<{ readonly status: number; readonly json: unknown }> {
  const typed =
    body === undefined ? { headers } : { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(address, { method, ...typed });
  const text = await answer.text();
  return { status: answer.status, json: text === '' ? null : (JSON.parse(text) as unknown) };
}

interface Asked {
  readonly name: string;
  readonly path: string;
  readonly says: string;
  readonly recordAt: string;
}

/** Webhook → tell the recorder → answer. Both versions of a flow may have the same path, on purpose. */
function workflowOf({ name, path: where, says, recordAt }: Asked): object {
  const at = (n: number): readonly [number, number] => [n * 200, 0];
  const record = {
    ...{ method: 'POST', url: `${recordAt}/${encodeURIComponent(name)}`, sendBody: true, specifyBody: 'json' },
    jsonBody: '={{ JSON.stringify({ body: $json.body, headers: $json.headers }) }}',
  };
  const answer = { respondWith: 'text', responseBody: says };
  const nodes = [
    node(
      'Webhook',
      'webhook',
      { typeVersion: 2, position: at(0), webhookId: `hook-${name}` },
      { path: where, httpMethod: 'POST', responseMode: 'responseNode' },
    ),
    node('Tell', 'httpRequest', { typeVersion: 4.2, position: at(1) }, record),
    node('Answer', 'respondToWebhook', { typeVersion: 1.1, position: at(2) }, answer),
  ];
  const to = (next: string) => ({ main: [[{ node: next, type: 'main', index: 0 }]] });
  return { name, nodes, connections: { Webhook: to('Tell'), Tell: to('Answer') }, settings: {} };
}

const node = (name: string, type: string, more: object, parameters: object): object => ({
  ...{ id: name.toLowerCase(), name, type: `n8n-nodes-base.${type}` },
  ...more,
  parameters,
});

async function startRecorder(got: Got[]): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const told = JSON.parse(Buffer.concat(chunks).toString()) as Pick<Got, 'body' | 'headers'>;
      got.push({ ...told, workflow: decodeURIComponent(request.url?.slice(1) ?? ''), at: Date.now() });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
