// The door for applications that read feature flags: the OpenFeature Remote Evaluation Protocol, 0.3. An application has a token of its own,
// reads and never writes. What a flag's value is, the flag knows.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { BelayError } from '../domain/errors.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Flag } from '../ports/settings.ts';
import type { AppEnv } from './guard.ts';

const MOST_BYTES = 64 * 1024;
const MOST_ORG_CHARS = 256;
/** One flag after the other is what a table of the user's may take; more at once is what nobody needs. */
const AT_ONCE = 8;

export interface OfrepDeps {
  /** Those that are served, by id. */
  readonly flags: Readonly<Record<string, Flag>>;
  readonly tokens: readonly string[];
}

/** Before the gate of people: an application is no person. Without a token nothing is served. */
export function mountOfrep(app: Hono<AppEnv>, { flags, tokens }: OfrepDeps): void {
  if (tokens.length === 0) return;
  const known = tokens.map(hashOf);
  const limit = bodyLimit({ maxSize: MOST_BYTES, onError: (c) => c.json({ errorCode: 'PARSE_ERROR', errorDetails: 'too large' }, 413) });
  app.use('/ofrep/*', async (c, next) => {
    const given = hashOf(tokenOf(c));
    // All are compared, so that the time says nothing.
    if (known.filter((one) => timingSafeEqual(one, given)).length === 0)
      return c.json({ errorDetails: 'no such token: send it as "Authorization: Bearer …"' }, 401);
    return next();
  });
  app.post('/ofrep/v1/evaluate/flags/:key', limit, async (c) => one(c, flags));
  app.post('/ofrep/v1/evaluate/flags', limit, async (c) => all(c, flags));
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

const tokenOf = (c: Context<AppEnv>): string =>
  /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? c.req.header('x-api-key') ?? '';

type Asked = { readonly org: string | null } | { readonly errorCode: string; readonly errorDetails: string };

async function asked(c: Context<AppEnv>): Promise<Asked> {
  let body: Json;
  try {
    const text = await c.req.text();
    body = text === '' ? {} : (JSON.parse(text) as Json);
  } catch {
    return { errorCode: 'PARSE_ERROR', errorDetails: 'the body is not JSON' };
  }
  const context = isObject(body) ? (body['context'] ?? {}) : null;
  if (!isObject(context)) return { errorCode: 'INVALID_CONTEXT', errorDetails: 'context is no object' };
  const org = context['targetingKey'] ?? context['org'];
  if (org === undefined || org === null || org === '') return { org: null };
  if (typeof org === 'string' && org.length <= MOST_ORG_CHARS) return { org };
  return { errorCode: 'INVALID_CONTEXT', errorDetails: `targetingKey is no text of at most ${MOST_ORG_CHARS} characters` };
}

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

async function one(c: Context<AppEnv>, flags: OfrepDeps['flags']): Promise<Response> {
  const key = c.req.param('key') ?? '';
  const question = await asked(c);
  if ('errorCode' in question) return c.json({ key, ...question }, 400);
  const flag = Object.hasOwn(flags, key) ? flags[key] : undefined;
  if (flag === undefined) return c.json({ key, errorCode: 'FLAG_NOT_FOUND', errorDetails: `there is no flag ${key.slice(0, 100)}` }, 404);
  const evaluated = await evaluation(key, flag, question.org);
  return 'errorCode' in evaluated ? c.json(evaluated, 500) : c.json(evaluated, 200);
}

/** A failed one is told in its place: the others are good. */
async function all(c: Context<AppEnv>, flags: OfrepDeps['flags']): Promise<Response> {
  const question = await asked(c);
  if ('errorCode' in question) return c.json(question, 400);
  const waiting = Object.entries(flags);
  const found: JsonObject[] = [];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      found.push(await evaluation(next[0], next[1], question.org));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const body = JSON.stringify({ flags: found.toSorted((a, b) => (String(a['key']) < String(b['key']) ? -1 : 1)) });
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`;
  const unchanged =
    c.req
      .header('if-none-match')
      ?.split(/\s*,\s*/)
      .includes(etag) === true;
  if (unchanged) return c.body(null, 304, { etag });
  return c.body(body, 200, { 'content-type': 'application/json', etag });
}

async function evaluation(key: string, flag: Flag, org: string | null): Promise<JsonObject> {
  const metadata: JsonObject = flag.onUnreachable === null ? {} : { onUnreachable: flag.onUnreachable };
  try {
    const value = await flag.evaluate(org);
    if (value === null) return { key, errorCode: 'FLAG_NOT_FOUND', errorDetails: 'it has no value yet', metadata };
    return { key, reason: 'STATIC', variant: String(value), value, metadata };
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    // Why is the business of people, who see it in `belay doctor`: the application takes the default of its code.
    return { key, errorCode: 'GENERAL', errorDetails: 'it cannot be read now', metadata };
  }
}
