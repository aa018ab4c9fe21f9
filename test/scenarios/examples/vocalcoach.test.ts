// The triggers of examples/vocalcoach over a real metrics page, a real log file, Sentry's webhook, and figures that the product sends.
import { createHmac } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Mapping, samplesOf } from '../../../src/cli/send/samples.ts';
import { readTable } from '../../../src/cli/send/table.ts';
import { senderEn } from '../../../src/cli/sender-words-en.ts';
import { startMailbox } from '../../world/parts/mailbox.ts';
import { type MetricsPage, serveMetrics } from '../../world/parts/metrics-page.ts';
import { openIncidents } from './incidents.ts';
import { type ExampleWorld, openExample, START } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let page: MetricsPage;
let folder: string;
let world: ExampleWorld;
beforeEach(async () => {
  page = await serveMetrics();
  folder = mkdtempSync(path.join(tmpdir(), 'belay-vocal-'));
});
afterEach(async () => {
  await (world as ExampleWorld | undefined)?.close();
  await page.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(...sources: readonly string[]): Promise<void> {
  await openWith({}, sources);
}

async function openWith(env: Readonly<Record<string, string>>, sources: readonly string[]): Promise<void> {
  const own = { API_URL: page.url, API_LOG: path.join(folder, 'api.log'), SENTRY_HOOK_SECRET: 's' };
  world = await openExample('vocalcoach', { ...own, ...env }, sources);
}

test('the mean latency is above 500 ms for five minutes: told; two minutes of it are not [S2-TR-01]', async () => {
  await open('api');
  const serve = async (minutes: number, seconds: number): Promise<void> => {
    for (let step = 0; step < minutes * 4; step += 1) {
      page.add('http_request_duration_seconds_count', { route: '/lesson' }, 20);
      page.add('http_request_duration_seconds_sum', { route: '/lesson' }, 20 * seconds);
      await world.pass(MINUTE / 4);
    }
  };
  await serve(8, 0.2);
  await serve(2, 0.7);
  await serve(6, 0.2);
  expect(await world.path('latency-high')).toEqual([]);
  await serve(6, 0.9);
  expect(await world.path('latency-high')).toEqual(['ok→suspect', 'suspect→suspect']);
});

test('more than 1 % of the lines of the log are errors within five minutes: a breach [S2-TR-04]', async () => {
  const file = path.join(folder, 'api.log');
  writeFileSync(file, '');
  await open('api-log');
  const write = async (minutes: number, good: number, bad: number): Promise<void> => {
    for (let step = 0; step < minutes * 4; step += 1) {
      const line = (level: string): string => `${JSON.stringify({ level, route: '/lesson', msg: 'x' })}\n`;
      appendFileSync(file, line('info').repeat(good) + line('error').repeat(bad));
      await world.pass(MINUTE / 4);
    }
  };
  await write(7, 200, 1);
  expect(await world.path('errors-1-percent')).toEqual([]);
  await write(3, 200, 10);
  expect(await world.state('errors-1-percent')).toBe('breached, act');
});

test('one crash in production is an event: a breach, once, however often it is told [S2-TR-05]', async () => {
  await open('crashes');
  await world.pass(MINUTE);
  const crash = async (level: string, id: string): Promise<void> => {
    const body = {
      action: 'triggered',
      data: { event: { event_id: id, issue_id: '1', level, project: 7, datetime: new Date(world.time.now()).toISOString() } },
    };
    const signature = createHmac('sha256', 's').update(JSON.stringify(body)).digest('hex');
    const headers = {
      'sentry-hook-resource': 'event_alert',
      'sentry-hook-timestamp': String(Math.floor(world.time.now() / 1_000)),
      'sentry-hook-signature': signature,
    };
    expect(await world.send('crashes', body, { headers })).toBeLessThan(300);
  };
  await crash('error', 'a');
  await world.pass(3 * MINUTE);
  expect(await world.path('crash-in-production')).toEqual([]);
  await crash('fatal', 'b');
  await crash('fatal', 'b');
  await world.pass(3 * MINUTE);
  expect(await world.path('crash-in-production')).toEqual(['ok→suspect', 'suspect→breached']);
});

test('data loss is reported by people; two of them, or one who may approve, are enough to act on [S2-TR-06]', async () => {
  await open();
  await world.report('data-loss', 'ana', 'on-call');
  expect(await world.state('data-loss')).toBe('suspect, suspect');
  await world.report('data-loss', 'bia', 'support');
  await world.pass(2_000);
  expect(await world.state('data-loss')).toBe('breached, act');
});

test('an NPS below six over a week asks, and never acts alone [S2-TR-07]', async () => {
  await open('product');
  const ask = async (days: number, score: number): Promise<void> => {
    for (let hour = 0; hour < days * 12; hour += 1) {
      const sample = (name: string, delta: number) => ({ kind: 'delta' as const, name, labels: {}, at: world.time.now(), delta });
      await world.push([sample('nps_score_sum', 5 * score + (hour % 3)), sample('nps_score_count', 5)]);
      await world.time.leap(2 * HOUR);
    }
  };
  await ask(8, 8);
  expect(await world.path('nps-low')).toEqual([]);
  await ask(6, 3);
  expect(await world.path('nps-low')).toEqual(['ok→suspect', 'suspect→suspect']);
});

test('a survey and a day of lessons that come as files count as if they had been told hour by hour, and once [S2-TR-07] [S2-TR-08]', async () => {
  await open('product');
  const hours = Array.from({ length: 9 * 24 }, (_, hour) => START - (9 * 24 - hour) * 3_600_000);
  const survey = ['data;nota', ...hours.flatMap((at) => [`${at};4,5`, `${at};${at % 7 === 0 ? '8,0' : '3,5'}`])].join('\r\n');
  const lessons = hours.map((at) => JSON.stringify({ at, lessons_started: 20, lessons_abandoned: at < START - DAY ? 1 : 12 })).join('\n');
  const send = async (text: string, mapping: Partial<Mapping>): Promise<void> => {
    const table = readTable(new TextEncoder().encode(text));
    const { samples, problems } = samplesOf(
      table,
      { count: {}, mean: {}, label: {}, at: null, decimal: table.decimal, ...mapping },
      { digest: text.slice(0, 9), words: senderEn },
    );
    expect(problems).toEqual([]);
    await world.push(samples.map((one) => ({ kind: 'delta', at: START, ...one })));
  };
  for (let again = 0; again < 2; again += 1) {
    await send(survey, { mean: { nota: 'nps_score' }, at: 'data' });
    await send(lessons, { count: { lessons_started: 'lessons_started', lessons_abandoned: 'lessons_abandoned' }, at: 'at' });
  }
  await world.pass(MINUTE);
  expect(await world.state('nps-low')).toMatch(/^suspect/);
  // What began to be watched just now asks first.
  expect(await world.state('abandonment-high')).toBe('suspect, act');
  const counted = (await world.detector.readings.views('abandonment-high'))[0]?.all ?? 0;
  expect(Math.abs(counted - 24 * 20)).toBeLessThanOrEqual(2 * 20);
});

test('more than 30 % of the lessons of a day are abandoned: a breach [S2-TR-08]', async () => {
  await open('product');
  const teach = async (hours: number, abandoned: number): Promise<void> => {
    for (let hour = 0; hour < hours; hour += 1) {
      const sample = (name: string, delta: number) => ({ kind: 'delta' as const, name, labels: {}, at: world.time.now(), delta });
      await world.push([sample('lessons_started', 20), sample('lessons_abandoned', abandoned)]);
      await world.time.leap(HOUR);
    }
  };
  await teach(30, 5);
  expect(await world.path('abandonment-high')).toEqual([]);
  await teach(14, 12);
  expect(await world.state('abandonment-high')).toBe('breached, act');
  expect(DAY).toBe(world.system.triggers.find((one) => one.id === 'abandonment-high')?.breach?.overMs);
});

test('critical feedback is reported by those who hear it, and by nobody else [S2-TR-09]', async () => {
  await open();
  await expect(world.report('bad-feedback', 'eve', 'guest')).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
  await world.report('bad-feedback', 'ana', 'product');
  expect((await world.path('bad-feedback'))[0]).toBe('ok→suspect');
});

test.each([
  ['data that is lost', 'data-loss', 'cenario-dados'],
  ['critical feedback', 'bad-feedback', 'cenario-bug-critico'],
] as const)(
  '%s, reported by one person, calls the commander to its scenario by a real mail, and begins nothing',
  async (_what, trigger, runbook) => {
    const mailbox = await startMailbox();
    await openWith({ SMTP_HOST: '127.0.0.1', SMTP_PORT: String(mailbox.port) }, []);
    const people = await openIncidents(world);
    try {
      expect((await people.report(trigger, 'bia')).status).toBe(201);
      await people.pass(2_000);
      const [incident, ...others] = await people.incidents();
      if (incident === undefined) throw new Error('there is no incident');
      expect({ others, runbook: incident.runbook, phase: incident.phase }).toEqual({ others: [], runbook, phase: 'triage' });
      const asked = Object.values(incident.approvals).flatMap((one) => (one.state === 'open' ? one.from : []));
      expect(asked).toEqual(['commander']);
      expect((await people.events(incident)).some((event) => event.type === 'step.started')).toBe(false);
      await expect.poll(() => mailbox.mails.map((mail) => mail.to.join())).toContain('plantao@vocalcoach.ai');
    } finally {
      people.close();
      await mailbox.close();
    }
  },
);
