// What is well written and will not do what people hope: each warning with a file that deserves it, and one that does not.
import { describe, expect, test } from 'vitest';
import { createHttp } from '../../src/adapters/http/index.ts';
import { createProcesses } from '../../src/adapters/process/index.ts';
import { systemTime } from '../../src/adapters/system/index.ts';
import { hasErrors } from '../../src/domain/diagnostic.ts';
import { CAN_FREEZE, TARGET_DRIVERS, type TargetDriverName } from '../../src/domain/target-catalog.ts';
import { openTargets } from '../../src/registry.ts';
import { BASE as BASE_DIR, BASE_RUNBOOK, fixture, lintFolder, workspace } from './workspace.ts';

const BASE = fixture('base/belay.yaml');
const RUNBOOK = fixture(`base/${BASE_RUNBOOK}`);

/** Rules of warnings, with the hint. The trigger `odd` stands in belay.yaml, in no runbook unless one names it. */
function warned(trigger: string, o: { readonly yaml?: (text: string) => string; readonly runbook?: (text: string) => string } = {}) {
  const yaml = (o.yaml ?? ((text) => text))(BASE.replace('triggers:\n', `triggers:\n  odd: ${trigger}\n`));
  const runbook = (o.runbook ?? ((text) => text))(RUNBOOK);
  const { diagnostics } = lintFolder(workspace({ 'belay.yaml': yaml, [BASE_RUNBOOK]: runbook }));
  expect(hasErrors(diagnostics), JSON.stringify(diagnostics)).toBe(false);
  return diagnostics.map((one) => `${one.rule}: ${one.hint ?? one.expected ?? ''}`);
}

const rules = (...args: Parameters<typeof warned>): string[] => warned(...args).map((one) => one.slice(0, one.indexOf(':')));

describe('evidence that cannot be reached', () => {
  test('is a share above everything, or a count below nothing', () => {
    const share = (limit: string) => `{ signal: http.errors, breach: { above: ${limit}, over: 1m }, clear: { below: 1%, for: 1m } }`;
    expect(rules(share('100%'))).toEqual(['evidence-unreachable']);
    expect(rules(share('99%'))).toEqual([]);
    const count = (limit: number) => `{ signal: { count: failures }, breach: { below: ${limit}, over: 1m }, clear: { above: 5, for: 1m } }`;
    expect(rules(count(0))).toEqual(['evidence-unreachable']);
    expect(rules(count(1))).toEqual([]);
  });

  test('is more failing points than there are', () => {
    const source = (text: string): string =>
      text.replace('sources:\n', 'sources:\n  pages: { driver: http, points: ["http://127.0.0.1/a", "http://127.0.0.1/b"], every: 15s }\n');
    const probe = (failing: number) => `{ signal: { probe: { source: pages, failing: ${failing} } }, clear: { for: 1m } }`;
    expect(rules(probe(3), { yaml: source })).toEqual(['evidence-unreachable']);
    expect(rules(probe(2), { yaml: source })).toEqual([]);
  });

  test('is a trigger that only asks, in a runbook that starts by itself', () => {
    const runbook = (start: string) => (text: string) =>
      text.replace(/^start: .*$/m, `start: ${start}`).replace(/^triggers:\n/m, 'triggers:\n  odd:\n');
    expect(RUNBOOK).toMatch(/^start: ask$/m);
    const users =
      '{ signal: { distinct: { of: requests, label: user }, by: org }, scope: org, breach: { above: 5, over: 1m }, clear: { for: 1m } }';
    expect(rules(users, { runbook: runbook('auto') })).toEqual(['evidence-unreachable']);
    expect(rules(users, { runbook: runbook('ask') })).toEqual([]);
    expect(rules(users)).toEqual([]);
  });
});

test('a hold that is longer than a clock of the incident', () => {
  const clock = (text: string): string =>
    text.replace('clocks:\n', 'clocks:\n  sla: { from: detected, budget: 15m, until: [phase.mitigated] }\n');
  const held = (span: string) => `{ signal: http.errors, breach: { above: 2%, over: 1m, for: ${span} }, clear: { below: 1%, for: 1m } }`;
  expect(BASE).toContain('clocks:\n');
  expect(rules(held('20m'), { yaml: clock })).toEqual(['hold-longer-than-sla']);
  expect(rules(held('5m'), { yaml: clock })).toEqual([]);
});

