// Z-API: is the phone connected, and where do its callbacks go. Instance and token stand in its addresses, so they are taken out of whatever is
// said. What is written is read back from the account.
import { Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { IntegrationOptions } from '../../domain/integration-catalog.ts';
import type { JsonObject } from '../../domain/json.ts';
import { masked } from '../../domain/mask.ts';
import { isFields, labelText, textIn as textOr } from '../../domain/received.ts';
import type { Deed, Integration } from '../../ports/integration.ts';
import { type Ask, type AskDeps, asking, bare, conflict, demandKey, readFrom, sealed, textIn } from './ask.ts';

/** What can be set: where it is written, and where it is read back. */
const CALLBACKS: Readonly<Record<string, { readonly path: string; readonly field: string }>> = {
  connected: { path: '/update-webhook-connected', field: 'connectedCallbackUrl' },
  delivery: { path: '/update-webhook-delivery', field: 'deliveryCallbackUrl' },
  disconnected: { path: '/update-webhook-disconnected', field: 'disconnectedCallbackUrl' },
  received: { path: '/update-webhook-received-delivery', field: 'receivedAndDeliveryCallbackUrl' },
};

/** @throws BELAY_CONFIG_INVALID */
export function createZApi(options: IntegrationOptions<'z-api'>, deps: AskDeps): Integration {
  const { instance, token, clientToken, timeoutMs } = options;
  for (const [option, key] of Object.entries({ instance, token, clientToken })) demandKey('z-api', option, key);
  const name = `Z-API instance ${instance.slice(0, 4)}…`;
  const url = `${bare(options.url)}/instances/${encodeURIComponent(instance)}/token/${encodeURIComponent(token)}`;
  const ask = asking({ name, url, headers: { 'client-token': clientToken }, secrets: [token, clientToken, instance], timeoutMs }, deps);
  return { driver: 'z-api', deeds: { 'z-api.setWebhook': webhookDeed(name, ask, token) }, probes: { 'z-api': () => status(name, ask) } };
}

async function status(name: string, ask: Ask): Promise<JsonObject> {
  const { json } = await ask({ method: 'GET', path: '/status' });
  return readFrom(name, () => {
    if (!isFields(json) || typeof json['connected'] !== 'boolean') throw new Unusable('the answer does not say whether it is connected');
    // A text also when all is well.
    return { connected: json['connected'], phone: json['smartphoneConnected'] === true, said: labelText(json['error']) };
  });
}

/** @throws BELAY_INPUT_INVALID */
function callbackOf(args: JsonObject): { readonly path: string; readonly field: string } {
  const callback = CALLBACKS[textIn(args, 'on')];
  if (callback !== undefined) return callback;
  throw new BelayError('BELAY_INPUT_INVALID', `on is ${JSON.stringify(args['on'])}`, {
    hint: `One of ${Object.keys(CALLBACKS).join(', ')}.`,
  });
}

async function urlOf(name: string, ask: Ask, args: JsonObject): Promise<string> {
  const { field } = callbackOf(args);
  const { json } = await ask({ method: 'GET', path: '/me' });
  return readFrom(name, () => {
    if (!isFields(json) || !(field in json)) throw new Unusable(`the account does not tell ${field}, so that nothing can be read back`);
    return textOr(json[field]);
  });
}

function webhookDeed(name: string, ask: Ask, token: string): Deed {
  const markOf = (url: string): string => (url === '' ? '' : sealed(token, url));
  const shown = (url: string): string => (url === '' ? 'no webhook' : masked(url));
  return {
    place: (args) => `webhook/${textIn(args, 'on')}`,
    observe: async (args) => {
      const [now, wanted] = [await urlOf(name, ask, args), textIn(args, 'url')];
      return { current: shown(now), desired: shown(wanted), fingerprint: markOf(now), reached: now === wanted };
    },
    act: async (args, { expected }) => {
      const [now, value] = [await urlOf(name, ask, args), textIn(args, 'url')];
      if (now === value) return;
      if (markOf(now) !== expected) throw conflict(`the ${textIn(args, 'on')} webhook of ${name}`);
      await ask({ method: 'PUT', path: callbackOf(args).path, json: { value }, acts: true });
    },
    impossible: async (args) => (textIn(args, 'url').startsWith('https://') ? null : 'Z-API takes only addresses that begin with https://'),
  };
}
