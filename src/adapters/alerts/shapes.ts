// The shapes in which alerts come, read into one. A field of the wrong type refuses the whole request and is named.
import { createHash } from 'node:crypto';
import { type Fields, fieldsIn, isFields, labelText, refused, textIn } from '../../domain/received.ts';
import type { Received } from '../../ports/signal-source.ts';

export interface ForeignAlert {
  /** Of the thing: the same for every delivery of it. */
  readonly fingerprint: string;
  readonly labels: Fields;
  /** ms, as text; null when the sender does not say. */
  readonly startsAt: string | null;
  readonly firing: boolean;
  /** How long the sender promises the state; null when it does not. */
  readonly until: number | null;
}

export interface Delivery {
  readonly alerts: readonly ForeignAlert[];
  /** Things that are over, by fingerprint. */
  readonly ended?: readonly string[];
  /** The sender left some out. */
  readonly truncated?: { readonly id: string; readonly count: number };
}

const MOST_ALERTS = 10_000;
const MOST_LABELS = 256;

/** The API of Alertmanager: `[{ labels, startsAt, endsAt, … }]`. */
export function fromAlertmanager(body: unknown, request: Received): Delivery {
  if (!Array.isArray(body)) throw refused('the body is not a list of alerts');
  return { alerts: each(body, 'alert', (one, where) => alertOf(one, where, request)) };
}

/** What Alertmanager (version 4) and Grafana send to a webhook: `{ alerts: [{ status, labels, fingerprint, … }], truncatedAlerts }`. */
export function fromWebhook(body: unknown, request: Received): Delivery {
  const { alerts, truncatedAlerts } = fieldsIn(body);
  if (!Array.isArray(alerts)) throw refused('the body has no list "alerts"', 'Send the webhook of Alertmanager or Grafana.');
  const count = typeof truncatedAlerts === 'number' && truncatedAlerts > 0 ? Math.min(Math.round(truncatedAlerts), 1_000_000) : 0;
  const read = each(alerts, 'alerts', (one, where) => alertOf(one, where, request));
  return { alerts: read, ...(count === 0 ? {} : { truncated: { id: `${hash(request.body)}/truncated`, count } }) };
}

/** Events of PagerDuty, version 2. `acknowledge` says nothing about the state. */
export function fromPagerDuty(body: unknown, request: Received, org: string): { readonly delivery: Delivery; readonly key: string } {
  if (!isFields(body)) throw refused('the body is not an event');
  const action = textIn(body['event_action']);
  if (!['trigger', 'acknowledge', 'resolve'].includes(action)) throw refused('event_action is not one of trigger, acknowledge, resolve');
  const given = textIn(body['dedup_key']);
  if (given === '' && action !== 'trigger') throw refused(`${action} wants a dedup_key`);
  const key = given === '' ? hash(request.body) : given;
  const thing = hash(key);
  if (action !== 'trigger') return { key, delivery: { alerts: [], ended: action === 'resolve' ? [thing] : [] } };
  const payload = fieldsIn(body['payload']);
  if (textIn(payload['summary']) === '') throw refused('payload.summary is missing');
  const labels = {
    alertname: labelText(payload['class']) || labelText(payload['component']) || labelText(payload['summary']),
    severity: payload['severity'],
    [org]: fieldsIn(payload['custom_details'])[org],
  };
  const began = timeIn(payload['timestamp'], 'payload.timestamp');
  const startsAt = began === null ? null : String(began);
  return { key, delivery: { alerts: [{ fingerprint: thing, labels, startsAt, firing: true, until: null }] } };
}

function each<T>(list: readonly unknown[], name: string, read: (one: Fields, where: string) => T): readonly T[] {
  if (list.length > MOST_ALERTS) throw refused(`${list.length} alerts in one request, ${MOST_ALERTS} are the most`);
  return list.map((one, index) => {
    if (!isFields(one)) throw refused(`${name}[${index}] is not an alert`);
    return read(one, `${name}[${index}]`);
  });
}

function alertOf(one: Fields, where: string, { at }: Received): ForeignAlert {
  const { labels, status } = one;
  if (!isFields(labels)) throw refused(`${where} has no labels`);
  const pairs = Object.entries(labels);
  if (pairs.length > MOST_LABELS) throw refused(`${where} has ${pairs.length} labels, ${MOST_LABELS} are the most`);
  if (pairs.some(([, value]) => typeof value !== 'string')) throw refused(`${where} has a label that is not a text`);
  const startsAt = timeIn(one['startsAt'], `${where}.startsAt`);
  const endsAt = timeIn(one['endsAt'], `${where}.endsAt`);
  const firing = status !== 'resolved' && (endsAt === null || endsAt > at);
  const given = textIn(one['fingerprint']);
  return {
    fingerprint: /^[\w-]{1,64}$/.test(given) ? given : hash(JSON.stringify(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)))),
    labels,
    startsAt: startsAt === null ? null : String(startsAt),
    firing,
    // In the future it is the sender's promise; in the past it only says when it was over.
    until: firing ? endsAt : null,
  };
}

/** Null when it is left open: missing, empty, or Go's zero time. */
function timeIn(value: unknown, where: string): number | null {
  if (value === undefined || value === null || value === '') return null;
  const read = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (!Number.isFinite(read)) throw refused(`${where} is not a time such as 2026-03-01T06:14:00Z`);
  return read <= 0 ? null : read;
}

function hash(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
