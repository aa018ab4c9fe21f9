// The rollback of one organization in examples/instagram-dm, from the hypotheses to the return and its end: real Postgres, log files, mailbox and
// message service; n8n, Chatwoot and Slack as servers that remember. The judges are those servers, and what people got.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { migrateEngine } from '../../../src/adapters/engine-dbos/index.ts';
import { openStore } from '../../../src/adapters/store-postgres/index.ts';
import { createDigest, systemTime } from '../../../src/adapters/system/index.ts';
import type { OpenTask } from '../../../src/domain/incident.ts';
import { journalLinesOf } from '../../world/fakes/journal.ts';
import { startMailbox } from '../../world/parts/mailbox.ts';
import { startMessageService } from '../../world/parts/message-service.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { dataOf, type ExampleLife, incidentOf, type Lives, liveThrough, openExampleStory } from '../../world/scenes/example.ts';
import { startChatwoot } from '../../world/vendors/chatwoot.ts';
import { startN8n } from '../../world/vendors/n8n.ts';
import { startSlack } from '../../world/vendors/slack.ts';

const MINUTE = 60_000;
const KEYS = { N8N_KEY: 'n8n-key', CHATWOOT_TOKEN: 'desk-token', SLACK_TOKEN: 'xoxb-1', DM_SECRET: 'c2VjcmV0', GATEWAY_SECRET: 'c2VjcmV0' };
const COMMANDER = { person: 'ines', roles: ['commander', 'crm-ops', 'comms'] };
const TABLES = `
  create table messaging_conversation (id int primary key, org text);
  create table messaging_conversation_links (conversation int);
  create table messaging_identity_resolution_log (org text, ok boolean, at timestamptz);
  insert into messaging_conversation values (1, 'acme'), (2, 'globex');
  insert into messaging_conversation_links values (1), (2);`;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

let databases = 0;
async function database(): Promise<string> {
  databases += 1;
  return postgres.createDatabase(`story_${databases}`);
}

async function opened<T extends { close(): Promise<unknown> }>(starting: Promise<T>): Promise<T> {
  const part = await starting;
  closing.push(() => part.close());
  return part;
}

async function crm(): Promise<string> {
  const url = await database();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(TABLES);
  await client.end();
  return url;
}

async function intake() {
  const url = await database();
  await migrateEngine(url, () => undefined);
  const store = openStore({ databaseUrl: url, digest: createDigest('key'), time: systemTime });
  closing.push(() => store.close());
  await store.migrate();
  return store.intake;
}

async function regression() {
  const [n8n, desk] = [
    await opened(startN8n({ key: KEYS.N8N_KEY })),
    await opened(startChatwoot({ account: 7, token: KEYS.CHATWOOT_TOKEN })),
  ];
  const [slack, mailbox] = [await opened(startSlack({ token: KEYS.SLACK_TOKEN })), await opened(startMailbox())];
  const messaging = await opened(startMessageService('secret'));
  for (const [index, org] of ['acme', 'globex', 'initech'].entries()) {
    n8n.add({ name: `ig-dm-v1-${org}`, path: `ig-${org}` });
    n8n.add({ name: `ig-dm-v2-${org}`, path: `ig-${org}`, active: true });
    desk.inboxes.push({ id: index + 1, name: `IG ${org}`, bot: 5 });
    desk.rules.push({ id: index + 11, name: `welcome ${org}`, active: true });
  }
  desk.bots.push({ id: 5, name: 'Julia' });
  const at = new Date(Date.now() - 5 * MINUTE).toISOString();
  const CRM_DATABASE_URL = await crm();
  const fallbackIsOn = (): boolean => n8n.routes.get('POST ig-acme') === n8n.workflows.find((one) => one.name === 'ig-dm-v1-acme')?.id;
  const story = openExampleStory({
    example: 'instagram-dm',
    intake: await intake(),
    env: () => ({
      ...KEYS,
      ...{ N8N_URL: n8n.url, CHATWOOT_URL: desk.url, SLACK_URL: slack.url, SMTP_HOST: '127.0.0.1', SMTP_PORT: String(mailbox.port) },
      ...{ CRM_DATABASE_URL, WEBHOOK_URL: n8n.url, MESSAGING_URL: messaging.url },
    }),
    files: {
      'logs/webhook.log': `${at} ERROR org=acme POST /webhook/ig-acme 500\n${at} ERROR org=globex ours no\n`,
      'logs/identity.log': `${at} ERROR org=acme no identity\n`,
      'logs/stage.log': `${at} ERROR org=acme stage refused\n`,
    },
    measured: (_trigger, scope) => (scope === 'acme' ? { value: 0, lower: 0, upper: 0.001, bad: 0, all: 900 } : null),
  });
  closing.push(async () => story.remove());
  const goLive = story.clock.now() + 60 * MINUTE;
  const said = {
    hipoteses: { answers: { hipoteses: 'o v2 não vincula conversas novas' } },
    atender: (task: OpenTask) => ({ answers: { conversa: `https://desk.example/conversas/${task.samples + 1}` } }),
    rca: { answers: { causa: 'índice ausente no v2' } },
    fix: { ticks: ['Fix aplicado', 'Fix revisado por outra pessoa', 'Janela de deploy combinada'], answers: { goLive } },
  };
  const live = (o: Partial<Lives> = {}): Promise<ExampleLife> =>
    liveThrough(story, {
      begin: (life) => life.commands.startRun(COMMANDER, { runbook: 'org-rollback', inputs: { org: 'acme' }, key: 'by-hand' }),
      who: COMMANDER,
      said,
      withinMs: 3 * 60 * MINUTE,
      ...o,
    });
  return { n8n, desk, slack, mailbox, messaging, story, goLive, fallbackIsOn, live };
}

