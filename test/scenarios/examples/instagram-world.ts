// The world of examples/instagram-dm for a test that plays it: real Postgres, log files, mailbox and message service; n8n, Chatwoot and Slack as
// servers that remember. It judges nothing.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { migrateEngine } from '../../../src/adapters/engine-dbos/index.ts';
import { openStore } from '../../../src/adapters/store-postgres/index.ts';
import { createDigest, systemTime } from '../../../src/adapters/system/index.ts';
import type { OpenTask } from '../../../src/domain/incident.ts';
import { startMailbox } from '../../world/parts/mailbox.ts';
import { startMessageService } from '../../world/parts/message-service.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { viewOf } from '../../world/scenes/deploy.ts';
import { type ExampleLife, type Lives, liveThrough, openExampleStory } from '../../world/scenes/example.ts';
import { startChatwoot } from '../../world/vendors/chatwoot.ts';
import { startN8n } from '../../world/vendors/n8n.ts';
import { startSlack } from '../../world/vendors/slack.ts';

export const MINUTE = 60_000;
const KEYS = { N8N_KEY: 'n8n-key', CHATWOOT_TOKEN: 'desk-token', SLACK_TOKEN: 'xoxb-1', DM_SECRET: 'c2VjcmV0', GATEWAY_SECRET: 'c2VjcmV0' };
export const COMMANDER = { person: 'ines', roles: ['commander', 'crm-ops', 'comms'] };
const EXAMPLE = path.join(import.meta.dirname, '../../../examples/instagram-dm/belay.yaml');
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

/** Its triggers act, and do not only note what they would have done. */
const armed = (yaml: string): string => yaml.replaceAll(/^( {2}roll-back-organization:)$/gm, '$1\n    mode: armed');

/** The v2 of one organization is broken; everything of this test file is closed after each test. */
export async function regression(o: { readonly isArmed?: boolean } = {}) {
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
      ...(o.isArmed === true ? { 'belay.yaml': armed(readFileSync(EXAMPLE, 'utf8')) } : {}),
      'logs/webhook.log': `${at} ERROR org=acme POST /webhook/ig-acme 500\n${at} ERROR org=globex ours no\n`,
      'logs/identity.log': `${at} ERROR org=acme no identity\n`,
      'logs/stage.log': `${at} ERROR org=acme stage refused\n`,
    },
    views: (trigger) =>
      ['acme', 'globex', 'initech'].map((org) =>
        viewOf(org, Date.now(), {
          trigger,
          ...(org === 'acme' ? {} : { status: 'ok', bad: 0, overLimit: false, episode: null, level: 'none' }),
        }),
      ),
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

export type InstagramWorld = Awaited<ReturnType<typeof regression>>;
