// The `http` probe: asks an address one or more times and counts the good answers. A request without an answer is a failed try; only
// when none was answered at all it is "not known", because then the fault may as well be ours.
import { BelayError } from '../../domain/errors.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';
import type { Probe } from '../../ports/probe.ts';
import { textOf } from '../actions/arguments.ts';
import { countOf, probeOf, unknown } from './probe.ts';

const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_TIMES = 1_000;

export function httpProbe(http: Http): Probe {
  return probeOf('http', async (args) => {
    const times = Math.min(MAX_TIMES, Math.floor(countOf(args, 'times', 1) ?? 1));
    const timeoutMs = countOf(args, 'timeout', 1) ?? DEFAULT_TIMEOUT_MS;
    const contains = args['contains'] === undefined ? null : textOf(args, 'contains');
    const url = textOf(args, 'url');
    const answers: HttpResponse[] = [];
    let trouble = '';
    for (let tried = 0; tried < times; tried += 1) {
      const answer = await ask(http, url, timeoutMs);
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
    return { known: true, values: { status: last.status, ok, tried: times, latencyMs, found } };
  });
}

/** An address that may not be asked is trouble of the configuration and goes up. */
async function ask(http: Http, url: string, timeoutMs: number): Promise<HttpResponse | string> {
  try {
    return await http.request({ method: 'GET', url, timeoutMs });
  } catch (error) {
    if (BelayError.is(error, 'BELAY_HTTP_FAILED')) return error.message;
    throw error;
  }
}
