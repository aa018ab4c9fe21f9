// Foreign alerts: every shape on its own, what counts once, how long a state stands, bounds, and the contract of sources.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAlerts } from '../../../src/adapters/alerts/index.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import { listening } from '../../../src/flows/detect/listening.ts';
import type { Decoded, Received } from '../../../src/ports/signal-source.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';
import { blocksOf, NOW, openSenders, systemOf } from '../../world/senders.ts';

const HOUR = 3_600_000;
const OPEN = '0001-01-01T00:00:00Z';
const iso = (ms: number): string => new Date(ms).toISOString();
const decoder = createAlerts({ id: 'alerts', driver: 'alerts', everyMs: 1_000, verify: 'none', org: 'organization', holdMs: 5 * HOUR });

const request = (path: string, body: unknown, at = NOW, method: Received['method'] = 'POST'): Received => ({
  method,
  path,
  headers: {},
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  at,
});
const decode = (path: string, body: unknown, at = NOW) => decoder.decode(request(path, body, at)) as Decoded;
const why = (path: string, body: unknown, method: Received['method'] = 'POST'): string => {
  try {
    void decoder.decode(request(path, body, NOW, method));
  } catch (error) {
    expect(BelayError.is(error, 'BELAY_INPUT_INVALID')).toBe(true);
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
};
const idOf = ({ samples }: Decoded, index = 0): string | undefined => {
  const one = samples[index];
  return one?.kind === 'delta' ? one.id : undefined;
};

const LABELS = { alertname: 'HighErrors', severity: 'critical', organization: 'acme', instance: 'web-1:9090', job: 'web' };
const alert = (o: Readonly<Record<string, unknown>> = {}) => ({
  labels: LABELS,
  annotations: { summary: 'too many errors' },
  startsAt: '2026-03-01T11:58:00.123456789Z',
  endsAt: iso(NOW + 4 * 60_000),
  generatorURL: 'http://prometheus/graph',
  ...o,
});

signalSourceContract('the alerts adapter behind a listening source', async () => {
  const source = listening(decoder, createVirtualTime(NOW));
  return {
    source,
    beat: async (count) => {
      for (let n = 0; n < count; n += 1) await source.receive(request('/api/v2/alerts', [alert()]));
    },
    trouble: null,
    close: async () => undefined,
  };
});

describe('the API of Alertmanager', () => {
  test('counts an alert by what it is and when it began, and tells its state until the end that is promised', () => {
    const decoded = decode('/api/v2/alerts', [alert()]);
    const labels = { alertname: 'HighErrors', severity: 'critical', org: 'acme' };
    expect(decoded.reply.status).toBe(200);
    expect(decoded.samples).toEqual([
      {
        kind: 'delta',
        id: expect.stringMatching(/^[0-9a-f]{32}\/\d{13}$/),
        name: 'alerts',
        labels: { ...labels, status: 'firing' },
        at: NOW,
        delta: 1,
      },
    ]);
    expect(decoded.standing).toMatchObject([{ name: 'alert_firing', labels, value: 1, until: NOW + 4 * 60_000 }]);
    const again = decode('/api/v2/alerts', [alert({ endsAt: iso(NOW + 5 * 60_000) })], NOW + 60_000);
    expect(idOf(again)).toBe(idOf(decoded));
    const other = decode('/api/v2/alerts', [
      alert({ startsAt: '2026-03-01T11:59:00Z' }),
      alert({ labels: { ...LABELS, instance: 'web-2' } }),
    ]);
    expect(new Set([idOf(decoded), idOf(other, 0), idOf(other, 1)]).size).toBe(3);
  });

  test('takes an end in the past as the end, and none, an empty one or the zero time as open', () => {
    expect(decode('/api/v2/alerts', [alert({ endsAt: iso(NOW) })])).toMatchObject({
      samples: [],
      standing: [{ value: 0, until: NOW + 5 * HOUR }],
    });
    for (const endsAt of [OPEN, '', undefined])
      expect(decode('/api/v2/alerts', [alert({ endsAt })]).standing).toMatchObject([{ value: 1, until: NOW + 5 * HOUR }]);
  });

  test('believes no promise beyond a week', () => {
    expect(decode('/api/v2/alerts', [alert({ endsAt: '9999-01-01T00:00:00Z' })]).standing).toMatchObject([{ until: NOW + 7 * 24 * HOUR }]);
  });

  test('counts an alert without a start once in five minutes', () => {
    const ids = [0, 60_000, 6 * 60_000].map((later) => idOf(decode('/api/v2/alerts', [alert({ startsAt: undefined })], NOW + later)));
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test('leaves labels out that an alert does not have, and caps those it has', () => {
    expect(decode('/api/v2/alerts', [alert({ labels: { alertname: `a\u0007${'x'.repeat(999)}` } })]).standing?.[0]?.labels).toEqual({
      alertname: `a\uFFFD${'x'.repeat(253)}…`,
    });
  });

  test.each<[string, unknown]>([
    ['no list', {}],
    ['no JSON', '[{'],
    ['an element that is no alert', [1]],
    ['no labels', [{}]],
    ['a label that is a number', [alert({ labels: { a: 1 } })]],
    ['300 labels', [alert({ labels: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`l${n}`, 'x'])) })]],
    ['a time that is none', [alert({ endsAt: 'soon' })]],
    ['10,001 alerts', Array.from({ length: 10_001 }, () => alert())],
  ])('refuses a request with %s, and says what is wrong', (_what, body) => {
    expect(why('/api/v2/alerts', body)).toMatch(/\w+ \w+/);
  });
});

