// The probes over fakes: what they say, and that trouble is "not known".
import { describe, expect, it } from 'vitest';
import { PROBES } from '../../../src/domain/catalog.ts';
import { driverOf } from '../../../src/domain/integration-catalog.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { createProbes } from '../../../src/flows/probes/index.ts';
import type { MetricReading, Readings } from '../../../src/ports/readings.ts';
import { createFakeDeployTarget } from '../../world/fakes/deploy-target.ts';
import { createFakeFlowSwitch } from '../../world/fakes/flow-switch.ts';
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

function worldOf(o: { readonly answers?: readonly FakeAnswer[]; readonly reading?: Partial<MetricReading> } = {}) {
  let next = 0;
  const http = createFakeHttp({
    hosts: ['shop'],
    answer: () => o.answers?.[next++ % (o.answers.length || 1)] ?? { status: 200, body: 'fine' },
  });
  const asked: unknown[] = [];
  const readings: Pick<Readings, 'read'> = {
    read: async (q) => {
      asked.push(q);
      return { ...READING, ...o.reading };
    },
  };
  const target = createFakeDeployTarget({
    releases: [
      { ref: 'v1', createdAt: 1 },
      { ref: 'v2', createdAt: 2 },
    ],
    now,
  });
  const flow = createFakeFlowSwitch({ flows: { acme: 'next' }, values: ['stable', 'next'], now });
  const probes = createProbes({
    http,
    readings: readings as Readings,
    targets: { shop: target },
    switches: { checkout: flow },
    integrations: INTEGRATIONS,
    workingCopies: { look: async () => ({ branch: 'main', clean: true, ahead: 0, behind: 0 }) },
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
    const args: JsonObject = { url: 'http://shop/', trigger: 'http-5xx', target: 'shop', switch: 'checkout', org: 'acme', dir: '/srv/app' };
    for (const [name, spec] of Object.entries(PROBES)) {
      const result = await measure(name, args);
      expect(Object.keys(result.known ? result.values : {}).toSorted(), name).toEqual(Object.keys(spec.result).toSorted());
    }
  });

  it.each<readonly [string, JsonObject]>([
    ['http', {}],
    ['http', { url: 'http://shop/', times: 0 }],
    ['http', { url: 'http://shop/', timeout: '5s' }],
    ['http', { url: 'http://169.254.169.254/' }],
    ['metric', {}],
    ['release', { target: 'nobody' }],
    ['release', {}],
    ['flow', { switch: 'nobody', org: 'acme' }],
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

describe('the metric probe', () => {
  it('hands over scope, window and since, and gives the interval with the value', async () => {
    const { measure, asked } = worldOf();
    const result = await measure('metric', { trigger: 'http-5xx', org: 'acme', over: 30_000 }, { since: 7 });
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
