// What Sentry's API answers, as samples: minutes of errors, new issues, sessions of the last hour. It trusts no field and sends nothing.
import { Unusable } from '../../domain/answer.ts';
import type { Instant } from '../../domain/json.ts';
import { fieldsIn, labelsOf, textIn } from '../../domain/received.ts';
import type { Sample } from '../../domain/signal.ts';

export const MINUTE_MS = 60_000;
export const MOST_ISSUES = 100;

export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** Up to where minutes are complete, and their errors. @throws Unusable */
export function errorsIn(json: unknown, { from, to }: Span): { readonly samples: readonly Sample[]; readonly upTo: Instant } {
  const { timeSeries } = fieldsIn(json);
  if (!Array.isArray(timeSeries) || timeSeries.length !== 1) throw new Unusable('events-timeseries: the answer is not one series');
  const { values } = fieldsIn(timeSeries[0]);
  if (!Array.isArray(values)) throw new Unusable('events-timeseries: the series has no values');
  const minutes = new Map<Instant, { readonly count: number; readonly isComplete: boolean }>();
  for (const one of values) {
    const { timestamp, value, incomplete } = fieldsIn(one);
    if (typeof timestamp !== 'number' || timestamp % MINUTE_MS !== 0)
      throw new Unusable('events-timeseries: it answers in other steps than a minute');
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw new Unusable('events-timeseries: a value is no count');
    if (minutes.has(timestamp)) throw new Unusable('events-timeseries: it tells one minute twice');
    minutes.set(timestamp, { count: value, isComplete: incomplete !== true });
  }
  const samples: Sample[] = [];
  for (let at = from; at < to; at += MINUTE_MS) {
    const minute = minutes.get(at);
    if (minute === undefined) throw new Unusable('events-timeseries: it leaves minutes out');
    if (!minute.isComplete) return { samples, upTo: at };
    if (minute.count > 0) samples.push({ kind: 'delta', name: 'sentry_errors', labels: {}, at: at + MINUTE_MS, delta: minute.count });
  }
  return { samples, upTo: to };
}

/** Issues that were seen for the first time in the span; each counts once, by its id. @throws Unusable */
export function issuesIn(json: unknown, { from, to }: Span): readonly Sample[] {
  if (!Array.isArray(json)) throw new Unusable('issues: the answer is not a list');
  const seen = new Set<string>();
  return json.slice(0, MOST_ISSUES).flatMap((one): readonly Sample[] => {
    const { id, firstSeen, level, project } = fieldsIn(one);
    const at = Date.parse(textIn(firstSeen));
    if (typeof id !== 'string' || !/^\w{1,64}$/.test(id) || !Number.isFinite(at))
      throw new Unusable('issues: one has no id or no firstSeen');
    if (at < from || at >= to || seen.has(id)) return [];
    seen.add(id);
    const labels = labelsOf({ level, project: fieldsIn(project)['slug'] });
    return [{ kind: 'delta', id: `issue/${id}`, name: 'sentry_new_issues', labels, at, delta: 1 }];
  });
}

const STATUSES: readonly string[] = ['healthy', 'errored', 'abnormal', 'crashed', 'unhandled'];

/** Shares of the last hour; none where there were no sessions. @throws Unusable */
export function sessionsIn(json: unknown, at: Instant): readonly Sample[] {
  const { groups } = fieldsIn(json);
  if (!Array.isArray(groups)) throw new Unusable('sessions: the answer has no groups');
  const counts = new Map<string, number>();
  for (const group of groups) {
    const { by, totals } = fieldsIn(group);
    const status = textIn(fieldsIn(by)['session.status']);
    const count = fieldsIn(totals)['sum(session)'] ?? 0;
    if (!STATUSES.includes(status) || counts.has(status))
      throw new Unusable('sessions: a group is of no status that is known, or of one twice');
    if (typeof count !== 'number' || !Number.isFinite(count) || count < 0) throw new Unusable('sessions: a total is no count');
    counts.set(status, count);
  }
  const all = [...counts.values()].reduce((sum, one) => sum + one, 0);
  const value = (name: string, number: number): Sample => ({ kind: 'value', name, labels: {}, at, value: number });
  if (!Number.isFinite(all) || all === 0) return [value('sentry_sessions', 0)];
  const bad = (counts.get('crashed') ?? 0) / all;
  return [
    value('sentry_sessions', all),
    value('sentry_crashed_share', bad),
    value('sentry_errored_share', 1 - (counts.get('healthy') ?? 0) / all),
  ];
}