describe('webhooks', () => {
  const webhook = (o: Readonly<Record<string, unknown>> = {}) => ({
    version: '4',
    groupKey: '{}:{alertname="HighErrors"}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'belay',
    groupLabels: { alertname: 'HighErrors' },
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager',
    alerts: [
      { ...alert({ endsAt: OPEN }), status: 'firing', fingerprint: 'c0ffee0123456789' },
      { ...alert({ endsAt: OPEN }), status: 'resolved', fingerprint: 'deadbeef01234567' },
    ],
    ...o,
  });

  test('of Alertmanager are one state for each fingerprint, not for the group', () => {
    const decoded = decode('', webhook());
    expect(idOf(decoded)).toBe(`c0ffee0123456789/${Date.parse('2026-03-01T11:58:00.123Z')}`);
    expect(decoded.standing).toMatchObject([
      { thing: 'c0ffee0123456789', value: 1, until: NOW + 5 * HOUR },
      { thing: 'deadbeef01234567', value: 0, until: NOW + 5 * HOUR },
    ]);
  });

  test('of Grafana, with its further fields, mean the same', () => {
    const grafana = webhook({ orgId: 1, title: '[FIRING:1]', state: 'alerting', message: '**Firing**' });
    const alerts = grafana.alerts.map((one) => ({
      ...one,
      values: { B: 42.3 },
      valueString: '[ var=B ]',
      silenceURL: 'http://g',
      dashboardURL: '',
    }));
    expect(decode('', { ...grafana, alerts })).toEqual(decode('', webhook()));
  });

  test('that left alerts out say how many, once for each delivery', () => {
    const decoded = decode('', webhook({ truncatedAlerts: 7 }));
    expect(decoded.samples.at(-1)).toMatchObject({ name: 'alerts_truncated', delta: 7, id: expect.stringMatching(/truncated$/) });
    expect(idOf(decode('', webhook({ truncatedAlerts: 7 })), 1)).toBe(idOf(decoded, 1));
  });

  test('of somebody else are refused with what is expected', () => {
    expect(why('', { text: 'hello' })).toContain('"alerts"');
  });
});

describe('events of PagerDuty', () => {
  const trigger = {
    routing_key: 'R0UT1NG',
    event_action: 'trigger',
    dedup_key: 'disk-full/web-1',
    payload: {
      summary: 'Disk is full',
      source: 'web-1',
      severity: 'critical',
      timestamp: '2026-03-01T11:58:00Z',
      custom_details: { organization: 'acme' },
    },
  };

  test('are accepted with their key, count once, and end by the key alone', async () => {
    const decoded = decode('/v2/enqueue', trigger);
    expect(decoded.reply).toMatchObject({
      status: 202,
      body: JSON.stringify({ status: 'success', message: 'Event processed', dedup_key: 'disk-full/web-1' }),
    });
    expect(decoded.samples).toMatchObject([{ name: 'alerts', labels: { alertname: 'Disk is full', severity: 'critical', org: 'acme' } }]);
    const resolved = decode('/v2/enqueue', { routing_key: 'R', event_action: 'resolve', dedup_key: 'disk-full/web-1' });
    expect(resolved.ended).toEqual([{ thing: decoded.standing?.[0]?.thing, until: NOW + 5 * HOUR }]);
    expect(decode('/v2/enqueue', { event_action: 'acknowledge', dedup_key: 'x' })).toMatchObject({ samples: [], standing: [], ended: [] });
  });

  test('without a key are given one, the same for the same body', () => {
    const { dedup_key: _, ...keyless } = trigger;
    const keys = [1, 2].map(() => JSON.parse(String(decode('/v2/enqueue', keyless).reply.body)).dedup_key);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[0]).toBe(keys[1]);
  });

  test.each<[string, unknown]>([
    ['no action', {}],
    ['an unknown action', { event_action: 'close' }],
    ['a resolve without a key', { event_action: 'resolve' }],
    ['no summary', { event_action: 'trigger', payload: {} }],
  ])('with %s are refused', (_what, body) => {
    expect(why('/v2/enqueue', body)).toMatch(/\w+ \w+/);
  });
});

