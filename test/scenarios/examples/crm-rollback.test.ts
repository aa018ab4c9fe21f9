// The procedure of examples/crm-backend from the first step to the last: a real PM2, npm and Postgres with node-pg-migrate, the servers of Slack,
// Z-API and Evolution, a mailbox and a status page. The judges are what runs, what the service answers, the tables, and what people got.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { journalLinesOf } from '../../../src/adapters/virtual/journal.ts';
import { createVirtualReleaseHistory } from '../../../src/adapters/virtual/release-history.ts';
import { evidenceText } from '../../../src/flows/evidence.ts';
import { servePage, summary } from '../../adapters/status-page/page.ts';
import { BAD, freePort, GOOD, KEY, ONE_WAY, REVERSIBLE, startCrmBackend } from '../../world/parts/crm-backend.ts';
import { startMailbox } from '../../world/parts/mailbox.ts';
import { createPm2, type Pm2Part, whyNoPm2 } from '../../world/parts/pm2.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { outsideOf } from '../../world/scenes/deploy.ts';
import { dataOf, type ExampleLife, eventsOf, incidentOf, type Lives, liveThrough, openExampleStory } from '../../world/scenes/example.ts';
import { startEvolution } from '../../world/vendors/evolution.ts';
import { startSlack } from '../../world/vendors/slack.ts';
import { startZApi } from '../../world/vendors/z-api.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RUI = { person: 'rui', roles: ['dev', 'commander'] };
const ANA = { person: 'ana', roles: ['commander'] };
const BIA = { person: 'bia', roles: ['commander'] };
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

const left: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of left.splice(0)) await close();
}, 60_000);

interface Wanted {
  readonly migration?: string;
  readonly said?: Lives['said'];
  readonly settings?: string;
  readonly goodIsBroken?: boolean;
}

let databases = 0;

async function badDeploy({ migration = REVERSIBLE, said = {}, ...more }: Wanted = {}) {
  const closing: (() => unknown)[] = [];
  const opened = async <T extends { close(): Promise<unknown> }>(part: Promise<T>): Promise<T> => {
    const one = await part;
    closing.push(() => one.close());
    return one;
  };
  const slack = await opened(startSlack({ token: 'xoxb-1' }));
  const mailbox = await opened(startMailbox());
  const components = ['Database', 'Auth'].map((name) => ({ name, status: 'operational' }));
  const page = await opened(servePage({ body: summary({ components }) }));
  const zapi = await opened(startZApi(Z));
  const evolution = await opened(startEvolution({ key: 'evo-key-1' }));
  evolution.instances.set('crm', { state: 'open', webhook: null, codes: 0 });
  const port = await freePort();
  databases += 1;
  const databaseUrl = await postgres.createDatabase(`crm_${databases}`);
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
      ...{
        EVOLUTION_URL: evolution.url,
        EVOLUTION_KEY: 'evo-key-1',
        SUPABASE_STATUS_URL: new URL(page.url).origin,
        JWT_ACCESS_SECRET: KEY,
      },
      ...{ BACKEND_URL: `http://127.0.0.1:${port}`, CRM_DATABASE_URL: databaseUrl, PM2_HOME: pm2.home, PM2: `${folder}/bin/pm2` },
    }),
    files: { 'backend/shared/app.log': log },
    measured: () => ({ value: 0.01, lower: 0, upper: 0.02, bad: 0, all: 900 }),
  });
  closing.push(async () => story.remove());
  const crm = startCrmBackend(story.folder, { pm2, port, migration, ...more });
  closing.push(async () => void pm2.run('delete', 'crm-backend'));
  const release = path.join(story.folder, 'backend/releases', BAD);
  execFileSync('node_modules/.bin/node-pg-migrate', ['up'], { cwd: release, env: { DATABASE_URL: databaseUrl }, stdio: 'pipe' });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  closing.push(() => client.end());
  const applied = async (): Promise<unknown> =>
    (await client.query('select name from pgmigrations order by id')).rows.map((row) => row.name);
  const workerBegan = restartsOf('worker');
  let lastLife: ExampleLife | null = null;
  /** Each call is a Belay of its own over the same disk; the one before is dead by then. */
  const live = async (o: Partial<Lives> = {}): Promise<ExampleLife> => {
    lastLife?.kill.kill();
    lastLife = await liveThrough(story, {
      begin: (life) => life.commands.startRun(RUI, { runbook: 'resposta', inputs: {}, key: 'by-hand' }),
      who: ANA,
      said: {
        opcao: { choice: 'codigo' },
        rca: { answers: { causa: `o índice trava a tabela; no log: signed with ${KEY}` } },
        ...said,
      },
      enough: (incident) => incident?.steps['rca']?.status === 'done',
      withinMs: 3 * HOUR,
      ...o,
    });
    return lastLife;
  };
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).toReversed()) await one();
  };
  return { slack, mailbox, story, crm, applied, live, close, restarted: () => restartsOf('worker') - workerBegan };
}

