// Feature flags as an application gets them, asked by the OpenFeature Remote Evaluation Protocol: of flagd, Flipt, GO Feature Flag, or Belay
// itself. It only evaluates; the protocol has no way to write.
import { BelayError } from '../../domain/errors.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';
import type { FlagQuestion, FlagService } from '../../ports/settings.ts';

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 64 * 1024;

export function createOfrep({ http }: { readonly http: Http }): FlagService {
  return {
    evaluate: async (question) => {
      const answer = await ask(http, question);
      if (answer.status === 404) return null;
      if (answer.status !== 200) throw unreachable(question, `it answers ${answer.status}`);
      const body = parsed(question, answer.body);
      const value = body['value'];
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
      // A value of its own is the application's: it takes the default of its code.
      throw unreachable(question, value === undefined ? 'it leaves the value to the code of the application' : 'its value is an object');
    },
  } satisfies FlagService;
}

async function ask(http: Http, { url, flag, org, token }: FlagQuestion): Promise<HttpResponse> {
  try {
    return await http.request({
      method: 'POST',
      url: `${url.replace(/\/+$/, '')}/ofrep/v1/evaluate/flags/${encodeURIComponent(flag)}`,
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ context: org === null ? {} : { targetingKey: org, org } }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MOST_BYTES,
    });
  } catch (cause) {
    if (!BelayError.is(cause)) throw cause;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', cause.message, { ...(cause.hint === undefined ? {} : { hint: cause.hint }), cause });
  }
}

function parsed(question: FlagQuestion, body: string): JsonObject {
  try {
    const value = JSON.parse(body) as Json;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Told below, together with what is JSON and no object.
  }
  throw unreachable(question, 'its answer is no JSON object');
}

const unreachable = ({ url, flag }: FlagQuestion, why: string): BelayError =>
  new BelayError('BELAY_TARGET_UNREACHABLE', `the flag ${flag} at ${new URL(url).host}: ${why}`, {
    hint: 'Check ofrep, ofrepKey and ofrepToken in belay.yaml.',
  });