test('health checks of senders are answered, and other addresses are named as unknown', () => {
  expect(decoder.decode(request('/-/ready', '', NOW, 'GET'))).toMatchObject({ samples: [], reply: { status: 200 } });
  const status = decoder.decode(request('/api/v2/status', '', NOW, 'GET')) as Decoded;
  expect(Object.keys(JSON.parse(String(status.reply.body))).sort()).toEqual(['cluster', 'config', 'uptime', 'versionInfo']);
  expect(why('/api/v1/alerts', [])).toContain('POST /api/v1/alerts');
  expect(why('/api/v2/alerts', '', 'GET')).toContain('GET /api/v2/alerts');
});

describe('through the door into detection', () => {
  const yaml = blocksOf('docs/sources/alerts.md')[0] ?? '';
  const headers = { authorization: 'Bearer alerts-secret' };
  const open = () => openSenders(systemOf(yaml, { ALERTS_SECRET: 'alerts-secret' }));
  const until = (senders: { readonly time: { now(): number } }, ms: number): string => iso(senders.time.now() + ms);

  test('the page’s trigger starts once while an alert is re-sent, and clears when its sender says that it is over', async () => {
    const senders = await open();
    await senders.time.advance(30_000);
    for (let minute = 0; minute < 5; minute += 1) {
      const answer = await senders.send('/in/alerts/api/v2/alerts', [alert({ endsAt: until(senders, 4 * 60_000) })], headers);
      expect(answer.status).toBe(200);
      await senders.time.advance(60_000);
    }
    expect((await senders.statuses('foreign-critical', 'acme')).filter((one) => one === 'breached')).toHaveLength(1);
    await senders.send('/in/alerts/api/v2/alerts', [alert({ endsAt: until(senders, -1_000) })], headers);
    await senders.time.advance(180_000);
    expect(await senders.statuses('foreign-critical', 'acme')).toContain('cleared');
  });

  test('an alert that is not sent again is unknown, and not over', async () => {
    const senders = await open();
    await senders.send('/in/alerts/api/v2/alerts', [alert({ endsAt: until(senders, 4 * 60_000) })], headers);
    await senders.time.advance(30 * 60_000);
    expect((await senders.statuses('foreign-critical', 'acme')).at(-1)).toBe('breached');
  });

  test('one alert that is over does not hide another with the same labels', async () => {
    const senders = await open();
    const both = [alert({ endsAt: OPEN }), alert({ endsAt: OPEN, labels: { ...LABELS, instance: 'web-2' } })];
    await senders.send('/in/alerts/api/v2/alerts', both, headers);
    await senders.time.advance(60_000);
    await senders.send('/in/alerts/api/v2/alerts', [alert({ endsAt: until(senders, -1) })], headers);
    await senders.time.advance(5 * 60_000);
    expect((await senders.statuses('foreign-critical', 'acme')).at(-1)).toBe('breached');
  });

  test('nobody without the secret is heard, and a bad request is told to its sender', async () => {
    const senders = await open();
    expect((await senders.send('/in/alerts/api/v2/alerts', [alert()])).status).toBe(401);
    const bad = await senders.send('/in/alerts/api/v2/alerts', [alert({ endsAt: 'soon' })], headers);
    expect([bad.status, (await bad.text()).includes('alert[0].endsAt')]).toEqual([400, true]);
    expect(senders.refused.map((one) => one.status)).toEqual([401, 400]);
    expect((await senders.send('/in/alerts/-/ready', undefined, headers)).status).toBe(200);
  });
});

test('whatever is sent to any address is a decoded request or a refusal with a reason', () => {
  const time = fc.constantFrom(OPEN, '', iso(NOW), iso(NOW + 60_000), 'x', null, 1);
  const labels = fc.dictionary(
    fc.constantFrom('alertname', 'severity', 'organization', '__proto__', 'x'),
    fc.oneof(fc.string(), fc.integer()),
  );
  const one = fc.record(
    { labels, startsAt: time, endsAt: time, status: fc.constantFrom('firing', 'resolved', 1), fingerprint: fc.string() },
    { requiredKeys: [] },
  );
  const event = fc.record(
    {
      event_action: fc.constantFrom('trigger', 'resolve', 'acknowledge', ''),
      dedup_key: fc.string(),
      payload: fc.dictionary(fc.constantFrom('summary', 'class', 'timestamp', 'custom_details'), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.array(one, { maxLength: 3 }),
    fc.record({ alerts: fc.array(one, { maxLength: 3 }), truncatedAlerts: fc.jsonValue() }),
    event,
    fc.jsonValue(),
  );
  const path = fc.constantFrom('', '/api/v2/alerts', '/v2/enqueue', '/x');
  fc.assert(
    fc.property(
      path,
      fc.oneof(
        body.map((value) => JSON.stringify(value)),
        fc.string(),
      ),
      (where, text) => {
        try {
          const { samples, standing = [] } = decode(where, text);
          return [...samples, ...standing].every(
            (sample) => 'labels' in sample && Object.values(sample.labels).every((label) => label !== '' && label.length <= 256),
          );
        } catch (error) {
          return BelayError.is(error, 'BELAY_INPUT_INVALID') && error.message !== '';
        }
      },
    ),
    { numRuns: 10_000 },
  );
});
