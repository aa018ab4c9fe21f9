// How the API server of Kubernetes is asked about one Deployment, and told to replace it: a token in the header, bounded in time and size, each
// refusal with what is known of its effect, in which the token never stands. It knows no release.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { jsonOf, Unusable, withoutSecrets } from '../../domain/answer.ts';
import { BelayError, type Effect } from '../../domain/errors.ts';
import { labelText } from '../../domain/received.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';

/** Where a pod finds what its service account may use. */
const IN_CLUSTER = '/var/run/secrets/kubernetes.io/serviceaccount';
const MOST_BYTES = 16 * 1024 * 1024;

export interface ApiPlace {
  readonly url: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly timeoutMs: number;
}

export interface Api {
  /** Null when there is no such thing. @throws BELAY_TARGET_UNREACHABLE (effect none) */
  look(path: string): Promise<unknown>;
  /**
   * Null when it was done, else the refusal.
   * @throws BELAY_TARGET_UNREACHABLE (effect none), BELAY_ACT_FAILED (effect unknown: it was sent, and no answer came)
   */
  replace(path: string, body: object): Promise<{ readonly status: number; readonly said: string } | null>;
}

export function openApi(place: ApiPlace, { http, baseDir }: { readonly http: Http; readonly baseDir: string }): Api {
  const { url, timeoutMs } = place;
  const base = url.replace(/\/+$/, '');
  const failed = (why: string, effect: Effect, token = ''): BelayError =>
    new BelayError(
      effect === 'none' ? 'BELAY_TARGET_UNREACHABLE' : 'BELAY_ACT_FAILED',
      withoutSecrets(`${url}: ${labelText(why, 400)}`, [token]),
      {
        effect,
        hint: 'Check the address, the token and what it may do: kubectl auth can-i update deployments.',
      },
    );
  const ask = async (method: 'GET' | 'PUT', where: string, body?: object): Promise<HttpResponse & { readonly token: string }> => {
    const { token, ca } = await keyOf(place, baseDir, failed);
    const headers = {
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const more = { ...(ca === undefined ? {} : { ca }), ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    try {
      return { ...(await http.request({ method, url: `${base}${where}`, headers, timeoutMs, maxBytes: MOST_BYTES, ...more })), token };
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      throw failed(error.message, method === 'GET' ? 'none' : error.effect, token);
    }
  };
  return {
    look: async (where) => {
      const answer = await ask('GET', where);
      if (answer.status === 404) return null;
      try {
        return jsonOf(answer);
      } catch (error) {
        if (!(error instanceof Unusable)) throw error;
        throw failed(error.message, 'none', answer.token);
      }
    },
    replace: async (where, body) => {
      const { status, body: text, headers, token } = await ask('PUT', where, body);
      if (status === 200 || status === 201) return null;
      try {
        jsonOf({ status, body: text, headers });
      } catch (error) {
        if (!(error instanceof Unusable)) throw error;
        if (status >= 500) throw failed(error.message, 'unknown', token);
        return { status, said: withoutSecrets(labelText(error.message, 400), [token]) };
      }
      throw failed(`answered ${status}`, 'unknown', token);
    },
  };
}

type Failed = (why: string, effect: Effect) => BelayError;

/** A token that is written needs no file; one in a file is renewed under us. */
async function keyOf(place: ApiPlace, baseDir: string, failed: Failed): Promise<{ readonly token: string; readonly ca?: string }> {
  const caFile = place.caFile ?? (place.token === undefined && place.tokenFile === undefined ? `${IN_CLUSTER}/ca.crt` : undefined);
  const token = (place.token ?? (await textOf(path.resolve(baseDir, place.tokenFile ?? `${IN_CLUSTER}/token`), failed))).trim();
  if (token === '' || /[^\x21-\x7e]/.test(token)) throw failed('its token is empty, or holds characters that no token has', 'none');
  return { token, ...(caFile === undefined ? {} : { ca: await textOf(path.resolve(baseDir, caFile), failed) }) };
}

async function textOf(file: string, failed: Failed): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw failed(`${file} cannot be read (${code}): outside of a cluster write token, or tokenFile, and caFile`, 'none');
  }
}
