// The world of examples/agente-julia for whole plays: Railway with her services, herself behind an address, her table in a real Postgres, the
// log that all services drain to, and the issues of her repository. It judges nothing.
import { appendFileSync, chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import type { IntakeStore } from '../../../src/ports/intake-store.ts';
import { environmentOf } from '../example-env.ts';
import { startJulia } from '../parts/julia.ts';
import { startChatwoot } from '../vendors/chatwoot.ts';
import { startEvolution } from '../vendors/evolution.ts';
import { startGithub } from '../vendors/github.ts';
import { startRailwayProject } from '../vendors/railway-project.ts';
import { type ExampleLife, type ExampleStory, type Lives, liveThrough, openExampleStory } from './example.ts';

const MINUTE = 60_000;
const EXAMPLE = path.join(import.meta.dirname, '../../../examples/agente-julia');
export const RAILWAY_TOKEN = 'railway-token-nobody-may-see';
export const GOOD = { commitHash: '60883d9e8947a57e04dc9124f25df004866a2051', branch: 'main' };
export const BAD = { commitHash: '9fceb02d0ae598e95dc970b74767f19372d61af8', branch: 'main' };
export const FAILED = { commitHash: 'aa11b02d0ae598e95dc970b74767f19372d61af8', branch: 'main' };
export const COMMANDER = { person: 'ana', roles: ['commander', 'on-call', 'database-lead', 'cto'] };
/** Nobody else wants her paused, and a bad deploy is on all three. */
const ALL_BAD = { answers: { worker: true, scheduler: true } };
const KEPT_FIRST: ReadonlySet<string> = new Set(['logs', 'log-antes', 'redis-antes', 'como-era']);
const SAID = { 'outra-pausa': { choice: 'livre' }, quais: ALL_BAD, 'corrigir-rollback.quais': ALL_BAD };
export const VARIABLES = {
  ...{ APP_ENV: 'production', SUPABASE_URL: 'https://julia.supabase.co', SUPABASE_PROJECT_REF: 'julia' },
  SUPABASE_SERVICE_KEY: 'service-key-nobody-may-see',
};
/** Of this scene alone. */
export const AGE_KEY = ['AGE-SECRET-KEY', '184UTWP7RTX4668X8XD4UR4F6NXVEY254MU70F86NGHLHAWDXTY3SN29L3D'].join('-');
const FORMS: Readonly<Record<string, object>> = {
  api: {
    instance: { startCommand: 'uvicorn app.main:app', healthcheckPath: '/health', region: 'us-west1', numReplicas: 2 },
    limits: { containers: { cpu: 2, memoryBytes: 2_000_000_000 } },
    ownDomains: ['api-1d3f.up.railway.app'],
  },
};
const IDS = {
  project: '6b1f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c',
  environment: '7c2f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c',
  services: {
    api: '1d3f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c',
    worker: '2d3f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c',
    scheduler: '3d3f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c',
    redis: '4d3f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c',
  },
};
const TABLES = `
  create table julia_status (id bigserial primary key, status text not null, motivo text, alterado_via text, created_at timestamptz default clock_timestamp());
  insert into julia_status (status, motivo) values ('ativo', 'no ar');
  create table conversations (id int primary key, cliente_id int);
  create table interacoes (id int primary key, conversa_id int, created_at timestamptz default now());
  create table fila_mensagens (id bigserial primary key, mensagem text, retry_count int default 0, processar_em timestamptz default now(), enviada_em timestamptz);
  create table whatsapp_instances (id int primary key, instance_name text, status text, updated_at timestamptz);
  insert into whatsapp_instances values (1, 'Revoluna', 'inativa', now() - interval '3 days');
  create table julia_modo (id bigserial primary key, respostas_prontas text not null, motivo text, created_at timestamptz default clock_timestamp());
  insert into julia_modo (respostas_prontas) values ('off');
  insert into conversations values (1, 1);
  insert into interacoes values (1, 1), (2, 9);`;

/** Her intake while nothing goes through it; how it holds what waits is a play of its own. */
const NOTHING_WAITS = {
  status: async () => ({ received: 0, delivered: 0, aside: 0, waiting: 0, oldestAt: null, held: false, underWayAt: null }),
  breakers: async () => [],
} satisfies Partial<IntakeStore> as unknown as IntakeStore;

/** Her tables, in a new database. */
export async function juliaTables(url: string): Promise<void> {
  await asked(url, TABLES);
}

async function asked(url: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Readonly<Record<string, unknown>>>(sql)).rows;
  } finally {
    await client.end();
  }
}

