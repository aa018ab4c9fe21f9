// How Belay asks a Docker Engine to change something, over its unix socket or over tcp: JSON in both directions, bounded in time and size,
// each refusal with what is known of its effect. It knows neither containers nor services.
import { jsonOf, Unusable } from '../../domain/answer.ts';
import { BelayError, type Effect } from '../../domain/errors.ts';
import { fieldsIn, labelText } from '../../domain/received.ts';
import type { Http, HttpRequest, HttpResponse } from '../../ports/http.ts';

const MOST_BYTES = 8 * 1024 * 1024;
const READ_MS = 10_000;
const WRITE_MS = 30_000;
const DEFAULT_SOCKET = '/var/run/docker.sock';

export interface EnginePlace {
  readonly socket?: string;
  readonly url?: string;
}

export interface Refusal {
  readonly status: number;
  readonly said: string;
}

export interface Engine {
  /** For people. */
  readonly name: string;
  /** Null when there is no such thing. @throws BELAY_TARGET_UNREACHABLE */
  look(path: string): Promise<unknown>;
  /**
   * Null when it was done or was so already, else the engine's refusal.
   * @throws BELAY_TARGET_UNREACHABLE (effect none), BELAY_ACT_FAILED (effect unknown: it was sent, and no answer came)
   */
  change(method: 'POST' | 'DELETE', path: string, o?: { readonly body?: object; readonly timeoutMs?: number }): Promise<Refusal | null>;
}

/** @throws BELAY_CONFIG_INVALID */
export function openEngine(driver: string, { socket, url }: EnginePlace, http: Http): Engine {
  if (socket !== undefined && url !== undefined)
    throw new BelayError('BELAY_CONFIG_INVALID', `driver ${driver}: url: it and socket exclude each other`);
  const place = url === undefined ? { base: 'http://docker', socket: socket ?? DEFAULT_SOCKET } : { base: url.replace(/\/+$/, '') };
  const name = place.socket ?? place.base;
  const ask = (o: Pick<HttpRequest, 'method' | 'timeoutMs'> & { readonly path: string; readonly body?: object }): Promise<HttpResponse> =>
    http.request({
      method: o.method,
      url: `${place.base}${o.path}`,
      timeoutMs: o.timeoutMs,
      maxBytes: MOST_BYTES,
      ...(place.socket === undefined ? {} : { socket: place.socket }),
      ...(o.body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(o.body) }),
    });
  return {
    name,
    look: async (path) => {
      try {
        const answer = await ask({ method: 'GET', path, timeoutMs: READ_MS });
        return answer.status === 404 ? null : jsonOf(answer);
      } catch (cause) {
        if (!(cause instanceof Unusable) && !BelayError.is(cause)) throw cause;
        throw unreachable(name, cause.message, cause);
      }
    },
    change: async (method, path, { body, timeoutMs = WRITE_MS } = {}) => {
      try {
        const answer = await ask({ method, path, timeoutMs, ...(body === undefined ? {} : { body }) });
        // 304: it is so already.
        return answer.status < 300 || answer.status === 304 ? null : { status: answer.status, said: saidIn(answer) };
      } catch (cause) {
        if (!BelayError.is(cause)) throw cause;
        throw cause.effect === 'none' ? unreachable(name, cause.message, cause) : failed(`${name}: ${cause.message}`, 'unknown', cause);
      }
    },
  };
}

export function unreachable(name: string, why: string, cause?: unknown): BelayError {
  const hint = 'Check that the Docker Engine runs there and that this user may speak to it.';
  return new BelayError('BELAY_TARGET_UNREACHABLE', `${name}: ${why}`, { hint, cause });
}

export function failed(what: string, effect: Effect, cause?: unknown): BelayError {
  return new BelayError('BELAY_ACT_FAILED', what, { effect, hint: 'Look at the engine: docker ps -a, docker events.', cause });
}

function saidIn({ status, body }: HttpResponse): string {
  try {
    return labelText(fieldsIn(JSON.parse(body))['message'], 300) || `answered ${status}`;
  } catch {
    // No JSON: the status is all that is fit to show.
    return `answered ${status}`;
  }
}
