// Files → system and runbooks: the examples as they are, defaults, the environment, and what is told about files themselves.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { MESSAGE_VARIABLES } from '../../src/config/lint-templates.ts';
import { isUsable, loadSystem } from '../../src/config/load.ts';
import { ACTIONS, PROBES } from '../../src/domain/catalog.ts';
import { messageValues } from '../../src/domain/delivery-plan.ts';
import type { DoStep } from '../../src/domain/ir.ts';
import { stepsOf } from '../../src/domain/ir.ts';
import { BASE_RUNBOOK, ENV, fixture, lineOf, lintFolder, told, workspace } from './workspace.ts';

const EXAMPLE = path.join(import.meta.dirname, '../../examples/first-rollback');
const read = (name: string): string => readFileSync(path.join(EXAMPLE, name), 'utf8');
const RUNBOOK = fixture(`base/${BASE_RUNBOOK}`);
const SYSTEM = fixture('base/belay.yaml');

describe('the first-rollback example', () => {
  const loaded = lintFolder(EXAMPLE);

  test('has no problems, and says where relative paths start', () => {
    expect(told(loaded)).toEqual([]);
    expect(isUsable(loaded)).toBe(true);
    expect(loaded.baseDir).toBe(path.resolve(EXAMPLE));
    expect(Object.keys(loaded.runbooks)).toEqual(['deploy-rollback', 'org-rollback']);
  });

  test('its trigger has fractions and milliseconds, its signal matchers, and its drivers have their own keys', () => {
    const system = loaded.system;
    expect(system?.triggers[0]).toMatchObject({
      id: 'http-5xx',
      signal: 'http.errors',
      scope: 'org',
      breach: { above: 0.02 },
      clear: { below: 0.01 },
      mode: 'armed',
      evidence: { suspect: 1e-3, act: 1e-5 },
    });
    expect(system?.signals[0]?.signal).toEqual({
      kind: 'ratio',
      bad: { name: 'http_requests_total', labels: [{ label: 'code', op: '=~', value: '5..' }] },
      all: { name: 'http_requests_total', labels: [] },
    });
    expect(system?.targets[0]).toMatchObject({
      id: 'shop',
      component: 'shop',
      driver: 'release-directory',
      root: 'service',
      pidFile: 'service/run/shop.pid',
      signal: 'SIGHUP',
    });
    expect(system?.sources[0]).toEqual({
      id: 'shop',
      driver: 'prometheus',
      url: 'http://127.0.0.1:8080/metrics',
      everyMs: 1000,
      timeoutMs: 1000,
    });
    expect(system?.organizations.map((one) => [one.id, one.name, one.lang, one.zone])).toEqual([
      ['acme', 'ACME', 'pt-BR', 'America/Sao_Paulo'],
      ['globex', 'Globex', 'en', 'America/Sao_Paulo'],
      ['initech', 'Initech', 'en', 'America/Sao_Paulo'],
    ]);
    expect(Object.keys(system?.templates ?? {}).sort()).toEqual(['initial', 'org-initial', 'org-stabilised', 'stabilised']);
  });

  test('its deploy runbook switches to a release by name and can be taken back', () => {
    const runbook = loaded.runbooks['deploy-rollback']?.runbook;
    expect(runbook && stepsOf(runbook).map((step) => `${step.kind} ${step.id}`)).toEqual([
      'notify tell',
      'do freeze',
      'do switch',
      'verify answers',
      'watch watch',
      'notify stable',
    ]);
    const step = runbook && (stepsOf(runbook).find((one) => one.id === 'switch') as DoStep);
    expect(step).toMatchObject({
      do: 'deploy.rollback',
      with: { target: 'shop', to: '{release.previous}' },
      undo: { do: 'deploy.activate' },
      timeoutMs: 30_000,
      takesMs: 2000,
      who: 'commander',
      fail: { then: 'stop' },
    });
  });

  test('the environment may not fill fields of organizations, which anybody may read later', () => {
    const text = SYSTEM.replace(/^organizations:\n/m, 'organizations:\n  leaky: { name: Leaky, apiKey: "{env.SECRET}" }\n');
    const loaded = loadSystem(workspace({ 'belay.yaml': text }), { env: { ...ENV, SECRET: 'hunter2' } });
    expect(text).toContain('leaky');
    expect(loaded.diagnostics.map((one) => one.rule)).toEqual(['inline-secret']);
    expect(JSON.stringify(loaded)).not.toContain('hunter2');
  });

  test('without the environment it says which variable is missing, at each place that needs it', () => {
    const bare = loadSystem(EXAMPLE, { env: {} });
    expect(bare.diagnostics.length).toBe(read('belay.yaml').split('{env.').length - 1);
    expect(new Set(bare.diagnostics.map((one) => one.rule))).toEqual(new Set(['env-missing']));
    expect(bare.system).toBeNull();
  });
});

