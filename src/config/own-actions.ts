// Actions of the user's own as people write them under `actions:`. References stand where a value is: never in the host of an address.
import { ACTIONS } from '../domain/catalog.ts';
import { OWN_PARAM_TYPES, OWN_REFS, type OwnActionSpec } from '../domain/own-action.ts';
import type { Problems } from './problems.ts';
import {
  duration,
  json,
  type Keys,
  mapOf,
  NAME_KEYS,
  oneOf,
  optional,
  present,
  type Reader,
  record,
  required,
  text,
  url,
  wrong,
} from './read.ts';
import type { Value } from './yaml.ts';

export const OWN_ACTION_KEYS: Keys = { form: 'a family and a name, such as crm.freeze', pattern: /^[a-z][a-z0-9-]*\.[a-z][A-Za-z0-9]*$/ };
const HEADER_KEYS: Keys = { form: 'the name of a header', pattern: /^[A-Za-z][A-Za-z0-9-]*$/ };
const DEFAULT_TIMEOUT_MS = 10_000;

const headers = mapOf(text, HEADER_KEYS);
const fields = record({
  with: optional(mapOf(oneOf(...OWN_PARAM_TYPES), NAME_KEYS)),
  headers: optional(headers),
  observe: required(record({ get: required(url), expect: optional(text) })),
  reached: required(text),
  state: optional(text),
  desired: optional(text),
  act: required(
    record({
      method: required(oneOf('POST', 'PUT', 'PATCH', 'DELETE')),
      url: required(url),
      headers: optional(headers),
      body: optional(json),
    }),
  ),
  timeout: optional(duration(100)),
});

/** Without `id`, which is the key that it stands under. */
export const ownAction: Reader<Omit<OwnActionSpec, 'id'>> = (value, problems, name) => {
  const read = fields(value, problems, name);
  const { observe, act, reached } = read ?? {};
  if (observe?.get === undefined || act?.url === undefined || act.method === undefined || reached === undefined) return undefined;
  const params = read?.with ?? {};
  for (const address of [observe.get, act.url])
    if (/^https?:\/\/[^/?#]*\{/.test(address)) return wrong(value, problems, name, `an address whose host is fixed, not ${address}`);
  demandRefs([observe.get, read?.headers ?? {}], Object.keys(params), { value, problems, name });
  demandRefs([act.url, act.headers ?? {}, act.body ?? null], [...Object.keys(params), ...OWN_REFS], { value, problems, name });
  return {
    params,
    headers: read?.headers ?? {},
    observe: { get: observe.get, ...present({ expect: observe.expect }) },
    reached,
    desired: read?.desired ?? 'done',
    act: { method: act.method, url: act.url, headers: act.headers ?? {}, ...present({ body: act.body }) },
    timeoutMs: read?.timeout ?? DEFAULT_TIMEOUT_MS,
    ...present({ state: read?.state }),
  };
};

function demandRefs(
  parts: readonly unknown[],
  known: readonly string[],
  { value, problems, name }: { readonly value: Value; readonly problems: Problems; readonly name: string },
): void {
  const written = JSON.stringify(parts);
  for (const [, ref = ''] of written.matchAll(/\{([a-zA-Z][\w.-]*)\}/g))
    if (!known.includes(ref)) wrong(value, problems, name, `no reference but {${known.join('}, {')}}, and it has {${ref}}`);
}

/** A family of Belay's own would be taken for its action. */
export function demandOwnFamily(id: string, keySpan: Value['span'], problems: Problems): void {
  const family = `${id.split('.', 1)[0] ?? ''}.`;
  if (!Object.keys(ACTIONS).some((action) => action.startsWith(family))) return;
  problems.error('id', keySpan, `${id} would stand among Belay's own actions`, { expected: 'a family of your own, such as crm' });
}
