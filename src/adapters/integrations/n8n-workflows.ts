// Workflows of n8n through its public API: found by exact name or id, with the webhooks of their nodes, switched on and off. Whether a webhook
// is really registered is asked of n8n itself, without running the workflow. It decides nothing.
import { Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import { type Fields, fieldsIn, isFields, labelText, textIn as textOr } from '../../domain/received.ts';
import type { Http } from '../../ports/http.ts';
import { type Ask, type AskDeps, asking, bare, demandKey, readFrom } from './ask.ts';

export interface Webhook {
  readonly path: string;
  readonly method: string;
}
export interface Workflow {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly archived: boolean;
  /** Those of its production webhooks whose address is fixed. */
  readonly webhooks: readonly Webhook[];
  /** Changes with every change of it, on and off included; what n8n itself keeps in it between two runs is none. */
  readonly mark: string;
  /** Of n8n 2: the version that activating would put live. */
  readonly version: string | null;
  readonly changedAt: number;
}
export interface N8nOptions {
  readonly url: string;
  readonly key: string;
  readonly webhooks?: string;
  readonly timeoutMs: number;
}
export interface Workflows {
  readonly name: string;
  /** Those of exactly this name, or the one of this id. @throws BELAY_TARGET_UNREACHABLE */
  find(nameOrId: string): Promise<readonly Workflow[]>;
  /** @throws BELAY_TARGET_UNREACHABLE */
  active(): Promise<readonly Workflow[]>;
  /** @throws BELAY_ACT_FAILED, BELAY_TIMEOUT */
  switchOn(workflow: Workflow): Promise<void>;
  switchOff(workflow: Workflow): Promise<void>;
  /** Does n8n route this path and method to a workflow now? The workflow does not run. @throws BELAY_TARGET_UNREACHABLE */
  isRouted(webhook: Webhook): Promise<boolean>;
  /** A real call, of an address that the user gave for it. Null: nobody answered. */
  call(url: string, method: string): Promise<{ readonly status: number; readonly body: string } | null>;
}

const PAGE = 250;
const MOST_PAGES = 40;
/** The document of n8n 1 and of n8n 2 call themselves by the same number: a workflow tells which it is. */
const WEBHOOK_NODE = 'n8n-nodes-base.webhook';

/** @throws BELAY_CONFIG_INVALID */
export function openWorkflows(options: N8nOptions, deps: AskDeps): Workflows {
  const { url, key, timeoutMs } = options;
  demandKey('n8n', 'key', key);
  const name = `n8n at ${new URL(url).host}`;
  const place = {
    name,
    url: `${bare(url)}/api/v1`,
    headers: { 'x-n8n-api-key': key, accept: 'application/json' },
    secrets: [key],
    timeoutMs,
  };
  const ask = asking(place, deps);
  const webhooks = bare(options.webhooks ?? `${bare(url)}/webhook`);
  return {
    name,
    find: (nameOrId) => find(ask, name, nameOrId),
    active: () => list(ask, name, 'active=true'),
    switchOn: (workflow) => turn(ask, name, workflow, 'activate'),
    switchOff: (workflow) => turn(ask, name, workflow, 'deactivate'),
    isRouted: (webhook) => isRouted(deps.http, `${webhooks}/${webhook.path}`, webhook.method, { name, timeoutMs }),
    call: (to, method) => call(deps.http, to, method, timeoutMs),
  };
}

async function find(ask: Ask, name: string, nameOrId: string): Promise<readonly Workflow[]> {
  const listed = (await list(ask, name, `name=${encodeURIComponent(nameOrId)}`)).filter((one) => one.name === nameOrId);
  // Lists lack the count of changes, and without it off and on again looks as if nothing had been.
  const byName = listed.length === 1 ? await oneOf(ask, name, listed[0]?.id ?? '') : listed;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(nameOrId)) return byName;
  const byId = await oneOf(ask, name, nameOrId);
  return [...byName, ...byId.filter(({ id }) => !byName.some((one) => one.id === id))];
}

async function oneOf(ask: Ask, name: string, id: string): Promise<readonly Workflow[]> {
  const { status, json } = await ask({ method: 'GET', path: `/workflows/${encodeURIComponent(id)}`, also: [404, 400] });
  return status === 200 ? [readFrom(name, () => workflowIn(json))] : [];
}

async function list(ask: Ask, name: string, query: string): Promise<readonly Workflow[]> {
  const found: Workflow[] = [];
  let cursor = '';
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { json } = await ask({ method: 'GET', path: `/workflows?${query}&limit=${PAGE}${cursor}` });
    const { rows, next } = readFrom(name, () => pageIn(json));
    found.push(...rows);
    if (next === null) return found;
    cursor = `&cursor=${encodeURIComponent(next)}`;
  }
  throw new BelayError('BELAY_TARGET_UNREACHABLE', `${name} has more than ${PAGE * MOST_PAGES} workflows`, {
    hint: 'Name the workflow by its id.',
  });
}

function pageIn(json: unknown): { readonly rows: readonly Workflow[]; readonly next: string | null } {
  const { data, nextCursor } = fieldsIn(json);
  if (!Array.isArray(data)) throw new Unusable('the answer holds no list of workflows');
  return { rows: data.map(workflowIn), next: typeof nextCursor === 'string' && nextCursor !== '' ? nextCursor : null };
}

