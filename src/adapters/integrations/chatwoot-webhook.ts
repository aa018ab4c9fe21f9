// The webhook of a Chatwoot account that calls us: its address moves to where we are now. It is known by the path of the address, because the
// host is what changes; what it is subscribed to stays. Inboxes and bots are not known here.
import { Unusable } from '../../domain/answer.ts';
import type { JsonObject } from '../../domain/json.ts';
import { masked } from '../../domain/mask.ts';
import { type Fields, fieldsIn, textIn as textOr } from '../../domain/received.ts';
import type { Deed } from '../../ports/integration.ts';
import { type Ask, conflict, readFrom, sealed, textIn } from './ask.ts';

interface Account {
  readonly name: string;
  readonly ask: Ask;
  readonly token: string;
}
interface Webhook {
  readonly id: number;
  readonly url: string;
}

export function webhookDeed(account: Account): Deed {
  const markOf = ({ id, url }: Webhook): string => sealed(account.token, JSON.stringify([id, url]));
  const one = async (args: JsonObject): Promise<Webhook> => {
    const [found, another] = await ofPath(account, args);
    if (found !== undefined && another === undefined) return found;
    throw conflict(`the webhook ${pathOf(textIn(args, 'url'))} of ${account.name}`);
  };
  return {
    place: (args) => `webhook/${encodeURIComponent(pathOf(textIn(args, 'url')))}`,
    observe: async (args) => {
      const [found, another] = await ofPath(account, args);
      const [url, desired] = [textIn(args, 'url'), masked(textIn(args, 'url'))];
      if (found === undefined || another !== undefined)
        return { current: found === undefined ? 'none' : 'several', desired, fingerprint: 'not one', reached: false };
      return { current: masked(found.url), desired, fingerprint: markOf(found), reached: found.url === url };
    },
    act: async (args, { expected }) => {
      const [found, url] = [await one(args), textIn(args, 'url')];
      if (found.url === url) return;
      if (markOf(found) !== expected) throw conflict(`the webhook ${pathOf(url)} of ${account.name}`);
      await account.ask({ method: 'PATCH', path: `/webhooks/${found.id}`, json: { url }, acts: true });
    },
    impossible: async (args) => {
      if (!/^https?:\/\//.test(textIn(args, 'url'))) return 'url must begin with http:// or https://';
      const [path, found] = [pathOf(textIn(args, 'url')), await ofPath(account, args)];
      return found.length === 1
        ? null
        : `${account.name} has ${found.length === 0 ? 'no webhook' : `${found.length} webhooks`} with the path ${path}: set it by hand`;
    },
  };
}

const pathOf = (url: string): string => (URL.canParse(url) ? new URL(url).pathname : '');

async function ofPath({ name, ask }: Account, args: JsonObject): Promise<readonly Webhook[]> {
  const { json } = await ask({ method: 'GET', path: '/webhooks' });
  const path = pathOf(textIn(args, 'url'));
  return readFrom(name, () => webhooksIn(json).filter((webhook) => pathOf(webhook.url) === path));
}

/** The program answers them under `payload.webhooks`, its description as a list. @throws Unusable */
function webhooksIn(json: unknown): readonly Webhook[] {
  const payload = Array.isArray(json) ? json : fieldsIn(json)['payload'];
  const list = Array.isArray(payload) ? payload : fieldsIn(payload)['webhooks'];
  if (!Array.isArray(list)) throw new Unusable('the answer holds no list of webhooks');
  return list.map((one: unknown): Webhook => {
    const { id, url }: Fields = fieldsIn(one);
    if (typeof id !== 'number' || textOr(url) === '') throw new Unusable('a webhook in the answer has no id or no address');
    return { id, url: textOr(url) };
  });
}
