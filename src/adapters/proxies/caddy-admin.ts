// How Caddy's admin API is asked: one object of its configuration, by its @id, with the ETag that it had, and replaced only while it still has
// it: Caddy itself refuses what came in between.
import { jsonOf, Unusable } from '../../domain/answer.ts';
import { BelayError, type Effect } from '../../domain/errors.ts';
import { type Fields, isFields, labelText } from '../../domain/received.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';

const PATIENCE_MS = 10_000;
const MOST_BYTES = 8 * 1024 * 1024;

export interface Found {
  readonly handler: Fields;
  readonly etag: string;
}

export interface CaddyAdmin {
  readonly name: string;
  /** @throws BELAY_TARGET_UNREACHABLE (effect none) */
  look(): Promise<Found>;
  /** False when somebody else was quicker. @throws BELAY_ACT_FAILED with its effect, BELAY_TARGET_UNREACHABLE (effect none) */
  replace(was: Found, handler: Fields): Promise<boolean>;
}

/** @throws BELAY_CONFIG_INVALID */
export function openCaddy({ url, handler }: { readonly url: string; readonly handler: string }, http: Http): CaddyAdmin {
  if (!/^[\w.-]{1,128}$/.test(handler))
    throw new BelayError('BELAY_CONFIG_INVALID', 'driver caddy: handler: it is the @id of a handler: letters, digits and . _ -');
  const place = `${url.replace(/\/+$/, '')}/id/${handler}`;
  const name = `Caddy at ${url}, ${handler}`;
  const failed = (why: string, effect: Effect): BelayError =>
    new BelayError(effect === 'none' ? 'BELAY_TARGET_UNREACHABLE' : 'BELAY_ACT_FAILED', `${name}: ${labelText(why, 300)}`, {
      effect,
      hint: `See what it says: curl ${place}. The object needs "@id": "${handler}".`,
    });
  const ask = async (request: {
    readonly method: 'GET' | 'PATCH';
    readonly etag?: string;
    readonly body?: string;
  }): Promise<HttpResponse> => {
    const headers = { 'content-type': 'application/json', ...(request.etag === undefined ? {} : { 'if-match': request.etag }) };
    const body = request.body === undefined ? {} : { body: request.body };
    try {
      return await http.request({ method: request.method, url: place, headers, timeoutMs: PATIENCE_MS, maxBytes: MOST_BYTES, ...body });
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      throw failed(error.message, request.method === 'GET' ? 'none' : error.effect);
    }
  };
  return {
    name,
    look: async () => {
      const answer = await ask({ method: 'GET' });
      const etag = answer.headers['etag'] ?? '';
      try {
        const object = jsonOf(answer);
        if (!isFields(object)) throw new Unusable('it is no object');
        if (etag === '') throw new Unusable('it has no ETag: Caddy 2.5 or newer is needed');
        return { handler: object, etag };
      } catch (error) {
        if (!(error instanceof Unusable)) throw error;
        throw failed(error.message, 'none');
      }
    },
    replace: async (was, next) => {
      const answer = await ask({ method: 'PATCH', etag: was.etag, body: JSON.stringify(next) });
      if (answer.status === 412) return false;
      if (answer.status < 300) return true;
      throw failed(`it answered ${answer.status}: ${answer.body}`, answer.status < 500 ? 'none' : 'unknown');
    },
  };
}
