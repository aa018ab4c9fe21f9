// OTLP over HTTP, the door's side: metrics, logs and traces in JSON or protobuf, answered in the encoding that they came in.
import { createHash } from 'node:crypto';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Decoded, Received, SignalDecoder } from '../../ports/signal-source.ts';
import { logSamples } from './otlp-logs.ts';
import { LOGS_REQUEST, METRICS_REQUEST, type Message, readMessage, writeAnswer } from './otlp-message.ts';
import { metricSamples } from './otlp-metrics.ts';
import { type Fields, fields } from './otlp-value.ts';
import { malformed, mediaType, refusedWith } from './refusal.ts';

/** Twice what collectors take by default. */
const MOST_BYTES = 8 * 1024 * 1024;
const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/x-protobuf';
/** What the door has unpacked already. */
const UNPACKED = ['', 'identity', 'gzip', 'x-gzip', 'deflate', 'br'];
const ID_CHARS = 22;

type Partial = { readonly rejected: number; readonly message: string } | null;
export type OtlpSpec = Extract<SourceSpec, { driver: 'otlp' }>;

/** @example createOtlp({ id: 'otel', driver: 'otlp', everyMs: 60_000, verify: 'bearer', secret: '…' }) */
export function createOtlp(spec: Pick<OtlpSpec, 'id' | 'everyMs'>): SignalDecoder {
  return { id: spec.id, everyMs: spec.everyMs, decode } satisfies SignalDecoder;
}

function decode(request: Received): Decoded {
  const { type } = mediaType(request.headers['content-type'] ?? '');
  const refused = whyNot(request, type);
  if (refused !== null) return refused;
  const o = { arrivedAt: request.at, nextId: idsOf(request.body) };
  switch (request.path) {
    case '/v1/metrics': {
      const { samples, rejected, why } = metricSamples(read(request, type, METRICS_REQUEST), o);
      return { samples, reply: answer(type, 'rejectedDataPoints', rejected === 0 ? null : { rejected, message: why }) };
    }
    case '/v1/logs':
      return { samples: logSamples(read(request, type, LOGS_REQUEST), o), reply: answer(type, 'rejectedLogRecords', null) };
    default:
      // No trace is read, so none is a sign that metrics or logs still come.
      return {
        samples: [],
        silent: true,
        reply: answer(type, 'rejectedSpans', { rejected: 0, message: 'Belay counts no spans: none was kept.' }),
      };
  }
}

function whyNot({ method, path, headers }: Received, type: string): Decoded | null {
  if (!['/v1/metrics', '/v1/logs', '/v1/traces'].includes(path))
    return refusedWith(404, `nothing is taken at ${path.slice(0, 100)}: OTLP goes to /v1/metrics, /v1/logs and /v1/traces`);
  if (method !== 'POST') return refusedWith(405, 'OTLP is a POST', { allow: 'POST' });
  if (type !== JSON_TYPE && type !== PROTOBUF_TYPE) return refusedWith(415, `only ${JSON_TYPE} and ${PROTOBUF_TYPE} are taken`);
  const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase();
  return UNPACKED.includes(encoding) ? null : refusedWith(415, 'only content-encoding gzip, deflate and br are taken');
}

/** @throws BELAY_INPUT_INVALID */
function read({ body }: Received, type: string, form: Message): Fields {
  if (body.length > MOST_BYTES) throw malformed(`${body.length} bytes in a request, at most ${MOST_BYTES} are taken: send smaller batches`);
  if (type === PROTOBUF_TYPE) return readMessage(body, form);
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    throw malformed(`the body is no JSON: ${cause instanceof Error ? cause.message.slice(0, 200) : 'unreadable'}`);
  }
  if (parsed === null) throw malformed('the body is null');
  return fields(parsed, 'the body');
}

/** A sender that got no answer sends the same bytes again: then nothing of them is counted twice. */
function idsOf(body: Uint8Array): () => string {
  let hash = '';
  let count = 0;
  return () => {
    if (hash === '') hash = createHash('sha256').update(body).digest('base64url').slice(0, ID_CHARS);
    count += 1;
    return `${hash}/${count}`;
  };
}

function answer(type: string, rejectedName: string, partial: Partial): Decoded['reply'] {
  const headers = { 'content-type': type };
  if (type === PROTOBUF_TYPE) return { status: 200, headers, body: writeAnswer(partial) };
  const told = partial === null ? {} : { partialSuccess: { [rejectedName]: String(partial.rejected), errorMessage: partial.message } };
  return { status: 200, headers, body: JSON.stringify(told) };
}
