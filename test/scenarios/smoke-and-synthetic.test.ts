// Runbooks that prove by trying: suites of tests as processes, and synthetic customers against a small service with real HTTP.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startMessageService } from '../world/parts/message-service.ts';
import { START } from '../world/scenes/deploy.ts';
import { BELAY_YAML, type FolderPlay, folderOf, playFolder } from '../world/scenes/folder.ts';

const PASSWORD = 'agent-pass-77';
const last = async (one: FolderPlay) => (await one.all('check.recorded')).at(-1);
const verify = (check: string, timeout = '1s'): string =>
  `### Prove\n\`\`\`belay verify\nall: [${check}]\nevery: 1s\ntimeout: ${timeout}\n\`\`\`\n`;

describe('a suite', () => {
  const suites = (more: string, argv = 'node, smoke.cjs'): string =>
    `${BELAY_YAML}secrets:\n  api: { driver: env, variable: API_KEY }\nsuites:\n  smoke: { argv: [${argv}], cwd: app, against: production, readOnly: true, ${more} }\n`;
  /** What `npm test` runs: it says what it sees, and how many of its tests pass. */
  const app = (results: string, end: string): Readonly<Record<string, string>> => ({
    'app/package.json': JSON.stringify({ name: 'app', version: '1.0.0', scripts: { test: 'node smoke.cjs' } }),
    'app/smoke.cjs': `console.log(${JSON.stringify(results)});\nconsole.error('key', process.env.KEY, 'home', process.env.SECRET_HOME);\n${end}`,
  });
  const smoke = '{ probe: smoke, with: { suite: smoke }, expect: "ok && failed == 0" }';
  const env = { API_KEY: 'key-of-the-api-1' };

  test('of npm test passes as a step of a runbook, with its counts; its secret reaches it and nobody else [S1-VE-01]', async () => {
    const one = await playFolder({
      yaml: suites('report: tap, env: { KEY: "{secret.api}" }', 'npm, test, --silent'),
      env,
      files: app('1..3\nok 1\nok 2\nok 3 # SKIP', ''),
      steps: `${verify(smoke)}\n### Keep\n\`\`\`belay collect\nfrom: [{ probe: smoke, with: { suite: smoke }, evidence: smoke }]\n\`\`\`\n`,
    });
    await one.run();
    expect(await last(one)).toMatchObject({ result: 'pass', values: { ok: true, exit: 0, passed: 2, failed: 0, skipped: 1 } });
    const tail = (((await one.kept('smoke')) ?? {})['seen'] as { tail: string }).tail;
    expect(tail).toContain('key •••');
    expect(tail).toContain('home undefined');
    expect(JSON.stringify(await one.events())).not.toContain(env.API_KEY);
  });

  test.each<readonly [string, string, string, string, string]>([
    ['one test of it fails', 'report: tap', '1..2\nok 1\nnot ok 2', 'process.exitCode = 1;', 'fail'],
    ['it ends with a code although all passed', 'report: tap', '1..1\nok 1', 'process.exitCode = 3;', 'fail'],
    ['its report says a failure although it ends with 0', 'report: tap', '1..2\nok 1\nnot ok 2', '', 'fail'],
    ['nothing was tested', 'report: tap', '1..0 # SKIP no tests', '', 'fail'],
    ['it breaks off', 'report: tap', '1..9\nok 1', '', 'inconclusive'],
    ['its time is over', 'report: tap, timeout: 1s', '1..1', 'setInterval(() => {}, 1000);', 'inconclusive'],
    ['its report is that of an earlier run', 'report: vitest, reportFile: old.json', '', '', 'inconclusive'],
  ])(
    'does not pass when %s',
    async (_, more, results, end, result) => {
      const one = await playFolder({
        yaml: suites(more),
        env,
        files: { ...app(results, end), 'app/old.json': '{"numTotalTests":1,"numPassedTests":1,"numFailedTests":0}' },
        steps: verify(smoke),
      });
      await one.run();
      expect((await last(one))?.result).toBe(result);
      expect(await one.ended('prove')).toMatchObject({ status: 'failed' });
    },
    20_000,
  );

  test('against staging that must be whole is a precondition: a skipped or failed test stops the run before it begins [S4-GU-03]', async () => {
    const yaml = `${BELAY_YAML}suites:\n  staging: { argv: [node, smoke.cjs], cwd: app, against: staging, report: vitest, reportFile: report.json }\n`;
    const script = (report: object): Readonly<Record<string, string>> => ({
      'app/smoke.cjs': `require('node:fs').writeFileSync('report.json', ${JSON.stringify(JSON.stringify(report))} + ' '.repeat(process.pid % 100));`,
    });
    const front =
      'require:\n  - { id: staging, text: "All smoke tests passed on staging", probe: smoke, with: { suite: staging }, expect: "ok && skipped == 0" }\n';
    const all = { numTotalTests: 2, numPassedTests: 2, numFailedTests: 0, success: true };
    const good = await playFolder({ yaml, front, files: script(all), steps: '### Look\n- [ ] Seen\n' });
    await good.run();
    expect((await good.incident()).tasks).toMatchObject({ look: {} });
    for (const more of [
      { numPassedTests: 1, numPendingTests: 1 },
      { numPassedTests: 1, numFailedTests: 1, success: false },
    ]) {
      const bad = await playFolder({ yaml, front, files: script({ ...all, ...more }), steps: '### Look\n- [ ] Seen\n' });
      await expect(bad.run()).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED', message: expect.stringContaining('staging') });
    }
  });

  test('against production that does not say that it only reads is refused by the lint; against staging it need not [S1-GU-02]', () => {
    const told = (suite: string) =>
      folderOf({ yaml: `${BELAY_YAML}suites:\n  smoke: { argv: [npm, test], ${suite} }\n`, steps: verify(smoke) })
        .loaded()
        .diagnostics.map((one) => one.rule);
    expect(told('against: production')).toEqual(['smoke-readonly']);
    expect(told('against: production, readOnly: true')).toEqual([]);
    expect(told('against: staging')).toEqual([]);
  });

  test('whose arguments look like options and shell text get them as they are', async () => {
    const words = ['$(touch pwned)', '--', '-rf', '; rm x', "it's"];
    const one = await playFolder({
      yaml: `${BELAY_YAML}suites:\n  smoke: { argv: [node, echo.cjs, ${words.map((word) => JSON.stringify(word)).join(', ')}], against: staging }\n`,
      files: { 'echo.cjs': "require('node:fs').writeFileSync('argv.json', JSON.stringify(process.argv.slice(2)));" },
      steps: verify(smoke),
    });
    await one.run();
    expect(JSON.parse(readFileSync(path.join(one.folder, 'argv.json'), 'utf8'))).toEqual(words);
  });
});

