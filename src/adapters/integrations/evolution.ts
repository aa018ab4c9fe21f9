// Evolution API v2: instances of WhatsApp and their webhooks. What is written is read back, a 200 that holds an error is a no, and both shapes
// of the webhook's body are spoken, because the server and its description differ.
import { isDeepStrictEqual } from 'node:util';
import { Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { IntegrationOptions } from '../../domain/integration-catalog.ts';
import type { JsonObject } from '../../domain/json.ts';
import { masked } from '../../domain/mask.ts';
import { nearest } from '../../domain/nearest.ts';
import { fieldsIn, isFields, textIn as textOr } from '../../domain/received.ts';
import type { Deed, Integration } from '../../ports/integration.ts';
import { type Ask, type AskDeps, asking, bare, conflict, demandKey, readFrom, sealed, textIn } from './ask.ts';
import { EVENTS } from './evolution-events.ts';

interface Server {
  readonly name: string;
  readonly ask: Ask;
  /** Of a webhook, without its address. */
  readonly markOf: (webhook: Webhook | null) => string;
}
interface Webhook {
  readonly url: string;
  readonly events: readonly string[];
  readonly byEvents: boolean;
  readonly base64: boolean;
}

/** No such instance. */
const ABSENT = 'absent';

/** @throws BELAY_CONFIG_INVALID */
export function createEvolution({ url, key, timeoutMs }: IntegrationOptions<'evolution'>, deps: AskDeps): Integration {
  demandKey('evolution', 'key', key);
  const name = `Evolution at ${new URL(url).host}`;
  const ask = asking({ name, url: bare(url), headers: { apikey: key }, secrets: [key], timeoutMs }, deps);
  const server: Server = { name, ask, markOf: (webhook) => (webhook === null ? 'none' : sealed(key, JSON.stringify(webhook))) };
  return {
    driver: 'evolution',
    deeds: {
      'evolution.setWebhook': webhookDeed(server),
      'evolution.restart': restartDeed(server),
      'evolution.create': createDeed(server),
      'evolution.delete': deleteDeed(server),
    },
    probes: { evolution: (args) => measure(server, args) },
  };
}

const at = (args: JsonObject): string => encodeURIComponent(textIn(args, 'instance'));
const placeOf = (args: JsonObject): string => `instance/${at(args)}`;

/** `open`, `connecting`, `close`, what else it says, or ABSENT. */
async function stateOf({ name, ask }: Server, args: JsonObject): Promise<string> {
  const { status, json } = await ask({ method: 'GET', path: `/instance/connectionState/${at(args)}`, also: [404] });
  if (status === 404) return ABSENT;
  return readFrom(name, () => {
    const instance = fieldsIn(fieldsIn(json)['instance']);
    if (!isFields(fieldsIn(json)['instance'])) throw new Unusable('the answer tells no state of an instance');
    // The process does not hold the instance.
    return textOr(instance['state']) || 'unknown';
  });
}

/** With `qr: true` a pairing is begun: only then the phone has something to scan. */
async function measure(server: Server, args: JsonObject): Promise<JsonObject> {
  const state = await stateOf(server, args);
  if (args['qr'] !== true || state === 'open' || state === ABSENT) return { state, qr: '', pairingCode: '' };
  const { json } = await server.ask({ method: 'GET', path: `/instance/connect/${at(args)}` });
  demandNoError(server, json, 'connect', 'none');
  const answer = fieldsIn(json);
  const image = textOr(answer['base64']);
  return {
    state,
    qr: /^data:image\/png;base64,[A-Za-z0-9+/=]{1,200000}$/.test(image) ? image : '',
    pairingCode: textOr(answer['pairingCode']),
  };
}

/** Evolution answers 200 and says that it failed. */
function demandNoError({ name }: Server, json: unknown, what: string, effect: 'none' | 'unknown'): void {
  const { error, message } = fieldsIn(json);
  if (error !== true) return;
  throw new BelayError('BELAY_ACT_FAILED', `${name}: ${what} failed: ${masked(textOr(message)).slice(0, 200)}`, {
    effect,
    hint: 'Look at the state of the instance: one that is closed must be paired again.',
  });
}

function webhookDeed(server: Server): Deed {
  return {
    place: (args) => `${placeOf(args)}/webhook`,
    observe: async (args) => {
      const [now, wanted] = [await webhookOf(server, args), wantedIn(args)];
      return { current: shown(now), desired: shown(wanted), fingerprint: server.markOf(now), reached: isDeepStrictEqual(now, wanted) };
    },
    act: async (args, { expected }) => {
      const [now, wanted] = [await webhookOf(server, args), wantedIn(args)];
      if (isDeepStrictEqual(now, wanted)) return;
      if (server.markOf(now) !== expected) throw conflict(`the webhook of ${textIn(args, 'instance')}`);
      await setWebhook(server, args, wanted);
    },
    impossible: async (args) => {
      if (!/^https?:\/\//.test(textIn(args, 'url')))
        return 'url must begin with http:// or https://: Evolution takes anything and never calls it';
      const odd = eventsIn(args).find((one) => !EVENTS.includes(one));
      if (odd !== undefined) return `Evolution knows no event ${odd}; the nearest is ${nearest(odd, EVENTS) ?? EVENTS[0] ?? ''}`;
      return (await stateOf(server, args)) === ABSENT ? `${server.name} has no instance ${textIn(args, 'instance')}` : null;
    },
  };
}

/** Null: none is set, or it is off. */
async function webhookOf({ name, ask }: Server, args: JsonObject): Promise<Webhook | null> {
  const { json } = await ask({ method: 'GET', path: `/webhook/find/${at(args)}` });
  return readFrom(name, () => {
    if (json === null) return null;
    if (!isFields(json)) throw new Unusable('the answer is no webhook');
    if (json['enabled'] !== true) return null;
    const events = Array.isArray(json['events']) ? json['events'].filter((one): one is string => typeof one === 'string') : [];
    return {
      url: textOr(json['url']),
      events: events.toSorted(),
      byEvents: json['webhookByEvents'] === true,
      base64: json['webhookBase64'] === true,
    };
  });
}

/** As requests write them: what arrives at a webhook is called `messages.upsert`. @throws BELAY_INPUT_INVALID */
function eventsIn(args: JsonObject): readonly string[] {
  const { events } = args;
  if (!Array.isArray(events) || events.length === 0 || !events.every((one) => typeof one === 'string'))
    throw new BelayError('BELAY_INPUT_INVALID', 'events is no list of names', {
      hint: 'Write events: [MESSAGES_UPSERT]; an empty list would mean all.',
    });
  return [...new Set(events.map((one) => String(one).toUpperCase().replaceAll('.', '_').replaceAll('-', '_')))].toSorted();
}

const wantedIn = (args: JsonObject): Webhook => ({
  url: textIn(args, 'url'),
  events: eventsIn(args),
  byEvents: args['byEvents'] === true,
  base64: args['base64'] === true,
});

const shown = (webhook: Webhook | null): string =>
  webhook === null
    ? 'no webhook'
    : `${masked(webhook.url)} for ${webhook.events.join(', ') || 'all events'}${webhook.byEvents ? ', by events' : ''}${webhook.base64 ? ', base64' : ''}`;

async function setWebhook({ ask }: Server, args: JsonObject, { url, events, byEvents, base64 }: Webhook): Promise<void> {
  const path = `/webhook/set/${at(args)}`;
  const nested = { webhook: { enabled: true, url, byEvents, base64, events } };
  const { status } = await ask({ method: 'POST', path, json: nested, acts: true, also: [400] });
  if (status < 300) return;
  // As its published description says.
  await ask({ method: 'POST', path, json: { enabled: true, url, webhookByEvents: byEvents, webhookBase64: base64, events }, acts: true });
}

function restartDeed(server: Server): Deed {
  return {
    place: placeOf,
    observe: async (args) => {
      const state = await stateOf(server, args);
      return { current: state, desired: 'open', fingerprint: state, reached: state === 'open' };
    },
    act: async (args, { expected }) => {
      const state = await stateOf(server, args);
      if (state === 'open') return;
      if (state !== expected) throw conflict(`the instance ${textIn(args, 'instance')}`);
      const path = `/instance/restart/${at(args)}`;
      const { status, json } = await server.ask({ method: 'POST', path, acts: true, also: [404, 405] });
      const said = status < 300 ? json : (await server.ask({ method: 'PUT', path, acts: true })).json;
      demandNoError(server, said, 'restart', 'unknown');
    },
    impossible: async (args) => {
      const state = await stateOf(server, args);
      if (state === ABSENT) return `${server.name} has no instance ${textIn(args, 'instance')}`;
      return state === 'close' ? `${textIn(args, 'instance')} is closed: a restart does not help, the phone must scan a new code` : null;
    },
  };
}

const existence = (isThere: boolean): string => (isThere ? 'there' : 'not there');

function createDeed(server: Server): Deed {
  return {
    place: placeOf,
    observe: async (args) => {
      // The same mark as for delete and restart: what one of them leaves is what the next one meets.
      const state = await stateOf(server, args);
      return { current: existence(state !== ABSENT), desired: existence(true), fingerprint: state, reached: state !== ABSENT };
    },
    act: async (args) => {
      const instanceName = textIn(args, 'instance');
      const number = args['number'] === undefined ? {} : { number: textIn(args, 'number') };
      const json = { instanceName, integration: 'WHATSAPP-BAILEYS', qrcode: args['qrcode'] !== false, ...number };
      const { status } = await server.ask({ method: 'POST', path: '/instance/create', json, acts: true, also: [403] });
      // The name is taken: it is there, whoever made it.
      if (status === 403 && (await stateOf(server, args)) === ABSENT)
        throw new BelayError('BELAY_ACT_FAILED', `${server.name} refuses the name ${instanceName}`, { hint: 'Is the key the global one?' });
    },
    impossible: async () => null,
  };
}

function deleteDeed(server: Server): Deed {
  return {
    place: placeOf,
    observe: async (args) => {
      const state = await stateOf(server, args);
      return {
        current: state === ABSENT ? existence(false) : `there, ${state}`,
        desired: existence(false),
        fingerprint: state,
        reached: state === ABSENT,
      };
    },
    act: async (args, { expected }) => {
      const refused = whyNotDelete(args);
      if (refused !== null) throw new BelayError('BELAY_INPUT_INVALID', refused, { hint: 'Let a person type the name in a manual step.' });
      const state = await stateOf(server, args);
      if (state === ABSENT) return;
      // One that has connected meanwhile is somebody's telephone.
      if (state !== expected) throw conflict(`the instance ${textIn(args, 'instance')}`);
      const { json } = await server.ask({ method: 'DELETE', path: `/instance/delete/${at(args)}`, acts: true, also: [404] });
      demandNoError(server, json, 'delete', 'unknown');
    },
    impossible: async (args) => {
      const refused = whyNotDelete(args);
      if (refused !== null) return refused;
      return (await stateOf(server, args)) === 'open'
        ? `${textIn(args, 'instance')} is connected: log it out first, if it really is to go`
        : null;
    },
  };
}

const whyNotDelete = (args: JsonObject): string | null =>
  textIn(args, 'confirm') === textIn(args, 'instance')
    ? null
    : `confirm says ${JSON.stringify(args['confirm'])}, not the name of the instance that would be gone for good`;
