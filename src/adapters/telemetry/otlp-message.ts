// The messages of OTLP 1.x that count here, as tables, and how protobuf bytes become the same objects that JSON gives.
// Fields that are not in the tables are skipped; what the values mean is otlp-metrics.ts and otlp-logs.ts.
import { markOf } from './labels.ts';
import { textOf, WIRE, WireReader } from './protobuf.ts';
import { malformed } from './refusal.ts';

export const MOST_MESSAGES = 500_000;

type Scalar = 'text' | 'double' | 'fixed64' | 'signed64' | 'varint' | 'int64' | 'bool' | 'mark';
type Type = Scalar | Message;
interface Field {
  readonly name: string;
  readonly type: Type;
  readonly many?: true;
}
/** By number of the field. */
export type Message = ReadonlyMap<number, Field>;

const message = (fields: Readonly<Record<number, readonly [name: string, type: Type, many?: true]>>): Message =>
  new Map(
    Object.entries(fields).map(([number, [name, type, many]]) => [Number(number), { name, type, ...(many === undefined ? {} : { many }) }]),
  );

/** Values that are no single text or number are only told apart: as a mark of their bytes. */
const ANY_VALUE = message({
  1: ['stringValue', 'text'],
  2: ['boolValue', 'bool'],
  3: ['intValue', 'int64'],
  4: ['doubleValue', 'double'],
  5: ['marked', 'mark'],
  6: ['marked', 'mark'],
  7: ['marked', 'mark'],
});
const KEY_VALUE = message({ 1: ['key', 'text'], 2: ['value', ANY_VALUE] });
const RESOURCE = message({ 1: ['attributes', KEY_VALUE, true] });
const SCOPE = message({ 1: ['name', 'text'], 2: ['version', 'text'], 3: ['attributes', KEY_VALUE, true] });

const NUMBER_POINT = message({
  2: ['startTimeUnixNano', 'fixed64'],
  3: ['timeUnixNano', 'fixed64'],
  4: ['asDouble', 'double'],
  6: ['asInt', 'signed64'],
  7: ['attributes', KEY_VALUE, true],
  8: ['flags', 'varint'],
});
const HISTOGRAM_POINT = message({
  2: ['startTimeUnixNano', 'fixed64'],
  3: ['timeUnixNano', 'fixed64'],
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['bucketCounts', 'fixed64', true],
  7: ['explicitBounds', 'double', true],
  9: ['attributes', KEY_VALUE, true],
  10: ['flags', 'varint'],
});
/** Of exponential histograms only count and sum are taken; count and sum of summaries stand at the same numbers. */
const COUNT_POINT = (attributes: number, flags: number): Message =>
  message({
    [attributes]: ['attributes', KEY_VALUE, true],
    2: ['startTimeUnixNano', 'fixed64'],
    3: ['timeUnixNano', 'fixed64'],
    4: ['count', 'fixed64'],
    5: ['sum', 'double'],
    [flags]: ['flags', 'varint'],
  });
const METRIC = message({
  1: ['name', 'text'],
  5: ['gauge', message({ 1: ['dataPoints', NUMBER_POINT, true] })],
  7: ['sum', message({ 1: ['dataPoints', NUMBER_POINT, true], 2: ['aggregationTemporality', 'varint'], 3: ['isMonotonic', 'bool'] })],
  9: ['histogram', message({ 1: ['dataPoints', HISTOGRAM_POINT, true], 2: ['aggregationTemporality', 'varint'] })],
  10: ['exponentialHistogram', message({ 1: ['dataPoints', COUNT_POINT(1, 10), true], 2: ['aggregationTemporality', 'varint'] })],
  11: ['summary', message({ 1: ['dataPoints', COUNT_POINT(7, 8), true] })],
});
const SCOPE_METRICS = message({ 1: ['scope', SCOPE], 2: ['metrics', METRIC, true] });
export const METRICS_REQUEST = message({
  1: ['resourceMetrics', message({ 1: ['resource', RESOURCE], 2: ['scopeMetrics', SCOPE_METRICS, true] }), true],
});

