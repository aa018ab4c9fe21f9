// Heroku's Platform API on loopback, with one app: releases, slugs and dynos that remember, a release phase that takes its time or fails, and
// somebody else's hands. Every request and every answer is held against the description.
import { wrongWith } from './description.ts';
import { OPERATIONS, type Operation, RESOURCES } from './heroku-api.ts';
import { type Asked, demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

export interface HerokuRelease {
  readonly id: string;
  readonly version: number;
  readonly slug: string | null;
  status: 'failed' | 'pending' | 'succeeded' | 'expired';
  readonly description: string;
  readonly createdAt: number;
  readonly config: Readonly<Record<string, string>>;
}
export interface HerokuApp {
  readonly releases: HerokuRelease[];
  /** Slug → commit. */
  readonly slugs: Map<string, string | null>;
  readonly dynos: { readonly name: string; readonly type: string; state: string; version: number }[];
  readonly formation: Map<string, number>;
  config: Readonly<Record<string, string>>;
  /** Version of the one that is live. */
  current: number;
  /** What becomes of the next release: its phase passes, fails, or lasts until `settle`. */
  phase: 'passes' | 'fails' | 'lasts';
  /** Dynos follow a release at once, or when they are told to. */
  dynosFollow: boolean;
  /** The list of releases is as it was then. */
  stale: readonly HerokuRelease[] | null;
  staleCurrent: number;
  /** 201, and nothing happens. */
  lies: boolean;
  /** Just before the next rollback is carried out, and just after. */
  before: (() => void) | null;
  after: (() => void) | null;
  /** `eligible_for_rollback` is told, as it is since 2025. */
  tellsEligible: boolean;
}
export interface HerokuServer extends VendorServer {
  readonly app: HerokuApp;
  /** Every change, by whom. */
  readonly ledger: { readonly by: 'api' | 'somebody'; readonly version: number; readonly slug: string | null }[];
  /** Somebody builds and releases a commit; with `slug`, one that is built already. */
  deploy(o: { readonly commit?: string | null; readonly slug?: string }): HerokuRelease;
  setConfig(config: Readonly<Record<string, string>>): void;
  /** The phase of the last release ends. */
  settle(status: 'succeeded' | 'failed' | 'expired'): void;
  follow(): void;
  prune(slug: string): void;
}

const LATEST_FIRST = /^version \.\.; order=desc,max=(\d+)$/;

export async function startHeroku(o: { readonly app: string; readonly token: string }): Promise<HerokuServer> {
  const app: HerokuApp = {
    releases: [],
    slugs: new Map(),
    dynos: [],
    formation: new Map([
      ['web', 2],
      ['worker', 1],
    ]),
    config: {},
    current: 0,
    phase: 'passes',
    dynosFollow: true,
    stale: null,
    staleCurrent: 0,
    lies: false,
    before: null,
    after: null,
    tellsEligible: true,
  };
  const ledger: HerokuServer['ledger'] = [];
  const release = (by: 'api' | 'somebody', slug: string | null, description: string, config = app.config): HerokuRelease => {
    const version = app.releases.length + 1;
    const status = app.phase === 'passes' ? 'succeeded' : app.phase === 'fails' ? 'failed' : 'pending';
    const made: HerokuRelease = { id: uuid('1', version), version, slug, status, description, createdAt: Date.now(), config };
    app.releases.push(made);
    ledger.push({ by, version, slug });
    if (status === 'succeeded') goLive(app, made);
    return made;
  };
  const server = await startVendor((asked) => {
    if (asked.headers['authorization'] !== `Bearer ${o.token}`)
      return { status: 401, json: { id: 'unauthorized', message: 'Invalid credentials provided.' } };
    return answer(asked, { name: o.app, app, release });
  });
  return Object.assign(server, {
    app,
    ledger,
    deploy: ({ commit = null, slug }: { readonly commit?: string | null; readonly slug?: string }) => {
      const built = slug ?? uuid('5', app.slugs.size + 1);
      if (!app.slugs.has(built)) app.slugs.set(built, commit);
      return release('somebody', built, `Deploy ${app.slugs.get(built)?.slice(0, 8) ?? ''}`);
    },
    setConfig: (config: Readonly<Record<string, string>>) => {
      app.config = config;
      release('somebody', liveOf(app)?.slug ?? null, 'Set config vars', config);
    },
    settle: (status: 'succeeded' | 'failed' | 'expired') => {
      const last = app.releases.at(-1);
      if (last?.status !== 'pending') throw new Error('nothing is on its way');
      last.status = status;
      if (status === 'succeeded') goLive(app, last);
    },
    follow: () => follow(app),
    prune: (slug: string) => void app.slugs.delete(slug),
  });
}

/** Begins with different characters for each, as real ones do. */
const uuid = (kind: string, n: number): string => `${kind}${String(n).padStart(3, '0')}abcd-0000-4000-8000-${String(n).padStart(12, '0')}`;
const liveOf = ({ releases, current }: HerokuApp): HerokuRelease | undefined => releases.find((one) => one.version === current);

function goLive(app: HerokuApp, made: HerokuRelease): void {
  app.current = made.version;
  app.config = made.config;
  if (app.dynosFollow) follow(app);
}

function follow(app: HerokuApp): void {
  app.dynos.splice(0);
  for (const [type, quantity] of app.formation)
    for (let n = 1; n <= quantity; n += 1) app.dynos.push({ name: `${type}.${n}`, type, state: 'up', version: app.current });
}

interface Place {
  readonly name: string;
  readonly app: HerokuApp;
  readonly release: (by: 'api', slug: string | null, description: string, config: Readonly<Record<string, string>>) => HerokuRelease;
}

function answer(asked: Asked, place: Place): VendorReply {
  const operation = OPERATIONS.find((one) => one.method === asked.method && likePath(one.path).test(asked.path));
  demand(operation !== undefined, `${asked.method} ${asked.path} is not described`, 404);
  demand(asked.headers['accept'] === 'application/vnd.heroku+json; version=3', 'Accept does not name version 3 of the API', 406);
  if (operation.body !== undefined) {
    demand(asked.headers['content-type'] === 'application/json', 'the body is not said to be JSON', 415);
    const wrong = wrongWith(operation.body, JSON.parse(asked.body), 'the body');
    demand(wrong.length === 0, wrong.join('; '), 422);
  } else demand(asked.body === '', 'a body is not described');
  const [, , app = '', , id = ''] = asked.path.split('/');
  if (app !== place.name) return { status: 404, json: { id: 'not_found', message: 'Couldn’t find that app.' } };
  return checked(operation, reply(operation, { asked, id, place }));
}

const likePath = (path: string): RegExp => new RegExp(`^${path.replaceAll('{}', '[^/]+')}$`);

function reply(
  { title, resource }: Operation,
  { asked, id, place }: { readonly asked: Asked; readonly id: string; readonly place: Place },
): VendorReply {
  const { app } = place;
  if (title === 'Rollback') return rollBack(place, (JSON.parse(asked.body) as { release: string }).release);
  if (resource === 'release') return listReleases(place, asked.headers['range'] ?? '');
  if (resource === 'slug') {
    if (!app.slugs.has(id)) return { status: 404, json: { id: 'not_found', message: 'Couldn’t find that slug.' } };
    return {
      status: 200,
      json: { id, commit: app.slugs.get(id) ?? null, created_at: stamp(0), process_types: { web: 'node .' }, size: 1 },
    };
  }
  if (resource === 'dyno')
    return {
      status: 200,
      json: app.dynos.map(({ name, type, state, version }, n) => ({
        ...{
          id: uuid('9', n),
          name,
          type,
          state,
          command: 'node .',
          size: 'Basic',
          attach_url: null,
          created_at: stamp(0),
          updated_at: stamp(0),
        },
        release: { id: uuid('1', version), version },
      })),
    };
  return { status: 200, json: [...app.formation].map(([type, quantity], n) => ({ id: uuid('8', n), type, quantity })) };
}

function listReleases({ name, app }: Place, range: string): VendorReply {
  const most = Number(LATEST_FIRST.exec(range)?.[1] ?? Number.NaN);
  demand(most <= 1_000, `Range is not one of ours: ${range}`, 416);
  const all = app.stale ?? app.releases;
  const page = all.toReversed().slice(0, most);
  return { status: page.length < all.length ? 206 : 200, json: page.map((one) => shown(name, app, one)) };
}

/** As Heroku says it: the slug and the configuration of then, in a new release. */
function rollBack(place: Place, id: string): VendorReply {
  const { app } = place;
  app.before?.();
  app.before = null;
  const to = app.releases.find((one) => one.id === id);
  if (to === undefined) return { status: 404, json: { id: 'not_found', message: 'Couldn’t find that release.' } };
  if (to.slug === null || !app.slugs.has(to.slug) || to.status !== 'succeeded')
    return { status: 422, json: { id: 'invalid_params', message: 'Cannot roll back to that release.' } };
  const made = app.lies
    ? { ...to, id: uuid('1', app.releases.length + 1), version: app.releases.length + 1 }
    : place.release('api', to.slug, `Rollback to v${to.version}`, to.config);
  const json = shown(place.name, app, made);
  app.after?.();
  app.after = null;
  return { status: 201, json };
}

const stamp = (at: number): string => new Date(at).toISOString();

function shown(name: string, app: HerokuApp, one: HerokuRelease): object {
  return {
    id: one.id,
    version: one.version,
    status: one.status,
    current: one.version === (app.stale === null ? app.current : app.staleCurrent),
    slug: one.slug === null ? null : { id: one.slug },
    created_at: stamp(one.createdAt),
    updated_at: stamp(one.createdAt),
    description: one.description,
    addon_plan_names: [],
    output_stream_url: null,
    user: { id: uuid('7', 1), email: 'ana@shop.test' },
    app: { id: uuid('6', 1), name },
    ...(app.tellsEligible ? { eligible_for_rollback: one.status === 'succeeded' && one.slug !== null && app.slugs.has(one.slug) } : {}),
  };
}

/** The emulator cannot drift: what it says is held against the description, too. */
function checked({ resource, many }: Operation, made: VendorReply): VendorReply {
  if (made.status >= 300) return made;
  const one = RESOURCES[resource] ?? {};
  const wrong = wrongWith(many === true && !isOne(made) ? { type: ['array'], items: one } : one, made.json, resource);
  if (wrong.length > 0) throw new Error(`the emulator breaks the description: ${wrong.join('; ')}`);
  return made;
}

const isOne = ({ status }: VendorReply): boolean => status === 201;
