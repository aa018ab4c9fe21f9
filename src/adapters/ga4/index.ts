// Google Analytics 4 as a source of signals: reports of its Data API, asked for with a service account. It judges nothing; what cannot be
// read is a dead reading with its reason, in which neither key nor token ever stands.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Answer, deadBatch, jsonOf, Patience, readUpTo, Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Batch, Cursor } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Http } from '../../ports/http.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { MINUTE_MS, requestOf, samplesIn } from './report.ts';
import { type AccessToken, accountIn, assertionOf, tokenIn } from './service-account.ts';

export type Ga4Spec = Extract<SourceSpec, { driver: 'ga4' }>;

const MOST_BYTES = 8 * 1024 * 1024;
/** Google has a minute complete about this much later. */
const SETTLE_MINUTES = 2;
/** Of the half hour that it remembers the oldest minute may be gone while it answers. */
const LONGEST_GAP_MS = 26 * MINUTE_MS;

interface Ga4Deps {
  readonly http: Http;
  readonly time: Pick<Time, 'now' | 'monotonicMs'>;
  readonly baseDir: string;
}

/**
 * @throws BELAY_CONFIG_INVALID without a key
 * @example createGa4Reader({ id: 'site', driver: 'ga4', property: '1234', keyFile: 'ga.json', report: 'realtime', metrics: ['eventCount'], url: 'https://analyticsdata.googleapis.com', tokenUrl: 'https://oauth2.googleapis.com/token', everyMs: 60_000, timeoutMs: 10_000 }, { http, time, baseDir })
 */
export function createGa4Reader(spec: Ga4Spec, { http, time, baseDir }: Ga4Deps): SignalReader {
  if (spec.key === undefined && spec.keyFile === undefined)
    throw new BelayError('BELAY_CONFIG_INVALID', `source ${spec.id}: it has neither key nor keyFile`, {
      hint: 'Add keyFile: ga4-key.json, or key: "{env.GA4_KEY}".',
    });
  const wanted = { report: spec.report, metrics: spec.metrics, dimensions: spec.dimensions ?? [] };
  const what = spec.report === 'realtime' ? 'runRealtimeReport' : 'runReport';
  const report = `${spec.url.replace(/\/+$/, '')}/v1beta/properties/${encodeURIComponent(spec.property)}:${what}`;
  const patience = new Patience();
  let token: AccessToken | null = null;
  /** Also of a token that was taken back: whoever refuses it may repeat it. */
  let secrets: readonly string[] = [];

  const post = async (
    request: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: string },
    end: number,
    signal: AbortSignal,
  ): Promise<Answer> => {
    const timeoutMs = Math.max(1, Math.ceil(end - time.monotonicMs()));
    const answer = await http.request({ method: 'POST', ...request, timeoutMs, maxBytes: MOST_BYTES }, signal);
    patience.heard(answer, time.now());
    return answer;
  };
  const freshToken = async (end: number, signal: AbortSignal): Promise<AccessToken> => {
    const now = time.now();
    if (token !== null && token.until > now) return token;
    const body = assertionOf(accountIn(await keyOf(spec, baseDir)), spec.tokenUrl, now);
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
    secrets = [...new URLSearchParams(body).values()].slice(1);
    token = tokenIn(jsonOf(await post({ url: spec.tokenUrl, headers, body }, end, signal)), now);
    secrets = [...secrets, token.text];
    return token;
  };

  const read = async (signal: AbortSignal, cursor: Cursor): Promise<Batch> => {
    const now = time.now();
    const refusal = patience.refusal(now);
    if (refusal !== null) return deadBatch(spec.id, now, refusal);
    const to = (Math.floor(now / MINUTE_MS) - SETTLE_MINUTES) * MINUTE_MS;
    const from = Math.max(readUpTo(cursor, now) ?? to - MINUTE_MS, to - LONGEST_GAP_MS);
    const end = time.monotonicMs() + spec.timeoutMs;
    try {
      const { text } = await freshToken(end, signal);
      const headers = { accept: 'application/json', 'content-type': 'application/json', authorization: `Bearer ${text}` };
      const answer = await post({ url: report, headers, body: JSON.stringify(requestOf(wanted)) }, end, signal);
      // A token that was taken back: the next reading asks for another.
      if (answer.status === 401) token = null;
      const samples = samplesIn(jsonOf(answer), wanted, { now, from, to });
      if (spec.report === 'today') return { source: spec.id, at: now, alive: true, samples };
      return { source: spec.id, at: Math.max(from, to), alive: true, samples, cursor: { upTo: Math.max(from, to) } };
    } catch (error) {
      if (error instanceof Unusable) return deadBatch(spec.id, now, error.message, secrets);
      if (BelayError.is(error)) return deadBatch(spec.id, now, error.message, secrets);
      throw error;
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}

/** @throws Unusable */
async function keyOf({ key, keyFile }: Ga4Spec, baseDir: string): Promise<string> {
  if (key !== undefined) return key;
  const file = path.resolve(baseDir, keyFile ?? '');
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Unusable(`${file} cannot be read (${code})`);
  }
}
