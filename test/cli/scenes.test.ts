// `belay test` as it is typed: what it prints, how it ends, and that it needs nothing that belay.yaml takes from the environment.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { belay, temporaryFolder } from './belay.ts';

const YAML = `belay: 1
name: Shop
zone: America/Sao_Paulo
organizations: { acme: { name: ACME }, globex: { name: Globex } }
sources: { app: { driver: prometheus, url: "{env.SHOP_URL}/metrics", every: 15s } }
signals:
  http.errors: { ratio: { bad: 'http_requests_total{code=~"5.."}', all: http_requests_total }, by: [org], sources: [app] }
triggers:
  http-5xx:
    signal: http.errors
    scope: org
    breach: { above: 2%, over: 5m }
    clear: { below: 1%, for: 5m }
`;
const scenes = (expected: string): string => `scenes:
  - name: ACME breaks
    trigger: http-5xx
    traffic:
      0m: 300/min
      10m: { acme: 300/min 10% }
    expect:
      20m: { acme: ${expected}, globex: ok }
`;

function shop(files: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  writeFileSync(join(folder.path, 'belay.yaml'), YAML);
  mkdirSync(join(folder.path, 'tests'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, 'tests', name), text);
  return { ...folder, test: (...args: readonly string[]) => belay(['test', ...args, '--plain'], { cwd: folder.path }) };
}

test('scenes that hold end with 0', async () => {
  const folder = shop({ 'a.scene.yaml': scenes('breached') });
  const told = await folder.test();
  expect([told.code, told.err]).toEqual([0, '']);
  expect(told.out).toContain('+ ACME breaks (http-5xx, 2 of 2 moments)');
  expect(told.out).toContain('1 of 1 scenes hold');
  folder.remove();
});

test('the first wrong moment ends with 1, its place and why it is so, in both languages and as JSON', async () => {
  const folder = shop({ 'a.scene.yaml': scenes('ok') });
  const told = await folder.test();
  expect(told.code).toBe(1);
  expect(told.out).toContain('tests/a.scene.yaml:8:20');
  expect(told.out).toContain('after 20m, ACME must be: ok');
  expect(told.out).toContain('but it is: breached');
  expect(told.out).toMatch(/http-5xx \(ACME\) is breached since 00:1\d/);
  expect(told.out).toContain('0 of 1 scenes hold');
  expect((await folder.test('--lang', 'pt-BR')).out).toContain('mas está: breached');
  const json = (await folder.test('--json')).json<{ ok: boolean; scenes: readonly { moments: readonly unknown[] }[] }>();
  expect(json.ok).toBe(false);
  expect(json.scenes[0]?.moments[0]).toMatchObject({
    atMs: 1_200_000,
    scope: 'acme',
    expected: 'ok',
    found: 'breached',
    ok: false,
    level: 'act',
  });
  folder.remove();
});

test('a mistake in a file, and a folder without scenes, end with 2', async () => {
  const folder = shop({ 'a.scene.yaml': scenes('broken') });
  const told = await folder.test();
  expect([told.code, told.err.includes('tests/a.scene.yaml:8:20')]).toEqual([2, true]);
  folder.remove();
  const empty = shop({});
  const none = await empty.test();
  expect([none.code, none.err.includes('There are no scenes')]).toEqual([2, true]);
  empty.remove();
});

test('a decision that is wrong ends with 1, with what is decided and the answers of the open guards, as text and as JSON', async () => {
  const target = `targets:
  shop: { driver: release-directory, root: shop, pidFile: shop/run.pid, signal: SIGHUP, versionUrl: "{env.SHOP_URL}/version" }
`;
  const runbook = `---
belay: 1
id: back
title: Back
triggers: [http-5xx]
start: auto
---

# Back

## Roll back

### Put the release before back {#switch}
\`\`\`belay do deploy.rollback
with: { target: shop, to: "{release.previous}" }
undo: { do: deploy.activate, with: { target: shop, to: "{release.current}" } }
\`\`\`
`;
  const decides = (expected: string): string => `scenes:
  - name: All break
    trigger: http-5xx
    traffic:
      0m: 300/min
      10m: 300/min 50%
    happens:
      -2d: deploy r41 to shop
      -1d: deploy r42 to shop
    decide:
      20m: { acme: ${expected} }
`;
  const folder = shop({ 'a.scene.yaml': decides('rolls back shop to r41') });
  writeFileSync(join(folder.path, 'belay.yaml'), `${YAML}${target}`);
  mkdirSync(join(folder.path, 'runbooks'));
  writeFileSync(join(folder.path, 'runbooks/back.runbook.md'), runbook);
  const told = await folder.test();
  expect(told.code).toBe(1);
  expect(told.out).toContain('tests/a.scene.yaml:11:20');
  expect(told.out).toContain('after 20m, the decision for ACME must be: rolls back shop to r41');
  expect(told.out).toContain('but it is: asks because G2 no-recent-change');
  expect(told.out.replaceAll(/\s+/g, ' ')).toContain('no (nothing changed recently: look elsewhere');
  const json = (await folder.test('--json')).json<{ scenes: readonly { moments: readonly { guards?: readonly unknown[] }[] }[] }>();
  expect(json.scenes[0]?.moments[0]).toMatchObject({ found: 'asks because G2 no-recent-change', ok: false });
  expect(json.scenes[0]?.moments[0]?.guards).toHaveLength(10);
  writeFileSync(join(folder.path, 'tests/a.scene.yaml'), decides('asks because G2 no-recent-change'));
  expect((await folder.test()).code).toBe(0);
  folder.remove();
});