export interface JuliaOptions {
  /** Where her tables are. */
  readonly database: string;
  readonly runbook: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly measured?: Parameters<typeof openExampleStory>[0]['measured'];
  /** Of the first deploys, besides those that are right. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly patience?: 'of the story';
}

export type JuliaWorld = Awaited<ReturnType<typeof openJulia>>;

/** @param closing takes what must be closed at the end */
export async function openJulia(o: JuliaOptions, closing: (() => Promise<unknown>)[]) {
  const opened = async <T extends { close(): Promise<unknown> }>(starting: Promise<T>): Promise<T> => {
    const part = await starting;
    closing.push(() => part.close());
    return part;
  };
  const railway = await opened(startRailwayProject({ ...IDS, token: RAILWAY_TOKEN }));
  const { services } = railway;
  railway.forms.head = GOOD;
  for (const { name, one } of railway.forms.forms) {
    Object.assign(railway.formOf(name as keyof typeof services), { repo: 'julia/julia', branch: 'main', ...FORMS[name] });
    one.service.variables = { ...VARIABLES, RUN_MODE: name, ...o.variables };
    one.deploy(GOOD);
  }
  const rows = () => asked(o.database, 'select status, motivo, alterado_via from julia_status order by id');
  const runs = (name: keyof typeof services): boolean => services[name].live()?.instances.some((one) => one.status === 'RUNNING') === true;
  const status = async (): Promise<string> => String((await rows()).at(-1)?.['status']);
  /** What a person writes into the table by hand. */
  const say = async (to: string, why: string): Promise<void> => {
    await asked(o.database, `insert into julia_status (status, motivo, alterado_via) values ('${to}', '${why}', 'manual')`);
  };
  const knobs = { sick: false, mute: false, complaints: 0, circuit: 'closed' };
  const julia = await opened(
    startJulia({
      apiRuns: () => runs('api'),
      workerRuns: () => runs('worker'),
      isBad: () => services.api.live()?.meta['commitHash'] === BAD.commitHash,
      isSick: () => knobs.sick,
      hasRedis: () => runs('redis'),
      variables: () => services.api.live()?.variables ?? {},
      status,
      more: async (asked) => (asked === '/health/circuit' ? { status: 200, json: { state: knobs.circuit } } : null),
    }),
  );
  const staging = await opened(
    startJulia({
      apiRuns: () => true,
      workerRuns: () => true,
      isBad: () => false,
      isSick: () => false,
      hasRedis: () => true,
      variables: () => ({}),
      status: async () => 'ativo',
    }),
  );
  const github = await opened(startGithub({ repository: 'julia/julia', token: 'github-token' }));
  const evolution = await opened(startEvolution({ key: 'evolution-key' }));
  const chatwoot = await opened(startChatwoot({ account: 7, token: 'chatwoot-token' }));
  chatwoot.webhooks.push({ id: 1, url: 'https://api-1d3f.up.railway.app/webhook/chatwoot', subscriptions: ['message_created'] });
  evolution.instances.set('Revoluna', { state: 'open', webhook: null, codes: 0 });
  const story: ExampleStory = openExampleStory({
    example: 'agente-julia',
    intake: NOTHING_WAITS,
    env: (folder) => ({
      ...environmentOf(readFileSync(path.join(EXAMPLE, 'belay.yaml'), 'utf8')),
      ...{ RAILWAY_URL: `${railway.url}/graphql/v2`, RAILWAY_TOKEN, APP_URL: julia.url, STAGING_URL: staging.url },
      ...{
        JULIA_DATABASE_URL: o.database,
        JULIA_SUPABASE_URL: VARIABLES.SUPABASE_URL,
        GITHUB_URL: github.url,
        GITHUB_TOKEN: 'github-token',
      },
      ...{ EVOLUTION_URL: evolution.url, EVOLUTION_KEY: 'evolution-key' },
      ...{ CHATWOOT_URL: chatwoot.url, CHATWOOT_TOKEN: 'chatwoot-token' },
      ...{ KEPT_DIR: path.join(folder, 'guardados'), KEPT_IDENTITY: path.join(folder, 'chave.txt') },
      ...o.env,
    }),
    files: { 'logs/julia.log': '', 'chave.txt': `${AGE_KEY}\n` },
    reported: (trigger) => (trigger === 'doctors-complain' ? knobs.complaints : 0),
    ...(o.measured === undefined ? {} : { measured: o.measured }),
    ...(o.patience === undefined ? {} : { patience: o.patience }),
  });
  closing.push(async () => story.remove());
  chmodSync(path.join(story.folder, 'chave.txt'), 0o600);
  const log = (line: string): void =>
    appendFileSync(path.join(story.folder, 'logs/julia.log'), `${new Date(story.clock.now()).toISOString()} ${line}\n`);
  log('INFO Connected to Redis');
  /** Her worker: what waits goes out by itself, once it runs and WhatsApp is there. */
  const worker = async (): Promise<void> => {
    if (!runs('worker') || evolution.instances.get('Revoluna')?.state !== 'open') return;
    await asked(
      o.database,
      `update fila_mensagens set enviada_em = now() where enviada_em is null and processar_em <= to_timestamp(${story.clock.now() / 1_000})`,
    );
  };
  const sql = (text: string) => asked(o.database, text);
  const live = (more: Partial<Lives> = {}): Promise<ExampleLife> =>
    liveThrough(story, {
      begin: (life) => life.commands.startRun(COMMANDER, { runbook: o.runbook, inputs: {}, key: 'by-hand' }),
      who: COMMANDER,
      withinMs: 6 * 60 * MINUTE,
      // Her stories last for hours.
      lookEveryMs: 30_000,
      ...more,
      said: { ...SAID, ...more.said },
      meanwhile: async (incident) => {
        // She writes all the while; what a play has put into the log is kept before.
        if (!knobs.mute && runs('api') && incident?.evidence.some((one) => KEPT_FIRST.has(one))) log('INFO pulso');
        await more.meanwhile?.(incident);
      },
    });
  /** What was sent, first lines first. */
  const told = (): readonly string[] => {
    try {
      return readFileSync(path.join(story.folder, 'data/incidents.ndjson'), 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  };
  const ordered = (name: keyof typeof services): readonly string[] =>
    services[name].ledger.filter((one) => one.by === 'api').map((one) => one.what);
  return {
    knobs,
    say,
    sql,
    worker,
    evolution,
    chatwoot,
    railway,
    services,
    julia,
    staging,
    github,
    story,
    log,
    live,
    told,
    rows,
    runs,
    ordered,
  };
}
