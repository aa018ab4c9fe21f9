// Counts of Sentry as a source of signals, asked of its web API: complete minutes, each of them once. It judges nothing; what cannot be read
// is a dead reading with its reason, in which the token never stands. What Sentry sends by itself is the driver `sentry`.
import { deadBatch, Patience, readUpTo, Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { Batch, Cursor, Sample } from '../../domain/signal.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import { errorsIn, issuesIn, MINUTE_MS, type Span, sessionsIn } from './answers.ts';
import { type Ask, createAsking, type SentryApiDeps, type SentryApiSpec } from './asking.ts';

export type { SentryApiSpec } from './asking.ts';
export { createErrorsLook } from './look.ts';

/** After a longer absence the rest is not asked for. */
const LONGEST_GAP_MS = 12 * 3_600_000;
const COUNTS = ['errors', 'issues', 'sessions'] as const;

/**
 * @example createSentryApiReader({ id: 'errors', driver: 'sentry-api', url: 'https://sentry.io', organization: 'acme', token, counts: ['errors'], settleMs: 60_000, everyMs: 60_000, timeoutMs: 10_000 }, { http, time })
 * @throws BELAY_CONFIG_INVALID for counts that there are not
 */
export function createSentryApiReader(spec: SentryApiSpec, { http, time }: SentryApiDeps): SignalReader {
  const unknown = spec.counts.find((one) => !(COUNTS as readonly string[]).includes(one));
  if (unknown !== undefined)
    throw new BelayError('BELAY_CONFIG_INVALID', `source ${spec.id}: counts: there is no ${unknown}`, {
      hint: `Counts: ${COUNTS.join(', ')}.`,
    });
  const patience = new Patience();
  const asking = createAsking(spec, { http, time, patience });

  const read = async (signal: AbortSignal, cursor: Cursor): Promise<Batch> => {
    const now = time.now();
    const refusal = patience.refusal(now);
    if (refusal !== null) return deadBatch(spec.id, now, `${spec.url}: ${refusal}`);
    const to = Math.floor((now - spec.settleMs) / MINUTE_MS) * MINUTE_MS;
    const from = Math.max(readUpTo(cursor, now) ?? to - MINUTE_MS, to - LONGEST_GAP_MS);
    try {
      const { samples, upTo } = await readAll(asking(signal), spec, { from, to });
      const at = Math.max(from, upTo);
      return { source: spec.id, at, alive: true, samples, cursor: { upTo: at } };
    } catch (error) {
      if (error instanceof Unusable) return deadBatch(spec.id, now, `${spec.url}: ${error.message}`, [spec.token]);
      if (BelayError.is(error)) return deadBatch(spec.id, now, error.message, [spec.token]);
      throw error;
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}

/** What is new in the span, and up to where it is complete. @throws Unusable */
async function readAll(
  ask: Ask,
  spec: SentryApiSpec,
  span: Span,
): Promise<{ readonly samples: readonly Sample[]; readonly upTo: Instant }> {
  // Where no minute is new, the one before is asked for, to see that somebody answers.
  const asked = { from: Math.min(span.from, span.to - MINUTE_MS), to: span.to };
  const between = { start: new Date(asked.from).toISOString(), end: new Date(asked.to).toISOString() };
  const only = spec.query === undefined ? {} : { query: spec.query };
  const samples: Sample[] = [];
  let upTo = span.to;
  if (spec.counts.includes('errors')) {
    const more = { dataset: 'errors', yAxis: 'count()', interval: '60', ...between, ...only };
    const errors = errorsIn(await ask('events-timeseries', more), asked);
    samples.push(...errors.samples.filter((one) => one.at > span.from));
    upTo = errors.upTo;
  }
  if (spec.counts.includes('issues')) {
    const search = [spec.query ?? '', `firstSeen:>=${between.start.slice(0, 19)}`].filter((one) => one !== '').join(' ');
    samples.push(...issuesIn(await ask('issues', { query: search, sort: 'new', limit: '100', ...between }), span));
  }
  if (spec.counts.includes('sessions')) {
    const more = { field: 'sum(session)', groupBy: 'session.status', statsPeriod: '1h', interval: '1h', includeSeries: '0', ...only };
    samples.push(...sessionsIn(await ask('sessions', more), upTo));
  }
  return { upTo, samples };
}