test('more organizations than a signal has room for', () => {
  const max = (most: number) => (text: string) => text.replace('    by: org\n', `    by: org\n    max: ${most}\n`);
  const share = '{ signal: http.errors, scope: org, breach: { above: 2%, over: 1m }, clear: { below: 1%, for: 1m } }';
  const organizations = BASE.match(/^organizations:/m);
  expect(organizations).not.toBeNull();
  expect(new Set(rules(share, { yaml: max(1) }))).toEqual(new Set(['overflow-likely']));
  expect(rules(share, { yaml: max(50) })).toEqual([]);
});

test('an absence for each organization where none is expected', () => {
  const absent = '{ signal: { absent: requests, by: org }, scope: org, breach: { over: 5m }, clear: { for: 1m } }';
  expect(rules(absent)).toEqual([]);
  const nobody = BASE.replace(/^organizations:\n(?: .*\n)+/m, '').replace('triggers:\n', `triggers:\n  odd: ${absent}\n`);
  expect(nobody).not.toContain('organizations:');
  expect(lintFolder(workspace({ 'belay.yaml': nobody })).diagnostics.map((one) => one.rule)).toContain('absent-without-baseline');
});

test('a mean of a latency, and a quantile: both could be a share', () => {
  const mean = (name: string) =>
    `{ signal: { mean: { sum: ${name}_sum, count: ${name}_count } }, breach: { above: 1, over: 5m }, clear: { below: 1, for: 1m } }`;
  expect(warned(mean('http_latency').replace('below: 1,', 'below: 0.5,'))).toEqual([
    'mean-latency: If http_latency is a histogram: fractionAbove: { of: http_latency, limit: 1 } with breach: { above: 5%, … }.',
  ]);
  expect(rules(mean('nps_score').replace('below: 1,', 'below: 0.5,'))).toEqual([]);
  const quantile =
    '{ signal: { quantile: { of: latency_seconds, q: 0.99 } }, breach: { above: 500ms, over: 5m }, clear: { below: 300ms, for: 1m } }';
  expect(warned(quantile)).toEqual([
    'quantile-without-need: fractionAbove: { of: latency_seconds, limit: 0.5 } with breach: { above: 1%, … }.',
  ]);
});

const SWITCH = 'belay do flow.set\nwith:\n  switch: checkout\n  org: "{org}"\n  to: stable\n';
const BUILT = `belay do deploy.commit\nwith: { target: shop, commit: ${'a1'.repeat(20)} }\n`;

test('D20: a runbook that starts by itself and switches, with no watch behind it', () => {
  const auto = (text: string): string => text.replace(/^start: .*$/m, 'start: auto');
  const unwatched = (text: string): string => text.replace(/^```belay watch\n[\s\S]*?^```\n/m, '- [ ] somebody watched\n');
  const only = (change: (text: string) => string) => {
    const { diagnostics } = lintFolder(workspace({ [BASE_RUNBOOK]: change(RUNBOOK) }));
    return diagnostics.filter((one) => one.rule === 'unwatched').map((one) => `${one.severity}: ${one.message}`);
  };
  expect(unwatched(RUNBOOK)).not.toBe(RUNBOOK);
  expect(only(auto)).toEqual([]);
  expect(only(unwatched)).toEqual([]);
  const nobody = ['warning: the runbook starts by itself, and nobody watches what comes after switch'];
  expect(only((text) => auto(unwatched(text)))).toEqual(nobody);
  const built = (text: string): string => text.replace(SWITCH, BUILT);
  expect(built(RUNBOOK)).toContain(BUILT);
  expect(only((text) => auto(unwatched(built(text))))).toEqual(nobody);
});

