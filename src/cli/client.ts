// The CLI's way to a running Belay: its HTTP API on 127.0.0.1, found through `<data>/server.json`, with the operator's token.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
  readonly effect?: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

export interface ConnectOptions {
  /** Speaks as this person, with the token of `<data>/tokens/<person>`; as the operator of this machine otherwise. */
  readonly person?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

/** @throws BELAY_SERVER_UNREACHABLE when no Belay serves `dataDir`. */
export function connect(dataDir: string, http: Http, o: ConnectOptions = {}): Client {
  const server = livingServer(dataDir);
  if (server === null || server.port === 0) {
    throw new BelayError('BELAY_SERVER_UNREACHABLE', `No Belay serves ${dataDir}.`, {
      hint: 'Start it: belay up. Or name its directory with --data.',
    });
  }
  return clientOf(`http://127.0.0.1:${server.port}`, readToken(dataDir, server.tokenFile, o.person), http, o.timeoutMs);
}

function readToken(dataDir: string, operatorFile: string, person: string | undefined): string {
  if (person !== undefined && !/^[\w.@-]+$/.test(person))
    throw new BelayError('BELAY_USAGE', `--as "${person}" is no person of belay.yaml.`, { hint: 'Write the id of a person: --as ana' });
  const file = person === undefined ? operatorFile : join(dataDir, 'tokens', person);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new BelayError('BELAY_UNAUTHORIZED', `The token in ${file} cannot be read${missing ? ': it is not there' : ''}.`, {
      hint:
        person === undefined
          ? 'Type it as the user that started Belay; the file is readable by its owner alone.'
          : 'Is this the id of a person of belay.yaml? Belay makes a token for each when it starts.',
      cause,
    });
  }
}

export function clientOf(base: string, token: string, http: Http, timeoutMs = 30_000): Client {
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
      timeoutMs,
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
  const fields = (problem.errors ?? [])
    .slice(1)
    .map((one) => `${one.path}: ${one.message}`)
    .join('; ');
  const message = `${problem.detail ?? problem.title ?? `${path} answered ${status}`}${fields === '' ? '' : `; ${fields}`}`;
  const effect = problem.effect === 'unknown' || problem.effect === 'done' ? problem.effect : 'none';
  return new BelayError(code, message, { effect, ...(problem.hint === undefined ? {} : { hint: problem.hint }) });
}

function parseProblem(body: string): Problem {
  try {
    return JSON.parse(body) as Problem;
  } catch {
    // Not problem+json: something else answers on this port; the status alone is told.
    return {};
  }
}