describe('a synthetic customer', () => {
  const channel = (url: string, name: string, steps: string): string =>
    `  ${name}:\n    timeout: 2s\n    steps:\n${steps.replaceAll('{url}', url)}`;
  const message = (where: string): string =>
    `post: "{url}/webhook/${where}", json: { id: "{run}", from: "{run}", text: "hello {run}" }, expect: "status == 202 || status == 200"`;
  const found = 'get: "{url}/conversations?from={run}", within: 1s, every: 50ms';
  const once = (where: string): string =>
    `      - { name: send, ${message(where)} }\n      - { name: answered, ${found}, expect: 'json.count == 1 && json.last.answer.startsWith("we heard: hello belay-") && json.last.channel == "${where}"' }\n`;
  const twice =
    `      - { name: send, ${message('whatsapp')} }\n      - { name: stored, ${found}, expect: json.count == 1 }\n      - { name: send again, ${message('whatsapp')} }\n` +
    '      - { name: still one, get: "{url}/conversations?from={run}", for: 200ms, every: 50ms, expect: json.count == 1 }\n';
  const dashboard =
    '      - { name: log in, post: "{url}/login", form: { user: agent, password: "{secret.agent}" }, save: { session: header.set-cookie }, expect: status == 200 }\n' +
    '      - { name: data, get: "{url}/dashboard/data", headers: { cookie: "{saved.session}" }, expect: "status == 200 && json.rows.size() > 0" }\n';

  const world = async (steps: string) => {
    const service = await startMessageService(PASSWORD);
    onTestFinished(service.close);
    const yaml =
      `${BELAY_YAML}secrets:\n  agent: { driver: env, variable: AGENT_PASSWORD }\nsynthetics:\n` +
      channel(service.url, 'instagram', once('instagram')) +
      channel(service.url, 'whatsapp', once('whatsapp')) +
      channel(service.url, 'twice', twice) +
      channel(service.url, 'dashboard', dashboard);
    const one = await playFolder({ yaml, env: { AGENT_PASSWORD: PASSWORD }, steps });
    return { service, one };
  };
  const check = (name: string): string => `{ probe: synthetic, with: { synthetic: ${name} }, expect: ok }`;
  test('sends a message over Instagram and over WhatsApp and finds it answered, the same id twice is one conversation: only then is it closed [S4-VE-10, S4-VE-11, S4-VE-12]', async () => {
    const { service, one } = await world(verify([check('instagram'), check('whatsapp'), check('twice')].join(', ')));
    await one.run();
    expect(await one.ended('prove')).toMatchObject({ status: 'done' });
    expect(service.conversations.map((conversation) => conversation.channel).toSorted()).toEqual(['instagram', 'whatsapp', 'whatsapp']);
    await expect.poll(async () => (await one.incident()).phase).toBe('resolved');
  });

  test('over Instagram is answered end to end, and told at its step where the service takes messages and loses them [S4-SY-01, S5-VE-07]', async () => {
    const { service, one } = await world(verify(check('instagram')));
    service.faults.loses = true;
    await one.run();
    expect(await one.ended('prove')).toMatchObject({ status: 'failed' });
    expect(await last(one)).toMatchObject({ result: 'fail', values: { ok: false, passed: 1, steps: 2, failedAt: 'answered' } });
  }, 20_000);

  test('finds out that a message which is delivered twice makes two conversations [S4-VE-12]', async () => {
    const { service, one } = await world(verify(check('twice')));
    service.faults.doubles = true;
    await one.run();
    expect(await last(one)).toMatchObject({ result: 'fail', values: { ok: false, failedAt: 'still one' } });
  });

  test('logs in and sees that the main dashboard loads data; an empty one, and a login that fails, are told; the password is nowhere [S3-VE-03]', async () => {
    const { service, one } = await world(
      `${verify(check('dashboard'))}\n### Keep\n\`\`\`belay collect\nfrom: [{ probe: synthetic, with: { synthetic: dashboard }, evidence: dashboard }]\n\`\`\`\n`,
    );
    await one.run();
    expect(await one.ended('prove')).toMatchObject({ status: 'done' });
    expect(await one.kept('dashboard')).toMatchObject({ values: { ok: true, passed: 2 } });
    for (const [change, failedAt] of [
      [{ empty: true }, 'data'],
      [{ loginStatus: 500 }, 'log in'],
    ] as const) {
      const other = await world(verify(check('dashboard')));
      Object.assign(other.service.faults, change);
      await other.one.run();
      expect(await last(other.one)).toMatchObject({ result: 'fail', values: { failedAt } });
      expect(JSON.stringify(await other.one.events())).not.toContain(PASSWORD);
    }
    expect(JSON.stringify(await one.events())).not.toContain(PASSWORD);
    expect(service.conversations).toEqual([]);
  });

  test('that sends is no guard, because a guard is asked for every plan; one that only looks may be', () => {
    const told = (method: string) =>
      folderOf({
        yaml: `${BELAY_YAML}synthetics:\n  a:\n    steps:\n      - { name: a, ${method}: "http://a/", expect: status == 200 }\n`,
        front: 'require:\n  - { id: well, text: "It works", probe: synthetic, with: { synthetic: a }, expect: ok }\n',
        steps: '### Look\n- [ ] Seen\n',
      })
        .loaded()
        .diagnostics.map((one) => one.rule);
    expect([told('get'), told('post')]).toEqual([[], ['guard-sends']]);
  });

  test('that names what no step saved, or a condition that is none, is told at its place', () => {
    const { loaded } = folderOf({
      yaml: `${BELAY_YAML}synthetics:\n  a:\n    steps:\n      - { name: a, get: "http://a/{saved.token}", expect: statuss == 200 }\n      - { name: b, get: nowhere, expect: status == 200 }\n`,
      steps: '### Look\n- [ ] Seen\n',
    });
    expect(loaded().diagnostics.map((one) => `${one.line} ${one.rule}`)).toEqual(['12 unknown-ref', '12 condition', '13 wrong-type']);
  });
});

