// Alerts that an Alertmanager, or the one inside Grafana, has now, asked of its API. It judges nothing, and changes nothing there; a list that
// cannot be had whole is a dead reading with its reason. What is sent to Belay instead is the driver `alerts`.
import { deadBatch, jsonOf, Patience, Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Batch, Cursor } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Http } from '../../ports/http.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { activeIn, samplesOf } from './active.ts';

export type AlertmanagerSpec = Extract<SourceSpec, { driver: 'alertmanager' }>;

const MOST_BYTES = 32 * 1024 * 1024;

interface AlertmanagerDeps {
  readonly http: Http;
  readonly time: Pick<Time, 'now'>;
}

/** @example createAlertmanagerReader({ id: 'alerts', driver: 'alertmanager', url: 'http://127.0.0.1:9093', org: 'org', everyMs: 10_000, timeoutMs: 10_000 }, { http, time }) */
export function createAlertmanagerReader(spec: AlertmanagerSpec, { http, time }: AlertmanagerDeps): SignalReader {
  const patience = new Patience();
  const { token = '' } = spec;
  const query = new URLSearchParams({ active: 'true', silenced: 'false', inhibited: 'false', unprocessed: 'false' });
  for (const one of spec.filter ?? []) query.append('filter', one);
  const url = `${spec.url.replace(/\/+$/, '')}/api/v2/alerts?${query.toString()}`;
  const headers = { accept: 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) };

  let folded = 0;

  const read = async (signal: AbortSignal, from: Cursor): Promise<Batch> => {
    const at = time.now();
    const refusal = patience.refusal(at);
    if (refusal !== null) return deadBatch(spec.id, at, `${spec.url}: ${refusal}`);
    try {
      const answer = await http.request({ method: 'GET', url, headers, timeoutMs: spec.timeoutMs, maxBytes: MOST_BYTES }, signal);
      patience.heard(answer, at);
      const told = samplesOf(activeIn(jsonOf(answer), spec.org), from, at);
      folded += told.folded;
      const { samples, cursor } = told;
      return { source: spec.id, at, alive: true, samples, cursor, ...(folded === 0 ? {} : { folded }) };
    } catch (error) {
      if (error instanceof Unusable) return deadBatch(spec.id, at, `${spec.url}: ${error.message}`, [token]);
      if (BelayError.is(error)) return deadBatch(spec.id, at, error.message, [token]);
      throw error;
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}
