// People are told although the way to them is down, or Belay is killed while it tells them. The real server, engine and Postgres; a web
// address, a mail server and a Slack that are away, refuse, or keep silent.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createPlainServer } from 'node:net';
import { json } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Client } from '../../src/cli/client.ts';
import { type LivingBelay, livingBelay } from '../world/parts/living-belay.ts';
import { type PostgresPart, startPostgres } from '../world/parts/postgres.ts';
import { eventually } from '../world/parts/shop.ts';
import { startSlack } from '../world/vendors/slack.ts';

const SECRET = `whsec_${Buffer.from('thirty-two bytes of test secret!').toString('base64')}`;
const AFTER_RETURN_MS = 2_000;
const PATIENCE_MS = 45_000;

const yamlOf = (channels: string): string => `belay: 1
name: A shop
people:
  ana: { name: Ana Souza, roles: [approver] }
roles: [approver]
network: { allow: [127.0.0.1] }
channels:
${channels}
audiences:
  callers: { kind: responders, lang: en, channels: [{ channel: first, to: [C1] }] }
  writers: { kind: responders, lang: en, channels: [{ channel: second, to: [ana@example.com] }] }
signals:
  felt: { manual: { who: [approver], ask: "Is it broken?" } }
triggers:
  calm: { signal: felt, mode: armed }
  broken: { signal: felt, mode: armed }
`;

let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

let databases = 0;
async function belayWith(channels: string): Promise<LivingBelay> {
  databases += 1;
  const databaseUrl = await postgres.createDatabase(`notify_${databases}`);
  const env = { HOOK_SECRET: SECRET, SLACK_TOKEN: 'xoxb-test' };
  const belay = livingBelay({ yaml: yamlOf(channels), databaseUrl, env });
  onTestFinished(() => belay.remove());
  return belay;
}

const breaks = (client: Client, trigger: string): Promise<unknown> =>
  client.post('/v1/reports', { trigger, text: 'nothing loads' }, `report-of-${trigger}`);

