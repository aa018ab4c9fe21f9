// Chatwoot on loopback: an account with inboxes, bots, automation rules and conversations that remember. A message that comes in is stored,
// answered by the bot of its inbox and touched by the active rules. Requests are held against the description.
import { type Schema, wrongWith } from './description.ts';
import { type Asked, demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

export interface ChatwootMessage {
  readonly inbox: number;
  readonly contact: string;
  readonly content: string;
  /** What was done with it besides. */
  readonly by: readonly string[];
}
export interface ChatwootServer extends VendorServer {
  readonly inboxes: { readonly id: number; readonly name: string; bot: number | null }[];
  readonly bots: { readonly id: number; readonly name: string }[];
  readonly rules: { readonly id: number; readonly name: string; active: boolean }[];
  readonly webhooks: { readonly id: number; url: string; readonly subscriptions: readonly string[] }[];
  readonly messages: ChatwootMessage[];
  readonly ledger: string[];
  /** 200, and nothing is changed. */
  lies: boolean;
  /** The bot of an inbox stands under `agent_bot`, as the program answers, or alone, as its description says. */
  wrapsBot: boolean;
  /** A contact writes. */
  write(inbox: string, contact: string, content: string): void;
}

const RULE: Schema = { type: ['object'], closed: true, properties: { active: { type: ['boolean'] } }, required: ['active'] };
const WEBHOOK: Schema = { type: ['object'], closed: true, properties: { url: { type: ['string'] } }, required: ['url'] };
const BOT: Schema = { type: ['object'], closed: true, properties: { agent_bot: { type: ['integer', 'null'] } }, required: ['agent_bot'] };

export async function startChatwoot(o: { readonly account: number; readonly token: string }): Promise<ChatwootServer> {
  const inboxes: ChatwootServer['inboxes'] = [];
  const bots: ChatwootServer['bots'] = [];
  const rules: ChatwootServer['rules'] = [];
  const webhooks: ChatwootServer['webhooks'] = [];
  const messages: ChatwootMessage[] = [];
  const ledger: string[] = [];
  const state = { inboxes, bots, rules, webhooks, messages, ledger, lies: false, wrapsBot: true };
  const base = `/api/v1/accounts/${o.account}`;
  const server: VendorServer = await startVendor((asked) => {
    if (asked.headers['api_access_token'] !== o.token) return { status: 401, json: { errors: ['Invalid Access Token'] } };
    demand(asked.path.startsWith(`${base}/`), `${asked.path} is not described`, 404);
    return answer(asked, asked.path.slice(base.length), whole);
  });
  const write = (name: string, contact: string, content: string): void => {
    const inbox = inboxes.find((one) => one.name === name);
    if (inbox === undefined) throw new Error(`no inbox ${name}`);
    const bot = bots.find((one) => one.id === inbox.bot);
    const by = [...(bot === undefined ? [] : [bot.name]), ...rules.filter((one) => one.active).map((one) => one.name)];
    messages.push({ inbox: inbox.id, contact, content, by });
  };
  const whole: ChatwootServer = Object.defineProperties(
    Object.assign(server, { inboxes, bots, rules, webhooks, messages, ledger, write }),
    {
      lies: accessor(state, 'lies'),
      wrapsBot: accessor(state, 'wrapsBot'),
    },
  ) as ChatwootServer;
  return whole;
}

function accessor<T extends object, K extends keyof T>(of: T, name: K): PropertyDescriptor {
  return {
    get: () => of[name],
    set: (value: T[K]) => {
      of[name] = value;
    },
  };
}

function answer({ method, query, body }: Asked, path: string, desk: ChatwootServer): VendorReply {
  const route = `${method} ${path.replace(/\d+/g, '{}')}`;
  const id = Number(/\d+/.exec(path)?.[0] ?? Number.NaN);
  const notFound = { status: 404, json: { error: 'Resource could not be found' } };
  switch (route) {
    case 'GET /inboxes':
      return { status: 200, json: { payload: desk.inboxes.map(({ id: one, name }) => ({ id: one, name, channel_type: 'Channel::Api' })) } };
    case 'GET /agent_bots':
      return { status: 200, json: desk.bots.map((one) => ({ ...one, access_token: 'hunter2-token-of-the-bot' })) };
    case 'GET /inboxes/{}/agent_bot': {
      const bot = desk.bots.find((one) => one.id === desk.inboxes.find((inbox) => inbox.id === id)?.bot);
      const shown = bot === undefined ? {} : { ...bot, access_token: 'hunter2-token-of-the-bot' };
      return { status: 200, json: desk.wrapsBot ? { agent_bot: shown } : shown };
    }
    case 'POST /inboxes/{}/set_agent_bot': {
      const inbox = desk.inboxes.find((one) => one.id === id);
      if (inbox === undefined) return notFound;
      const asked = told(BOT, body) as { agent_bot: number | null };
      if (asked.agent_bot !== null && !desk.bots.some((one) => one.id === asked.agent_bot)) return notFound;
      desk.ledger.push(`bot ${asked.agent_bot}`);
      if (!desk.lies) inbox.bot = asked.agent_bot;
      return { status: 204 };
    }
    case 'GET /automation_rules': {
      const page = Number(query.get('page') ?? 1);
      return { status: 200, json: { payload: desk.rules.slice((page - 1) * 2, page * 2) } };
    }
    case 'PATCH /automation_rules/{}': {
      const rule = desk.rules.find((one) => one.id === id);
      if (rule === undefined) return notFound;
      const asked = told(RULE, body) as { active: boolean };
      desk.ledger.push(`${rule.name} ${asked.active}`);
      if (!desk.lies) rule.active = asked.active;
      return { status: 200, json: { payload: rule } };
    }
    case 'GET /webhooks':
      return { status: 200, json: { payload: { webhooks: desk.webhooks } } };
    case 'PATCH /webhooks/{}': {
      const webhook = desk.webhooks.find((one) => one.id === id);
      if (webhook === undefined) return notFound;
      const asked = told(WEBHOOK, body) as { url: string };
      desk.ledger.push(`webhook ${asked.url}`);
      if (!desk.lies) webhook.url = asked.url;
      return { status: 200, json: { payload: { webhook } } };
    }
    case 'GET /conversations/meta': {
      const inbox = Number(query.get('inbox_id'));
      const all = new Set(desk.messages.filter((one) => one.inbox === inbox).map((one) => one.contact)).size;
      return { status: 200, json: { meta: { mine_count: 0, unassigned_count: all, assigned_count: 0, all_count: all } } };
    }
    default:
      demand(false, `${route} is not described`, 404);
  }
}

function told(schema: Schema, body: string): unknown {
  const wrong = wrongWith(schema, JSON.parse(body), 'the body');
  demand(wrong.length === 0, wrong.join('; '), 422);
  return JSON.parse(body);
}
