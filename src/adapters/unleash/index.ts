// A flag of Unleash in one environment: on or off for all, with its strategies left as they are. Unleash compares nothing, so the flag is
// looked at again right before; what an application gets is asked by the API for front-ends where there is a token for it.
import { withoutSecrets } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { labelText } from '../../domain/received.ts';
import { isOn } from '../../domain/setting.ts';
import type { FlagSpec } from '../../domain/setting-catalog.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Http, HttpRequest, HttpResponse } from '../../ports/http.ts';
import type { Flag } from '../../ports/settings.ts';

const MOST_BYTES = 4 * 1024 * 1024;

type UnleashSpec = Extract<FlagSpec, { driver: 'unleash' }>;
interface Deps {
  readonly http: Http;
  readonly digest: Pick<Digest, 'keyed'>;
}
interface State {
  readonly enabled: boolean;
  readonly strategies: readonly Json[];
}

/** @throws BELAY_CONFIG_INVALID */
export function createUnleash(spec: UnleashSpec, { http, digest }: Deps): Flag {
  for (const option of ['token', 'frontendToken'] as const)
    if (spec[option] !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(spec[option]))
      throw new BelayError('BELAY_CONFIG_INVALID', `driver unleash: ${option}: a header cannot carry it`);
  const key = spec.key ?? spec.id;
  const base = spec.url.replace(/\/+$/, '');
  const place = `${base}/api/admin/projects/${encodeURIComponent(spec.project)}/features/${encodeURIComponent(key)}/environments/${encodeURIComponent(spec.environment)}`;
  const asking = askOf(spec, http);
  const look = async (): Promise<State> => stateIn(spec, await asking({ method: 'GET', url: place, token: spec.token }));
  const fingerprint = (state: State): string => digest.keyed(JSON.stringify([state.enabled, state.strategies])).slice(0, 32);
  return {
    compareAndSet: 'none',
    notes: [],
    knowsOrgs: false,
    onUnreachable: spec.onUnreachable ?? null,
    meant: async (to) => {
      const on = isOn(to);
      if (on === null)
        throw new BelayError('BELAY_INPUT_INVALID', `the flag ${key} cannot become ${JSON.stringify(to)}`, {
          hint: 'It knows on and off.',
        });
      if (on && (await look()).strategies.length === 0)
        throw new BelayError(
          'BELAY_INPUT_INVALID',
          `the flag ${key} has no strategy in ${spec.environment}: on would give it to everybody`,
          {
            hint: 'Add the strategy that you mean in Unleash first.',
          },
        );
      return on;
    },
    get: async () => {
      const state = await look();
      return { value: state.enabled, fingerprint: fingerprint(state) };
    },
    set: async (value, { expected }) => {
      const state = await look();
      if (state.enabled === value) return;
      if (fingerprint(state) !== expected)
        throw new BelayError('BELAY_TARGET_CONFLICT', `the flag ${key} changed in between`, {
          hint: 'Somebody else has changed it: plan again.',
        });
      // Answers an empty body, whatever happened: only a look says how it stands.
      await asking({ method: 'POST', url: `${place}/${value === true ? 'on' : 'off'}`, token: spec.token });
    },
    evaluate: async (org) => {
      if (spec.frontendToken === undefined) return (await look()).enabled;
      const asked = org === null ? '' : `?${new URLSearchParams({ [spec.orgKey]: org, [`properties[${spec.orgKey}]`]: org }).toString()}`;
      const { toggles } = objectIn(spec, await asking({ method: 'GET', url: `${base}/api/frontend${asked}`, token: spec.frontendToken }));
      if (!Array.isArray(toggles)) throw failed(spec, 'its answer has no toggles');
      // Only what is on is listed.
      return toggles.some((one) => isObject(one) && one['name'] === key && one['enabled'] === true);
    },
  } satisfies Flag;
}

function askOf(spec: UnleashSpec, http: Http) {
  return async (o: Pick<HttpRequest, 'method' | 'url'> & { readonly token: string }): Promise<HttpResponse> => {
    const acts = o.method !== 'GET';
    let answer: HttpResponse;
    try {
      answer = await http.request({
        ...{ method: o.method, url: o.url, timeoutMs: spec.timeoutMs, maxBytes: MOST_BYTES },
        headers: { authorization: o.token, accept: 'application/json', ...(acts ? { 'content-type': 'application/json' } : {}) },
      });
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      throw failed(spec, error.message, { acts, unsure: acts && error.effect !== 'none' });
    }
    if (answer.status === 200) return answer;
    throw failed(spec, whyNot(spec, answer), { acts, unsure: acts && answer.status >= 500 });
  };
}

function whyNot(spec: UnleashSpec, { status, body }: HttpResponse): string {
  if (status === 404) return `there is no flag ${spec.key ?? spec.id} in ${spec.project}, or no environment ${spec.environment}`;
  if (status === 403) return `403: the token may not, or the environment wants a change request (${body.slice(0, 300)})`;
  return `it answers ${status} ${body.slice(0, 300)}`;
}

function failed(spec: UnleashSpec, why: string, o: { readonly acts?: boolean; readonly unsure?: boolean } = {}): BelayError {
  const said = labelText(withoutSecrets(`Unleash at ${new URL(spec.url).host}: ${why}`, [spec.token, spec.frontendToken ?? '']), 400);
  const code = o.acts === true ? 'BELAY_ACT_FAILED' : 'BELAY_TARGET_UNREACHABLE';
  return new BelayError(code, said, {
    effect: o.unsure === true ? 'unknown' : 'none',
    hint: 'Check url, token, project and environment in belay.yaml.',
  });
}

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

function objectIn(spec: UnleashSpec, { body }: HttpResponse): JsonObject {
  try {
    const value = JSON.parse(body) as Json;
    if (isObject(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw failed(spec, 'its answer is no JSON object');
}

function stateIn(spec: UnleashSpec, answer: HttpResponse): State {
  const { enabled, strategies } = objectIn(spec, answer);
  if (typeof enabled !== 'boolean' || !Array.isArray(strategies)) throw failed(spec, 'its answer does not say how the flag stands');
  return { enabled, strategies };
}