const restartsOf = (name: string): number =>
  (JSON.parse(pm2.run('jlist')) as readonly { readonly name: string; readonly pm2_env: { readonly restart_time: number } }[]).find(
    (one) => one.name === name,
  )?.pm2_env.restart_time ?? Number.NaN;

type World = Awaited<ReturnType<typeof badDeploy>>;

async function played(wanted?: Wanted): Promise<World> {
  const world = await badDeploy(wanted);
  left.push(world.close);
  return world;
}

/** The procedure down to the investigation; what rests after it is the soak. */
const DOWN_TO_RCA = {
  ...Object.fromEntries(
    ['ack', 'notificar', 'isolar', 'opcao', 'opcao-codigo', 'smoke', 'gateways', 'vigiar', 'estabilizado', 'rca-log', 'rca'].map((id) => [
      id,
      'done',
    ]),
  ),
  ...Object.fromEntries(
    ['aprovar', 'migrations', 'versao', 'dependencias', 'reiniciar', 'no-ar', 'descongelar'].map((id) => [`opcao-codigo.${id}`, 'done']),
  ),
  ...{ 'opcao-codigo.congelar': 'undone', 'opcao-configuracao': 'skipped' },
};
const ACTS = [
  'congelar freeze:backend',
  'migrations database:crm',
  'versao target:backend',
  'dependencias run:local',
  'reiniciar service:pm2',
];
const TOLD = ['Incidente INC-1 (P1) reconhecido', 'CRM backend estabilizado (INC-1)'];
const END = {
  steps: { ...DOWN_TO_RCA, estavel: 'running' },
  open: [],
  running: GOOD,
  applied: ['1_contatos', '2_empresas'],
  restarts: 1,
  packages: true,
  health: 200,
  acts: [...ACTS, 'descongelar freeze:backend'],
  posts: [...TOLD, '*INC-1 (P1) espera por você*'].toSorted(),
  mails: TOLD,
};

const firstLine = (text: string): string => text.split('\n')[0] ?? '';
const subjectOf = (raw: string): string => /^Subject: (.*)$/m.exec(raw)?.[1] ?? '';

async function endOf(world: World, life: ExampleLife) {
  const incident = await incidentOf(life);
  const acts = journalLinesOf(world.story.disk).filter((line) => line.kind === 'outcome' && line.effect === 'done');
  return {
    steps: Object.fromEntries(Object.entries(incident?.steps ?? {}).map(([id, { status }]) => [id, status])),
    open: incident?.contingencies.filter((one) => one.closedAt === undefined).map((one) => one.step),
    running: world.crm.running(),
    applied: await world.applied(),
    restarts: world.restarted(),
    packages: existsSync(path.join(world.story.folder, 'backend/releases', GOOD, 'node_modules/tax/package.json')),
    health: await world.crm.get('/health'),
    acts: [...new Set(acts.map((line) => `${line.step.replace(/^.*\./, '')} ${line.target}`))],
    posts: [...new Set(world.slack.posts.map((post) => firstLine(post.text)))].toSorted(),
    mails: [...new Set(world.mailbox.mails.map((mail) => subjectOf(mail.raw)))],
  };
}

/** Each thing that Belay keeps or sends, as one text. */
async function everythingOf(world: World, life: ExampleLife): Promise<string> {
  const kept = (value: unknown): string =>
    JSON.stringify(value, (_key, one: unknown) => (one instanceof Map ? [...one] : one instanceof Set ? [...one] : one));
  const mails = world.mailbox.mails.map(({ raw }) => `${raw}${raw.replaceAll(/=\r?\n/g, '')}`);
  const { text } = await evidenceText(life.world, 'INC-1');
  const files = [...outsideOf(world.story.disk).files.values()];
  return [
    kept([...world.story.disk.runs.values()]),
    kept(await eventsOf(life)),
    kept(await life.world.journal.all()),
    kept(world.slack.posts),
    ...mails,
    text,
    ...files,
  ].join('\n');
}

