// The user's own actions over HTTP, by the same protocol as all others: looked at, compared, one request toward what is wanted, and looked at
// again. An answer 200 proves nothing; the look does.
import { withoutSecrets } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { catalogOf, type OwnActionSpec } from '../../domain/own-action.ts';
import { ANSWER_NAMES } from '../../domain/probe-point.ts';
import { labelText } from '../../domain/received.ts';
import type { Action, Observation } from '../../ports/action.ts';
import type { Expression } from '../../ports/expression.ts';
import type { Http, HttpRequest, HttpResponse } from '../../ports/http.ts';
import { resolveRefs } from '../refs.ts';

export interface OwnActionPorts {
  readonly specs: readonly OwnActionSpec[];
  readonly http: Http;
  readonly expression: Pick<Expression, 'evaluate'>;
}

const LONGEST_BODY = 64 * 1024;
const LONGEST_STATE = 200;
/** Whoever says this has not done it. A form that was taken answers 303, and what is done already 409: all others say nothing. */
const NOT_DONE: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 413, 415, 422, 429]);

export function ownActions({ specs, http, expression }: OwnActionPorts): readonly Action[] {
  const catalog = catalogOf(specs);
  return specs.flatMap((spec) => {
    const entry = catalog[spec.id];
    if (entry === undefined) return [];
    const observe = (args: JsonObject): Promise<Observation> => look(spec, args, { http, expression });
    return [
      {
        spec: entry,
        compareAndSet: () => 'none',
        notes: () => ['unguarded'],
        // By what is looked at, and how: an action and the one that takes it back say the same of the same thing.
        target: (args) =>
          `http:${filled(spec.observe.get, args).replace(/^https?:\/\/|[?#].*$/g, '')}#${(spec.state ?? spec.id).replaceAll(/\s/g, '')}`,
        observe,
        act: async (args, { expected, key, reason }) => {
          const now = await observe(args);
          if (now.reached) return;
          if (now.fingerprint !== expected)
            throw new BelayError('BELAY_TARGET_CONFLICT', `${spec.id}: it is ${now.fingerprint}, not ${expected}`, {
              hint: 'Somebody else has changed it in between: plan again.',
            });
          await change(spec, { ...args, key, reason, state: now.fingerprint }, http);
        },
        impossible: async () => null,
        lastChange: async () => null,
      } satisfies Action,
    ];
  });
}

/** Values are parts of a path or a query, and never more. @throws BELAY_INPUT_INVALID */
function filled(address: string, args: JsonObject): string {
  return address.replaceAll(/\{([a-zA-Z][\w-]*)\}/g, (_all, name: string) => encodeURIComponent(plainValue(args, name)));
}

function plainValue(args: JsonObject, name: string): string {
  const value = args[name];
  if ((typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new BelayError(
    'BELAY_INPUT_INVALID',
    `${name} is ${value === undefined ? 'missing' : `no plain value: ${JSON.stringify(value)}`}`,
    {
      hint: `Give ${name} in \`with\`.`,
    },
  );
}

const headersOf = (headers: Readonly<Record<string, string>>, args: JsonObject): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      value.replaceAll(/\{([a-zA-Z][\w-]*)\}/g, (_all, ref: string) => plainValue(args, ref)),
    ]),
  );

async function ask(spec: OwnActionSpec, http: Http, request: Omit<HttpRequest, 'timeoutMs'>, acts: boolean): Promise<HttpResponse> {
  try {
    return await http.request({ ...request, timeoutMs: spec.timeoutMs });
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    const effect = acts ? error.effect : 'none';
    const code = effect === 'unknown' ? 'BELAY_TIMEOUT' : acts ? 'BELAY_ACT_FAILED' : 'BELAY_TARGET_UNREACHABLE';
    throw new BelayError(code, plain(spec, error.message), {
      effect,
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

const plain = (spec: OwnActionSpec, why: string): string =>
  labelText(withoutSecrets(`${spec.id}: ${why}`, [...Object.values(spec.headers), ...Object.values(spec.act.headers)]), 400);

async function look(spec: OwnActionSpec, args: JsonObject, { http, expression }: Omit<OwnActionPorts, 'specs'>): Promise<Observation> {
  const answer = await ask(
    spec,
    http,
    { method: 'GET', url: filled(spec.observe.get, args), headers: headersOf(spec.headers, args) },
    false,
  );
  const { status, body, tookMs } = answer;
  const values = { status, body: body.slice(0, LONGEST_BODY), json: jsonOf(body), latencyMs: tookMs };
  const told = (source: string): Json => {
    const found = expression.evaluate(source, ANSWER_NAMES, values);
    if (found.ok) return found.value;
    throw unreachable(spec, `answered ${status}; ${found.why}`);
  };
  const isAnswer = spec.observe.expect === undefined ? status >= 200 && status < 300 : told(spec.observe.expect) === true;
  if (!isAnswer)
    throw unreachable(
      spec,
      `answered ${status}, which says nothing${spec.observe.expect === undefined ? '' : ` (${spec.observe.expect})`}`,
    );
  const reached = told(spec.reached);
  if (typeof reached !== 'boolean') throw unreachable(spec, `reached gives ${JSON.stringify(reached)}, neither true nor false`);
  const state = spec.state === undefined ? null : labelText(told(spec.state), LONGEST_STATE);
  const current = state ?? (reached ? spec.desired : `not ${spec.desired}`);
  return { current, desired: spec.desired, fingerprint: current, reached };
}

const unreachable = (spec: OwnActionSpec, why: string): BelayError =>
  new BelayError('BELAY_TARGET_UNREACHABLE', plain(spec, why), {
    hint: 'Compare observe, state and reached in belay.yaml with what the address says.',
  });

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // No JSON is an answer, too: the condition sees null.
    return null;
  }
}

async function change(spec: OwnActionSpec, args: JsonObject, http: Http): Promise<void> {
  const { method, url, headers, body } = spec.act;
  const sent =
    body === undefined
      ? {}
      : { body: JSON.stringify(resolveRefs(body, ([name = '', ...rest]) => (rest.length === 0 ? args[name] : undefined)).value) };
  const typed = body === undefined ? {} : { 'content-type': 'application/json' };
  const all = { ...typed, ...headersOf({ ...spec.headers, ...headers }, args) };
  const { status } = await ask(spec, http, { method, url: filled(url, args), headers: all, ...sent }, true);
  if (status >= 200 && status < 300) return;
  const isNo = NOT_DONE.has(status);
  throw new BelayError(isNo ? 'BELAY_ACT_FAILED' : 'BELAY_TIMEOUT', plain(spec, `${method} answered ${status}`), {
    effect: isNo ? 'none' : 'unknown',
    hint: 'Compare act in belay.yaml with what the address takes.',
  });
}