test('a strict watch in a runbook without a trigger whose limit can be tightened is warned of', () => {
  const strict = RUNBOOK.replace('for: 10m\nevery: 30s', 'for: 10m\nevery: 30s\nstrict: 0.5');
  const warned = (text: string) =>
    lintFolder(workspace({ [BASE_RUNBOOK]: text }))
      .diagnostics.filter((one) => one.rule === 'strict-nothing')
      .map((one) => one.severity);
  expect(strict).not.toBe(RUNBOOK);
  expect(warned(strict)).toEqual([]);
  expect(warned(strict.replace(/^triggers:\n( .*\n)+/m, ''))).toEqual(['warning']);
});

describe('an approval', () => {
  const ANA = 'ana: { name: Ana Souza, roles: [commander] }';
  const BIA = 'bia: { name: Bia, roles: [commander] }';
  const told = (approve: string, people: string, change: (text: string) => string = (text) => text) => {
    const yaml = BASE.replace(ANA, () => people).replace('roles: [commander, comms]', 'roles: [commander, comms, boss]');
    const runbook = change(RUNBOOK.replace('from: [commander]\ntimeout: 10m', () => `${approve}\ntimeout: 10m`));
    expect(runbook).not.toBe(RUNBOOK);
    return lintFolder(workspace({ 'belay.yaml': yaml, [BASE_RUNBOOK]: runbook }))
      .diagnostics.filter((one) => one.rule.startsWith('approval'))
      .map((one) => `${one.severity} ${one.rule}: ${one.message}`);
  };

  test.each([
    ['from: [boss]', ANA, ['error approval-nobody-can-grant: nobody can approve approve: no person is boss']],
    ['from: [commander]\nmin: 2', ANA, ['error approval-nobody-can-grant: approve wants 2 people, and only Ana Souza is commander or ana']],
    ['from: [commander]\nmin: 2', `${ANA}\n  ${BIA}`, []],
    [
      'from: [commander]\nmin: 3',
      `${ANA}\n  ${BIA}`,
      ['error approval-nobody-can-grant: approve wants 3 people, and only Ana Souza, Bia are commander or ana'],
    ],
    [
      'from: [commander]\nfourEyes: true',
      ANA,
      [
        'warning approval-by-starter: approve wants other eyes than those of who starts the run, and only Ana Souza can approve it: a run that one of them starts waits for ever',
      ],
    ],
    ['from: [commander]\nfourEyes: true', `${ANA}\n  ${BIA}`, []],
    ['from: [boss, commander]\nmin: 2', `${ANA}\n  bia: { name: Bia, roles: [boss] }`, []],
  ])('%j is one that its people can give, or it is told who is too few (people: %j)', (approve, people, expected) => {
    expect(told(approve, people)).toEqual(expected);
  });

  test('of four eyes that only its starter could give is refused where nobody else can begin the run', () => {
    const byHand = (text: string): string =>
      text.replace(/^triggers:\n( .*\n)+/m, '').replace('from: [commander]\n', 'from: [commander]\nfourEyes: true\n');
    expect(told('from: [commander]\nshow: [plan]', ANA, byHand)).toEqual([
      'error approval-nobody-can-grant: approve wants other eyes than those of who starts the run, and only Ana Souza can approve it',
    ]);
  });

  test('whose deputy is another person counts them, and one whose time-out never comes is told', () => {
    const deputy = (text: string): string => text.replace('deputy: ana', 'deputy: rui');
    expect(told('from: [commander]\nmin: 2', `${ANA}\n  rui: { name: Rui, roles: [comms] }`, deputy)).toEqual([]);
    const endless = RUNBOOK.replace('from: [commander]\ntimeout: 10m\n', 'from: [commander]\n');
    expect(
      lintFolder(workspace({ [BASE_RUNBOOK]: endless })).diagnostics.map((one) => `${one.severity} ${one.rule}: ${one.message}`),
    ).toEqual(['warning no-effect: onTimeout of approve never comes: the approval has no timeout']);
  });
});