describe('the runbook of the design', () => {
  const text = fixture('example.runbook.md');
  const known = (name: string, params: readonly string[], result: Readonly<Record<string, 'int' | 'bool' | 'string'>> = {}) =>
    [
      name,
      {
        name,
        effect: 'state' as const,
        params: Object.fromEntries(params.map((param) => [param, { type: 'string' as const }])),
        result,
      },
    ] as const;
  const actions = {
    ...ACTIONS,
    ...Object.fromEntries([
      known('crm.freeze', ['org']),
      known('crm.unfreeze', ['org']),
      known('n8n.activate', ['workflow']),
      known('n8n.deactivate', ['workflow']),
      known('chatwoot.automationsOff', ['org', 'keep']),
      known('chatwoot.automationsOn', ['org']),
    ]),
  };
  const probes = {
    ...PROBES,
    ...Object.fromEntries([
      known('n8n.workflow', ['name'], { found: 'bool', archived: 'bool' }),
      known('vendor.status', ['vendor'], { state: 'string' }),
      known('log', ['name', 'org', 'last']),
      known('smoke', ['suite', 'env'], { failed: 'int', passed: 'int' }),
      known('synthetic', ['scene', 'org'], { passed: 'int', conversations: 'int' }),
    ]),
  };
  const system = `belay: 1
name: Messaging
components: { messaging-webhook: {}, n8n: {}, chatwoot: {} }
organizations: { acme: { webhookUrl: "https://acme.example/hook" } }
roles: [integrations-engineering, crm-operations, client-communication]
channels: { file: { driver: file, path: out.ndjson } }
databases:
  crm:
    driver: postgres
    url: "{env.DB_URL}"
    queries:
      conversations-without-link: { sql: "select 0 as missing where $org <> ''", parameters: { org: org }, gives: { missing: int } }
      whatsapp-in-and-stored: { sql: "select 1 as received, 1 as stored where $org <> ''", parameters: { org: org }, gives: { received: int, stored: int } }
audiences:
  client: { kind: customers, channels: [{ channel: file, to: [client] }] }
  team: { kind: responders, channels: [{ channel: file, to: [team] }] }
`;

  test('compiles but for what this version lacks: counts of a query, and dotted variables in messages', () => {
    const loaded = lintFolder(workspace({ 'belay.yaml': system, [BASE_RUNBOOK]: null, 'runbooks/org.runbook.md': text }), {
      actions,
      probes,
    });
    const at = (what: string): number => lineOf(text, what);
    expect(told(loaded)).toEqual([
      `org.runbook.md:${at('signal: { count')} not-available`,
      `org.runbook.md:${at('Identificamos')} template-variable`,
      `org.runbook.md:${at('We found')} template-variable`,
      `org.runbook.md:${at('Rollback concluído')} template-variable`,
      `org.runbook.md:${at('The rollback of')} template-variable`,
    ]);
  });

  test('with those put right it is a runbook of six phases and twenty-four steps, with four triggers of its own', () => {
    const right = text.replace(/ {2}duplicates:\n(?: {4}.*\n)+/, '').replaceAll('{org.name}', '{org}');
    const loaded = lintFolder(workspace({ 'belay.yaml': system, [BASE_RUNBOOK]: null, 'runbooks/org.runbook.md': right }), {
      actions,
      probes,
    });
    expect(told(loaded)).toEqual([]);
    const runbook = loaded.runbooks['org-rollback']?.runbook;
    expect(runbook?.phases.map((phase) => [phase.id, phase.steps.length])).toEqual([
      ['decide', 4],
      ['roll-back', 4],
      ['verify', 5],
      ['communicate', 2],
      ['roll-forward', 8],
      ['close', 1],
    ]);
    expect(loaded.system?.triggers.map((one) => [one.id, one.signal, one.scope])).toEqual([
      ['webhook-5xx', 'webhook-5xx.signal', 'org'],
      ['identity', 'identity.signal', 'org'],
      ['stage-move', 'stage-move.signal', 'org'],
      ['whatsapp-regression', 'whatsapp-regression.signal', 'org'],
    ]);
    expect(loaded.system?.signals.find((one) => one.id === 'webhook-5xx.signal')).toMatchObject({ by: 'org', signal: { kind: 'ratio' } });
  });
});

