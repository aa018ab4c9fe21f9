// The probes over fakes: what they say, and that trouble is "not known".
import { describe, expect, it } from 'vitest';
import { createVirtualDeployTarget } from '../../../src/adapters/virtual/deploy-target.ts';
import { createVirtualFlowSwitch } from '../../../src/adapters/virtual/flow-switch.ts';
import { createVirtualService } from '../../../src/adapters/virtual/service-control.ts';
import { PROBES } from '../../../src/domain/catalog.ts';
import { driverOf } from '../../../src/domain/integration-catalog.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { createProbes, type LookPorts } from '../../../src/flows/probes/index.ts';
import type { IntakeStore } from '../../../src/ports/intake-store.ts';
import type { MetricReading, Readings } from '../../../src/ports/readings.ts';
import type { ServiceRebuild } from '../../../src/ports/service-rebuild.ts';
import type { TrafficSplit } from '../../../src/ports/traffic-split.ts';
import { createFakeDatabase } from '../../world/fakes/database.ts';
import { createFakeHttp, type FakeAnswer } from '../../world/fakes/http.ts';

const now = () => 1_000_000;
const READING: MetricReading = {
  known: true,
  why: '',
  value: 0.01,
  lower: 0.001,
  upper: 0.03,
  bad: 1,
  all: 100,
  growing: false,
  watermark: 5,
};

/** Each says what its probe promises, and nothing else. */
const INTEGRATIONS = Object.fromEntries(
  Object.values(PROBES)
    .filter(({ name }) => driverOf(name) !== null)
    .map(({ name, result }) => {
      const values = Object.fromEntries(Object.keys(result).map((key) => [key, true]));
      return [name, { driver: driverOf(name) ?? '', deeds: {}, probes: { [name]: async () => values } }];
    }),
);
const ZONE = { zone: 'UTC', weekdays: [0, 1, 2, 3, 4, 5, 6], monthDays: Array.from({ length: 31 }, (_, n) => n + 1), eitherDay: false };
const LOOKED_AT: LookPorts = {
  looks: {
    logs: { app: { look: async () => ({ matched: 3, read: 9, lines: ['a', 'b'], isWhole: true }) } },
    vendors: { app: { look: async () => ({ level: 0, word: 'operational', isMaintained: false, incidents: [] }) } },
    errors: { app: { look: async () => ({ errors: 0, issues: [], isMore: false, from: 0, to: 60_000 }) } },
    samples: {
      app: {
        look: async () =>
          ['cpu', 'cpu', 'files', 'file_newest_seconds', 'file_newest_bytes'].map((name) => ({
            kind: 'value' as const,
            name,
            labels: {},
            at: 0,
            value: 1,
          })),
      },
    },
    host: { look: async () => ({ cpu: 0.1, memory: 0.2, disk: 0.3 }) },
    masked: async (text) => text,
  },
  secrets: {
    fill: async (text) => text.replace('{secret.jwt}', 'hunter2'),
    masked: async (text) => text,
    compare: async () => ({ same: true, expired: false, digest: 'abc' }),
  },
  windows: [{ id: 'night', ...ZONE, months: Array.from({ length: 12 }, (_, n) => n + 1), at: [0], until: { minute: 60 } }],
  buckets: { backups: { newest: async () => ({ objects: 1, newest: { key: 'a', bytes: 9, at: 0 } }) } },
  suites: { run: async () => ({ passed: 3, failed: 0, skipped: 1, exit: 0, tail: 'ok', tookMs: 1 }) },
  synthetics: { steps: () => 2, run: async () => ({ passed: 2, failedAt: '', why: '', run: 'r', tookMs: 1 }) },
  time: { now, monotonicMs: now, sleep: async () => undefined, uuid: () => 'u' },
};

