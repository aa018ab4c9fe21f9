// The rollback of one organization in examples/instagram-dm: the example as people have it, over a real Postgres, log files, mailbox and message
// service, with Chatwoot and Slack as servers that remember. Which n8n stands behind it is for whoever plays it to say. It judges nothing.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { migrateEngine } from '../../../src/adapters/engine-dbos/index.ts';
import { openStore } from '../../../src/adapters/store-postgres/index.ts';
import { createDigest, systemTime } from '../../../src/adapters/system/index.ts';
import { journalLinesOf } from '../../../src/adapters/virtual/journal.ts';
import type { OpenTask } from '../../../src/domain/incident.ts';
import type { MetricReading } from '../../../src/ports/readings.ts';
import { startMailbox } from '../parts/mailbox.ts';
import { startMessageService } from '../parts/message-service.ts';
import type { PostgresPart } from '../parts/postgres.ts';
import { startChatwoot } from '../vendors/chatwoot.ts';
import { startSlack } from '../vendors/slack.ts';
import { viewOf } from './deploy.ts';
import { type ExampleLife, incidentOf, type Lives, liveThrough, openExampleStory } from './example.ts';

export const MINUTE = 60_000;
const KEYS = { CHATWOOT_TOKEN: 'desk-token', SLACK_TOKEN: 'xoxb-1', DM_SECRET: 'c2VjcmV0', GATEWAY_SECRET: 'c2VjcmV0' };
export const COMMANDER = { person: 'ines', roles: ['commander', 'crm-ops', 'comms'] };
const TABLES = `
  create table messaging_conversation (id int primary key, org text);
  create table messaging_conversation_links (conversation int);
  create table messaging_identity_resolution_log (org text, ok boolean, at timestamptz);
  insert into messaging_conversation values (1, 'acme'), (2, 'globex');
  insert into messaging_conversation_links values (1), (2);`;

/** Each has a stable workflow, `ig-dm-v1-…`, and the new one, `ig-dm-v2-…`, on the path `ig-…`. */
export const ORGANIZATIONS = ['acme', 'globex', 'initech'] as const;

export interface StoryGround {
  readonly postgres: PostgresPart;
  readonly n8n: { readonly url: string; readonly key: string };
  /** Its triggers act, and do not only note what they would have done. */
  readonly isArmed?: boolean;
  /** What detection says of the organization, trigger by trigger; where nothing is given, all is well. */
  readonly measured?: (trigger: string) => Partial<MetricReading> | null;
  /** What is to be ended when the story is over, last one first. */
  readonly closing: (() => Promise<unknown>)[];
}

const EXAMPLE = path.join(import.meta.dirname, '../../../examples/instagram-dm/belay.yaml');
const armed = (yaml: string): string => yaml.replaceAll(/^( {2}roll-back-organization:)$/gm, '$1\n    mode: armed');
const HEALTHY = { status: 'ok', bad: 0, overLimit: false, episode: null, level: 'none' } as const;

async function opened<T extends { close(): Promise<unknown> }>({ closing }: StoryGround, starting: Promise<T>): Promise<T> {
  const part = await starting;
  closing.push(() => part.close());
  return part;
}

let databases = 0;
async function database({ postgres }: StoryGround): Promise<string> {
  databases += 1;
  return postgres.createDatabase(`story_${databases}`);
}

async function crm(ground: StoryGround): Promise<string> {
  const url = await database(ground);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(TABLES);
  await client.end();
  return url;
}

async function intakeOf(ground: StoryGround) {
  const url = await database(ground);
  await migrateEngine(url, () => undefined);
  const store = openStore({ databaseUrl: url, digest: createDigest('key'), time: systemTime });
  ground.closing.push(() => store.close());
  await store.migrate();
  return store.intake;
}

export async function instagramStory(ground: StoryGround) {
  const { n8n } = ground;
  const desk = await opened(ground, startChatwoot({ account: 7, token: KEYS.CHATWOOT_TOKEN }));
  const [slack, mailbox] = [await opened(ground, startSlack({ token: KEYS.SLACK_TOKEN })), await opened(ground, startMailbox())];
  const messaging = await opened(ground, startMessageService('secret'));
  for (const [index, org] of ORGANIZATIONS.entries()) {
    desk.inboxes.push({ id: index + 1, name: `IG ${org}`, bot: 5 });
    desk.rules.push({ id: index + 11, name: `welcome ${org}`, active: true });
  }
  desk.bots.push({ id: 5, name: 'Julia' });
  const at = new Date(Date.now() - 5 * MINUTE).toISOString();
  const CRM_DATABASE_URL = await crm(ground);
  const story = openExampleStory({
    example: 'instagram-dm',
    intake: await intakeOf(ground),
    env: () => ({
      ...KEYS,
      N8N_KEY: n8n.key,
      ...{ N8N_URL: n8n.url, CHATWOOT_URL: desk.url, SLACK_URL: slack.url, SMTP_HOST: '127.0.0.1', SMTP_PORT: String(mailbox.port) },
      ...{ CRM_DATABASE_URL, WEBHOOK_URL: n8n.url, MESSAGING_URL: messaging.url },
    }),
    files: {
      ...(ground.isArmed === true ? { 'belay.yaml': armed(readFileSync(EXAMPLE, 'utf8')) } : {}),
      'logs/webhook.log': `${at} ERROR org=acme POST /webhook/ig-acme 500\n${at} ERROR org=globex ours no\n`,
      'logs/identity.log': `${at} ERROR org=acme no identity\n`,
      'logs/stage.log': `${at} ERROR org=acme stage refused\n`,
    },
    views: (trigger) => ORGANIZATIONS.map((org) => viewOf(org, Date.now(), { trigger, ...(org === 'acme' ? {} : HEALTHY) })),
    measured: (trigger, scope) =>
      scope === 'acme' ? { value: 0, lower: 0, upper: 0.001, bad: 0, all: 900, ...ground.measured?.(trigger) } : null,
  });
  ground.closing.push(async () => story.remove());
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
  return { desk, slack, mailbox, messaging, story, goLive, live };
}

export type InstagramStory = Awaited<ReturnType<typeof instagramStory>>;

/** Of everything but n8n. */
export async function storyEnd(world: InstagramStory, life: ExampleLife) {
  const incident = await incidentOf(life);
  return {
    steps: new Set(Object.values(incident?.steps ?? {}).map(({ status }) => status)),
    count: Object.keys(incident?.steps ?? {}).length,
    open: incident?.contingencies.filter((one) => one.closedAt === undefined).map((one) => one.step),
    evidence: incident?.evidence.toSorted(),
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

/** How it ends when all went well. */
export const STORY_END = {
  steps: new Set(['done', 'undone']),
  count: 27,
  open: [],
  evidence: ['acoes', 'decision', 'detected-at', 'go-live', 'identity-log', 'restored-at', 'stage-log', 'webhook-log'],
  desk: { bots: [5, 5, 5], rules: [true, true, true] },
  // Two questions are one text; with the update that was promised within half an hour and is owed while the fallback is watched.
  posts: 4,
  mails: 2,
  acts: 12,
};