const BACKEND = `belay: 1
name: CRM
zone: America/Sao_Paulo
people: { ana: { name: Ana, roles: [commander], lang: en } }
roles: [commander]
channels: { mail: { driver: email, host: "{env.SMTP_HOST}", port: "{env.SMTP_PORT}", from: belay@crm.test } }
audiences: { team: { kind: responders, lang: en, channels: [{ channel: mail, to: [ops@crm.test] }] } }
sources: { app: { driver: prometheus, url: "{env.CRM_URL}/metrics", every: 15s } }
signals: { errors: { ratio: { bad: 'http_requests_total{code=~"5.."}', all: http_requests_total }, sources: [app] } }
targets: { backend: { driver: release-directory, root: service } }
triggers:
  errors-500: { signal: errors, breach: { above: 5%, over: 5m }, clear: { below: 1%, for: 5m } }
`;
const ROLLBACK = `---
belay: 1
id: rollback-backend
title: Roll the backend back
version: 1.0.0
lang: en
severity: P1
---

# Roll the backend back

## Decide

### May it? {#approve}
\`\`\`belay approve
from: [commander]
\`\`\`

### Say so {#tell}
\`\`\`belay notify
template: initial
to: [team]
\`\`\`

## Act

### The release before {#switch}
\`\`\`belay do deploy.rollback
with: { target: backend, to: "{release.previous}" }
undo: { do: deploy.activate, with: { target: backend, to: "{release.current}" } }
timeout: 1m
\`\`\`

### It is well {#watch}
\`\`\`belay watch
for: 10m
every: 15s
all:
  - { probe: metric, with: { trigger: errors-500 }, expect: value < 0.02 }
fail: ask
\`\`\`

\`\`\`belay template initial en
We go back.
\`\`\`

\`\`\`belay template initial pt-BR
Voltamos.
\`\`\`
`;

test('a scene of a runbook, as the guide has it, is carried out and killed; one that does not hold says where, in both languages and as JSON', async () => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/trust.md'), 'utf8');
  const [, yaml = ''] = /```yaml\n(# tests\/runbooks\.scene\.yaml\n[\s\S]*?)```/.exec(guide) ?? [];
  const folder = shop({ 'runbooks.scene.yaml': yaml });
  writeFileSync(join(folder.path, 'belay.yaml'), BACKEND);
  mkdirSync(join(folder.path, 'runbooks'));
  writeFileSync(join(folder.path, 'runbooks/rollback-backend.runbook.md'), ROLLBACK);
  const told = await folder.test();
  expect(told.out).toMatch(/ {2}\+ After the yes .* \(rollback-backend, killed at \d+ of \d+ boundaries: the same end each time\)/);
  expect([told.code, told.out.includes('1 of 1 scenes hold')]).toEqual([0, true]);
  writeFileSync(
    join(folder.path, 'tests/runbooks.scene.yaml'),
    yaml.replace('    people: { approve: approve }\n', '').replace(/ {4}sees:\n.*\n/, ''),
  );
  const wrong = await folder.test('--lang', 'pt-BR');
  expect(wrong.code).toBe(1);
  expect(wrong.out).toContain('tests/runbooks.scene.yaml:8:13');
  expect(wrong.out).toContain('ends deve ser: done, mas é: asks approve');
  const json = (await folder.test('--json')).json<{ ok: boolean; runbookScenes: readonly unknown[] }>();
  expect([json.ok, json.runbookScenes]).toMatchObject([
    false,
    [{ runbook: 'rollback-backend', ok: false, end: { ends: 'asks approve' }, killed: 0, wrong: [{ what: 'ends' }, {}, {}, {}] }],
  ]);
  folder.remove();
});
