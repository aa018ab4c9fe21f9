// The API operations whose body or answer is not one JSON object: health, stream, evidence download and push ingest.
import { createRoute, type RouteConfig, z } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { OPERATIONS, type Operation } from '../domain/authorization.ts';
import { BelayError } from '../domain/errors.ts';
import type { Instant, Json } from '../domain/json.ts';
import { labelText } from '../domain/received.ts';
import type { Batch, Sample } from '../domain/signal.ts';
import type { ApiDeps } from './api.ts';
import { healthSchema, incidentParams, KEY, sampleBody, samplesBody } from './api-schemas.ts';
import { type Api, CAPS, fingerprint, problemResponseDoc, tooLarge } from './endpoint.ts';
import { type AppEnv, requireCaller, requireOwnPage } from './guard.ts';
import { findIncident } from './snapshot.ts';
import type { Streams } from './stream.ts';

export interface RawDeps extends ApiDeps {
  readonly streams: Streams;
  readonly ingest: ((batch: Batch) => Promise<void>) | undefined;
}

export function mountRaw(api: Api, deps: RawDeps): void {
  raw(
    api,
    {
      operation: 'getHealth',
      method: 'get',
      path: '/v1/health',
      summary: 'Is the server there? Asks nobody who calls',
      answer: { 200: json(healthSchema) },
    },
    async () => Response.json({ status: 'ok', version: deps.version }),
  );
  const streamQuery = z.strictObject({ incident: z.string().max(40).optional() });
  raw(
    api,
    {
      operation: 'streamEvents',
      method: 'get',
      path: '/v1/stream',
      summary: 'Live events of all incidents (SSE); Last-Event-ID replays',
      query: streamQuery,
      answer: { 200: { description: 'text/event-stream' } },
    },
    (c) => deps.streams.open(c, { incident: c.req.query('incident'), lastEventId: c.req.header('last-event-id') }),
  );
  raw(
    api,
    {
      operation: 'getEvidence',
      method: 'get',
      path: '/v1/incidents/{id}/evidence',
      summary: 'The evidence of an incident, to download and verify offline',
      params: incidentParams,
      answer: { 200: { description: 'The evidence file' } },
    },
    (c) => downloadEvidence(c, deps),
  );
  raw(
    api,
    {
      operation: 'pushEvents',
      method: 'post',
      path: '/v1/events',
      summary: 'Push samples: a JSON array or NDJSON; 202 once they are durable',
      query: z.strictObject({ source: z.string().max(200).optional() }),
      content: { 'application/json': { schema: samplesBody }, 'application/x-ndjson': { schema: z.string() } },
      answer: { 202: json(z.object({ accepted: z.number().int() })) },
    },
    (c) => pushEvents(c, deps),
    [tooLarge(CAPS.ingestBytes)],
  );
}

interface RawRoute {
  readonly operation: Operation;
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly content?: Record<string, { readonly schema: z.ZodType }>;
  readonly answer: Record<number, { readonly description: string; readonly content?: Record<string, { readonly schema: z.ZodType }> }>;
}

const json = (schema: z.ZodType) => ({ description: 'Done', content: { 'application/json': { schema } } });

/** Described in the document as the others are, but answered by hand. */
function raw(
  api: Api,
  route: RawRoute,
  handle: (c: Context<AppEnv>) => Promise<Response>,
  before: readonly MiddlewareHandler<AppEnv>[] = [],
): void {
  const { operation, params, query, content, answer, ...rest } = route;
  const request = {
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { query }),
    ...(content === undefined ? {} : { body: { required: true, content } }),
  };
  const open = OPERATIONS[operation] === 'anyone';
  const config = {
    ...rest,
    operationId: operation,
    description: `Least level: ${OPERATIONS[operation]}.`,
    security: open ? [] : [{ token: [] }],
    request,
    responses: { ...answer, default: problemResponseDoc },
  };
  const described = createRoute(config as RouteConfig & { path: string });
  api.openAPIRegistry.registerPath(described);
  api.on(route.method.toUpperCase(), [described.getRoutingPath()], ...before, async (c) => {
    if (!open) requireCaller(c, operation);
    return handle(c);
  });
}

