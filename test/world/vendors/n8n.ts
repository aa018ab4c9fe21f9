// n8n on loopback: its public API and its production webhooks, with workflows that remember. It refuses a path that another one owns, can say
// "active" without registering a webhook, can go on routing what was switched off, and can be up before its webhooks are. Requests and answers
// are held against what n8n 1.123 and 2.40 describe; what a real 1.123.81 does otherwise, it does here (test/heavy/n8n.test.ts).
import { type Schema, wrongWith } from './description.ts';
import { type Asked, demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

export interface N8nWorkflow {
  readonly id: string;
  name: string;
  active: boolean;
  isArchived: boolean;
  updatedAt: number;
  /** Of all changes, on and off included: the time above does not tell those. */
  changes: number;
  /** What n8n keeps in it between two runs. */
  staticData: object | null;
  /** Of the draft, and of what is live (n8n 2). */
  version: number;
  activeVersion: number | null;
  readonly path: string | null;
  readonly method: string;
  /** What its webhook says. */
  says: string;
}
export interface N8nServer extends VendorServer {
  readonly workflows: N8nWorkflow[];
  /** METHOD path → id of the workflow that is run. */
  readonly routes: Map<string, string>;
  /** Every change through the API, and every message that a workflow got. */
  readonly ledger: { readonly what: 'activate' | 'deactivate'; readonly id: string }[];
  readonly got: { readonly workflow: string; readonly body: string; readonly headers: Readonly<Record<string, string>> }[];
  /** `active: true`, and no webhook. */
  lies: boolean;
  /** What is switched off goes on being routed. */
  keepsRouting: boolean;
  /** Up, and its webhooks are not there yet. */
  webhooksReady: boolean;
  /** Called right before the next order is carried out. */
  before: (() => void) | null;
  add(o: {
    readonly name: string;
    readonly path?: string;
    readonly active?: boolean;
    readonly says?: string;
    readonly method?: string;
  }): N8nWorkflow;
  /** Somebody in the editor. */
  turn(workflow: N8nWorkflow, on: boolean): void;
  save(workflow: N8nWorkflow): void;
}

/** The first of 1.x knew no versions; 1.123 shows them, and activates what is there all the same; 2 publishes the one that is asked for. */
export type Generation = 1 | 1.123 | 2;

const WORKFLOW: Schema = {
  type: ['object'],
  required: ['id', 'name', 'active', 'createdAt', 'updatedAt', 'nodes', 'connections', 'settings'],
  properties: {
    id: { type: ['string'] },
    name: { type: ['string'] },
    active: { type: ['boolean'] },
    createdAt: { type: ['string'], format: 'date-time' },
    updatedAt: { type: ['string'], format: 'date-time' },
    nodes: { type: ['array'] },
    connections: { type: ['object'] },
    settings: { type: ['object'] },
    isArchived: { type: ['boolean'] },
    versionId: { type: ['string'] },
    activeVersionId: { type: ['string', 'null'] },
  },
};
const TAKEN = 'The URL path that the "Webhook" node uses is already taken. Please change it to something else.';
const PUBLISH: Schema = {
  type: ['object'],
  closed: true,
  properties: { versionId: { type: ['string'] }, name: { type: ['string'] }, description: { type: ['string'] } },
};

export async function startN8n(o: { readonly key: string; readonly generation?: Generation }): Promise<N8nServer> {
  const generation = o.generation ?? 1.123;
  let now = Date.now();
  const workflows: N8nWorkflow[] = [];
  const routes: N8nServer['routes'] = new Map();
  const ledger: N8nServer['ledger'] = [];
  const got: N8nServer['got'] = [];
  const knobs: Pick<N8nServer, 'lies' | 'keepsRouting' | 'webhooksReady' | 'before'> = {
    lies: false,
    keepsRouting: false,
    webhooksReady: true,
    before: null,
  };
  const put = (workflow: N8nWorkflow, on: boolean, honest = true): void => {
    now += 1;
    if (generation === 1) workflow.updatedAt = now;
    if (workflow.active !== on) workflow.changes += on ? 2 : 1;
    workflow.active = on;
    workflow.activeVersion = on ? workflow.version : null;
    if (workflow.path === null) return;
    const route = `${workflow.method} ${workflow.path}`;
    if (on && honest) routes.set(route, workflow.id);
    if (!on && routes.get(route) === workflow.id && !knobs.keepsRouting) routes.delete(route);
  };
  const listedAs = (one: N8nWorkflow): object => checked(toJson(one, generation));
  const shown = (one: N8nWorkflow): object => ({ ...listedAs(one), ...(generation === 1 ? {} : { versionCounter: one.changes }) });
  const turned = (id: string, verb: string, body: string): VendorReply => {
    const { before } = knobs;
    knobs.before = null;
    before?.();
    const workflow = workflows.find((one) => one.id === id);
    if (workflow === undefined) return { status: 404, json: { message: 'Not Found' } };
    if (body !== '') {
      demand(generation !== 1, 'the first of n8n 1 take no body here');
      const wrong = wrongWith(PUBLISH, JSON.parse(body), 'the body');
      demand(wrong.length === 0, wrong.join('; '));
      const { versionId } = JSON.parse(body) as { versionId?: string };
      // 1.123 activates what is there, whatever it is asked for.
      if (generation === 2 && versionId !== undefined && versionId !== versionOf(workflow))
        return { status: 404, json: { message: 'Version not found' } };
    }
    if (verb === 'deactivate') {
      ledger.push({ what: 'deactivate', id });
      put(workflow, false);
      return { status: 200, json: shown(workflow) };
    }
    const owner = workflow.path === null ? undefined : routes.get(`${workflow.method} ${workflow.path}`);
    if (owner !== undefined && owner !== id) {
      // It was active for a moment.
      workflow.changes += 2;
      workflow.updatedAt = now += 1;
      return generation === 2
        ? { status: 409, json: { message: 'There is a conflict with one of the webhooks.' } }
        : { status: 400, json: { message: TAKEN } };
    }
    if (workflow.isArchived && generation === 2) return { status: 400, json: { message: 'Workflow is archived.' } };
    ledger.push({ what: 'activate', id });
    put(workflow, true, !knobs.lies);
    return { status: 200, json: shown(workflow) };
  };
  const api = (asked: Asked, path: string): VendorReply => {
    if (asked.headers['x-n8n-api-key'] !== o.key) return { status: 401, json: { message: "'X-N8N-API-KEY' header required" } };
    const [, id, verb] = /^\/workflows\/([^/]+)\/(activate|deactivate)$/.exec(path) ?? [];
    if (asked.method === 'POST' && id !== undefined && verb !== undefined) return turned(id, verb, asked.body);
    demand(asked.method === 'GET' && asked.body === '', `${asked.method} ${path} is not described`, 404);
    if (path === '/workflows') return listed(workflows, asked.query, listedAs);
    const one = workflows.find((candidate) => path === `/workflows/${candidate.id}`);
    demand(/^\/workflows\/[^/]+$/.test(path), `GET ${path} is not described`, 404);
    return one === undefined ? { status: 404, json: { message: 'Not Found' } } : { status: 200, json: shown(one) };
  };
  const webhook = (asked: Asked, path: string): VendorReply => {
    const methods = ['GET', 'POST', 'PUT'].filter((method) => knobs.webhooksReady && routes.has(`${method} ${path}`));
    if (asked.method === 'OPTIONS') return asksFor(asked, methods, knobs.webhooksReady);
    const workflow = workflows.find((one) => one.id === routes.get(`${asked.method} ${path}`));
    if (workflow === undefined || !knobs.webhooksReady)
      return { status: 404, json: { code: 404, message: `The requested webhook "${asked.method} ${path}" is not registered.` } };
    got.push({ workflow: workflow.name, body: asked.body, headers: asked.headers });
    return { status: 200, json: { says: workflow.says } };
  };
  const server = await startVendor((asked) => {
    if (asked.path.startsWith('/webhook/')) return webhook(asked, asked.path.slice('/webhook/'.length));
    demand(asked.path.startsWith('/api/v1/'), `${asked.path} is not described`, 404);
    return api(asked, asked.path.slice('/api/v1'.length));
  });
  const hands: Omit<N8nServer, keyof VendorServer | keyof typeof knobs> = {
    workflows,
    routes,
    ledger,
    got,
    add: ({ name, path, active = false, says = name, method = 'POST' }) => {
      now += 1;
      const id = `wf${String(workflows.length + 1).padStart(14, '0')}`;
      const made: N8nWorkflow = {
        ...{ id, name, active: false, isArchived: false, updatedAt: now, changes: 1, staticData: null, version: 1, activeVersion: null },
        path: path ?? null,
        method,
        says,
      };
      workflows.push(made);
      if (active) put(made, true);
      return made;
    },
    turn: (workflow, on) => put(workflow, on),
    save: (workflow) => {
      now += 1;
      workflow.version += 1;
      workflow.changes += 1;
      workflow.updatedAt = now;
    },
  };
  return Object.defineProperties(Object.assign(server, hands), knobsOf(knobs)) as N8nServer;
}

function knobsOf<T extends object>(knobs: T): PropertyDescriptorMap {
  return Object.fromEntries(
    Object.keys(knobs).map((name) => [
      name,
      {
        get: () => knobs[name as keyof T],
        set: (value: T[keyof T]) => {
          knobs[name as keyof T] = value;
        },
      },
    ]),
  );
}

/** Its editor answers what it does not know yet, and what nobody has is an error of its own, with a header that says which there are. */
function asksFor(asked: Asked, methods: readonly string[], areReady: boolean): VendorReply {
  if (!areReady) return { status: 200, json: '<!DOCTYPE html>' };
  const headers = { 'access-control-allow-methods': ['OPTIONS', ...methods].join(', ') };
  const isThere = methods.includes(asked.headers['access-control-request-method'] ?? '');
  return isThere ? { status: 204, headers } : { status: 500, headers, json: '<!DOCTYPE html>' };
}

const versionOf = (one: N8nWorkflow): string => `${one.id}-v${one.version}`;

function toJson(one: N8nWorkflow, generation: Generation): object {
  const at = new Date(one.updatedAt).toISOString();
  const hook = { id: 'a', name: 'Webhook', type: 'n8n-nodes-base.webhook', typeVersion: 2, position: [0, 0], parameters: {} };
  return {
    ...{ id: one.id, name: one.name, active: one.active, createdAt: at, updatedAt: at, isArchived: one.isArchived },
    nodes: one.path === null ? [] : [{ ...hook, parameters: { path: one.path, httpMethod: one.method, responseMode: 'responseNode' } }],
    connections: {},
    settings: {},
    versionId: versionOf(one),
    ...(generation === 1 ? {} : { staticData: one.staticData }),
    ...(generation !== 1 ? { activeVersionId: one.activeVersion === null ? null : `${one.id}-v${one.activeVersion}` } : {}),
  };
}

/** The emulator cannot drift: what it says is held against the description, too. */
function checked(json: object): object {
  const wrong = wrongWith(WORKFLOW, json, 'workflow');
  if (wrong.length > 0) throw new Error(`the emulator breaks the description: ${wrong.join('; ')}`);
  return json;
}

function listed(workflows: readonly N8nWorkflow[], query: URLSearchParams, shown: (one: N8nWorkflow) => object): VendorReply {
  for (const key of query.keys())
    demand(['active', 'tags', 'name', 'projectId', 'excludePinnedData', 'limit', 'cursor'].includes(key), `query ${key} is not described`);
  const limit = Number(query.get('limit') ?? 100);
  demand(Number.isInteger(limit) && limit >= 1 && limit <= 250, `limit ${query.get('limit')} is out of range`);
  const name = query.get('name');
  const active = query.get('active');
  const all = workflows.filter((one) => (name === null || one.name.includes(name)) && (active === null || String(one.active) === active));
  const from = Number(query.get('cursor') ?? 0);
  const page = all.slice(from, from + limit);
  return { status: 200, json: { data: page.map(shown), nextCursor: from + limit < all.length ? String(from + limit) : null } };
}
