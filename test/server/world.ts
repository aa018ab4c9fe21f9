// The server over the story, for tests: an app to ask, tokens of its people, and a browser's session.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Batch } from '../../src/domain/signal.ts';
import type { SourceSpec } from '../../src/domain/source-catalog.ts';
import type { System } from '../../src/domain/system.ts';
import type { CertificateStore } from '../../src/ports/certificates.ts';
import type { Time } from '../../src/ports/time.ts';
import { type BelayServer, createServer, type ServerDeps } from '../../src/server/app.ts';
import { type Auth, createAuth } from '../../src/server/auth.ts';
import { createFakeReplays, type FakeReplays } from '../world/fakes/replays.ts';
import { createStory, type Story } from './story.ts';
import { SYSTEM } from './story-system.ts';

export const HOST = '127.0.0.1:7070';
export const START = Date.parse('2026-03-01T06:14:00Z');

export interface Door {
  readonly story: Story;
  readonly auth: Auth;
  readonly server: BelayServer;
  readonly replays: FakeReplays;
  readonly dataDir: string;
  readonly batches: readonly Batch[];
  readonly bugs: readonly unknown[];
  readonly time: Time;
  token(person: string): Promise<string>;
  /** A request of the API with the token of a person (`operator` by default, null for nobody). */
  ask(method: string, path: string, o?: Ask): Promise<Response>;
  /** A browser of this person. */
  browser(person?: string): Promise<Browser>;
  remove(): Promise<void>;
}

export interface Ask {
  readonly as?: string | null;
  readonly body?: unknown;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Browser {
  readonly cookie: string;
  readonly csrf: string;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  submit(path: string, fields: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

export interface DoorOptions extends Pick<ServerDeps, 'stream' | 'receivers' | 'onRefused' | 'refusals' | 'flags' | 'certify'> {
  readonly certificates?: CertificateStore;
  readonly time?: Time;
  /** In place of parts of the story's own. */
  readonly system?: Partial<System>;
  /** Beside the story's own. */
  readonly sources?: readonly SourceSpec[];
}

export async function openDoor(o: DoorOptions = {}): Promise<Door> {
  const time: Time = o.time ?? createVirtualTime(START);
  const dataDir = await mkdtemp(join(tmpdir(), 'belay-door-'));
  const story = await createStory(time);
  const auth = await createAuth({ dataDir, people: SYSTEM.people, roles: SYSTEM.roles }, { time });
  const batches: Batch[] = [];
  const bugs: unknown[] = [];
  const replays = createFakeReplays((asked) => story.world.signals.history(asked));
  const server = createServer({
    world: {
      ...story.world,
      ...(o.certificates === undefined ? {} : { certificates: o.certificates }),
      system: { ...SYSTEM, ...o.system, sources: [...SYSTEM.sources, ...(o.sources ?? [])] },
    },
    commands: story.commands,
    auth,
    version: '0.0.0-test',
    stream: o.stream,
    receivers: o.receivers,
    onRefused: o.onRefused,
    refusals: o.refusals,
    flags: o.flags,
    ...(o.certify === undefined ? {} : { certify: o.certify }),
    replays,
    ingest: async (batch) => void batches.push(batch),
    onBug: (error) => void bugs.push(error),
  });
  const token = async (person: string): Promise<string> =>
    (await readFile(person === 'operator' ? join(dataDir, 'token') : join(dataDir, 'tokens', person), 'utf8')).trim();
  const door: Door = {
    story,
    auth,
    server,
    replays,
    dataDir,
    batches,
    bugs,
    time,
    token,
    ask: async (method, path, ask = {}) => {
      const as = ask.as === undefined ? 'operator' : ask.as;
      const headers: Record<string, string> = {
        host: HOST,
        ...(as === null ? {} : { authorization: `Bearer ${await token(as)}` }),
        ...(ask.key === undefined ? {} : { 'idempotency-key': ask.key }),
      };
      const body = ask.body === undefined ? {} : { body: typeof ask.body === 'string' ? ask.body : JSON.stringify(ask.body) };
      if (ask.body !== undefined) headers['content-type'] = 'application/json';
      return server.app.request(path, { method, ...body, headers: { ...headers, ...ask.headers } });
    },
    browser: async (person = 'operator') => browserOf(door, await token(person)),
    remove: async () => {
      server.streams.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return door;
}

async function browserOf({ server, auth }: Door, token: string): Promise<Browser> {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const login = await server.app.request('/login', {
    method: 'POST',
    body: new URLSearchParams({ token }).toString(),
    headers: { host: HOST, ...form },
  });
  const cookie = /^([^;]+)/.exec(login.headers.get('set-cookie') ?? '')?.[1] ?? '';
  const csrf = auth.csrfOf(cookie.slice(cookie.indexOf('=') + 1));
  return {
    cookie,
    csrf,
    get: async (path, headers = {}) => server.app.request(path, { headers: { host: HOST, cookie, ...headers } }),
    submit: async (path, fields, headers = {}) =>
      server.app.request(path, {
        method: 'POST',
        body: new URLSearchParams({ csrf, key: 'form-key-0001', ...fields }).toString(),
        headers: { host: HOST, cookie, origin: `http://${HOST}`, 'sec-fetch-site': 'same-origin', ...form, ...headers },
      }),
  };
}