const STATUS = { received: 3, delivered: 2, aside: 0, waiting: 1, oldestAt: 1, held: false, underWayAt: null };
const INTAKE = {
  specs: [{ id: 'dm', to: 'http://flows/{org}', verify: 'none', idHeader: 'id', timeoutMs: 1_000, most: 10, rememberMs: 1 }] as const,
  store: { status: async () => STATUS, breakers: async () => [] } as unknown as IntakeStore,
  time: { now },
};
const FORM = {
  id: 's1',
  mark: 'm',
  settings: { region: 'us-west1' },
  source: null,
  customDomains: [],
  ownDomains: [],
  tcpProxies: [],
  commit: 'c1',
  frozen: true,
  coming: [],
  newest: null,
  digests: { A: 'd' },
};
const REBUILD = {
  ...{ name: 'app', path: '/kept/app.age' },
  look: async () => ({ ...FORM, deploy: 'live' }),
  kept: async () => ({ ...FORM, keptAt: 1 }),
} as unknown as ServiceRebuild;
const PROXY: TrafficSplit = {
  compareAndSet: 'none',
  names: ['old', 'new'],
  look: async () => ({ shares: { old: 0.9, new: 0.1 }, up: ['old', 'new'], fingerprint: 'old 90, new 10' }),
  put: async () => undefined,
};

function worldOf(o: { readonly answers?: readonly FakeAnswer[]; readonly reading?: Partial<MetricReading> } = {}) {
  let next = 0;
  const http = createFakeHttp({
    hosts: ['shop'],
    answer: () => o.answers?.[next++ % (o.answers.length || 1)] ?? { status: 200, body: 'fine' },
  });
  const asked: unknown[] = [];
  const readings: Pick<Readings, 'read' | 'views'> = {
    views: async () => [],
    read: async (q) => {
      asked.push(q);
      return { ...READING, ...o.reading };
    },
  };
  const target = createVirtualDeployTarget({
    releases: [
      { ref: 'v1', createdAt: 1 },
      { ref: 'v2', createdAt: 2 },
    ],
    now,
  });
  const flow = createVirtualFlowSwitch({ flows: { acme: 'next' }, values: ['stable', 'next'], now });
  const probes = createProbes({
    http,
    readings: readings as Readings,
    targets: { shop: { ...target, changedFiles: async () => ['package.json'] } },
    switches: { checkout: flow },
    proxies: { web: PROXY },
    services: { app: createVirtualService({ units: 1, now }) },
    rebuilds: { app: REBUILD },
    integrations: INTEGRATIONS,
    intake: INTAKE,
    flags: { 'new-flow': { evaluate: async () => true } as never },
    flagService: { evaluate: async () => true },
    configs: {
      env: { get: async () => ({ values: { DEBUG: '1' } }), mark: (value: string) => value, isSecret: () => false } as never,
    },
    workingCopies: { look: async () => ({ branch: 'main', clean: true, ahead: 0, behind: 0 }) },
    looks: LOOKED_AT,
    databases: { crm: createFakeDatabase({ known: { v1: ['1_a', '2_b'] }, applied: ['1_a', '3_c'] }) },
  });
  const measure = (name: string, args: JsonObject, more?: { readonly since?: number }) => {
    const probe = probes[name];
    if (probe === undefined) throw new Error(`no probe ${name}`);
    return probe.measure(args, more);
  };
  return { probes, measure, asked, http, target };
}