async function downloadEvidence(c: Context<AppEnv>, { world, commands }: RawDeps): Promise<Response> {
  const incident = await findIncident(world, c.req.param('id') ?? '');
  const text = await commands.evidence(incident.id);
  return new Response(text, {
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${incident.id}.evidence.json"`,
      'cache-control': 'no-store',
    },
  });
}

async function pushEvents(c: Context<AppEnv>, { world, auth, ingest, idempotency }: RawDeps): Promise<Response> {
  requireOwnPage(c, auth, c.req.header('x-csrf-token'));
  const pushes = world.system.sources.filter((source) => source.driver === 'push');
  const wanted = c.req.query('source');
  const source = wanted === undefined ? pushes[0] : pushes.find((one) => one.id === wanted);
  if (ingest === undefined || source === undefined || (wanted === undefined && pushes.length > 1)) {
    const hint =
      pushes.length === 0 ? 'Add a source with driver: push to belay.yaml.' : `Say which: ?source=${pushes.map((one) => one.id).join('|')}`;
    throw new BelayError('BELAY_NOT_FOUND', wanted === undefined ? 'no single push source' : `no push source ${wanted}`, { hint });
  }
  const now = world.time.now();
  const text = await c.req.text();
  const samples = parseSamples(text, c.req.header('content-type') ?? '').map((sample) => sampleOf(sample, now));
  const take = async (): Promise<{ status: number; body: Json }> => {
    await ingest({ source: source.id, at: now, alive: true, samples });
    return { status: 202, body: { accepted: samples.length } };
  };
  // Without a key a repeated push counts again; with one it does not.
  const key = c.req.header('idempotency-key');
  const route = `push ${source.id} ${c.get('caller')?.person ?? ''}`;
  const answer =
    key === undefined
      ? await take()
      : await idempotency.once({ key: checked(KEY, key, 'Idempotency-Key'), route, fingerprint: fingerprint(text) }, take);
  return Response.json(answer.body, { status: answer.status });
}

type Pushed = z.output<typeof sampleBody>;

/** All or nothing: one bad sample refuses the whole request and says which. */
function parseSamples(text: string, type: string): readonly Pushed[] {
  if (/^application\/json\b/i.test(type)) return checked(samplesBody, parsed(text, 'the body'), 'the body');
  if (!/^application\/(x-)?ndjson\b/i.test(type))
    throw new HTTPException(415, { message: 'send application/json or application/x-ndjson' });
  const lines = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ line, where: `line ${index + 1}` }]));
  if (lines.length > 10_000) throw new BelayError('BELAY_INPUT_INVALID', `${lines.length} samples in one request; at most 10000`);
  return lines.map(({ line, where }) => checked(sampleBody, parsed(line, where), where));
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BelayError('BELAY_INPUT_INVALID', `${where} is not JSON`, { hint: 'See /v1/openapi.json.', cause });
  }
}

function checked<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new BelayError('BELAY_INPUT_INVALID', `${where} is not valid: ${z.prettifyError(result.error).replaceAll('\n', ' ')}`, {
    hint: 'See /v1/openapi.json.',
  });
}

function sampleOf(one: Pushed, now: Instant): Sample {
  const labels = Object.fromEntries(Object.entries(one.labels).map(([name, value]) => [name, labelText(value)]));
  const base = { name: one.name, labels, at: one.at ?? now };
  if ('delta' in one) return { kind: 'delta', ...base, delta: one.delta, ...(one.id === undefined ? {} : { id: one.id }) };
  return 'total' in one ? { kind: 'total', ...base, total: one.total } : { kind: 'value', ...base, value: one.value };
}