async function freePort(): Promise<number> {
  const server = createPlainServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Taken {
  readonly id: string;
  readonly at: number;
  readonly resent: boolean;
}

/** A web address on this port. `mood`: `takes`; `refuses` with 503; `keeps-silent` when it has taken the message. */
async function serveHook(port: number, mood: 'takes' | 'refuses' | 'keeps-silent' = 'takes') {
  const taken: Taken[] = [];
  const hook = { mood, tries: 0, taken };
  const server = createServer((request, response) => {
    hook.tries += 1;
    void json(request).then((body) => {
      const { id, data } = body as { readonly id: string; readonly data: { readonly resent: boolean } };
      if (hook.mood === 'refuses') return response.writeHead(503).end();
      taken.push({ id, at: Date.now(), resent: data.resent });
      return hook.mood === 'takes' ? response.writeHead(200).end() : undefined;
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return hook;
}

async function serveMail(port: number, refuses = false) {
  const mail = { refuses, tries: 0, taken: [] as number[] };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onMailFrom: (_address, _session, done) => {
      mail.tries += 1;
      done(mail.refuses ? Object.assign(new Error('try again later'), { responseCode: 451 }) : null);
    },
    onData: (stream, _session, done) => {
      stream.on('end', () => {
        mail.taken.push(Date.now());
        done();
      });
      stream.resume();
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return mail;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function hookAndMail() {
  const [hookPort, mailPort] = [await freePort(), await freePort()];
  const belay = await belayWith(`  first: { driver: webhook, url: "http://127.0.0.1:${hookPort}/", secret: "{env.HOOK_SECRET}" }
  second: { driver: email, host: 127.0.0.1, port: ${mailPort}, from: belay@example.com }`);
  return { hookPort, mailPort, client: await belay.up() };
}

test('D3: a web address and a mail server that are away exactly when a breach first fires have its message two seconds after they are back', async () => {
  const { hookPort, mailPort, client } = await hookAndMail();
  await breaks(client, 'broken');
  await wait(1_700);
  const [hook, mail] = [await serveHook(hookPort), await serveMail(mailPort)];
  const back = Date.now();
  await eventually(
    () => hook.taken.length + mail.taken.length,
    (count) => count === 2,
    PATIENCE_MS,
  );
  const [byHook, byMail] = [(hook.taken[0]?.at ?? Infinity) - back, (mail.taken[0] ?? Infinity) - back];
  console.info(`D3: ${byHook} ms after it was back (web address), ${byMail} ms (mail)`);
  expect(Math.max(byHook, byMail)).toBeLessThan(AFTER_RETURN_MS);
}, 90_000);

test('D4: a web address that answers 503 and a mail server that refuses for 20 s have the message two seconds later, and are asked once a second', async () => {
  const { hookPort, mailPort, client } = await hookAndMail();
  const [hook, mail] = [await serveHook(hookPort, 'refuses'), await serveMail(mailPort, true)];
  await breaks(client, 'broken');
  await eventually(
    () => Math.min(hook.tries, mail.tries),
    (tries) => tries > 0,
    PATIENCE_MS,
  );
  await wait(20_000);
  expect([hook.taken, mail.taken]).toEqual([[], []]);
  const tries = Math.max(hook.tries, mail.tries);
  [hook.mood, mail.refuses] = ['takes', false];
  const back = Date.now();
  await eventually(
    () => hook.taken.length + mail.taken.length,
    (count) => count === 2,
    PATIENCE_MS,
  );
  const [byHook, byMail] = [(hook.taken[0]?.at ?? Infinity) - back, (mail.taken[0] ?? Infinity) - back];
  console.info(`D4: ${byHook} ms after it was back (web address), ${byMail} ms (mail), ${tries} tries in 20 s`);
  expect(Math.max(byHook, byMail)).toBeLessThan(AFTER_RETURN_MS);
  expect(tries).toBeGreaterThan(8);
  expect(tries).toBeLessThanOrEqual(22);
}, 120_000);

test('D5: kill -9 after it notified: no second message where the receiver can be asked, else exactly one more, marked as sent again', async () => {
  const slack = await startSlack({ token: 'xoxb-test' });
  onTestFinished(() => slack.close());
  const hookPort = await freePort();
  const hook = await serveHook(hookPort);
  const belay = await belayWith(`  first: { driver: slack, token: "{env.SLACK_TOKEN}", url: "${slack.url}", settle: 500ms }
  second: { driver: webhook, url: "http://127.0.0.1:${hookPort}/", secret: "{env.HOOK_SECRET}", idempotent: false, settle: 500ms }`);
  const client = await belay.up();
  // Told, answered and noted before the kill: nobody hears of it again.
  await breaks(client, 'calm');
  await eventually(
    () => slack.posts.length + hook.taken.length,
    (count) => count === 2,
    PATIENCE_MS,
  );
  await wait(1_000);
  // Taken, and killed before Belay hears that it was.
  slack.moods.push('taken-but-hangs');
  hook.mood = 'keeps-silent';
  await breaks(client, 'broken');
  await eventually(
    () => slack.posts.length + hook.taken.length,
    (count) => count === 4,
    PATIENCE_MS,
  );
  await belay.end('SIGKILL');
  hook.mood = 'takes';
  await belay.up();
  await eventually(
    () => hook.taken.length,
    (count) => count >= 3,
    PATIENCE_MS,
  );
  await wait(6_000);
  expect(slack.posts.map((post) => post.delivery)).toEqual([...new Set(slack.posts.map((post) => post.delivery))]);
  expect(slack.posts).toHaveLength(2);
  const [told, , ...again] = hook.taken;
  expect(hook.taken.map((one) => one.resent)).toEqual([false, false, true]);
  expect(again.map((one) => one.id)).toEqual([hook.taken[1]?.id]);
  expect(again[0]?.id).not.toBe(told?.id);
}, 150_000);
