// The CLI's way to a running Belay: its HTTP API on 127.0.0.1, found through `<data>/server.json`, with the operator's token.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ErrorCode } from '../domain/errors.ts';
import { BelayError, CODES } from '../domain/errors.ts';
import type { Http } from '../ports/http.ts';
import { livingServer } from './server-file.ts';

export interface Client {
  readonly base: string;
  readonly token: string;
  get<T>(path: string): Promise<T>;
  /** Carries an Idempotency-Key: repeating the call with the same `key` repeats nothing. */
  post<T>(path: string, body: unknown, key?: string): Promise<T>;
  text(path: string): Promise<string>;
}

interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** @throws BELAY_SERVER_UNREACHABLE when no Belay serves `dataDir`. */
export function connect(dataDir: string, http: Http): Client {
  const server = livingServer(dataDir);
  if (server === null || server.port === 0) {
    throw new BelayError('BELAY_SERVER_UNREACHABLE', `No Belay serves ${dataDir}.`, { hint: 'Start it: belay up. Or name its directory with --data.' });
  }
  return clientOf(`http://127.0.0.1:${server.port}`, readFileSync(server.tokenFile, 'utf8').trim(), http);
}

export function clientOf(base: string, token: string, http: Http): Client {
  const call = async (method: 'GET' | 'POST', path: string, body?: unknown, key?: string): Promise<string> => {
    const headers = {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': key ?? randomUUID() }),
    };
    const response = await http.request({
      method,
      url: `${base}${path}`,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs: 30_000,
      maxBytes: 64 * 1024 * 1024,
    });
    if (response.status >= 400) throw problemOf(response.status, response.body, path);
    return response.body;
  };
  return {
    base,
    token,
    get: async <T>(path: string) => JSON.parse(await call('GET', path)) as T,
    post: async <T>(path: string, body: unknown, key?: string) => JSON.parse(await call('POST', path, body, key)) as T,
    text: (path) => call('GET', path),
  };
}

function problemOf(status: number, body: string, path: string): BelayError {
  const problem = parseProblem(body);
  const code: ErrorCode = problem.code !== undefined && problem.code in CODES ? (problem.code as ErrorCode) : 'BELAY_SERVER_UNREACHABLE';
  const message = problem.detail ?? problem.title ?? `${path} answered ${status}`;
  return new BelayError(code, message, problem.hint === undefined ? {} : { hint: problem.hint });
}

function parseProblem(body: string): Problem {
  try {
    return JSON.parse(body) as Problem;
  } catch {
    // Not problem+json: something else answers on this port; the status alone is told.
    return {};
  }
}
