// Requests to the API of a service: one time limit each, a cap on the answer, a pause where it is asked for, and a sentence without a secret
// for whatever goes wrong. It knows no vendor and repeats nothing by itself.
import { createHmac } from 'node:crypto';
import { Patience, Unusable, withoutSecrets } from '../../domain/answer.ts';
import { BelayError, type Effect } from '../../domain/errors.ts';
import { fieldsIn, isFields, labelText } from '../../domain/received.ts';
import type { Http, HttpRequest, HttpResponse } from '../../ports/http.ts';
import type { Time } from '../../ports/time.ts';

export interface AskDeps {
  readonly http: Http;
  readonly time: Pick<Time, 'now' | 'monotonicMs' | 'sleep'>;
}
export interface Place {
  /** How messages name who is asked. */
  readonly name: string;
  /** Below it are the paths of questions. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Never shown. */
  readonly secrets: readonly string[];
  readonly timeoutMs: number;
}
export interface Question {
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly json?: unknown;
  /** It changes the world: what is not answered may have happened. */
  readonly acts?: true;
  /** Statuses beside 2xx that are an answer. */
  readonly also?: readonly number[];
}
export interface Reply {
  readonly status: number;
  /** Undefined: the body is no JSON. */
  readonly json: unknown;
  /** What they say of it; '' when nothing. */
  readonly said: string;
}
/** @throws BELAY_TARGET_UNREACHABLE (effect none) when it only looked, BELAY_ACT_FAILED (none), BELAY_TIMEOUT (unknown) */
export type Ask = (question: Question) => Promise<Reply>;

const MOST_BYTES = 4 * 1024 * 1024;
const LONGEST_SAID = 300;

export function asking({ name, url, headers, secrets, timeoutMs }: Place, { http, time }: AskDeps): Ask {
  const patience = new Patience();
  const plain = (text: string): string => labelText(withoutSecrets(text, secrets), LONGEST_SAID);
  const failed = (why: string, acts: boolean, effect: Effect): BelayError =>
    new BelayError(
      effect === 'unknown' ? 'BELAY_TIMEOUT' : acts ? 'BELAY_ACT_FAILED' : 'BELAY_TARGET_UNREACHABLE',
      plain(`${name}: ${why}`),
      {
        effect,
        hint: effect === 'unknown' ? 'Look how it is before doing it again.' : 'Check the address, the key and the names.',
      },
    );
  return async ({ method, path, json, acts = false, also = [] }) => {
    const refusal = patience.refusal(time.now());
    if (refusal !== null) throw failed(refusal, acts, 'none');
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    const typed = json === undefined ? headers : { ...headers, 'content-type': 'application/json' };
    let answer: HttpResponse;
    try {
      answer = await http.request({ method, url: `${url}${path}`, headers: typed, timeoutMs, maxBytes: MOST_BYTES, ...body });
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      throw failed(error.message, acts, acts ? error.effect : 'none');
    }
    patience.heard(answer, time.now());
    const reply = { status: answer.status, json: parsed(answer.body), said: plain(saidIn(parsed(answer.body))) };
    if ((answer.status >= 200 && answer.status < 300) || also.includes(answer.status)) return reply;
    // Whoever says 4xx has refused; 5xx says nothing.
    const effect = acts && answer.status >= 500 ? 'unknown' : 'none';
    throw failed(`answered ${answer.status}${reply.said === '' ? '' : `: ${reply.said}`}`, acts, effect);
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // JSON holds no undefined: that is how it is told.
    return undefined;
  }
}

/** Each of them says why in a place of its own. */
function saidIn(json: unknown): string {
  if (!isFields(json)) return '';
  const places = [
    json['message'],
    fieldsIn(json['response'])['message'],
    json['error'],
    fieldsIn(json['error'])['message'],
    json['errors'],
  ];
  const said = places.map((one) => (Array.isArray(one) ? one.filter((part) => typeof part === 'string').join('; ') : one));
  return said.find((one): one is string => typeof one === 'string' && one !== '') ?? '';
}

/** Runs a reading of an answer; what it finds wanting is said with the name of who answered. @throws BELAY_TARGET_UNREACHABLE */
export function readFrom<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${name}: ${error.message}`, { hint: 'Check its address and its version.' });
  }
}

/** Without the slash at its end. */
export const bare = (url: string): string => url.replace(/\/+$/, '');

/** @throws BELAY_CONFIG_INVALID for a key that no header can carry; it is not shown */
export function demandKey(driver: string, option: string, key: string): void {
  if (/^[\x21-\x7e]{1,4096}$/.test(key)) return;
  throw wrongOption(driver, `${option}: it is empty, or holds something that a header cannot carry, such as a space or a line break`);
}

export const wrongOption = (driver: string, why: string): BelayError => new BelayError('BELAY_CONFIG_INVALID', `driver ${driver}: ${why}`);

/** @throws BELAY_INPUT_INVALID */
export function textIn(args: Readonly<Record<string, unknown>>, name: string): string {
  const value = args[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new BelayError('BELAY_INPUT_INVALID', `${name} is ${value === undefined ? 'missing' : `not a text: ${JSON.stringify(value)}`}`, {
    hint: `Give ${name} in \`with\`.`,
  });
}

export const conflict = (what: string): BelayError =>
  new BelayError('BELAY_TARGET_CONFLICT', `${what} has changed since it was looked at`, {
    hint: 'Somebody else has changed it in between: plan again.',
  });

/** Of what must not be read where fingerprints go (plan, journal, messages): addresses of webhooks hold tokens. Keyed, so that none can be guessed. */
export const sealed = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
