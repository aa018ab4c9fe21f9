// The procedure of examples/crm-backend from the first step to the last: a real PM2, npm and Postgres with node-pg-migrate, the servers of Slack,
// Z-API and Evolution, a mailbox and a status page. The judges are what runs, what the service answers, the tables, and what people got.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { servePage, summary } from '../../adapters/status-page/page.ts';
import { journalLinesOf } from '../../world/fakes/journal.ts';
import { BAD, freePort, KEY, REVERSIBLE, startCrmBackend } from '../../world/parts/crm-backend.ts';
import { startMailbox } from '../../world/parts/mailbox.ts';
import { createPm2, type Pm2Part, whyNoPm2 } from '../../world/parts/pm2.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { type ExampleLife, incidentOf, type Lives, liveThrough, openExampleStory } from '../../world/scenes/example.ts';
import { startEvolution } from '../../world/vendors/evolution.ts';
import { startSlack } from '../../world/vendors/slack.ts';
import { startZApi } from '../../world/vendors/z-api.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RUI = { person: 'rui', roles: ['dev', 'commander'] };
const ANA = { person: 'ana', roles: ['commander'] };
const Z = { instance: 'z-instance-1', token: 'z-token-1', clientToken: 'z-client-1' };
const PASSWORD = 'hunter2-hunter2';

let pm2: Pm2Part;
let postgres: PostgresPart;
beforeAll(async () => {
  const why = whyNoPm2();
  if (why !== null) throw new Error(why);
  pm2 = createPm2();
  pm2.start('worker', 'setInterval(() => undefined, 1000);', { kill_timeout: 500 });
  postgres = await startPostgres();
}, 240_000);
afterAll(async () => {
  pm2?.stop();
  await postgres?.stop();
}, 60_000);

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
}, 60_000);
async function opened<T extends { close(): Promise<unknown> }>(part: Promise<T>): Promise<T> {
  const one = await part;
  closing.push(() => one.close());
  return one;
}

interface Wanted {
  readonly migration?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly said?: Lives['said'];
}

let databases = 0;

async function badDeploy({ migration = REVERSIBLE, files = {}, said = {} }: Wanted = {}) {
  const slack = await opened(startSlack({ token: 'xoxb-1' }));
  const mailbox = await opened(startMailbox());
  const components = ['Database', 'Auth'].map((name) => ({ name, status: 'operational' }));
  const page = await opened(servePage({ body: summary({ components }) }));
  const zapi = await opened(startZApi(Z));
  const evolution = await opened(startEvolution({ key: 'evo-key-1' }));
  evolution.instances.set('crm', { state: 'open', webhook: null, codes: 0 });
  const port = await freePort();
  const databaseUrl = await postgres.createDatabase(`crm_${(databases += 1)}`);
  const at = (ms: number): string => new Date(Date.now() - ms).toISOString();
  const log =
    `${at(3 * MINUTE)} ERROR [WHATSAPP] webhook 500 key=${KEY} password=${PASSWORD}\n${at(2 * MINUTE)} ERROR [WHATSAPP] signed with ${KEY}\n` +
    `${at(2 * MINUTE)} INFO [CRM] stage moved\n${at(MINUTE)} FATAL [CRM] INTERNAL_SERVER_ERROR key ${Buffer.from(KEY).toString('base64')}\n`;
  const story = openExampleStory({
    example: 'crm-backend',
    knowsStability: true,
    env: (folder) => ({
      ...{ SLACK_TOKEN: 'xoxb-1', SLACK_URL: slack.url, SMTP_HOST: '127.0.0.1', SMTP_PORT: String(mailbox.port) },
      ...{ ZAPI_INSTANCE_KEY: Z.instance, ZAPI_TOKEN: Z.token, ZAPI_CLIENT_TOKEN: Z.clientToken, ZAPI_URL: zapi.url },
      ...{ EVOLUTION_URL: evolution.url, EVOLUTION_KEY: 'evo-key-1', SUPABASE_STATUS_URL: page.url, JWT_ACCESS_SECRET: KEY },
      ...{ BACKEND_URL: `http://127.0.0.1:${port}`, CRM_DATABASE_URL: databaseUrl, PM2_HOME: pm2.home, PM2: `${folder}/bin/pm2` },
    }),
    files: { 'backend/shared/app.log': log, ...files },
    measured: () => ({ value: 0.01, lower: 0, upper: 0.02, bad: 0, all: 900 }),
  });
  closing.push(async () => story.remove());
  const crm = startCrmBackend(story.folder, { pm2, port, migration });
  closing.push(async () => void pm2.run('delete', 'crm-backend'));
  const release = path.join(story.folder, 'backend/releases', BAD);
  execFileSync('node_modules/.bin/node-pg-migrate', ['up'], { cwd: release, env: { DATABASE_URL: databaseUrl }, stdio: 'pipe' });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  closing.push(() => client.end());
  const applied = async (): Promise<unknown> => (await client.query('select name from pgmigrations order by id')).rows.map((row) => row.name);
  const workerBegan = restartsOf('worker');
  const live = (o: Partial<Lives> = {}): Promise<ExampleLife> =>
    liveThrough(story, {
      begin: (life) => life.commands.startRun(RUI, { runbook: 'resposta', inputs: {}, key: 'by-hand' }),
      who: ANA,
      said: { opcao: { choice: 'codigo' }, rca: { answers: { causa: 'índice que trava a tabela' } }, ...said },
      enough: (incident) => incident?.steps['rca']?.status === 'done',
      withinMs: 3 * HOUR,
      ...o,
    });
  return { slack, mailbox, page, zapi, evolution, story, crm, applied, live, restarted: () => restartsOf('worker') - workerBegan };
}

const restartsOf = (name: string): number =>
  (JSON.parse(pm2.run('jlist')) as readonly { readonly name: string; readonly pm2_env: { readonly restart_time: number } }[]).find(
    (one) => one.name === name,
  )?.pm2_env.restart_time ?? Number.NaN;

type World = Awaited<ReturnType<typeof badDeploy>>;

test('one', async () => {
  const world = await badDeploy();
  let last = '';
  const t0 = performance.now();
  const life = await world.live({
    meanwhile: (incident) => {
      const now = JSON.stringify(Object.fromEntries(Object.entries(incident?.steps ?? {}).map(([id, { status }]) => [id, status])));
      if (now !== last) console.log(Math.round(performance.now() - t0), now, JSON.stringify(Object.values(incident?.approvals ?? {})), Object.keys(incident?.tasks ?? {}));
      last = now;
    },
  }).catch((error) => { console.log(error.message); throw error; });
  console.log(JSON.stringify((await incidentOf(life)), null, 1).slice(0, 6000));
  console.log(world.crm.running(), await world.applied(), world.restarted());
}, 300_000);
