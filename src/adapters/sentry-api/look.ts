// What Sentry counted lately, for checks and for the record: errors of complete minutes, and the issues that are not resolved.
import { Patience, Unusable, withoutSecrets } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import { fieldsIn, labelText, textIn } from '../../domain/received.ts';
import type { ErrorsLook, ErrorsSeen, IssueSeen } from '../../ports/looks.ts';
import { errorsIn, MINUTE_MS } from './answers.ts';
import { createAsking, type SentryApiDeps, type SentryApiSpec } from './asking.ts';

/** Sentry gives minutes of at most so long a time. */
const LONGEST_MS = 24 * 3_600_000;
const MOST_ISSUES = 20;

export function createErrorsLook(spec: SentryApiSpec, deps: SentryApiDeps): ErrorsLook {
  const { time } = deps;
  const patience = new Patience();
  const asking = createAsking(spec, { ...deps, patience });

  const look = async ({ lastMs, since, query }: Parameters<ErrorsLook['look']>[0]): Promise<ErrorsSeen> => {
    const now = time.now();
    const refusal = patience.refusal(now);
    if (refusal !== null) throw new Unusable(refusal);
    const to = Math.floor((now - spec.settleMs) / MINUTE_MS) * MINUTE_MS;
    const wanted = Math.max(to - Math.min(lastMs, LONGEST_MS), since ?? -Infinity);
    const from = Math.ceil(wanted / MINUTE_MS) * MINUTE_MS;
    if (from >= to) throw new Unusable('no minute of that time is complete yet');
    const ask = asking(AbortSignal.timeout(spec.timeoutMs));
    const search = [spec.query, query].filter((one) => one !== undefined && one !== '').join(' ');
    const only = search === '' ? {} : { query: search };
    const between = { start: new Date(from).toISOString(), end: new Date(to).toISOString() };
    const counted = { dataset: 'errors', yAxis: 'count()', interval: '60', ...between, ...only };
    const { samples, upTo } = errorsIn(await ask('events-timeseries', counted), { from, to });
    if (upTo < to) throw new Unusable(`minutes are complete up to ${new Date(upTo).toISOString()} only`);
    const found = await ask('issues', {
      query: `is:unresolved ${search}`.trim(),
      sort: 'freq',
      limit: String(MOST_ISSUES + 1),
      ...between,
    });
    const issues = issuesIn(found, from);
    const errors = samples.reduce((sum, one) => sum + (one.kind === 'delta' ? one.delta : 0), 0);
    return { errors, issues: issues.slice(0, MOST_ISSUES), isMore: issues.length > MOST_ISSUES, from, to };
  };

  return {
    look: async (q) => {
      try {
        return await look(q);
      } catch (error) {
        if (!(error instanceof Unusable)) throw error;
        throw new BelayError('BELAY_TARGET_UNREACHABLE', withoutSecrets(`${spec.url}: ${error.message}`, [spec.token]));
      }
    },
  };
}

/** @throws Unusable */
function issuesIn(json: unknown, from: Instant): readonly IssueSeen[] {
  if (!Array.isArray(json)) throw new Unusable('issues: the answer is not a list');
  return json.slice(0, MOST_ISSUES + 1).map((one): IssueSeen => {
    const { id, shortId, title, level, count, firstSeen } = fieldsIn(one);
    if (typeof id !== 'string' || !/^\w{1,64}$/.test(id)) throw new Unusable('issues: one has no id');
    const events = Number(textIn(count) || count);
    return {
      id: labelText(shortId, 64) || id,
      title: labelText(title),
      level: labelText(level, 32),
      events: Number.isFinite(events) && events >= 0 ? events : 0,
      isNew: Date.parse(textIn(firstSeen)) >= from,
    };
  });
}