export function workflowIn(json: unknown): Workflow {
  if (!isFields(json)) throw new Unusable('the answer is no workflow');
  const id = typeof json['id'] === 'number' ? String(json['id']) : textOr(json['id']);
  if (id === '' || typeof json['active'] !== 'boolean') throw new Unusable('a workflow lacks id or active');
  const versioned = 'activeVersionId' in json;
  const live = textOr(json['activeVersionId']);
  return {
    id,
    name: textOr(json['name']),
    active: json['active'],
    archived: json['isArchived'] === true,
    // What is live, where that is told; the draft may be another.
    webhooks: webhooksIn(fieldsIn(json['activeVersion'])['nodes'] ?? json['nodes']),
    mark: [json['active'] ? 'on' : 'off', live, textOr(json['versionId']), ...changesOf(json)].join('/'),
    version: versioned && textOr(json['versionId']) !== '' ? textOr(json['versionId']) : null,
    changedAt: Date.parse(textOr(json['updatedAt'])) || 0,
  };
}

/** Nothing, where n8n writes into a workflow by itself. The time does not move when it goes off and on; the count does. */
function changesOf({ staticData, updatedAt, versionCounter }: Fields): readonly string[] {
  if (staticData !== undefined && staticData !== null) return [];
  return [textOr(updatedAt), typeof versionCounter === 'number' ? String(versionCounter) : ''];
}

function webhooksIn(nodes: unknown): readonly Webhook[] {
  return (Array.isArray(nodes) ? nodes : []).map(fieldsIn).flatMap((node): readonly Webhook[] => {
    if (node['type'] !== WEBHOOK_NODE || node['disabled'] === true) return [];
    const parameters: Fields = fieldsIn(node['parameters']);
    const path = textOr(parameters['path']).replace(/^\/+|\/+$/g, '');
    const methods = Array.isArray(parameters['httpMethod']) ? parameters['httpMethod'] : [parameters['httpMethod'] ?? 'GET'];
    // An address with parts that vary is registered below an id of its own.
    if (path === '' || path.includes(':') || path.includes('{{')) return [];
    return methods.filter((one) => typeof one === 'string').map((method) => ({ path, method: method.toUpperCase() }));
  });
}

/** n8n 2 is told the very version that was looked at: one that somebody saves meanwhile does not go live. */
async function turn(ask: Ask, name: string, workflow: Workflow, verb: 'activate' | 'deactivate'): Promise<void> {
  const json = verb === 'activate' && workflow.version !== null ? { json: { versionId: workflow.version } } : {};
  const path = `/workflows/${encodeURIComponent(workflow.id)}/${verb}`;
  const { status, said } = await ask({ method: 'POST', path, ...json, acts: true, also: [400, 404, 409] });
  if (status < 300) return;
  const owner = verb === 'activate' && status !== 404 ? await ownerOf(ask, name, workflow) : null;
  const why = owner === null ? said : `the webhook path ${owner.path} is owned by the active workflow "${owner.by.name}" (${owner.by.id})`;
  throw new BelayError('BELAY_ACT_FAILED', `${name} refuses to ${verb} "${workflow.name}" (${status}): ${why}`, {
    hint:
      owner === null
        ? 'Open the workflow in n8n: it says what it lacks.'
        : `Deactivate that one first: n8n.deactivate with workflow "${owner.by.name}".`,
  });
}

/** The active workflow that holds one of its webhooks; null also where that cannot be asked. */
async function ownerOf(ask: Ask, name: string, workflow: Workflow): Promise<{ readonly path: string; readonly by: Workflow } | null> {
  const others = await list(ask, name, 'active=true').catch((error: unknown) => {
    if (BelayError.is(error)) return [];
    throw error;
  });
  for (const { path, method } of workflow.webhooks) {
    const by = others.find((one) => one.id !== workflow.id && one.webhooks.some((hook) => hook.path === path && hook.method === method));
    if (by !== undefined) return { path, by };
  }
  return null;
}

/** n8n tells a browser which methods a path takes; asked so, nothing runs. */
async function isRouted(
  http: Http,
  url: string,
  method: string,
  { name, timeoutMs }: { readonly name: string; readonly timeoutMs: number },
): Promise<boolean> {
  const headers = { origin: 'https://belay.invalid', 'access-control-request-method': method };
  try {
    const answer = await http.request({ method: 'OPTIONS', url, headers, timeoutMs });
    const said = answer.headers['access-control-allow-methods'];
    // It answers 500 for a path or a method that nobody has, and says all the same which there are.
    if (said !== undefined) return said.split(',').some((one) => one.trim().toUpperCase() === method);
    // Its editor answers while it starts.
    if (answer.status < 300 || answer.status === 404) return false;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${name}: its webhooks answered ${answer.status} when asked which there are`, {
      hint: 'Write webhooks: in belay.yaml, the address below which they answer.',
    });
  } catch (error) {
    if (!BelayError.is(error) || error.code === 'BELAY_TARGET_UNREACHABLE') throw error;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${name}: ${labelText(error.message)}`, { cause: error });
  }
}

async function call(http: Http, url: string, method: string, timeoutMs: number): Promise<{ status: number; body: string } | null> {
  try {
    const body = method === 'GET' || method === 'HEAD' ? {} : { body: '{}', headers: { 'content-type': 'application/json' } };
    const answer = await http.request({ method: method as 'GET', url, timeoutMs, ...body });
    return { status: answer.status, body: answer.body };
  } catch (error) {
    if (BelayError.is(error, 'BELAY_HTTP_FAILED')) return null;
    throw error;
  }
}
