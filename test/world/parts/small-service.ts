// A small service on a real port that reads its settings and flags as such services do: from a `.env` at each signal to reload, from a JSON
// file at each request. What it does with them is what people see of a degraded mode.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { parseEnv } from 'node:util';

export interface SmallService {
  readonly url: string;
  get(path: string): Promise<{ readonly status: number; readonly headers: Headers; readonly body: string }>;
  post(path: string): Promise<number>;
  /** How often it has read its `.env`. */
  loads(): number;
  close(): Promise<void>;
}

interface Flags {
  readonly writesPaused?: boolean;
  readonly newVoiceAnalysis?: boolean;
}

interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function startSmallService(folder: string): Promise<SmallService> {
  const at = (name: string): string => path.join(folder, name);
  let env: Readonly<Record<string, string | undefined>> = {};
  let loads = 0;
  const load = (): void => {
    env = parseEnv(readFileSync(at('.env'), 'utf8'));
    loads += 1;
  };
  load();
  let seen = 0;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { status, body = '', headers = {} } = replyTo(request.method ?? 'GET', new URL(request.url ?? '/', 'http://service').pathname);
    response.writeHead(status, headers).end(body);
  };
  const replyTo = (method: string, where: string): Reply => {
    const flags = JSON.parse(readFileSync(at('flags.json'), 'utf8')) as Flags;
    if (where === '/reload') load();
    if (where === '/reload') return { status: 204 };
    if (method === 'POST' && flags.writesPaused === true)
      return { status: 503, body: 'writes are paused', headers: { 'retry-after': '60' } };
    if (where === '/webhook/v1')
      return env['LEGACY_WEBHOOKS'] === 'on' ? { status: 200, body: 'taken' } : { status: 410, body: 'gone: use /webhook/v2' };
    if (where === '/limited') {
      seen += 1;
      return { status: seen > Number(env['RATE_LIMIT'] ?? 0) ? 429 : 200 };
    }
    if (where === '/admin') return env['ENABLE_TEST_BYPASS'] === 'true' ? { status: 200, body: 'let in' } : { status: 401 };
    if (where === '/voice') return { status: 200, body: flags.newVoiceAnalysis === true ? 'new analysis' : 'old analysis' };
    if (where === '/page')
      return { status: 200, body: 'page', headers: { 'cache-control': `max-age=${env['CACHE_MODE'] === 'aggressive' ? 3600 : 5}` } };
    return { status: 200, body: 'saved' };
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    loads: () => loads,
    get: async (where) => {
      const response = await fetch(url + where);
      return { status: response.status, headers: response.headers, body: await response.text() };
    },
    post: async (where) => (await fetch(url + where, { method: 'POST' })).status,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The files of such a service. */
export const SERVICE_FILES = {
  '.env': '# crm\nRATE_LIMIT=2\nCACHE_MODE=normal # for now\nLEGACY_WEBHOOKS=off\nAPI_TOKEN="s3cret-t0ken"\n',
  'flags.json': '{\n  "writesPaused": false,\n  "newVoiceAnalysis": true\n}\n',
} as const;

/** A program that tells the service to read its `.env`, for `reload`. */
export function writeReload(folder: string, url: string): readonly string[] {
  const file = path.join(folder, 'reload.mjs');
  writeFileSync(file, `const { status } = await fetch('${url}/reload');\nprocess.exit(status === 204 ? 0 : 1);\n`);
  return [process.execPath, file];
}