describe('technical checklists', () => {
  test('services up, data intact, metrics normal and logs clean are four steps of one runbook, proven in this order [S2-VE-02, S2-VE-03, S2-VE-04]', async () => {
    const service = await startMessageService(PASSWORD);
    onTestFinished(service.close);
    const yaml =
      `${BELAY_YAML}sources:\n  app: { driver: log, path: app.log, pattern: '^\\S+ (?<level>[A-Z]+) ', every: 1s }\n  metrics: { driver: prometheus, url: ${service.url}/metrics, every: 1s }\n` +
      `suites:\n  data: { argv: [node, data.cjs], against: production, readOnly: true, report: tap }\n`;
    const steps = [
      `### Services up {#up}\n\`\`\`belay verify\nall: [{ probe: http, with: { url: "${service.url}/conversations", times: 3 }, expect: ok == tried }]\ntimeout: 5s\n\`\`\``,
      '### Data intact {#data}\n```belay verify\nall: [{ probe: smoke, with: { suite: data }, expect: ok }]\ntimeout: 5s\n```',
      '### Metrics normal {#metrics}\n```belay verify\nall: [{ probe: metric, with: { trigger: http-5xx }, expect: value < 0.02 }]\ntimeout: 5s\n```',
      '### Logs clean {#logs}\n```belay verify\nall: [{ probe: log, with: { source: app, last: 5m, match: " (ERROR|FATAL) " }, expect: matched == 0 }]\ntimeout: 5s\n```',
    ].join('\n\n');
    const files = {
      'app.log': `${new Date(START - 60_000).toISOString()} INFO ready\n`,
      'data.cjs':
        "const rows = require('node:fs').readFileSync('rows.csv', 'utf8').trim().split('\\n').length;\nconsole.log('1..1');\nconsole.log(rows === 3 ? 'ok 1 - three rows' : 'not ok 1 - ' + rows);\nprocess.exitCode = rows === 3 ? 0 : 1;\n",
      'rows.csv': '1\n2\n3\n',
    };
    const trigger = `signals:\n  http.errors: { ratio: { bad: 'errors', all: 'requests' } }\ntriggers:\n  http-5xx:\n    signal: http.errors\n    breach: { above: 2%, over: 1m }\n    clear: { below: 1%, for: 1m }\n`;
    const one = await playFolder({ yaml: yaml + trigger, files, steps });
    await one.run();
    expect((await one.all('step.finished')).map((event) => `${event.step} ${event.status}`)).toEqual([
      'up done',
      'data done',
      'metrics done',
      'logs done',
    ]);
    const lost = await playFolder({ yaml: yaml + trigger, files, steps });
    writeFileSync(path.join(lost.folder, 'rows.csv'), '1\n2\n');
    await lost.run();
    expect((await lost.all('step.finished')).map((event) => `${event.step} ${event.status}`)).toEqual(['up done', 'data failed']);
  }, 20_000);
});
