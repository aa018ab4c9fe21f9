// Evolution API on loopback, as its source at 2.3.6 answers or as its published description says (`shape`): instances that remember, pairing
// codes, webhooks that are forgotten by a restart. It can say 200 with an error, and it keeps a ledger.
import { type Schema, wrongWith } from './description.ts';
import { type Asked, BadRequest, demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

export interface EvolutionInstance {
  state: 'open' | 'connecting' | 'close';
  webhook: { enabled: boolean; url: string; events: string[]; webhookByEvents: boolean; webhookBase64: boolean } | null;
  codes: number;
}
export interface EvolutionServer extends VendorServer {
  readonly instances: Map<string, EvolutionInstance>;
  /** What was changed through the API. */
  readonly ledger: string[];
  /** 201, and nothing is stored. */
  lies: boolean;
  /** The next restart or connect answers 200 with an error. */
  fails: boolean;
  /** Somebody's telephone scans the code. */
  scan(name: string): void;
  /** Somebody writes over WhatsApp: without an open session, or a webhook that takes it, nobody ever gets it. */
  written(name: string, from: string, text: string): Promise<'delivered' | 'lost'>;
}

const bool = { type: ['boolean'] } as const;
const text = { type: ['string'] } as const;
const events = { type: ['array'], items: { type: ['string'], pattern: '^[A-Z]+(_[A-Z]+)*$' } } as const;
const NESTED: Schema = {
  type: ['object'],
  required: ['webhook'],
  closed: true,
  properties: {
    webhook: {
      type: ['object'],
      required: ['enabled', 'url', 'events'],
      closed: true,
      properties: { enabled: bool, url: text, headers: { type: ['object'] }, byEvents: bool, base64: bool, events },
    },
  },
};
const FLAT: Schema = {
  type: ['object'],
  required: ['enabled', 'url', 'webhookByEvents', 'webhookBase64', 'events'],
  closed: true,
  properties: { enabled: bool, url: text, webhookByEvents: bool, webhookBase64: bool, events },
};
const CREATE: Schema = {
  type: ['object'],
  required: ['instanceName', 'integration'],
  closed: true,
  properties: {
    instanceName: text,
    integration: { type: ['string'], enum: ['WHATSAPP-BAILEYS', 'WHATSAPP-BUSINESS'] },
    qrcode: bool,
    number: text,
    token: text,
  },
};
/** One black point: enough to be an image. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=';

export async function startEvolution(o: { readonly key: string; readonly shape?: 'source' | 'description' }): Promise<EvolutionServer> {
  const instances: EvolutionServer['instances'] = new Map();
  const ledger: string[] = [];
  const knobs = { lies: false, fails: false };
  const place = { ...o, shape: o.shape ?? 'source', instances, ledger, knobs };
  const server = await startVendor((asked) => answer(asked, place));
  return Object.defineProperties(
    Object.assign(server, {
      instances,
      ledger,
      scan: (name: string) => {
        const one = instances.get(name);
        if (one?.state !== 'connecting') throw new Error('there is no code to scan');
        one.state = 'open';
      },
      written: (name: string, from: string, text: string) => deliver(instances.get(name), from, text),
    }),
    Object.fromEntries(
      (['lies', 'fails'] as const).map((name) => [
        name,
        {
          get: () => knobs[name],
          set: (value: boolean) => {
            knobs[name] = value;
          },
        },
      ]),
    ),
  ) as EvolutionServer;
}

async function deliver(one: EvolutionInstance | undefined, from: string, text: string): Promise<'delivered' | 'lost'> {
  if (one?.state !== 'open' || one.webhook === null) return 'lost';
  const data = { key: { id: `${from}/${text}` }, from, text };
  const sent = await fetch(one.webhook.url, { method: 'POST', body: JSON.stringify({ event: 'messages.upsert', data }) }).catch(() => null);
  return sent?.ok === true ? 'delivered' : 'lost';
}

const SEND: Schema = { type: ['object'], required: ['number', 'text'], closed: true, properties: { number: text, text } };

/** To the number of a test the answer comes back at once, by the webhook. */
const sendText: Does = (one, { body }) => {
  const asked = JSON.parse(body) as { number: string; text: string };
  const wrong = wrongWith(SEND, asked, 'the body');
  demand(wrong.length === 0, wrong.join('; '));
  if (one.state !== 'open') return error(500, 'Connection Closed');
  if (asked.number === 'numero-de-teste') void deliver(one, asked.number, asked.text);
  return { status: 201, json: { key: { remoteJid: asked.number, fromMe: true, id: asked.text }, status: 'PENDING' } };
};

interface Place {
  readonly key: string;
  readonly shape: 'source' | 'description';
  readonly instances: Map<string, EvolutionInstance>;
  readonly ledger: string[];
  readonly knobs: { lies: boolean; fails: boolean };
}

const error = (status: number, message: string | string[]): VendorReply => ({
  status,
  json: { status, error: 'Error', response: { message } },
});

function answer(asked: Asked, place: Place): VendorReply {
  if (asked.headers['apikey'] !== place.key) return error(401, 'Unauthorized');
  const route = `${asked.method} ${asked.path}`;
  if (route === 'POST /instance/create') return create(asked.body, place);
  const [, kind = '', name = ''] = /^(\w+ \/\w+\/\w+)\/([^/]+)$/.exec(route) ?? [];
  const id = decodeURIComponent(name);
  const one = place.instances.get(id);
  const does = DOES[kind];
  demand(does !== undefined, `${route} is not described`, 404);
  if (one === undefined) return error(404, `The "${id}" instance does not exist`);
  return does(one, { id, body: asked.body, ...place });
}

function create(body: string, { instances, ledger }: Place): VendorReply {
  const asked = JSON.parse(body) as { instanceName: string; qrcode?: boolean };
  const wrong = wrongWith(CREATE, asked, 'the body');
  demand(wrong.length === 0, wrong.join('; '));
  if (instances.has(asked.instanceName)) return error(403, [`This name "${asked.instanceName}" is already in use.`]);
  instances.set(asked.instanceName, { state: asked.qrcode === true ? 'connecting' : 'close', webhook: null, codes: 0 });
  ledger.push(`create ${asked.instanceName}`);
  const instance = { instanceName: asked.instanceName, instanceId: 'id', integration: 'WHATSAPP-BAILEYS', status: 'connecting' };
  return { status: 201, json: { instance, hash: 'token-of-the-instance', webhook: {}, settings: {} } };
}

type Does = (one: EvolutionInstance, o: Place & { readonly id: string; readonly body: string }) => VendorReply;

const connectionState: Does = (one, { id }) => ({ status: 200, json: { instance: { instanceName: id, state: one.state } } });

const connect: Does = (one, o) => {
  if (o.knobs.fails) return { status: 200, json: { error: true, message: 'Error: connection closed' } };
  if (one.state === 'open') return connectionState(one, o);
  one.state = 'connecting';
  one.codes += 1;
  return {
    status: 200,
    json: { pairingCode: 'WZYEH1YY', code: `2@${one.codes}`, base64: `data:image/png;base64,${PNG}`, count: one.codes },
  };
};

const restart: Does = (one, o) => {
  if (o.knobs.fails || one.state === 'close') return { status: 200, json: { error: true, message: 'The instance is not connected' } };
  o.ledger.push(`restart ${o.id}`);
  one.state = 'open';
  // With its process goes what was only there.
  one.webhook = null;
  return { status: 200, json: { instance: { instanceName: o.id, state: 'open' } } };
};

const setWebhook: Does = (one, o) => {
  const body = JSON.parse(o.body) as Record<string, unknown>;
  const wrong = wrongWith(o.shape === 'source' ? NESTED : FLAT, body, 'the body');
  // This is what a real one says to the other shape: it is no mistake of whoever asks.
  if (wrong.length > 0) return error(400, [...wrong]);
  const asked = (o.shape === 'source' ? body['webhook'] : body) as unknown as Record<string, unknown>;
  const stored = {
    enabled: asked['enabled'] as boolean,
    url: String(asked['url']),
    events: asked['events'] as string[],
    webhookByEvents: (asked['byEvents'] ?? asked['webhookByEvents'] ?? false) as boolean,
    webhookBase64: (asked['base64'] ?? asked['webhookBase64'] ?? false) as boolean,
  };
  if (!o.knobs.lies) one.webhook = stored;
  o.ledger.push(`webhook ${o.id}`);
  return { status: 201, json: stored };
};

const remove: Does = (_one, o) => {
  o.ledger.push(`delete ${o.id}`);
  if (!o.knobs.lies) o.instances.delete(o.id);
  return { status: 200, json: { status: 'SUCCESS', error: false, response: { message: 'Instance deleted' } } };
};

const notHere: Does = () => {
  throw new BadRequest('Cannot use this method', 404);
};

const DOES: Readonly<Record<string, Does>> = {
  'GET /instance/connectionState': connectionState,
  'GET /instance/connect': connect,
  'POST /instance/restart': (one, o) => (o.shape === 'source' ? restart(one, o) : notHere(one, o)),
  'PUT /instance/restart': (one, o) => (o.shape === 'description' ? restart(one, o) : notHere(one, o)),
  'DELETE /instance/delete': remove,
  'POST /message/sendText': (one, o) => sendText(one, o),
  'POST /webhook/set': setWebhook,
  'GET /webhook/find': (one) => ({ status: 200, json: one.webhook }),
};
