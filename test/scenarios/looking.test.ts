// Runbooks that look: what sources already read, asked by checks and kept by `collect`, on real files, real HTTP and the contract servers.
import { appendFileSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { servePage, summary } from '../adapters/status-page/page.ts';
import { START } from '../world/scenes/deploy.ts';
import { BELAY_YAML, playFolder } from '../world/scenes/folder.ts';
import { startSentryApi } from '../world/vendors/sentry-api.ts';

const TOKEN = 'sntrys-token-1234';
const at = (ms: number): string => new Date(START + ms).toISOString();
const line = (ms: number, text: string): string => `${at(ms)} ${text}\n`;
const LOG = `sources:
  app: { driver: log, path: app.log, pattern: '^\\S+ (?<level>[A-Z]+) ', every: 1s }
`;

describe('a log', () => {
  const files = {
    'app.log':
      line(-3_600_000, 'ERROR [WHATSAPP] acme old trouble') +
      line(-120_000, 'ERROR [WHATSAPP] org=acme webhook failed password=hunter2-hunter2') +
      '    at send (whatsapp.js:10)\n' +
      line(-60_000, 'INFO [CRM] org=globex stage moved') +
      line(-30_000, 'ERROR [IDENTITY] org=globex no such person'),
  };
  const steps = `### The lines of the webhook {#lines}
\`\`\`belay collect
from:
  - { probe: log, with: { source: app, last: 10m, contains: "[WHATSAPP]" }, evidence: webhook-log }
  - { probe: log, with: { source: app, last: 10m, org: globex }, evidence: globex-log }
  - { probe: log, with: { source: app, last: 10m, match: 'IDENTITY|identity' }, evidence: identity-log }
  - { probe: log, with: { source: app, last: 10m, match: 'stage moved' }, evidence: stage-log }
  - { probe: log, with: { source: app, lines: 2 }, evidence: last-log }
\`\`\`
`;

  test('is collected by tag, by organization, by pattern and by the last lines: masked, bounded and under its hash [S1-ST-13, S2-ST-09, S2-ST-19]', async () => {
    const one = await playFolder({ yaml: BELAY_YAML + LOG, files, steps });
    await one.run();
    expect(await one.ended('lines')).toMatchObject({ status: 'done', detail: { collected: 5, missing: 0 } });
    expect(await one.kept('webhook-log')).toEqual({
      known: true,
      values: { matched: 1, read: 4, whole: true },
      seen: { lines: [`${at(-120_000)} ERROR [WHATSAPP] org=acme webhook failed password=•••`], leftOut: 0 },
    });
    expect(await one.kept('globex-log')).toMatchObject({ values: { matched: 2 } });
    expect(await one.kept('last-log')).toMatchObject({ values: { matched: 5 }, seen: { leftOut: 3 } });
    expect(JSON.stringify(await one.events())).not.toContain('hunter2');
  });

  test('gives the error lines of the webhook, of identity resolution and of stage moves as evidence of an incident [S4-EV-04, S4-EV-05, S4-EV-06]', async () => {
    const one = await playFolder({ yaml: BELAY_YAML + LOG, files, steps });
    await one.run();
    const kept = await Promise.all(['webhook-log', 'identity-log', 'stage-log'].map((name) => one.kept(name)));
    expect(kept.map((value) => ((value?.['seen'] ?? {}) as { lines: string[] }).lines.map((text) => text.slice(25)))).toEqual([
      ['ERROR [WHATSAPP] org=acme webhook failed password=•••'],
      ['ERROR [IDENTITY] org=globex no such person'],
      ['INFO [CRM] org=globex stage moved'],
    ]);
  });

  test('gives its last 500 lines [S5-ST-91]', async () => {
    const many = Array.from({ length: 1_200 }, (_, n) => line(n - 2_000, `INFO line ${n}`)).join('');
    const one = await playFolder({
      yaml: BELAY_YAML + LOG,
      files: { 'app.log': many },
      steps: '### Last\n```belay collect\nfrom: [{ probe: log, with: { source: app, lines: 500 }, evidence: last }]\n```\n',
    });
    await one.run();
    const seen = (await one.kept('last'))?.['seen'] as { lines: string[]; leftOut: number };
    expect([seen.lines.length, seen.leftOut, seen.lines[0]?.slice(25), seen.lines.at(-1)?.slice(25)]).toEqual([
      500,
      700,
      'INFO line 700',
      'INFO line 1199',
    ]);
  });

  test('of a container is collected from its engine: stdout and stderr, with their times [S5-ST-56]', async () => {
    /** As the engine frames them: stream, three zeros, length, text. */
    const frame = (stream: number, text: string): Buffer => {
      const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
      head.writeUInt32BE(Buffer.byteLength(text), 4);
      return Buffer.concat([head, Buffer.from(text)]);
    };
    const stamped = (ms: number, text: string): string => `${at(ms).replace('Z', '123456Z')} ${text}\n`;
    const asked: string[] = [];
    const socket = path.join(mkdtempSync(path.join(tmpdir(), 'belay-engine-')), 'docker.sock');
    const engine = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (!request.url?.startsWith('/containers/n8n/logs?')) return void response.writeHead(404).end('{"message":"No such container: x"}');
      // A line of 10 bytes, whose length looks like the end of a line, and one that is longer than a byte can say.
      const lines = [
        frame(1, stamped(-90_000, 'INFO up')),
        frame(2, stamped(-60_000, `ERROR token=abcdef ${'x'.repeat(200)}`)),
        frame(1, stamped(-1_000, 'é')),
      ];
      response.end(Buffer.concat(lines));
    });
    await new Promise<void>((resolve) => engine.listen(socket, resolve));
    onTestFinished(() => new Promise<void>((resolve) => engine.close(() => resolve())));
    const one = await playFolder({
      yaml: `${BELAY_YAML}sources:\n  box: { driver: docker, socket: ${socket}, every: 5s }\n`,
      steps:
        '### Logs\n```belay collect\nfrom:\n  - { probe: log, with: { source: box, container: n8n, last: 10m }, evidence: container }\n  - { probe: log, with: { source: box, container: other }, evidence: none }\n  - { probe: log, with: { source: box }, evidence: nameless }\n```\n',
    });
    await one.run();
    const { lines } = ((await one.kept('container')) ?? {})['seen'] as { lines: string[] };
    expect(lines).toEqual([`${at(-90_000)} INFO up`, `${at(-60_000)} ERROR token=••• ${'x'.repeat(200)}`, `${at(-1_000)} é`]);
    expect(asked[0]).toContain(`since=${START / 1_000 - 600}`);
    expect(await one.ended('logs')).toMatchObject({ detail: { collected: 1, missing: 2 } });
  });

  test('that holds bytes which no store can keep is collected all the same', async () => {
    const one = await playFolder({
      yaml: BELAY_YAML + LOG,
      files: { 'app.log': `${line(-1_000, 'ERROR a\u0000b \u202e')}${'😀'.repeat(1_500)}\n` },
      steps: '### Last\n```belay collect\nfrom: [{ probe: log, with: { source: app, last: 10m }, evidence: last }]\n```\n',
    });
    await one.run();
    const { lines } = ((await one.kept('last')) ?? {})['seen'] as { lines: string[] };
    expect(lines[0]?.slice(25)).toBe('ERROR a\ufffdb \u202e');
    expect(lines[1]).toHaveLength(2_000);
    expect(lines.join('')).not.toMatch(/[\0\p{Cs}]/u);
  });

  test('proves that an error is gone once it has been silent for the time that is asked [S5-VE-11, S2-VE-05]', async () => {
    const one = await playFolder({
      yaml: BELAY_YAML + LOG,
      files,
      steps:
        '### Gone\n```belay verify\nall: [{ probe: log, with: { source: app, last: 5m, match: " ERROR " }, expect: "whole && matched == 0" }]\nevery: 30s\ntimeout: 10m\n```\n',
    });
    const began = one.clock.now();
    await one.run();
    expect(await one.ended('gone')).toMatchObject({ status: 'done' });
    expect(one.clock.now() - began).toBeGreaterThanOrEqual(270_000);
    const checks = await one.all('check.recorded');
    expect(checks.at(-1)).toMatchObject({ result: 'pass', values: { matched: 0, whole: true } });
  });

  test('ends a watch when an error appears in it, and what was there before the watch does not count [S3-ST-12]', async () => {
    const one = await playFolder({
      yaml: BELAY_YAML + LOG,
      files,
      steps:
        '### Watch\n```belay watch\nfor: 20m\nevery: 1m\nall: [{ probe: log, with: { source: app, match: " ERROR " }, expect: matched == 0 }]\n```\n',
    });
    void one.clock.sleep(300_000).then(() => appendFileSync(path.join(one.folder, 'app.log'), line(300_000, 'ERROR it broke again')));
    const began = one.clock.now();
    await one.run();
    expect(await one.ended('watch')).toMatchObject({ status: 'failed', detail: { result: 'fail' } });
    expect(one.clock.now() - began).toBeLessThan(600_000);
  });
});