describe('the probes', () => {
  it('are those of the catalog, and give the names that the catalog promises', async () => {
    const { probes, measure } = worldOf();
    expect(Object.keys(probes).toSorted()).toEqual(Object.keys(PROBES).toSorted());
    const args: JsonObject = {
      url: 'http://shop/',
      trigger: 'http-5xx',
      target: 'shop',
      switch: 'checkout',
      proxy: 'web',
      of: 'new',
      service: 'app',
      org: 'acme',
      intake: 'dm',
      instance: 'Julia',
      dir: '/srv/app',
      source: 'app',
      name: 'cpu',
      window: 'night',
      suite: 'smoke',
      bucket: 'backups',
      newerThan: '1h',
      flag: 'new-flow',
      config: 'env',
      key: 'DEBUG',
      from: 'v1',
      to: 'v2',
      synthetic: 'customer',
      jwt: 'http://shop/token',
      database: 'crm',
      release: 'v1',
    };
    for (const [name, spec] of Object.entries(PROBES)) {
      const result = await measure(name, args);
      expect(Object.keys(result.known ? result.values : {}).toSorted(), name).toEqual(Object.keys(spec.result).toSorted());
    }
  });

  it.each<readonly [string, JsonObject]>([
    ['http', {}],
    ['http', { url: 'http://shop/', times: 0 }],
    ['http', { url: 'http://shop/', timeout: '5 secs' }],
    ['http', { url: 'http://169.254.169.254/' }],
    ['metric', {}],
    ['release', { target: 'nobody' }],
    ['release', {}],
    ['flow', { switch: 'nobody', org: 'acme' }],
    ['log', { source: 'nobody' }],
    ['sentry', { source: 'nobody', optional: false }],
    ['sample', { source: 'app', name: 'memory' }],
    ['window', { window: 'day' }],
    ['secret', { name: 'jwt' }],
    ['sql', { query: 'nobody' }],
    ['sql', {}],
    ['migrations', { database: 'crm', release: 'gone' }],
    ['migrations', { database: 'nobody', release: 'v1' }],
  ])('say that they do not know: %s with %j', async (name, args) => {
    expect(await worldOf().measure(name, args)).toEqual({ known: false, why: expect.any(String) });
  });

  it('let our own mistakes surface', async () => {
    const probes = createProbes({ http: null as never, readings: null as never, targets: {}, switches: {}, workingCopies: null as never });
    await expect(probes['metric']?.measure({ trigger: 'x' })).rejects.toThrow(TypeError);
  });
});

describe('the http probe', () => {
  it('asks as often as it is told and counts the good answers', async () => {
    const { measure, http } = worldOf({
      answers: [
        { status: 200, body: 'a fine day' },
        { status: 503, body: 'a fine mess' },
        { status: 302, body: 'a fine way' },
      ],
    });
    const result = await measure('http', { url: 'http://shop/', times: 6, contains: 'fine' });
    expect(result).toMatchObject({ known: true, values: { ok: 4, tried: 6, status: 302, found: true } });
    expect(http.sent).toHaveLength(6);
  });

  it('counts a request without an answer as a failed one', async () => {
    const { measure } = worldOf({ answers: [{ status: 200 }, 'reset', 'nobody'] });
    expect(await measure('http', { url: 'http://shop/', times: 3 })).toMatchObject({ known: true, values: { ok: 1, tried: 3 } });
  });

  it('does not know when nobody answers at all, and does not wait for every try', async () => {
    const { measure, http } = worldOf({ answers: ['reset'] });
    expect(await measure('http', { url: 'http://shop/', times: 500 })).toEqual({
      known: false,
      why: expect.stringContaining('http://shop/'),
    });
    expect(http.sent.length).toBeLessThan(5);
  });

  it('finds a text only when every answer holds it', async () => {
    const { measure } = worldOf({
      answers: [
        { status: 200, body: 'ready' },
        { status: 200, body: 'starting' },
      ],
    });
    expect(await measure('http', { url: 'http://shop/', times: 2, contains: 'ready' })).toMatchObject({ values: { found: false } });
  });
});

describe('durations of probes', () => {
  it('are those that people write in a runbook, or milliseconds', async () => {
    const { measure, asked } = worldOf();
    for (const over of ['30s', 30_000]) await measure('metric', { trigger: 'x', over });
    expect(asked).toEqual([30_000, 30_000].map((overMs) => ({ trigger: 'x', scope: '', overMs })));
    expect(await measure('http', { url: 'http://shop/', timeout: '2s' })).toMatchObject({ known: true });
  });
});

describe('what is optional', () => {
  it.each(['log', 'sentry', 'vendor.status', 'sample'])('is absent and no failure where %s has no such source', async (name) => {
    expect(await worldOf().measure(name, { source: 'none', name: 'cpu', optional: true })).toEqual({
      known: false,
      why: 'none is not configured',
      absent: true,
    });
  });
});

