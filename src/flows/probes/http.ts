// The `http` probe: asks an address one or more times and counts the good answers. A request without an answer is a failed try; only
// when none was answered at all it is "not known", because then the fault may as well be ours.
import { BelayError } from '../../domain/errors.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { isFields, jsonWithin } from '../../domain/received.ts';
import type { Http, HttpRequest, HttpResponse } from '../../ports/http.ts';
import type { Probe } from '../../ports/probe.ts';
import type { Secrets } from '../../ports/secrets.ts';
import { textOf } from '../actions/arguments.ts';
import { countOf, durationOf, probeOf, unknown } from './probe.ts';

const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_TIMES = 1_000;

export function httpProbe(http: Http, secrets?: Pick<Secrets, 'fill'>): Probe {
  return probeOf('http', async (args) => {
    const times = Math.min(MAX_TIMES, Math.floor(countOf(args, 'times', 1) ?? 1));
    const timeoutMs = durationOf(args, 'timeout') ?? DEFAULT_TIMEOUT_MS;
    const contains = args['contains'] === undefined ? null : textOf(args, 'contains');
    const url = textOf(args, 'url');
    const headers = await headersOf(args, secrets);
    const answers: HttpResponse[] = [];
    let trouble = '';
    for (let tried = 0; tried < times; tried += 1) {
      const answer = await ask(http, { method: 'GET', url, timeoutMs, ...(headers === null ? {} : { headers }) });
      if (typeof answer === 'string') trouble = answer;
      else answers.push(answer);
      // Each silence costs the whole time limit: two in a row from the start are enough to say so.
      if (answers.length === 0 && tried >= 1) return unknown(trouble);
    }
    const last = answers.at(-1);
    if (last === undefined) return unknown(trouble);
    const ok = answers.filter((answer) => answer.status < 400).length;
    const latencyMs = answers.reduce((sum, answer) => sum + answer.tookMs, 0) / answers.length;
    const found = contains !== null && answers.every((answer) => answer.body.includes(contains));
    const json = jsonWithin(last.body);
    const equal = args['json'] !== undefined && isSame(json, args['json']);
    return { known: true, values: { status: last.status, ok, tried: times, latencyMs, found, json: json ?? null, equal } };
  });
}

/** Secrets are filled in here, where they are sent. */
async function headersOf(args: JsonObject, secrets: Pick<Secrets, 'fill'> | undefined): Promise<Readonly<Record<string, string>> | null> {
  const { headers } = args;
  if (!isFields(headers)) return null;
  const filled = Object.entries(headers).map(
    async ([name, value]) => [name, (await secrets?.fill(String(value))) ?? String(value)] as const,
  );
  return Object.fromEntries(await Promise.all(filled));
}

/** Whatever the order of the keys: no more and no less. */
function isSame(one: Json | undefined, other: Json | undefined): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item, n) => isSame(item, other[n]));
  if (!isFields(one) || !isFields(other)) return one === other;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key] as Json, other[key] as Json))
  );
}

/** An address that may not be asked is trouble of the configuration and goes up. */
async function ask(http: Http, request: HttpRequest): Promise<HttpResponse | string> {
  try {
    return await http.request(request);
  } catch (error) {
    if (BelayError.is(error, 'BELAY_HTTP_FAILED')) return error.message;
    throw error;
  }
}
