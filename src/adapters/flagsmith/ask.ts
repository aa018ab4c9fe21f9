// Requests to Flagsmith: management with the key of the organisation, evaluation with the key of the environment; one time limit, a cap on
// the answer, and a sentence without a key for whatever goes wrong.
import { withoutSecrets } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { labelText } from '../../domain/received.ts';
import type { FlagSpec } from '../../domain/setting-catalog.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';

const MOST_BYTES = 4 * 1024 * 1024;

export type FlagsmithSpec = Extract<FlagSpec, { driver: 'flagsmith' }>;
interface Question {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Below `/api/v1/`. */
  readonly path: string;
  readonly body?: JsonObject;
}
export type Ask = (question: Question) => Promise<Json>;

/** @throws BELAY_CONFIG_INVALID for keys that no header can carry; they are not shown */
export function askFlagsmith(spec: FlagsmithSpec, http: Http): Ask {
  for (const option of ['token', 'environment'] as const)
    if (!/^[\x21-\x7e]{1,4096}$/.test(spec[option]) || (option === 'environment' && /[/?#]/.test(spec.environment)))
      throw new BelayError('BELAY_CONFIG_INVALID', `driver flagsmith: ${option}: it is no key of Flagsmith`);
  return async ({ method, path, body }) => {
    const acts = method === 'PATCH';
    const headers = /^(?:flags|identities)\//.test(path)
      ? { 'x-environment-key': spec.environment }
      : { authorization: `Api-Key ${spec.token}` };
    let answer: HttpResponse;
    try {
      answer = await http.request({
        ...{ method, url: `${spec.url.replace(/\/+$/, '')}/api/v1/${path}`, timeoutMs: spec.timeoutMs, maxBytes: MOST_BYTES },
        headers: { ...headers, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      throw failed(spec, error.message, { acts, unsure: acts && error.effect !== 'none' });
    }
    if (answer.status !== 200)
      throw failed(spec, `it answers ${answer.status} ${answer.body.slice(0, 300)}`, { acts, unsure: acts && answer.status >= 500 });
    try {
      return JSON.parse(answer.body) as Json;
    } catch {
      throw failed(spec, 'its answer is not JSON', { acts, unsure: acts });
    }
  };
}

export function objectOf(spec: FlagsmithSpec, value: Json): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw failed(spec, 'its answer is not as it should be');
}

export function failed(
  spec: FlagsmithSpec,
  why: string,
  o: { readonly acts?: boolean; readonly unsure?: boolean; readonly hint?: string } = {},
): BelayError {
  const said = labelText(withoutSecrets(`Flagsmith at ${new URL(spec.url).host}: ${why}`, [spec.token, spec.environment]), 400);
  return new BelayError(o.acts === true ? 'BELAY_ACT_FAILED' : 'BELAY_TARGET_UNREACHABLE', said, {
    effect: o.unsure === true ? 'unknown' : 'none',
    hint: o.hint ?? 'Check url, token, environment and key in belay.yaml.',
  });
}
