// Bodies of one request with what their envelope says of id and time: JSON, NDJSON, CloudEvents (structured, batched, binary) and Standard
// Webhooks. It reads no field that belongs to the sender's own format.
import { createHash } from 'node:crypto';
import { type Fields, fieldsIn, isFields, jsonIn, refused, textIn } from '../../domain/received.ts';
import type { SenderOptions } from '../../domain/source-catalog.ts';
import type { Received } from '../../ports/signal-source.ts';

export interface Enveloped {
  readonly body: unknown;
  /** Of the event; null when no envelope tells one. */
  readonly id: string | null;
  readonly at: number | null;
}

const MOST_BODIES = 10_000;
const NDJSON = /^application\/(x-ndjson|ndjson|jsonl|x-jsonlines)$/;

/** @throws BELAY_INPUT_INVALID */
export function bodiesOf(request: Received, verify: SenderOptions['verify']): readonly Enveloped[] {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const around = aroundAll(request.headers, verify);
  if (NDJSON.test(type)) return linesOf(request.body).map((line, index) => enveloped(line, around, `/${index}`));
  if (type === 'application/x-www-form-urlencoded') throw refused('the body is a form', 'Let the sender send JSON.');
  const body = jsonIn(request.body);
  if (type !== 'application/cloudevents-batch+json') return [enveloped(body, around, '')];
  if (!Array.isArray(body)) throw refused('a batch of CloudEvents is a list');
  if (body.length > MOST_BODIES) throw refused(`${body.length} events in one request, ${MOST_BODIES} are the most`);
  return body.map((one, index) => enveloped(one, around, `/${index}`));
}

function linesOf(bytes: Uint8Array): readonly unknown[] {
  const lines: unknown[] = [];
  let start = 0;
  while (start < bytes.length) {
    const found = bytes.indexOf(10, start);
    const end = found === -1 ? bytes.length : found;
    const line = bytes.subarray(start, end);
    if (line.some((byte) => byte > 32)) lines.push(jsonIn(line, `line ${lines.length + 1}`));
    if (lines.length > MOST_BODIES) throw refused(`more than ${MOST_BODIES} lines in one request`);
    start = end + 1;
  }
  return lines;
}

interface Around {
  readonly id: string | null;
  readonly at: number | null;
}

/** What headers say of the whole request, as far as the signature covers them: a copy with another id would count twice. */
function aroundAll(headers: Readonly<Record<string, string>>, verify: SenderOptions['verify']): Around {
  if (verify === 'hmac-sha256') return { id: null, at: null };
  const of = (name: string): string => headers[`webhook-${name}`] ?? headers[`svix-${name}`] ?? '';
  if (verify !== 'standard-webhooks' && textIn(headers['ce-specversion']) !== '')
    return { id: eventId(headers['ce-source'], headers['ce-id']), at: timeOf(headers['ce-time'] ?? '') };
  return { id: fitId(of('id')), at: timeOf(of('timestamp')) };
}

/** Ids as the store can keep them: what is long or strange is known by its hash. */
export function fitId(id: string): string | null {
  if (id === '') return null;
  return /^[\x20-\x7e]{1,128}$/.test(id) ? id : createHash('sha256').update(id).digest('hex');
}

function enveloped(body: unknown, around: Around, part: string): Enveloped {
  const event: Fields = fieldsIn(body);
  const isEvent = isFields(body) && textIn(event['specversion']) !== '' && textIn(event['id']) !== '';
  const id = isEvent ? eventId(event['source'], event['id']) : around.id === null ? null : `${around.id}${part}`;
  return { body, id, at: isEvent ? timeOf(textIn(event['time'])) : around.at };
}

/** Ids of CloudEvents are unique within their source. */
function eventId(source: unknown, id: unknown): string | null {
  return textIn(id) === '' ? null : fitId(`${textIn(source)}#${textIn(id)}`);
}

/** ISO 8601, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by its size. Null: it is none. */
export function timeOf(value: unknown): number | null {
  const written = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof written === 'number') return Number.isFinite(written) && written > 0 ? Math.round(inMs(written)) : null;
  const read = typeof written === 'string' && /^\d{4}-\d\d-\d\d/.test(written) ? Date.parse(written) : Number.NaN;
  return Number.isFinite(read) && read > 0 ? read : null;
}

function inMs(since: number): number {
  if (since < 1e11) return since * 1_000;
  if (since < 1e14) return since;
  return since < 1e17 ? since / 1_000 : since / 1_000_000;
}
