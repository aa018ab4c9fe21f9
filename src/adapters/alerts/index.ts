// Alerts of others: what Prometheus, vmalert, Alertmanager, Grafana and clients of PagerDuty send, as samples. It takes their word for
// nothing but what they say; whether that is enough to act on is judged elsewhere.
import { jsonIn, labelsOf, refused } from '../../domain/received.ts';
import type { Sample } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Decoded, Received, Reply, SignalDecoder } from '../../ports/signal-source.ts';
import type { Delivery, ForeignAlert } from './shapes.ts';
import { fromAlertmanager, fromPagerDuty, fromWebhook } from './shapes.ts';

export type AlertsSpec = Extract<SourceSpec, { driver: 'alerts' }>;

/** A state that somebody promises for longer is not believed for longer. */
const LONGEST_PROMISE_MS = 7 * 24 * 3_600_000;
/** Senders that do not say when it began: what comes within this time is the same alert. */
const SAME_MS = 5 * 60_000;

/** @example createAlerts({ id: 'alerts', driver: 'alerts', everyMs: 10_000, verify: 'none', org: 'org', holdMs: 18_000_000 }) */
export function createAlerts(spec: AlertsSpec): SignalDecoder {
  const read = (request: Received): { readonly delivery: Delivery; readonly reply: Reply } => {
    const at = `${request.method} ${request.path}`;
    if (at === 'GET /-/ready' || at === 'GET /-/healthy') return { delivery: { alerts: [] }, reply: { status: 200, body: 'OK' } };
    if (at === 'GET /api/v2/status') return { delivery: { alerts: [] }, reply: statusReply(request) };
    if (at === 'POST /api/v2/alerts') return { delivery: fromAlertmanager(jsonIn(request.body), request), reply: { status: 200 } };
    if (at === 'POST ') return { delivery: fromWebhook(jsonIn(request.body), request), reply: { status: 200 } };
    if (at === 'POST /v2/enqueue') {
      const { delivery, key } = fromPagerDuty(jsonIn(request.body), request, spec.org);
      return { delivery, reply: json(202, { status: 'success', message: 'Event processed', dedup_key: key }) };
    }
    throw refused(
      `source ${spec.id} does not know ${at}`,
      'It takes POST to itself (webhooks), /api/v2/alerts (Prometheus, vmalert) and /v2/enqueue (PagerDuty).',
    );
  };
  return {
    id: spec.id,
    everyMs: spec.everyMs,
    decode: (request) => {
      const { delivery, reply } = read(request);
      return { ...samplesOf(spec, delivery, request.at), reply };
    },
  } satisfies SignalDecoder;
}

function samplesOf(spec: AlertsSpec, { alerts, ended = [], truncated }: Delivery, at: number): Omit<Decoded, 'reply'> {
  const samples: Sample[] = alerts.filter((alert) => alert.firing).map((alert) => ({ ...counted(spec, alert, at) }));
  if (truncated !== undefined)
    samples.push({ kind: 'delta', id: truncated.id, name: 'alerts_truncated', labels: {}, at, delta: truncated.count });
  const standing = alerts.map((alert) => ({
    thing: alert.fingerprint,
    name: 'alert_firing',
    labels: labelsIn(spec, alert),
    value: alert.firing ? 1 : 0,
    until: Math.min(alert.until ?? at + spec.holdMs, at + LONGEST_PROMISE_MS),
  }));
  const over = ended.map((thing) => ({ thing, until: at + spec.holdMs }));
  return { samples, standing, ended: over, ...(truncated === undefined ? {} : { truncated: true as const }) };
}

function counted(spec: AlertsSpec, alert: ForeignAlert, at: number): Sample {
  const began = alert.startsAt ?? `about ${Math.floor(at / SAME_MS) * SAME_MS}`;
  const labels = { ...labelsIn(spec, alert), status: 'firing' };
  // By arrival: an alert that is re-sent after a store was away must still fall into the window.
  return { kind: 'delta', id: `${alert.fingerprint}/${began}`, name: 'alerts', labels, at, delta: 1 };
}

function labelsIn(spec: AlertsSpec, { labels }: ForeignAlert): Readonly<Record<string, string>> {
  const own = (name: string): unknown => (Object.hasOwn(labels, name) ? labels[name] : undefined);
  return labelsOf({ alertname: own('alertname'), severity: own('severity'), org: own(spec.org) });
}

/** What Alertmanager's clients ask before they send. */
function statusReply({ at }: Received): Reply {
  const versionInfo = { version: '0.0.0', revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' };
  return json(200, { cluster: { status: 'disabled' }, versionInfo, config: { original: '' }, uptime: new Date(at).toISOString() });
}

function json(status: number, body: unknown): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