test('a rollback of a target that could be frozen and is not is told of with what to type, and one that cannot is not', () => {
  const FREEZE = /```belay do deploy\.freeze[\s\S]*?```\n/;
  const back = RUNBOOK.replace(
    /```belay do flow\.set[\s\S]*?```\n/,
    '```belay do deploy.rollback\nwith: { target: shop, to: "{release.previous}" }\nundo: { do: deploy.activate, with: { target: shop, to: "{release.current}" } }\n```\n',
  );
  const open = back.replace(FREEZE, '```belay manual\nwithin: 5m\n```\n');
  expect([back === RUNBOOK, open === back]).toEqual([false, false]);
  const found = (changes: Readonly<Record<string, string>>) =>
    lintFolder(workspace(changes)).diagnostics.filter((one) => one.rule === 'rollback-without-freeze');
  expect(found({ [BASE_RUNBOOK]: back })).toEqual([]);
  const [one, ...more] = found({ [BASE_RUNBOOK]: open });
  expect(more).toEqual([]);
  expect(one).toMatchObject({ severity: 'warning', message: 'nothing keeps the bad release from being deployed to shop again' });
  expect(one?.hint).toContain('belay do deploy.freeze, with: { target: shop');
  const git = BASE.replace('driver: release-directory, root: service', 'driver: git, remote: "https://git.example/shop"');
  expect(found({ 'belay.yaml': git, [BASE_RUNBOOK]: open })).toEqual([]);
  // It is frozen by the one that calls it.
  const outer = back
    .replace('id: base', 'id: outer')
    .replace(/^triggers:\n( .*\n)+/m, '')
    .replace(/```belay do deploy\.rollback[\s\S]*?```\n/, '```belay call base\nwith: { org: "{org}" }\n```\n');
  expect(found({ 'runbooks/outer.runbook.md': outer, [BASE_RUNBOOK]: open })).toEqual([]);
});

test('what the lint says can freeze is what the drivers themselves say', () => {
  const id = '6b1f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c';
  const written: Readonly<Record<TargetDriverName, string>> = {
    'release-directory': 'root: r',
    pm2: 'root: r, apps: [a]',
    heroku: 'app: some-app, token: "{env.DB_URL}"',
    railway: `project: ${id}, environment: ${id}, service: ${id}, token: "{env.DB_URL}"`,
    vercel: 'project: prj_1, team: team_1, token: "{env.DB_URL}"',
    git: 'remote: "https://git.example/shop"',
    kubernetes: 'namespace: shop, deployment: web, token: t',
    'docker-container': 'container: web, repository: web',
    'docker-service': 'service: web, repository: web',
  };
  const lines = Object.entries(written).map(([driver, options]) => `  ${driver}: { driver: ${driver}, ${options} }\n`);
  const { system, diagnostics } = lintFolder(workspace({ 'belay.yaml': BASE.replace('targets:\n', `targets:\n${lines.join('')}`) }));
  if (system === null) throw new Error(JSON.stringify(diagnostics));
  const targets = openTargets(system, {
    http: createHttp({ allow: [] }),
    time: systemTime,
    processes: createProcesses(),
    baseDir: BASE_DIR,
  });
  const able = Object.keys(TARGET_DRIVERS).filter((driver) => targets[driver]?.caps.freeze === true);
  expect(able).toEqual([...CAN_FREEZE]);
});

test('a proxy that sends to releases which must have been on staging says which target runs behind each name, of its own names', () => {
  const yaml = (targets: string) =>
    `${BASE.replace('targets:\n', 'targets:\n  staging: { component: shop, driver: release-directory, root: staged }\n')}
proxies:
  web: { component: shop, driver: haproxy, socket: run/haproxy.sock, backend: web, servers: [old, new]${targets} }
synthetics: { buy: { every: 5m, steps: [{ get: "http://127.0.0.1/" }] } }
policy: { deploys: { shop: { stagedOn: staging }, staging: { smoke: { synthetic: buy } } } }
`;
  const found = (targets: string) =>
    lintFolder(workspace({ 'belay.yaml': yaml(targets) }))
      .diagnostics.filter((one) => one.rule === 'deploy-policy' || one.rule === 'unknown-target')
      .map((one) => `${one.severity}: ${one.message}`);
  expect(found('')).toEqual(['warning: web sends requests to releases that shop would put live only after staging, and nothing asks']);
  expect(found(', targets: { old: shop, new: shop }')).toEqual([]);
  expect(found(', targets: { old: shop, nwe: shop }')).toEqual(['error: there is no name of the proxy nwe']);
  expect(found(', targets: { old: shop, new: shp }')).toEqual(['error: there is no target shp']);
});
