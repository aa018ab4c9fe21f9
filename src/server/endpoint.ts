// One API operation as data: schema, permission and handler. Mounting adds what all of them share: authentication,
// CSRF, body caps, strict validation, idempotency and problem+json.
import { createHash } from 'node:crypto';
import { createRoute, OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { OPERATIONS, type Operation } from '../domain/authorization.ts';
import { BelayError } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';
import { KEY, noBody, noParams, problemSchema } from './api-schemas.ts';
import type { Auth } from './auth.ts';
import type { Caller } from './commands.ts';
import { type AppEnv, requireCaller, requireOwnPage } from './guard.ts';
import type { Idempotency } from './idempotency.ts';
import { problemOf, problemResponse } from './problem.ts';

export type Api = OpenAPIHono<AppEnv>;

export interface Asked<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly caller: Caller;
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  readonly key: string;
}

export interface Endpoint<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> {
  readonly operation: Operation;
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly answer: z.ZodType;
  readonly status: 200 | 201 | 202;
  /** A write whose answer is kept under its key. Pausing is not: it must work when the store does not. */
  readonly remembered: boolean;
  handle(asked: Asked<P, Q, B>): Promise<unknown>;
}

export type Add = <P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(endpoint: Endpoint<P, Q, B>) => void;
export const READ = { method: 'get', params: noParams, query: noParams, body: noBody, status: 200, remembered: false } as const;
export const WRITE = { method: 'post', params: noParams, query: noParams, body: noBody, status: 200, remembered: true } as const;

export const CAPS = { writeBytes: 256 * 1024, ingestBytes: 4 * 1024 * 1024 } as const;

export function tooLarge(maxSize: number): MiddlewareHandler<AppEnv> {
  const onError = (): Response =>
    problemResponse(problemOf(new BelayError('BELAY_INPUT_INVALID', `the body is larger than ${maxSize} bytes`), { status: 413 }));
  return bodyLimit({ maxSize, onError });
}

export function createApi(): Api {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return undefined;
      const errors = result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
      const first = errors[0];
      const where = first === undefined || first.path === '' ? '' : `${first.path}: `;
      return problemResponse(
        problemOf(
          new BelayError('BELAY_INPUT_INVALID', `the request is not valid: ${where}${first?.message ?? ''}`, {
            hint: 'See /v1/openapi.json.',
          }),
          { errors },
        ),
      );
    },
  });
}

export function answerError(error: unknown): Response {
  if (error instanceof HTTPException) {
    return problemResponse(
      problemOf(new BelayError('BELAY_INPUT_INVALID', error.message, { hint: 'See /v1/openapi.json.' }), { status: error.status }),
    );
  }
  return problemResponse(problemOf(error));
}

export function mount<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(
  api: Api,
  deps: { readonly auth: Auth; readonly idempotency: Idempotency },
  endpoint: Endpoint<P, Q, B>,
): void {
  const writes = endpoint.method === 'post';
  const gate: MiddlewareHandler<AppEnv> = async (c, next) => {
    requireCaller(c, endpoint.operation);
    if (writes) {
      requireOwnPage(c, deps.auth, c.req.header('x-csrf-token'));
      requireJson(c, hasBody(endpoint));
    }
    await next();
  };
  const route = createRoute({ ...describe(endpoint), middleware: writes ? [tooLarge(CAPS.writeBytes), gate] : [gate] } as RouteConfig & {
    path: string;
  });
  const handler = async (c: Context<AppEnv>): Promise<Response> => {
    const valid = (part: string): unknown => (c.req.valid as unknown as (part: string) => unknown)(part);
    const asked: Asked<P, Q, B> = {
      caller: requireCaller(c, endpoint.operation),
      params: valid('param') as z.output<P>,
      query: valid('query') as z.output<Q>,
      body: (hasBody(endpoint) ? valid('json') : undefined) as z.output<B>,
      key: c.req.header('idempotency-key') ?? '',
    };
    const work = async (): Promise<{ status: number; body: Json }> => ({
      status: endpoint.status,
      body: toJson(await endpoint.handle(asked)),
    });
    const { person } = asked.caller;
    const answer = endpoint.remembered
      ? await deps.idempotency.once(
          { key: asked.key, route: `${c.req.method} ${c.req.path} ${person}`, fingerprint: fingerprint(asked.body) },
          work,
        )
      : await work();
    return Response.json(answer.body, { status: answer.status, headers: { 'cache-control': 'no-store' } });
  };
  api.openapi(route, handler as never);
}

export function fingerprint(body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(body) ?? '')
    .digest('hex');
}

const hasBody = (endpoint: { readonly body: z.ZodType }): boolean => !(endpoint.body instanceof z.ZodUndefined);

/** `undefined` has no JSON: such an answer is null. */
function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value ?? null)) as Json;
}

function requireJson(c: Context<AppEnv>, body: boolean): void {
  const type = c.req.header('content-type') ?? '';
  if (!body || /^application\/json\s*(;|$)/i.test(type)) return;
  throw new HTTPException(415, { message: `the body must be application/json, not ${type === '' ? 'nothing' : type}` });
}

function describe(endpoint: Endpoint<z.ZodObject, z.ZodObject, z.ZodType>): RouteConfig {
  const headers = z.object({
    'idempotency-key': KEY.openapi({ description: 'Repeating a write with the same key does not repeat its effect.' }),
  });
  return {
    operationId: endpoint.operation,
    method: endpoint.method,
    path: endpoint.path,
    summary: endpoint.summary,
    description: `Least level: ${OPERATIONS[endpoint.operation]}.`,
    security: OPERATIONS[endpoint.operation] === 'anyone' ? [] : [{ token: [] }],
    request: {
      params: endpoint.params,
      query: endpoint.query,
      ...(endpoint.method === 'post' ? { headers } : {}),
      ...(hasBody(endpoint) ? { body: { required: true, content: { 'application/json': { schema: endpoint.body } } } } : {}),
    },
    responses: {
      [endpoint.status]: { description: 'Done', content: { 'application/json': { schema: endpoint.answer } } },
      default: problemResponseDoc,
    },
  };
}

export const problemResponseDoc = { description: 'Problem (RFC 9457)', content: { 'application/problem+json': { schema: problemSchema } } };