const LOG_RECORD = message({
  1: ['timeUnixNano', 'fixed64'],
  2: ['severityNumber', 'varint'],
  3: ['severityText', 'text'],
  11: ['observedTimeUnixNano', 'fixed64'],
});
const SCOPE_LOGS = message({ 2: ['logRecords', LOG_RECORD, true] });
export const LOGS_REQUEST = message({
  1: ['resourceLogs', message({ 1: ['resource', RESOURCE], 2: ['scopeLogs', SCOPE_LOGS, true] }), true],
});

/** @throws BELAY_INPUT_INVALID */
export function readMessage(bytes: Uint8Array, form: Message): Readonly<Record<string, unknown>> {
  return new MessageReader(bytes).read(form, bytes.length);
}

class MessageReader {
  readonly #wire: WireReader;
  #messages = 0;

  constructor(bytes: Uint8Array) {
    this.#wire = new WireReader(bytes);
  }

  /** The tables hold no message within itself: how deep it goes is known. */
  read(form: Message, end: number): Readonly<Record<string, unknown>> {
    this.#messages += 1;
    if (this.#messages > MOST_MESSAGES) throw malformed(`more than ${MOST_MESSAGES} messages in a request`);
    const wire = this.#wire;
    const values: Record<string, unknown> = {};
    while (wire.at < end) {
      const tag = wire.tag(end);
      const field = form.get(tag >>> 3);
      if (field === undefined) wire.skip(tag, end);
      else if (field.many !== undefined) this.#each(field, tag, end, listIn(values, field.name));
      else values[field.name] = this.#value(field, tag, end);
    }
    return values;
  }

  #each(field: Field, tag: number, end: number, into: unknown[]): void {
    const { type } = field;
    if (typeof type === 'string' && (tag & 7) === WIRE.bytes) {
      // Packed: one number behind the other.
      const to = this.#wire.length(end);
      while (this.#wire.at < to) into.push(this.#scalar(type, to));
    } else into.push(this.#value(field, tag, end));
  }

  #value({ name, type }: Field, tag: number, end: number): unknown {
    if (kindOf(type) !== (tag & 7)) throw malformed(`protobuf: ${name} is written as wire type ${tag & 7}`);
    if (typeof type === 'string') return this.#scalar(type, end);
    return this.read(type, this.#wire.length(end));
  }

  #scalar(type: Scalar, end: number): unknown {
    const wire = this.#wire;
    switch (type) {
      case 'double':
        return wire.double(end);
      case 'fixed64':
        return wire.fixed64(end);
      case 'signed64':
        return wire.signed64(end);
      case 'varint':
        return wire.varint(end);
      case 'int64':
        return wire.int64(end);
      case 'bool':
        return wire.varint(end) !== 0;
      case 'text':
        return textOf(this.#bytes(end));
      case 'mark':
        return markOf(this.#bytes(end));
    }
  }

  #bytes(end: number): Uint8Array {
    const to = this.#wire.length(end);
    const bytes = this.#wire.bytes.subarray(this.#wire.at, to);
    this.#wire.at = to;
    return bytes;
  }
}

function kindOf(type: Type): number {
  if (typeof type !== 'string' || type === 'text' || type === 'mark') return WIRE.bytes;
  return type === 'varint' || type === 'int64' || type === 'bool' ? WIRE.varint : WIRE.fixed64;
}

function listIn(values: Record<string, unknown>, name: string): unknown[] {
  const list = (values[name] ?? []) as unknown[];
  values[name] = list;
  return list;
}

/** ExportMetricsServiceResponse and its kin: `partial_success { rejected, error_message }`. */
export function writeAnswer(o: { readonly rejected: number; readonly message: string } | null): Uint8Array<ArrayBuffer> {
  if (o === null) return new Uint8Array();
  const text = Buffer.from(o.message);
  const inner = [...(o.rejected > 0 ? [0x08, ...varint(o.rejected)] : []), 0x12, ...varint(text.length), ...text];
  return Uint8Array.from([0x0a, ...varint(inner.length), ...inner]);
}

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}
