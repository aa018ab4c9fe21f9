// A Prometheus, or whatever speaks its query API, as a source of signals: it keeps and adds up the counts, Belay asks for them at a cadence.
// Counts only: no rule of it is asked, and no verdict is taken. What is not whole is told as a dead reading with its reason.
import { deadBatch } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { Batch, Sample } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { AnswerError, errorOf, MOST_SERIES, type Point, pointsOf } from './answer.ts';

const LARGEST_ANSWER = 32 * 1024 * 1024;
const MOST_QUERIES = 32;
/** Of what was asked for. Some engines round, or shift what is newer than they vouch for. */
const FARTHEST_MS = 300_000;
const NO_PROCESS = 'none';
/** They give no total. */
const NO_TOTALS = /\b(?:rate|irate|increase|delta|idelta|deriv)\s*\(/;

export type PromqlSpec = Extract<SourceSpec, { driver: 'promql' }>;

/**
 * @example createPromqlReader({ id: 'mimir', driver: 'promql', url: 'http://127.0.0.1:9090', queries: { requests:
 *   'sum by (org, instance) (http_requests_total)' }, as: 'totals', process: 'instance', offsetMs: 1_000, everyMs: 15_000, timeoutMs: 10_000 }, { http, time })
 * @throws BELAY_CONFIG_INVALID for queries that cannot give what is asked of them
 */
export function createPromqlReader(
  spec: PromqlSpec,
  { http, time }: { readonly http: Http; readonly time: Pick<Time, 'now'> },
): SignalReader {
  demandQueries(spec);
  const url = `${spec.url.replace(/\/+$/, '')}/api/v1/query`;
  const headers = headersOf(spec);
  const secrets = [...(spec.token === undefined ? [] : [spec.token]), ...Object.values(spec.headers ?? {}).flatMap(secretsIn)];
  const memory = new LabelMemory();

  const ask = async (name: string, o: { readonly at: Instant; readonly signal: AbortSignal }): Promise<readonly Sample[]> => {
    const body = formOf(spec.queries[name] ?? '', o.at);
    const response = await http.request(
      { method: 'POST', url, headers, body, timeoutMs: spec.timeoutMs, maxBytes: LARGEST_ANSWER },
      o.signal,
    );
    const reason = refusalOf(response);
    if (reason !== null) throw new AnswerError(reason);
    return samplesOf(name, pointsOf(response.body), { spec, asked: o.at, memory });
  };

  const read = async (signal: AbortSignal): Promise<Batch> => {
    const at = time.now() - spec.offsetMs;
    const stop = new AbortController();
    let trouble: string | null = null;
    const asked = Object.keys(spec.queries).map((name) =>
      ask(name, { at, signal: AbortSignal.any([signal, stop.signal]) }).catch((error: unknown): readonly Sample[] => {
        if (!BelayError.is(error) && !(error instanceof AnswerError)) throw error;
        trouble ??= BelayError.is(error) ? error.message : `${new URL(url).host}: query ${name} ${error.message}`;
        // One answer that is missing makes the others worthless: bad ones without all, or all without the bad ones.
        stop.abort();
        return [];
      }),
    );
    const samples = (await Promise.all(asked)).flat();
    memory.turn();
    if (trouble !== null) return deadBatch(spec.id, time.now(), trouble, secrets);
    return { source: spec.id, at: samples.reduce((newest, one) => Math.max(newest, one.at), 0) || at, alive: true, samples };
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}

function demandQueries({ id, queries, as }: PromqlSpec): void {
  const names = Object.keys(queries);
  const [problem, hint] =
    names.length === 0 || names.length > MOST_QUERIES
      ? [`there are ${names.length} of them`, `Write between 1 and ${MOST_QUERIES}: queries: { requests: 'sum by (org, instance) (…)' }.`]
      : as === 'totals' && names.some((name) => NO_TOTALS.test(queries[name] ?? ''))
        ? [
            'rate and increase give no total',
            'Ask for the counter itself, as in sum by (org, instance) (http_requests_total), or say as: values.',
          ]
        : [null, ''];
  if (problem !== null) throw new BelayError('BELAY_CONFIG_INVALID', `source ${id}: queries: ${problem}.`, { hint });
}

/** `Basic abc`: the word before says how it is meant. */
const secretsIn = (header: string): readonly string[] => [header, header.replace(/^\w+ +/, '')].filter((one) => one.length >= 8);

function headersOf({ token, headers }: PromqlSpec): Readonly<Record<string, string>> {
  const own = Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...own,
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
}

/**
 * What each engine needs to hear to answer for this very instant, and to refuse rather than to leave something out; the others do not
 * know the word. `nocache` keeps a VictoriaMetrics from moving the instant back by its own latencyOffset.
 */
function formOf(query: string, at: Instant): string {
  return new URLSearchParams({
    query,
    time: (at / 1_000).toFixed(3),
    nocache: '1',
    deny_partial_response: '1',
    partial_response: 'false',
    limit: String(MOST_SERIES + 1),
  }).toString();
}

/** Null: take it. Refusals of the engine itself say more than their status. */
function refusalOf({ status, body }: HttpResponse): string | null {
  return status === 200 ? null : (errorOf(body) ?? `answered ${status}`);
}

interface Reading {
  readonly spec: PromqlSpec;
  readonly asked: Instant;
  readonly memory: LabelMemory;
}

function samplesOf(name: string, points: readonly Point[], { spec, asked, memory }: Reading): readonly Sample[] {
  return points.flatMap((point): readonly Sample[] => {
    const { at, value } = point;
    if (Math.abs(at - asked) > FARTHEST_MS)
      throw new AnswerError(`answers for ${new Date(at).toISOString()}, and was asked for another time`);
    if (value === null) return [];
    const labels = memory.same(name, point);
    if (spec.as === 'values') return [{ kind: 'value', name, labels, at, value }];
    if (value < 0) throw new AnswerError(`gives ${value}, and a total is never below zero`);
    const origin = originOf(spec.process, labels);
    return [{ kind: 'total', name, labels, ...(origin === null ? {} : { origin }), at, total: value }];
  });
}

/** A sum over processes falls when one of them starts anew, and jumps when one comes back: neither is a count. */
function originOf(label: string, labels: Readonly<Record<string, string>>): string | null {
  if (label === NO_PROCESS) return null;
  const process = labels[label];
  if (process === undefined || process === '')
    throw new AnswerError(
      `gives a total without the label ${label}: keep it, as in sum by (org, ${label}) (…), or say process: ${NO_PROCESS} where one process counts all`,
    );
  return `${labels['job'] ?? ''}\n${process}`;
}

/** The same labels are the same object from reading to reading: then nothing is matched against the signals twice. */
class LabelMemory {
  #known = new Map<string, Readonly<Record<string, string>>>();
  #next = new Map<string, Readonly<Record<string, string>>>();

  same(name: string, { key, labels }: Point): Readonly<Record<string, string>> {
    const id = `${name}${key}`;
    const one = this.#known.get(id) ?? labels;
    this.#next.set(id, one);
    return one;
  }

  /** What the last reading did not name is forgotten. */
  turn(): void {
    this.#known = this.#next;
    this.#next = new Map();
  }
}
