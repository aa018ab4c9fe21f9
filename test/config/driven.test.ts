// Targets, switches and channels are checked against the options of their drivers, each at its place; sources have tests of their own.
import { describe, expect, test } from 'vitest';
import { ENV, fixture, lineOf, lintFolder, told, workspace } from './workspace.ts';

const BASE = fixture('base/belay.yaml');
const PARTS = {
  targets: '  shop: { component: shop, driver: release-directory, root: service }',
  switches: '  checkout: { component: shop, driver: flow-file, file: service/flows.json, values: [stable, next] }',
  channels: '  file: { driver: file, path: messages.ndjson }',
} as const;

/** The base with one more thing in a part. */
function with1(part: keyof typeof PARTS, written: string) {
  const text = BASE.replace(PARTS[part], `${PARTS[part]}\n  more: ${written}`);
  const loaded = lintFolder(workspace({ 'belay.yaml': text }));
  return { loaded, line: lineOf(text, '  more: ') };
}

describe('what a driver does not take', () => {
  test.each([
    ['targets', 'a driver that there is not', '{ driver: release-directry, root: a }', 'unknown-value', /release-directry/],
    ['targets', 'a missing option', '{ driver: release-directory }', 'missing-key', /lacks root/],
    ['targets', 'a word that is none of its options', '{ driver: release-directory, root: a, pidfile: b }', 'unknown-key', /pidfile/],
    ['targets', 'a soak of no time', '{ driver: release-directory, root: a, soak: 0s }', 'duration', /soak/],
    ['targets', 'another type', '{ driver: release-directory, root: a, reload: "a b" }', 'wrong-type', /reload/],
    ['targets', 'dependsOn, which is of channels', '{ driver: release-directory, root: a, dependsOn: [shop] }', 'unknown-key', /dependsOn/],
    ['targets', 'a signal to nobody', '{ driver: release-directory, root: a, signal: SIGHUP }', 'target-option', /it needs pidFile/],
    ['targets', 'a remote that is a program', '{ driver: git, remote: "ext::sh -c id" }', 'target-option', /remote: it is neither/],
    ['targets', 'a host that is not pinned', '{ driver: git, remote: "ssh://git@a.test/b.git", key: k }', 'target-option', /hostKey: /],
    ['switches', 'a missing option', '{ driver: flow-file, file: a }', 'missing-key', /lacks values/],
    ['switches', 'a single flow', '{ driver: flow-file, file: a, values: [stable] }', 'switch-option', /at least two/],
    ['switches', 'a default that is none', '{ driver: flow-file, file: a, values: [b, c], default: d }', 'switch-option', /one of b, c/],
    ['channels', 'a missing driver', '{ path: a }', 'missing-key', /lacks driver/],
    ['channels', 'a port that is none', '{ driver: email, host: a, port: 70000, from: b }', 'wrong-type', /port/],
    ['channels', 'a missing sender', '{ driver: email, host: a, port: 25 }', 'missing-key', /lacks from/],
    ['channels', 'a chat without its token', '{ driver: slack }', 'missing-key', /lacks token/],
    ['channels', 'an address that is none', '{ driver: webhook, url: nowhere, secret: "{env.SHOP_URL}" }', 'wrong-type', /url/],
    ['channels', 'a secret that is no base64', '{ driver: webhook, url: "https://a.test", secret: "" }', 'wrong-type', /secret/],
    ['channels', 'a time without a unit', '{ driver: slack, token: "{env.SHOP_URL}", timeout: 10 }', 'duration', /timeout/],
  ] as const)('%s: %s is told at its line', (part, _what, written, rule, message) => {
    const { loaded, line } = with1(part, written);
    expect(told(loaded)).toEqual([`belay.yaml:${line} ${rule}`]);
    expect(loaded.diagnostics[0]?.message).toMatch(message);
    expect(loaded.system).toBeNull();
  });
});

test('options arrive as the catalog says, durations in milliseconds under their name with Ms', () => {
  const { loaded } = with1('channels', '{ driver: slack, token: "{env.SHOP_URL}", timeout: 2s, settle: 0s, dependsOn: [shop] }');
  expect(told(loaded)).toEqual([]);
  expect(loaded.system?.channels).toEqual([
    { id: 'file', driver: 'file', dependsOn: [], path: 'messages.ndjson' },
    { id: 'more', driver: 'slack', dependsOn: ['shop'], token: ENV.SHOP_URL, timeoutMs: 2_000, settleMs: 0 },
  ]);
  expect(loaded.system?.targets).toEqual([{ id: 'shop', component: 'shop', driver: 'release-directory', root: 'service' }]);
});

const RUNBOOK = `---
belay: 1
id: more
title: More
version: 1.0.0
lang: en
severity: P1
---

# More

## Act

### Act {#act}

\`\`\`belay do STEP
\`\`\`
`;

/** The base with a service, a proxy and one more runbook of one step. */
function withParts(services: string, proxies: string, step: string) {
  const text = `${BASE}\nservices:\n  api: ${services}\nproxies:\n  web: ${proxies}\n`;
  return lintFolder(workspace({ 'belay.yaml': text, 'runbooks/more.runbook.md': RUNBOOK.replace('STEP', step) }));
}
const API = '{ component: shop, driver: docker-container, container: api }';
const WEB = '{ component: shop, driver: haproxy, socket: s, backend: web, servers: [old, new] }';

describe('services and proxies', () => {
  test.each([
    [
      'a program that PM2 takes for something else',
      '{ driver: pm2, apps: [all] }',
      WEB,
      'service.restart\nwith: { service: api }',
      'service-option',
    ],
    [
      'a service of a component that there is not',
      '{ component: shp, driver: pm2 }',
      WEB,
      'service.restart\nwith: { service: api }',
      'unknown-component',
    ],
    [
      'a single server',
      API,
      '{ driver: haproxy, socket: s, backend: web, servers: [old] }',
      'service.restart\nwith: { service: api }',
      'proxy-option',
    ],
    ['a service that there is not', API, WEB, 'service.restart\nwith: { service: apj }', 'unknown-service'],
    [
      'a number that is none',
      API,
      WEB,
      'service.scale\nwith: { service: api, to: many }\nundo: { do: service.start, with: { service: api } }',
      'wrong-argument',
    ],
    ['a stop that cannot be taken back', API, WEB, 'service.stop\nwith: { service: api }', 'undo-missing'],
    [
      'a proxy that there is not',
      API,
      WEB,
      'deploy.traffic\nwith: { proxy: wbe, to: new, share: 10% }\nirreversible: so it is',
      'unknown-proxy',
    ],
    [
      'a share that is none',
      API,
      WEB,
      'deploy.traffic\nwith: { proxy: web, to: new, share: some }\nirreversible: so it is',
      'wrong-argument',
    ],
  ] as const)('%s is told', (_what, services, proxies, step, rule) => {
    expect(
      withParts(services, proxies, step)
        .diagnostics.filter((one) => one.severity === 'error')
        .map((one) => one.rule),
    ).toEqual([rule]);
  });

  test('that are as they should be are told of nothing, and arrive as the catalogs say', () => {
    const loaded = withParts(API, WEB, 'service.restart\nwith: { service: api }');
    expect(told(loaded).filter((one) => !one.includes('(warning)'))).toEqual([]);
    expect(loaded.system?.services).toEqual([
      { id: 'api', component: 'shop', driver: 'docker-container', container: 'api', graceMs: 10_000 },
    ]);
    expect(loaded.system?.proxies).toMatchObject([{ id: 'web', driver: 'haproxy', servers: ['old', 'new'] }]);
  });
});
