// Requests to a platform's API: one time limit each, a cap on the answer, and a sentence without a secret for whatever goes wrong. What was
// sent and not answered may have happened. It knows no vendor and repeats nothing by itself.
import { jsonOf, Patience, Unusable, withoutSecrets } from '../../domain/answer.ts';
import { BelayError, type Effect } from '../../domain/errors.ts';
import { labelText } from '../../domain/received.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';
import type { Time } from '../../ports/time.ts';

export interface AskDeps {
  readonly http: Http;
  readonly time: Pick<Time, 'now' | 'monotonicMs' | 'sleep'>;
}
export interface Asking {
  /** How messages name who is asked. */
  readonly name: string;
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}
export interface Question {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly url: string;
  readonly body?: string;
  /** A yes without a word is one, too. */
  readonly mayBeEmpty?: true;
  readonly headers?: Readonly<Record<string, string>>;
  /** It changes the world: what is not answered may have happened. */
  readonly acts: boolean;
  /** It carries values, which whoever refuses them may repeat: nothing of the answer is shown. */
  readonly unquoted?: boolean;
}
/** null: there is no such thing (404). @throws BELAY_TARGET_UNREACHABLE (effect none), BELAY_DEPLOY_TIMEOUT (effect unknown), BELAY_ACT_FAILED */
export type Ask = (question: Question) => Promise<unknown>;

const MOST_BYTES = 4 * 1024 * 1024;
const LONGEST_SAID = 400;
const WELL: readonly number[] = [200, 201, 202, 206];

export function asking({ name, token, headers, timeoutMs }: Asking, { http, time }: AskDeps): Ask {
  const patience = new Patience();
  const plain = (text: string): string => labelText(withoutSecrets(text, [token]), LONGEST_SAID);
  const failed = (why: string, { acts, effect }: { readonly acts: boolean; readonly effect: Effect }): BelayError => {
    const code = effect === 'unknown' ? 'BELAY_DEPLOY_TIMEOUT' : acts ? 'BELAY_ACT_FAILED' : 'BELAY_TARGET_UNREACHABLE';
    const hint = effect === 'unknown' ? 'Look what is live before doing it again.' : 'Check the token, the names and the network.';
    return new BelayError(code, plain(`${name}: ${why}`), { effect, hint });
  };
  return async ({ method, url, body, headers: more, acts, mayBeEmpty, unquoted }) => {
    const refusal = patience.refusal(time.now());
    if (refusal !== null) throw failed(refusal, { acts, effect: 'none' });
    const request = {
      method,
      url,
      headers: { ...headers, ...more },
      timeoutMs,
      maxBytes: MOST_BYTES,
      ...(body === undefined ? {} : { body }),
    };
    let answer: HttpResponse;
    try {
      answer = await http.request(request);
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      throw failed(error.message, { acts, effect: acts ? error.effect : 'none' });
    }
    patience.heard(answer, time.now());
    if (answer.status === 404) return null;
    if (mayBeEmpty === true && WELL.includes(answer.status) && answer.body.trim() === '') return {};
    try {
      return jsonOf(WELL.includes(answer.status) ? { ...answer, status: 200 } : answer);
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      const why = unquoted === true ? `answered ${answer.status}${UNSHOWN}` : error.message;
      throw failed(why, { acts, effect: acts && mayHaveHappened(answer.status) ? 'unknown' : 'none' });
    }
  };
}

/** In place of what was said. */
export const UNSHOWN = '; what it said is not shown, because it may repeat a value that was sent';

/** Whoever says 4xx has refused; a broken answer to what was taken, or 5xx, says nothing. */
const mayHaveHappened = (status: number): boolean => WELL.includes(status) || status >= 500;

/** @throws BELAY_CONFIG_INVALID for a token that no header can carry; it is not shown */
export function demandToken(driver: string, token: string): void {
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return;
  throw wrongOption(driver, 'token: it is empty, or holds something that a header cannot carry, such as a space or a line break');
}

export const wrongOption = (driver: string, why: string): BelayError => new BelayError('BELAY_CONFIG_INVALID', `driver ${driver}: ${why}`);