describe("the vendor's status page", () => {
  const yaml = (url: string): string => `${BELAY_YAML}sources:\n  supabase: { driver: status-page, url: ${url}, every: 30s }\n`;
  const steps =
    '### Is it them?\n```belay collect\nfrom:\n  - { probe: vendor.status, with: { source: supabase, component: Database }, evidence: database }\n  - { probe: vendor.status, with: { source: supabase, component: Auth }, evidence: auth }\n  - { probe: vendor.status, with: { source: supabase }, evidence: page }\n```\n';

  test('says whether the database is down there, and which incident they name [S1-ST-11, S1-SY-06]', async () => {
    const components = [
      { name: 'Database', status: 'major_outage' },
      { name: 'Auth', status: 'operational' },
    ];
    const body = JSON.stringify({
      ...(JSON.parse(summary({ indicator: 'critical', components })) as object),
      incidents: [
        { name: 'Database connections fail', status: 'investigating', impact: 'critical', started_at: at(-600_000) },
        { name: 'Over', status: 'resolved', impact: 'minor' },
      ],
    });
    const page = await servePage({ body });
    onTestFinished(page.close);
    const one = await playFolder({ yaml: yaml(page.url), steps });
    await one.run();
    const incidents = [{ name: 'Database connections fail', status: 'investigating', impact: 'critical', since: START - 600_000 }];
    expect(await one.kept('database')).toEqual({
      known: true,
      values: { level: 3, word: 'major_outage', well: false, maintenance: false, incidents: 1 },
      seen: { incidents },
    });
    expect(await one.kept('auth')).toMatchObject({ values: { level: 0, well: true } });
    expect(await one.kept('page')).toMatchObject({ values: { level: 3, word: 'critical' } });
  });

  test.each([
    ['a word that nobody knows', summary({ components: [{ name: 'Database', status: 'on_fire' }] })],
    ['a component that it does not name', summary({ components: [{ name: 'Storage', status: 'operational' }] })],
    ['what is no status page', '<html>'],
  ])('is no evidence that all is well: %s', async (_, body) => {
    const page = await servePage({ body });
    onTestFinished(page.close);
    const one = await playFolder({
      yaml: yaml(page.url),
      steps:
        '### Well\n```belay verify\nall: [{ probe: vendor.status, with: { source: supabase, component: Database }, expect: well }]\ntimeout: 1s\n```\n',
    });
    await one.run();
    expect(await one.ended('well')).toMatchObject({ status: 'failed', detail: { result: 'inconclusive' } });
  });
});

