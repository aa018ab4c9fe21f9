// Chatwoot: the inbox of an organization goes on receiving while its bot and its named automation rules are off. Both are named in belay.yaml,
// so that on is as explicit as off; what is written is read back.
import { Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { IntegrationOptions } from '../../domain/integration-catalog.ts';
import type { JsonObject } from '../../domain/json.ts';
import { oneChange } from '../../domain/orders.ts';
import { type Fields, fieldsIn, isFields, labelText, textIn as textOr } from '../../domain/received.ts';
import type { Deed, Integration } from '../../ports/integration.ts';
import { type Ask, type AskDeps, asking, bare, conflict, demandKey, readFrom, textIn, wrongOption } from './ask.ts';
import { webhookDeed } from './chatwoot-webhook.ts';

interface Desk {
  readonly name: string;
  readonly ask: Ask;
  readonly options: IntegrationOptions<'chatwoot'>;
}
interface Thing {
  readonly id: number;
  readonly name: string;
}
interface Automations {
  readonly inbox: Thing;
  /** The bot that the inbox has now. */
  readonly bot: Thing | null;
  /** The one that it is to have when automations are on. */
  readonly ownBot: Thing | null;
  readonly rules: readonly (Thing & { readonly active: boolean })[];
}

const MOST_PAGES = 40;

/** @throws BELAY_CONFIG_INVALID */
export function createChatwoot(options: IntegrationOptions<'chatwoot'>, deps: AskDeps): Integration {
  const { url, account, token, timeoutMs, bot, rules = [] } = options;
  demandKey('chatwoot', 'token', token);
  if (bot === undefined && rules.length === 0)
    throw wrongOption('chatwoot', 'bot: neither a bot nor rules are named, so there is nothing to switch');
  const name = `Chatwoot at ${new URL(url).host}`;
  const place = { name, url: `${bare(url)}/api/v1/accounts/${account}`, headers: { api_access_token: token }, secrets: [token], timeoutMs };
  const desk = { name, ask: asking(place, deps), options };
  return {
    driver: 'chatwoot',
    deeds: {
      'chatwoot.automationsOff': deedOf(desk, false),
      'chatwoot.automationsOn': deedOf(desk, true),
      'chatwoot.setWebhook': webhookDeed({ name, ask: desk.ask, token }),
    },
    probes: { chatwoot: (args) => measure(desk, args) },
  };
}

/** What of an answer is a list: some of them stand under `payload`. */
function listIn(json: unknown): readonly Fields[] {
  const list = Array.isArray(json) ? json : fieldsIn(json)['payload'];
  if (!Array.isArray(list)) throw new Unusable('the answer holds no list');
  return list.map(fieldsIn);
}

const thingIn = (fields: Fields): Thing => {
  if (typeof fields['id'] !== 'number') throw new Unusable('something in the answer has no id');
  return { id: fields['id'], name: labelText(fields['name']) };
};

/** @throws BELAY_NOT_FOUND, and BELAY_INPUT_INVALID where it is not one */
function theOne<T extends Thing>(desk: Desk, what: string, wanted: string, all: readonly T[]): T {
  const found = all.filter((one) => one.name === wanted);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new BelayError(
    only === undefined ? 'BELAY_NOT_FOUND' : 'BELAY_INPUT_INVALID',
    `${desk.name} has ${found.length} ${what} "${wanted}"`,
    {
      hint: 'Compare its name with inbox, bot and rules of the integration in belay.yaml.',
    },
  );
}

async function inboxOf(desk: Desk, args: JsonObject): Promise<Thing> {
  const wanted = named(desk.options.inbox, args);
  const { json } = await desk.ask({ method: 'GET', path: '/inboxes' });
  return theOne(
    desk,
    'inboxes',
    wanted,
    readFrom(desk.name, () => listIn(json).map(thingIn)),
  );
}

const named = (template: string, args: JsonObject): string => template.replaceAll('{org}', textIn(args, 'org'));

async function look(desk: Desk, args: JsonObject): Promise<Automations> {
  const { ask, name, options } = desk;
  const inbox = await inboxOf(desk, args);
  const wanted = (options.rules ?? []).map((rule) => named(rule, args));
  const known = wanted.length === 0 ? [] : await rulesOf(desk);
  const rules = wanted.map((rule) => theOne(desk, 'automation rules', rule, known));
  if (options.bot === undefined) return { inbox, bot: null, ownBot: null, rules };
  const bots = readFrom(name, await listed(ask, '/agent_bots')).map(thingIn);
  return { inbox, rules, bot: await botOf(desk, inbox), ownBot: theOne(desk, 'agent bots', named(options.bot, args), bots) };
}

async function listed(ask: Ask, path: string): Promise<() => readonly Fields[]> {
  const { json } = await ask({ method: 'GET', path });
  return () => listIn(json);
}

async function rulesOf({ ask, name }: Desk): Promise<readonly (Thing & { readonly active: boolean })[]> {
  const all = new Map<number, Thing & { readonly active: boolean }>();
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const rows = readFrom(name, await listed(ask, `/automation_rules?page=${page}`));
    const before = all.size;
    for (const row of rows) {
      const thing = readFrom(name, () => thingIn(row));
      all.set(thing.id, { ...thing, active: row['active'] === true });
    }
    // A server that does not page tells the same again.
    if (all.size === before) break;
  }
  return [...all.values()];
}