describe('defaults', () => {
  test('the short window is a twelfth of the long one, and a bare hold has a short window', () => {
    const over = loadSystem(workspace(), { env: ENV }).system?.triggers;
    expect(over?.find((one) => one.id === 'slow')?.breach).toEqual({ above: 0.05, overMs: 900_000, stillMs: 75_000, forMs: 0 });
    const held = loadSystem(workspace({ 'belay.yaml': SYSTEM.replace('over: 10s', 'for: 60s') }), { env: ENV }).system?.triggers;
    expect(held?.find((one) => one.id === 'http-5xx')?.breach).toEqual({ above: 0.02, overMs: 5000, stillMs: 5000, forMs: 60_000 });
  });

  test('four eyes are on where something irreversible is done, unless the step says no', () => {
    const irreversible = RUNBOOK.replace(
      'undo: { do: deploy.thaw, with: { target: shop } }\ncontingency: { owner: commander, expires: 7d }',
      'irreversible: It is a drill.',
    ).replace('[switch, freeze]', '[switch]');
    const fourEyes = (text: string) => {
      const runbook = lintFolder(workspace({ [BASE_RUNBOOK]: text })).runbooks['base']?.runbook;
      const step = runbook && stepsOf(runbook).find((one) => one.id === 'approve');
      return step?.kind === 'approve' ? step.fourEyes : null;
    };
    expect([fourEyes(RUNBOOK), fourEyes(irreversible), fourEyes(irreversible.replace('onTimeout: escalate', 'fourEyes: false'))]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('guard limits that are not written keep their defaults', () => {
    const loaded = loadSystem(workspace({ 'belay.yaml': `${SYSTEM}guards: { cooldown: 5m, affectedUsers: 10% }\n` }), { env: ENV });
    expect(loaded.system?.guards).toMatchObject({ cooldownMs: 300_000, affectedUsers: 0.1, perScopePerDay: 3, freshMs: 30_000 });
  });

  test('every kind of signal and source is read', () => {
    const more = SYSTEM.replace(
      'signals:\n',
      `signals:
  orders.rate: { rate: 'orders_total{kind="web"}', sources: [shop] }
  queue.depth: { gauge: { of: queue_depth }, late: 0s, missing: { is: unknown, absentAfter: 30s } }
  latency: { mean: { sum: latency_sum, count: latency_count } }
  beat: { absent: heartbeat }
  front: { probe: { source: door, failing: 2, consecutive: 3 } }
  called: { manual: { who: commander, ask: Does somebody call? } }
`,
    ).replace(
      'sources:\n',
      'sources:\n  door: { driver: http, points: ["https://a.example", "https://b.example"], every: 5s, expectStatus: 204 }\n  pushed: { driver: push, every: 1s }\n',
    );
    const loaded = lintFolder(workspace({ 'belay.yaml': more }));
    expect(told(loaded)).toEqual([]);
    expect(loaded.system?.signals.map((one) => one.signal.kind)).toEqual([
      'rate',
      'gauge',
      'mean',
      'absent',
      'probe',
      'manual',
      'ratio',
      'ratio',
    ]);
    expect(loaded.system?.signals[1]).toMatchObject({ lateMs: 0, absentAfter: { ms: 30_000 } });
    expect(loaded.system?.signals[4]).toMatchObject({ sources: ['door'], signal: { failing: 2, consecutive: 3 } });
    expect(loaded.system?.sources[0]).toEqual({
      id: 'door',
      driver: 'http',
      points: ['https://a.example', 'https://b.example'],
      everyMs: 5000,
      timeoutMs: 5000,
      expectStatus: 204,
      certificateDays: 7,
    });
  });
});

describe('files themselves', () => {
  test('a folder without belay.yaml says what to type, and does not throw', () => {
    const loaded = loadSystem(workspace({ 'belay.yaml': null }), { env: ENV });
    expect(loaded.system).toBeNull();
    expect(loaded.diagnostics[0]).toMatchObject({ rule: 'file', line: 1, hint: expect.stringContaining('belay init') });
  });

  test('belay.yaml may be named itself', () => {
    const folder = workspace();
    expect(loadSystem(path.join(folder, 'belay.yaml'), { env: ENV }).baseDir).toBe(folder);
  });

  test('a Markdown file that looks like a runbook and is not loaded is told; a README is not one', () => {
    const loaded = lintFolder(workspace({ 'runbooks/other.md': '# Other', 'runbooks/README.md': '# Read me' }));
    expect(told(loaded)).toEqual(['other.md:1 file (warning)']);
    expect(isUsable(loaded)).toBe(true);
  });

  test('a template whose name has no language is told', () => {
    expect(told(lintFolder(workspace({ 'templates/lonely.md': 'x', 'templates/half.en.md': 'x' })))).toEqual([
      'half.en.md:1 template-language',
      'lonely.md:1 template-language',
    ]);
  });

  test('two runbooks with one id, and two of one kind for one trigger, are told at the second', () => {
    const second = RUNBOOK.replace(/ {2}slow:\n(?: {4}.*\n)+/, '').replace('trigger: slow', 'trigger: http-5xx');
    expect(told(lintFolder(workspace({ 'runbooks/second.runbook.md': second })))).toEqual([
      'second.runbook.md:3 duplicate-id',
      `second.runbook.md:${lineOf(second, '  http-5xx:')} trigger-taken`,
    ]);
  });

  test('a trigger that is written twice is told at the second place', () => {
    const twice = RUNBOOK.replace('  slow:', '  http-5xx:').replace('  http-5xx:\n', '').replace('trigger: slow', 'trigger: http-5xx');
    expect(told(lintFolder(workspace({ [BASE_RUNBOOK]: twice })))).toEqual([
      `base.runbook.md:${lineOf(twice, '  http-5xx:')} duplicate-id`,
    ]);
  });

  test('one broken runbook takes nothing from the others', () => {
    const loaded = lintFolder(workspace({ 'runbooks/other.runbook.md': '# Other\n\n```beley manual\n```\n' }));
    expect(Object.keys(loaded.runbooks)).toEqual(['base']);
    expect(loaded.system).not.toBeNull();
  });

  test('a broken belay.yaml still lets the problems inside runbooks be told', () => {
    const loaded = lintFolder(
      workspace({ 'belay.yaml': 'belay: 1\nname: [', [BASE_RUNBOOK]: RUNBOOK.replace('timeout: 30s\nretry', 'timeot: 30s\nretry') }),
    );
    expect(told(loaded)).toEqual(['belay.yaml:2 yaml', 'base.runbook.md:92 unknown-key']);
  });

  test('all problems of all files are told at once', () => {
    const loaded = lintFolder(
      workspace({
        'belay.yaml': SYSTEM.replace('mode: armed', 'mode: aremd').replace('criticality: critical', 'criticality: very'),
        [BASE_RUNBOOK]: RUNBOOK.replace('within: 15m', 'within: 2 mins')
          .replace('to: [team]', 'to: [tean]')
          .replace('### Freeze {#freeze}', '### Freeze {#logs}'),
      }),
    );
    expect(loaded.diagnostics.map((one) => one.rule).sort()).toEqual([
      'duplicate-id',
      'duration',
      'unknown-audience',
      'unknown-step',
      'unknown-value',
      'unknown-value',
    ]);
  });
});

describe('what is only a warning', () => {
  test('a review that is overdue', () => {
    const loaded = lintFolder(workspace(), { today: '2026-06-01' });
    expect(told(loaded)).toEqual(['base.runbook.md:8 review-overdue (warning)']);
    expect(isUsable(loaded)).toBe(true);
  });

  test('a source that is too slow for the window', () => {
    expect(told(lintFolder(workspace({ 'belay.yaml': SYSTEM.replace('every: 1s', 'every: 5s') })))).toEqual([
      `belay.yaml:${lineOf(SYSTEM, 'above: 2%')} cadence-too-slow (warning)`,
    ]);
  });

  test('a checklist that nobody ticks', () => {
    const text = RUNBOOK.replace(
      'The order matters.\n\n### Freeze {#freeze}\n',
      'The order matters.\n\n### Freeze {#freeze}\n- [ ] Look first\n\n',
    );
    expect(told(lintFolder(workspace({ [BASE_RUNBOOK]: text })))).toEqual([
      `base.runbook.md:${lineOf(text, '### Freeze')} checklist (warning)`,
    ]);
  });
});

test('a runbook for one organization needs a trigger that knows which', () => {
  const text = RUNBOOK.replace('    scope: org\n', '    scope: all\n');
  expect(told(lintFolder(workspace({ [BASE_RUNBOOK]: text })))).toEqual([`base.runbook.md:${lineOf(text, '  slow:')} trigger-scope`]);
});

test('the variables that templates may use are those that messages have', () => {
  const incident = { id: 'INC-1', severity: 'P1', scope: { orgs: 'all', components: [] }, detectedAt: 0 } as const;
  const values = messageValues({ incident, system: { components: [], organizations: [], name: 'x' }, now: 0, promiseMs: 1 });
  expect([...MESSAGE_VARIABLES].sort()).toEqual(Object.keys(values).sort());
});

test('secrets of the environment are not repeated by diagnostics', () => {
  const folder = workspace({ 'belay.yaml': SYSTEM.replace('url: "{env.SHOP_URL}" }', 'url: "{env.TOKEN}" }') });
  const loaded = loadSystem(folder, { env: { ...ENV, TOKEN: 'hunter2-hunter2' } });
  expect(loaded.diagnostics.length).toBeGreaterThan(0);
  expect(JSON.stringify(loaded.diagnostics)).not.toContain('hunter2');
});

test('reading the same files twice gives the same values', () => {
  const folder = workspace();
  mkdirSync(path.join(folder, 'more'), { recursive: true });
  writeFileSync(path.join(folder, 'more', 'x.txt'), 'ignored');
  const [first, second] = [loadSystem(folder, { env: ENV }), loadSystem(folder, { env: ENV })];
  expect(first.runbooks).toEqual(second.runbooks);
  expect(first.system).toEqual(second.system);
});