describe('Sentry', () => {
  const yaml = (url: string): string =>
    `${BELAY_YAML}sources:\n  errors: { driver: sentry-api, url: ${url}, organization: shop, token: "{env.SENTRY_TOKEN}", every: 1m }\n`;
  const started = async () => {
    const server = await startSentryApi({ token: TOKEN, organization: 'shop' });
    onTestFinished(server.close);
    for (let minute = 10; minute > 2; minute -= 1) server.state.errors.set(START - minute * 60_000, 5);
    server.state.issues = [
      { id: '1', level: 'error', project: 'web', firstSeenMs: START - 300_000 },
      { id: '2', level: 'fatal', project: 'web', firstSeenMs: START - 7_200_000, lastSeenMs: START - 200_000 },
    ];
    return server;
  };

  test('is collected: errors of the last 30 minutes and the issues, with those that are new [S2-ST-08, S2-ST-17, S3-ST-02]', async () => {
    const server = await started();
    const one = await playFolder({
      yaml: yaml(server.url),
      env: { SENTRY_TOKEN: TOKEN },
      steps: '### Errors\n```belay collect\nfrom: [{ probe: sentry, with: { source: errors, last: 30m }, evidence: sentry }]\n```\n',
    });
    await one.run();
    expect(await one.kept('sentry')).toMatchObject({
      known: true,
      values: { errors: 40, issues: 2, newIssues: 1 },
      seen: {
        isMore: false,
        issues: [
          { id: 'SHOP-1', level: 'error', isNew: true },
          { id: 'SHOP-2', isNew: false },
        ],
      },
    });
    expect(server.refused).toEqual([]);
    expect(JSON.stringify(await one.events())).not.toContain(TOKEN);
  });

  test('proves that errors have stopped, and not before they have; then they stay watched [S3-VE-04, S3-ST-11, S3-SY-01]', async () => {
    const server = await started();
    const one = await playFolder({
      yaml: yaml(server.url),
      env: { SENTRY_TOKEN: TOKEN },
      steps:
        '### Stopped\n```belay verify\nall: [{ probe: sentry, with: { source: errors, last: 3m }, expect: errors == 0 }]\nevery: 30s\ntimeout: 15m\n```\n\n### Stay\n```belay watch\nfor: 10m\nevery: 2m\nall: [{ probe: sentry, with: { source: errors, last: 30m }, expect: errors == 0 }]\n```\n',
    });
    await one.run();
    const began = (await one.all('check.recorded')).find((check) => check.result === 'pass');
    expect(began).toMatchObject({ values: { errors: 0 } });
    expect(await one.ended('stopped')).toMatchObject({ status: 'done' });
    // The five bad minutes before it lie outside: a watch sees what is new.
    expect(await one.ended('stay')).toMatchObject({ status: 'done', detail: { result: 'pass' } });
    expect(server.refused).toEqual([]);
  });

  test('that cannot be asked is inconclusive, and the token stands nowhere [S2-SY-01]', async () => {
    const server = await started();
    server.mood = 'forbidden';
    const one = await playFolder({
      yaml: yaml(server.url),
      env: { SENTRY_TOKEN: TOKEN },
      steps: '### Stopped\n```belay verify\nall: [{ probe: sentry, with: { source: errors }, expect: errors == 0 }]\ntimeout: 1s\n```\n',
    });
    await one.run();
    expect(await one.ended('stopped')).toMatchObject({ status: 'failed', detail: { result: 'inconclusive' } });
    expect(JSON.stringify(await one.events())).not.toContain(TOKEN);
  });
});
