// Runbooks that look at what is near: sources that need not be there, backups, what people say, health pages and the machine itself.
import { utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { START } from '../world/scenes/deploy.ts';
import { BELAY_YAML, folderOf, playFolder } from '../world/scenes/folder.ts';
import { startVendor } from '../world/vendors/vendor-server.ts';

const LOG = `sources:
  app: { driver: log, path: app.log, pattern: '^\\S+ (?<level>[A-Z]+) ', every: 1s }
`;

describe('what need not be there', () => {
  const watching = (probe: string): string =>
    `### Watch\n\`\`\`belay watch\nfor: 5m\nevery: 1m\nall:\n  - { probe: log, with: { source: app }, expect: matched == 0 }\n  - ${probe}\n\`\`\`\n`;
  const datadog = '{ probe: sample, with: { source: datadog, name: cpu, optional: true }, expect: value < 0.9 }';

  test('is passed over where nobody configured it, and said so; the rest must still hold [S3-ST-13, S3-SY-11, S3-SY-12]', async () => {
    const one = await playFolder({ yaml: BELAY_YAML + LOG, files: { 'app.log': '' }, steps: watching(datadog) });
    await one.run();
    expect(await one.ended('watch')).toMatchObject({ status: 'done', detail: { result: 'pass' } });
    expect((await one.all('check.recorded')).find((check) => check.probe === 'sample')).toMatchObject({
      result: 'inconclusive',
      reason: 'datadog is not configured',
    });
  });

  test('counts as any other where it is configured', async () => {
    const page = await startVendor(() => ({ status: 200 }));
    onTestFinished(page.close);
    page.mood = 'error-500';
    const yaml = `${BELAY_YAML}${LOG}  datadog: { driver: prometheus, url: ${page.url}, every: 1m }\n`;
    const one = await playFolder({ yaml, files: { 'app.log': '' }, steps: watching(datadog) });
    await one.run();
    expect(await one.ended('watch')).toMatchObject({ status: 'failed', detail: { result: 'inconclusive' } });
  });

  test('alone proves nothing', async () => {
    const one = await playFolder({
      yaml: BELAY_YAML,
      steps: `### Only\n\`\`\`belay verify\nall: [${datadog}]\ntimeout: 1s\n\`\`\`\n`,
    });
    await one.run();
    expect(await one.ended('only')).toMatchObject({ status: 'failed', detail: { result: 'inconclusive' } });
  });

  test('must be spelt as a source of the right driver where it is not optional', () => {
    const { loaded } = folderOf({
      yaml: BELAY_YAML + LOG,
      steps:
        '### A\n```belay collect\nfrom:\n  - { probe: log, with: { source: ap } }\n  - { probe: sentry, with: { source: app } }\n```\n',
    });
    expect(loaded().diagnostics.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([
      'unknown-source: there is no source ap',
      'wrong-argument: source is "app", whose driver is log',
    ]);
  });
});

describe('a backup', () => {
  const yaml = `${BELAY_YAML}sources:\n  dumps: { driver: files, folder: dumps, match: "crm-{org}-*.dump", least: 4, every: 1m }\n`;
  const front =
    'require:\n  - { id: backup, text: "A backup of the last 24 hours", probe: backup, with: { source: dumps, newerThan: 24h }, expect: fresh }\n';
  const dump = (one: { readonly folder: string }, name: string, agoMs: number): void => {
    writeFileSync(path.join(one.folder, 'dumps', name), 'PGDMP');
    utimesSync(path.join(one.folder, 'dumps', name), (START - agoMs) / 1_000, (START - agoMs) / 1_000);
  };

  test('that is recent of every organization is demanded before anything begins, with its age written down [S3-GU-08]', async () => {
    const one = await playFolder({ yaml, front, files: { 'dumps/readme': '-' }, steps: '### Look\n- [ ] Looked\n' });
    const refused = { code: 'BELAY_GUARD_REFUSED', message: expect.stringContaining('backup') };
    await expect(one.run()).rejects.toMatchObject(refused);
    dump(one, 'crm-acme-1.dump', 3_600_000);
    dump(one, 'crm-globex-1.dump', 30 * 3_600_000);
    await expect(one.run()).rejects.toMatchObject(refused);
    dump(one, 'crm-globex-2.dump', 23 * 3_600_000);
    await one.run();
    expect((await one.incident()).tasks).toMatchObject({ look: {} });
  });

  test('without an age is no precondition: the lint wants it', () => {
    const { loaded } = folderOf({ yaml, front: front.replace(', newerThan: 24h', ''), steps: '### Look\n- [ ] Looked\n' });
    expect(loaded().diagnostics.map(({ rule }) => rule)).toEqual(['missing-argument']);
  });
});

describe('what people say', () => {
  test('is collected: how many of them reported it, and of which organization [S2-ST-18]', async () => {
    const yaml = `${BELAY_YAML.replace('people:\n', 'people:\n  bia: { name: Bia, roles: [commander] }\n')}signals:\n  broken: { manual: { who: [commander], ask: "Is it broken?" }, by: org }\ntriggers:\n  broken: { signal: broken, scope: org }\n`;
    const one = await playFolder({
      yaml,
      detects: true,
      steps:
        '### Words\n```belay collect\nfrom:\n  - { probe: reports, with: { trigger: broken }, evidence: all-words }\n  - { probe: reports, with: { trigger: broken, org: globex }, evidence: globex-words }\n```\n',
    });
    for (const person of ['ana', 'bia']) {
      const caller = { person, roles: ['commander'] };
      await one.commands.report(caller, { trigger: 'broken', scope: 'acme', text: 'the calendar is empty' });
    }
    await one.run();
    expect(await one.kept('all-words')).toMatchObject({ values: { people: 2, open: true }, seen: { scopes: [{ scope: 'acme' }] } });
    expect(await one.kept('globex-words')).toMatchObject({ values: { people: 0, open: false } });
  });
});

describe('health and the machine', () => {
  test('/health is exactly {"status":"healthy"}: with one key more, or another word, it is not [S3-ST-01, S3-VE-01]', async () => {
    let body: unknown = { status: 'healthy', uptime: 3 };
    const app = await startVendor(() => ({ status: 200, json: body }));
    onTestFinished(app.close);
    const one = await playFolder({
      yaml: BELAY_YAML,
      steps: `### Healthy\n\`\`\`belay verify\nall:\n  - { probe: http, with: { url: "${app.url}/health", timeout: 2s, json: { status: healthy } }, expect: 'status == 200 && equal && json.status == "healthy"' }\nevery: 10s\ntimeout: 2m\n\`\`\`\n`,
    });
    void one.clock.sleep(25_000).then(() => {
      body = { status: 'sick' };
    });
    void one.clock.sleep(45_000).then(() => {
      body = { status: 'healthy' };
    });
    const began = one.clock.now();
    await one.run();
    expect(await one.ended('healthy')).toMatchObject({ status: 'done' });
    expect(one.clock.now() - began).toBeGreaterThanOrEqual(45_000);
  });

  test('the machine is looked at, as shares [S2-ST-10]', async () => {
    const one = await playFolder({
      yaml: BELAY_YAML,
      steps: '### Machine\n```belay collect\nfrom: [{ probe: host, with: { path: / }, evidence: machine }]\n```\n',
    });
    await one.run();
    const values = ((await one.kept('machine'))?.['values'] ?? {}) as Record<string, number>;
    for (const name of ['cpu', 'memory', 'disk']) expect(values[name]).toSatisfy((share: number) => share >= 0 && share <= 1);
    expect(values['memory']).toBeGreaterThan(0);
  });

  test('a person logs in, ticks that they did, and the run goes on [S3-VE-02]', async () => {
    const one = await playFolder({ yaml: BELAY_YAML, steps: '### Log in\n- [ ] The manual login works\n' });
    await one.run();
    expect((await one.incident()).tasks).toMatchObject({ 'log-in': {} });
    await one.commands.answer(
      { person: 'ana', roles: ['commander'] },
      { incident: 'INC-1', step: 'log-in', ticks: ['The manual login works'], key: 'a' },
    );
    await one.until((incident) => incident.phase === 'resolved');
    expect(await one.all('checklist.ticked')).toMatchObject([{ item: 'The manual login works', by: 'ana' }]);
  });
});