type World = Awaited<ReturnType<typeof regression>>;

const active = ({ n8n }: World): readonly string[] =>
  n8n.workflows
    .filter((one) => one.active)
    .map((one) => one.name)
    .toSorted();

async function endOf(world: World, life: ExampleLife) {
  const incident = await incidentOf(life);
  return {
    steps: new Set(Object.values(incident?.steps ?? {}).map(({ status }) => status)),
    count: Object.keys(incident?.steps ?? {}).length,
    open: incident?.contingencies.filter((one) => one.closedAt === undefined).map((one) => one.step),
    evidence: incident?.evidence.toSorted(),
    active: active(world),
    orders: world.n8n.ledger.map(({ what, id }) => `${what} ${world.n8n.workflows.find((one) => one.id === id)?.name}`),
    desk: { bots: world.desk.inboxes.map((one) => one.bot), rules: world.desk.rules.map((one) => one.active) },
    posts: new Set(world.slack.posts.map((post) => post.text.split('\n')[0]?.slice(0, 40) ?? '')).size,
    mails: new Set(world.mailbox.mails.map((mail) => mail.raw.match(/^Message-ID: (.*)$/im)?.[1])).size,
    acts: new Set(
      journalLinesOf(world.story.disk)
        .filter((line) => line.kind === 'outcome' && line.effect === 'done')
        .map((line) => line.key),
    ).size,
  };
}

const END = {
  steps: new Set(['done', 'undone']),
  count: 27,
  open: [],
  evidence: ['acoes', 'decision', 'detected-at', 'go-live', 'identity-log', 'restored-at', 'stage-log', 'webhook-log'],
  active: ['ig-dm-v2-acme', 'ig-dm-v2-globex', 'ig-dm-v2-initech'],
  orders: ['deactivate ig-dm-v2-acme', 'activate ig-dm-v1-acme', 'deactivate ig-dm-v1-acme', 'activate ig-dm-v2-acme'],
  desk: { bots: [5, 5, 5], rules: [true, true, true] },
  posts: 3,
  mails: 2,
  acts: 12,
};

test('one organization goes back to its stable flow and forward again, kept, proven and told, nobody else is touched, and it is closed at the end [S4-GU-01] [S4-ST-06] [S4-ST-07]', async () => {
  const world = await regression();
  const during: { active?: readonly string[]; bots?: readonly (number | null)[]; close?: unknown } = {};
  let life: ExampleLife | null = null;
  const done = await world.live({
    begin: async (one) => {
      life = one;
      return one.commands.startRun(COMMANDER, { runbook: 'org-rollback', inputs: { org: 'acme' }, key: 'by-hand' });
    },
    meanwhile: async (incident) => {
      if (during.active !== undefined || incident?.steps['observar']?.status !== 'done') return;
      during.active = active(world);
      during.bots = world.desk.inboxes.map((one) => one.bot);
      during.close = await life?.commands.close(COMMANDER, { incident: 'INC-1', key: 'too-early' }).catch((error: unknown) => error);
    },
  });
  expect(during).toEqual({
    active: ['ig-dm-v1-acme', 'ig-dm-v2-globex', 'ig-dm-v2-initech'],
    bots: [null, 5, 5],
    close: expect.objectContaining({ name: 'BelayError' }) as unknown,
  });
  expect(await endOf(world, done)).toEqual(END);
  const kept = Object.fromEntries(
    (await dataOf(done, 'evidence.captured')).map(({ evidence, value }) => [evidence, JSON.stringify(value)]),
  );
  expect(kept['webhook-log']).toContain('500');
  expect(kept['webhook-log']).not.toContain('globex');
  const steps = (await incidentOf(done))?.steps ?? {};
  expect((steps['observar-v2']?.endedAt ?? 0) - (steps['observar-v2']?.startedAt ?? 0)).toBeGreaterThanOrEqual(30 * MINUTE);
  // Not before the window that people agreed on.
  expect(steps['v2-on']?.startedAt ?? 0).toBeGreaterThanOrEqual(world.goLive);
  await done.commands.close(COMMANDER, { incident: 'INC-1', key: 'closed' });
  expect((await incidentOf(done))?.phase).toBe('closed');
});

test('n8n that says active and routes nothing is not believed: people are asked, and nothing says that it is stable', async () => {
  const world = await regression();
  world.n8n.lies = true;
  const life = await world.live({
    enough: (incident) => ['failed', 'waiting', 'unknown'].includes(incident?.steps['fallback-on']?.status ?? ''),
  });
  expect(world.fallbackIsOn()).toBe(false);
  expect((await incidentOf(life))?.steps['webhooks-ok']).toBeUndefined();
  expect(world.slack.posts.some((post) => post.text.includes('concluído'))).toBe(false);
});

test('a message that makes two conversations after the return keeps the organization frozen and asks people [S4-VE-12]', async () => {
  const world = await regression();
  world.messaging.faults.doubles = true;
  const life = await world.live({ enough: (incident) => incident?.tasks['cenarios'] !== undefined });
  const incident = await incidentOf(life);
  expect(incident?.steps['cenarios']?.status).toBe('waiting');
  expect(incident?.contingencies.filter((one) => one.closedAt === undefined).map((one) => one.step)).toEqual(['congelar']);
});

test.each([[[60]], [[150, 90]]])(
  'killed at boundaries %j it ends the same: each order to n8n once, each message once',
  async (killedAt) => {
    const world = await regression();
    expect(await endOf(world, await world.live({ killedAt }))).toEqual(END);
  },
);