/** Chatwoot tells the bot as it is, or under `agent_bot`; its token is among it, and goes nowhere. */
async function botOf({ ask, name }: Desk, inbox: Thing): Promise<Thing | null> {
  const { status, json } = await ask({ method: 'GET', path: `/inboxes/${inbox.id}/agent_bot`, also: [404] });
  if (status === 404 || status === 204 || json === undefined) return null;
  const inner = isFields(fieldsIn(json)['agent_bot']) ? fieldsIn(fieldsIn(json)['agent_bot']) : fieldsIn(json);
  return typeof inner['id'] === 'number' ? readFrom(name, () => thingIn(inner)) : null;
}

const wordOf = ({ bot, rules }: Automations): string =>
  [`bot: ${bot?.name ?? 'none'}`, ...rules.map((rule) => `${rule.name}: ${rule.active ? 'on' : 'off'}`)].join(', ');

function wantedOf(seen: Automations, on: boolean): Automations {
  return { ...seen, bot: on ? seen.ownBot : null, rules: seen.rules.map((rule) => ({ ...rule, active: on })) };
}

const markOf = ({ bot, rules }: Automations): string => JSON.stringify([bot?.id ?? null, rules.map(({ id, active }) => [id, active])]);

function deedOf(desk: Desk, on: boolean): Deed {
  return {
    place: (args) => `inbox/${encodeURIComponent(named(desk.options.inbox, args))}`,
    observe: async (args) => {
      const seen = await look(desk, args);
      const wanted = wantedOf(seen, on);
      return { current: wordOf(seen), desired: wordOf(wanted), fingerprint: markOf(seen), reached: markOf(seen) === markOf(wanted) };
    },
    act: async (args, { expected }) => {
      const seen = await look(desk, args);
      const wanted = wantedOf(seen, on);
      if (markOf(seen) === markOf(wanted)) return;
      if (markOf(seen) !== expected) throw conflict(`what runs on the inbox ${seen.inbox.name}`);
      await change(desk, seen, wanted);
    },
    impossible: async (args) => {
      try {
        const { bot, ownBot } = await look(desk, args);
        // Taken away, it could not be brought back by name.
        return !on && bot !== null && bot.id !== ownBot?.id ? `the inbox has the bot "${bot.name}", not the one of belay.yaml` : null;
      } catch (error) {
        if (BelayError.is(error, 'BELAY_NOT_FOUND') || BelayError.is(error, 'BELAY_INPUT_INVALID')) return error.message;
        throw error;
      }
    },
  };
}

async function change({ ask }: Desk, seen: Automations, wanted: Automations): Promise<void> {
  const { took, refused } = oneChange();
  const order = (question: Parameters<Ask>[0]) => ask({ ...question, acts: true }).then(took, refused);
  if (seen.bot?.id !== wanted.bot?.id)
    await order({ method: 'POST', path: `/inboxes/${seen.inbox.id}/set_agent_bot`, json: { agent_bot: wanted.bot?.id ?? null } });
  for (const [index, rule] of seen.rules.entries()) {
    const active = wanted.rules[index]?.active;
    if (active !== rule.active) await order({ method: 'PATCH', path: `/automation_rules/${rule.id}`, json: { active } });
  }
}

/** `receiving`: how many conversations the inbox has: a message that came after a change is counted there. */
async function measure(desk: Desk, args: JsonObject): Promise<JsonObject> {
  const seen = await look(desk, args);
  const { json } = await desk.ask({ method: 'GET', path: `/conversations/meta?status=all&inbox_id=${seen.inbox.id}` });
  const conversations = readFrom(desk.name, () => {
    const count = fieldsIn(fieldsIn(json)['meta'])['all_count'];
    if (typeof count !== 'number') throw new Unusable('the answer counts no conversations');
    return count;
  });
  const on = seen.rules.filter((rule) => rule.active).length;
  return { bot: textOr(seen.bot?.name), rulesOn: on, rulesOff: seen.rules.length - on, conversations };
}