describe('the body of an answer as JSON', () => {
  it.each<readonly [unknown, boolean]>([
    [{ status: 'healthy' }, true],
    [{ status: 'healthy', since: 1 }, false],
    [{ status: 'Healthy' }, false],
    [[{ status: 'healthy' }], false],
    [null, false],
  ])('is exactly what is asked for, or it is not: %j', async (body, equal) => {
    const { measure } = worldOf({ answers: [{ status: 200, body: JSON.stringify(body) }] });
    expect(await measure('http', { url: 'http://shop/', json: { status: 'healthy' } })).toMatchObject({ values: { equal, json: body } });
  });

  it('that is none is null, and equal to nothing', async () => {
    const { measure } = worldOf({ answers: [{ status: 200, body: 'fine' }] });
    expect(await measure('http', { url: 'http://shop/', json: null })).toMatchObject({ values: { equal: false, json: null } });
  });
});

describe('what strangers write', () => {
  it('is kept without what cannot be stored or hashed, also in a reason', async () => {
    const { measure } = worldOf({ answers: [{ status: 200, body: '{"a\\u0000":"\\ud800x","b":["\\u0000"]}' }] });
    expect(await measure('http', { url: 'http://shop/' })).toMatchObject({ values: { json: { 'a\ufffd': '\ufffdx', b: ['\ufffd'] } } });
    expect(await measure('window', { window: 'a\u0000\ud800' })).toEqual({ known: false, why: 'there is no window a\ufffd\ufffd' });
  });

  it('and nests without end is no JSON', async () => {
    for (const body of ['['.repeat(500_000), `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`])
      expect(await worldOf({ answers: [{ status: 200, body }] }).measure('http', { url: 'http://shop/' })).toMatchObject({
        known: true,
        values: { json: null },
      });
  });
});

describe('headers of the http probe', () => {
  it('are sent with their secrets filled in', async () => {
    const { measure, http } = worldOf();
    await measure('http', { url: 'http://shop/', headers: { authorization: 'Bearer {secret.jwt}' } });
    expect(http.sent[0]?.headers).toEqual({ authorization: 'Bearer hunter2' });
  });
});

describe('the metric probe', () => {
  it('hands over scope, window and since, and gives the interval with the value', async () => {
    const { measure, asked } = worldOf();
    const result = await measure('metric', { trigger: 'http-5xx', org: 'acme', over: '30s' }, { since: 7 });
    expect(asked).toEqual([{ trigger: 'http-5xx', scope: 'acme', overMs: 30_000, since: 7 }]);
    expect(result).toEqual({
      known: true,
      values: { value: 0.01, lower: 0.001, upper: 0.03, bad: 1, all: 100, growing: false },
      interval: { lower: 0.001, upper: 0.03 },
    });
  });

  it('asks for the whole system without an organization', async () => {
    const { measure, asked } = worldOf();
    await measure('metric', { trigger: 'http-5xx' });
    expect(asked).toEqual([{ trigger: 'http-5xx', scope: '' }]);
  });

  it('does not know what detection does not know', async () => {
    expect(await worldOf({ reading: { known: false, why: 'no data since 12:00' } }).measure('metric', { trigger: 'x' })).toEqual({
      known: false,
      why: 'no data since 12:00',
    });
  });
});

describe('the migrations probe', () => {
  it('counts what the database lacks of a release, and what the release does not know', async () => {
    expect(await worldOf().measure('migrations', { database: 'crm', release: 'v1' })).toEqual({
      known: true,
      values: { revision: '3_c', applied: 2, missing: 1, unknown: 1 },
    });
  });
});

describe('the release probe', () => {
  it('says what is live, whether it is frozen, and whether every unit runs it', async () => {
    const { measure, target } = worldOf();
    await target.freeze(true, 'INC-1');
    expect(await measure('release', { target: 'shop' })).toEqual({
      known: true,
      values: { version: 'v2', frozen: true, uniform: true, units: 1 },
    });
  });
});