describe('option A, the deploy taken back, from the acknowledgement to the stable release', () => {
  let world: World;
  let life: ExampleLife;
  let before: Awaited<ReturnType<typeof endOf>>;
  const soak = { noted: 0, early: [] as string[] };
  beforeAll(async () => {
    world = await badDeploy();
    const first = await world.live();
    before = await endOf(world, first);
    // Belay is restarted while it rests, and sees what runs every five minutes.
    const calm = (await incidentOf(first))?.mitigatedAt ?? 0;
    const history = createVirtualReleaseHistory({ disk: world.story.disk });
    soak.noted = calm;
    life = await world.live({
      lookEveryMs: 2 * HOUR,
      withinMs: 60 * HOUR,
      enough: (incident) => incident !== null && incident.isRunning !== true,
      meanwhile: async () => {
        const now = world.story.clock.now();
        for (let at = soak.noted; at <= now; at += 5 * MINUTE) {
          await history.note('backend', world.crm.running(), { at, changedAt: at });
          soak.noted = at;
        }
        const told = world.slack.posts.map((post) => firstLine(post.text)).filter((one) => one.includes('estável'));
        if (now - calm < 48 * HOUR) soak.early.push(...told);
      },
    });
  }, 300_000);
  afterAll(async () => world?.close(), 60_000);

  test('somebody acknowledges it by name, and then the team and the stakeholders are told, each once [S1-ST-10] [S1-RO-01]', async () => {
    expect(await dataOf(life, 'checklist.ticked')).toMatchObject([{ step: 'ack', by: 'ana' }]);
    const [ack] = await dataOf(life, 'step.finished');
    expect(ack).toMatchObject({ step: 'ack', status: 'done' });
    const told = [
      ...world.slack.posts.map((post) => `${post.channel} ${firstLine(post.text)}`),
      ...world.mailbox.mails.map((mail) => `${mail.to.join()} ${subjectOf(mail.raw)}`),
    ];
    expect(told.filter((one) => one.includes('reconhecido'))).toEqual([
      '#crm Incidente INC-1 (P1) reconhecido',
      'stakeholders@crm.example Incidente INC-1 (P1) reconhecido',
    ]);
  });

  test('the cause is looked for where it could be, and what was seen is kept', async () => {
    const kept = Object.fromEntries((await dataOf(life, 'evidence.captured')).map(({ evidence, value }) => [evidence, value]));
    expect(kept['supabase-banco']).toMatchObject({ values: { well: true, word: 'operational' } });
    expect(kept['supabase-auth']).toMatchObject({ values: { well: true } });
    expect(kept['jwt']).toMatchObject({ values: { same: true } });
    expect(kept['z-api']).toMatchObject({ values: { connected: true } });
    expect(kept['whatsapp-log']).toMatchObject({ values: { matched: 2 } });
  });

  test('the database goes back before the code to what the release before knows, packages are installed because package.json changed, and everything under PM2 is begun anew [S1-ST-06] [S1-SY-05] [S1-ST-14]', () => {
    expect(before).toEqual(END);
  });

  test('no secret of the logs, of what programs print or of what people paste is in the record, the journal, a message, the evidence or the post-mortem [S1-PO-01] [S1-ST-15]', async () => {
    await life.commands.close(ANA, { incident: 'INC-1', key: 'closed' });
    expect((await incidentOf(life))?.phase).toBe('closed');
    const all = await everythingOf(world, life);
    // It is there, and masked.
    expect(all).toContain('webhook 500 key=•••');
    expect(all).toContain('installed for •••');
    expect(all).toContain('no log: signed with •••');
    expect([...outsideOf(world.story.disk).files.keys()]).toEqual(['INC-1/postmortem.md', 'INC-1/evidence.json']);
    const secrets = [KEY, Buffer.from(KEY).toString('base64'), PASSWORD, Z.token, Z.clientToken, 'evo-key-1', 'xoxb-1'];
    expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
  });

  test('it is called stable after 48 hours without an incident, and nobody is told so before [S1-PO-03] [S1-CL-01]', async () => {
    const incident = await incidentOf(life);
    expect(soak.early).toEqual([]);
    const rested = (incident?.steps['estavel']?.endedAt ?? 0) - (incident?.mitigatedAt ?? 0);
    expect(rested).toBeGreaterThanOrEqual(48 * HOUR);
    expect(rested).toBeLessThan(53 * HOUR);
    expect(world.slack.posts.map((post) => firstLine(post.text))).toContain('CRM backend: versão estável');
  });
});

/** Right behind each effect, before anybody has written that it happened. */
const DEATHS = [
  'db.migrateDown:after',
  'deploy.rollback:after',
  'step:opcao-codigo.dependencias#1:run1:worked',
  'service.restart:after',
  'deploy.thaw:before',
];

test('killed right behind each effect, and with a smoke test that fails at first, it ends the same: people are asked, nothing says that it is stable, each effect is there once', async () => {
  const world = await played({ said: { smoke: { choice: 'again' } } });
  world.crm.failSmoke(true);
  const asked: string[] = [];
  const life = await world.live({
    killedAt: DEATHS,
    meanwhile: (incident) => {
      if (incident?.tasks['smoke'] === undefined) return;
      asked.push(...world.slack.posts.map((post) => firstLine(post.text)).filter((one) => one.includes('estabilizado')));
      world.crm.failSmoke(false);
    },
  });
  expect(asked).toEqual([]);
  expect((await dataOf(life, 'check.recorded')).filter((one) => one.step === 'smoke').map((one) => one.result)).toContain('fail');
  expect(await endOf(world, life)).toEqual(END);
}, 300_000);

test('the release before does not come up: people are asked at once, deploys stay frozen, and nothing is said to be well', async () => {
  const world = await played({ goodIsBroken: true });
  const life = await world.live({ enough: (incident) => incident?.tasks['opcao-codigo.versao'] !== undefined });
  const incident = await incidentOf(life);
  expect(incident?.steps['opcao-codigo.versao']?.detail).toMatchObject({
    ask: expect.stringContaining('PM2 has given up crm-backend') as string,
  });
  expect(incident?.tasks['opcao-codigo.versao']?.options).toContain('undo');
  expect(incident?.contingencies.filter((one) => one.closedAt === undefined).map((one) => one.step)).toEqual(['opcao-codigo.congelar']);
  expect(world.slack.posts.some((post) => post.text.includes('estabilizado'))).toBe(false);
}, 300_000);

test('a migration that has no way back wants two people, and even then the database is left to them', async () => {
  const world = await played({ migration: ONE_WAY });
  const counts: number[] = [];
  const life = await world.live({
    meanwhile: async (incident) => {
      const [open] = Object.values(incident?.approvals ?? {});
      if (open?.granted.length === 1) counts.push(open.min);
    },
    enough: () => counts.length > 3,
  });
  expect(counts).toEqual([2, 2, 2, 2]);
  expect((await incidentOf(life))?.steps['opcao-codigo.congelar']).toBeUndefined();
  const done = await world.live({
    who: BIA,
    enough: (incident) => incident?.tasks['opcao-codigo.migrations'] !== undefined,
  });
  expect((await incidentOf(done))?.steps['opcao-codigo.versao']).toBeUndefined();
  expect(await world.applied()).toEqual(['1_contatos', '2_empresas', '3_indice']);
  expect(world.crm.running()).toBe(BAD);
}, 300_000);

test('option B: measures are taken once approved, the service obeys them, and the bypass takes itself back after half an hour [S1-ST-07] [S1-ST-08] [S1-ST-09]', async () => {
  const measures = { answers: { bypass: true, rateLimit: true, legados: true } };
  const world = await played({
    settings: 'FIXED=yes\n',
    said: { opcao: { choice: 'configuracao' }, 'opcao-configuracao.medidas': measures },
  });
  const was = world.crm.env();
  const unapproved: string[] = [];
  const life = await world.live({
    meanwhile: (incident) => {
      if (Object.values(incident?.approvals ?? {}).some((one) => one.state === 'open')) unapproved.push(world.crm.env());
    },
  });
  expect(new Set(unapproved)).toEqual(new Set([was]));
  const answers = async (): Promise<unknown> => Promise.all(['/admin', '/webhook/v1'].map((where) => world.crm.get(where)));
  expect(await answers()).toEqual([200, 200]);
  expect(world.crm.env()).toBe(
    was.replace('RATE_LIMIT=100', 'RATE_LIMIT=1000').replace('off', 'on').replace('FIXED=yes\n', 'FIXED=yes\nENABLE_TEST_BYPASS=true\n'),
  );
  expect([world.crm.running(), world.restarted()]).toEqual([BAD, 0]);
  const opened = (await incidentOf(life))?.contingencies.find((one) => one.step.endsWith('bypass'));
  const done = await world.live({
    begin: async () => undefined,
    enough: (incident) => incident?.contingencies.find((one) => one.step.endsWith('bypass'))?.closedAt !== undefined,
  });
  expect(world.story.clock.now() - (opened?.openedAt ?? 0)).toBeGreaterThanOrEqual(30 * MINUTE);
  // It reads its settings again when it is told to, a moment later.
  await expect.poll(answers, { timeout: 5_000 }).toEqual([401, 200]);
  expect(world.crm.env()).not.toContain('BYPASS');
  await expect(done.commands.close(ANA, { incident: 'INC-1', key: 'too-early' })).rejects.toThrow(/rate-limit.*webhooks-legados/);
}, 300_000);
