// Writes Prometheus remote write v1 requests, for the bench and for tests: series → protobuf → snappy block. It reads nothing.

export interface WrittenSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly value: number | 'stale'; readonly at: number }[];
}

export interface WrittenMetadata {
  readonly type: number;
  readonly family: string;
}

export const REMOTE_WRITE_HEADERS = {
  'content-encoding': 'snappy',
  'content-type': 'application/x-protobuf',
  'x-prometheus-remote-write-version': '0.1.0',
} as const;

export const remoteWriteBody = (series: readonly WrittenSeries[], metadata: readonly WrittenMetadata[] = []): Uint8Array<ArrayBuffer> =>
  packSnappy(writeRequest(series, metadata));

/** The NaN with which Prometheus ends a series: as a number it would lose its bits. */
const STALE = Buffer.from([2, 0, 0, 0, 0, 0, 0xf0, 0x7f]);

export function writeRequest(series: readonly WrittenSeries[], metadata: readonly WrittenMetadata[] = []): Buffer {
  return Buffer.concat([
    ...series.map((one) => field(1, Buffer.concat([labelsOf(one.labels), ...one.samples.map(sampleOf)]))),
    ...metadata.map(({ type, family }) => field(3, Buffer.concat([varint(0x08), varint(type), field(2, Buffer.from(family))]))),
  ]);
}

/** Whoever writes the same series again and again hands over the same labels. */
const written = new WeakMap<WrittenSeries['labels'], Buffer>();

function labelsOf(labels: WrittenSeries['labels']): Buffer {
  const known = written.get(labels) ?? Buffer.concat(Object.entries(labels).map(labelOf));
  written.set(labels, known);
  return known;
}

const labelOf = ([name, value]: readonly [string, string]): Buffer =>
  field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))]));

function sampleOf({ value, at }: WrittenSeries['samples'][number]): Buffer {
  const number = Buffer.alloc(8);
  if (value === 'stale') number.set(STALE);
  else number.writeDoubleLE(value);
  return field(2, Buffer.concat([varint(0x09), number, varint(0x10), varint(at)]));
}

export const field = (number: number, inner: Uint8Array): Buffer => Buffer.concat([varint(number * 8 + 2), varint(inner.length), inner]);

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

const HASH_BITS = 14;
const BLOCK = 65_536;
const LEAST_MATCH = 4;
const LONGEST_COPY = 64;

/** Greedy, as the real one: four bytes that were seen in this block become a copy. */
export function packSnappy(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const parts: Buffer[] = [varint(bytes.length)];
  for (let from = 0; from < bytes.length; from += BLOCK) packBlock(bytes, from, Math.min(from + BLOCK, bytes.length), parts);
  return new Uint8Array(Buffer.concat(parts));
}

function packBlock(bytes: Buffer, from: number, end: number, parts: Buffer[]): void {
  const seen = new Int32Array(1 << HASH_BITS).fill(-1);
  let literal = from;
  let at = from;
  while (at + LEAST_MATCH <= end) {
    const four = bytes.readUInt32LE(at);
    const slot = Math.imul(four, 0x1e35_a7bd) >>> (32 - HASH_BITS);
    const before = seen[slot] ?? -1;
    seen[slot] = at;
    if (before < from || bytes.readUInt32LE(before) !== four) {
      at += 1;
      continue;
    }
    let size = LEAST_MATCH;
    while (at + size < end && bytes[before + size] === bytes[at + size]) size += 1;
    if (at > literal) parts.push(literalTag(at - literal), bytes.subarray(literal, at));
    for (let told = 0; told < size; told += LONGEST_COPY) parts.push(copyTag(at - before, Math.min(LONGEST_COPY, size - told)));
    at += size;
    literal = at;
  }
  if (end > literal) parts.push(literalTag(end - literal), bytes.subarray(literal, end));
}

function literalTag(size: number): Buffer {
  if (size <= 60) return Buffer.from([(size - 1) << 2]);
  return size <= 256 ? Buffer.from([60 << 2, size - 1]) : Buffer.from([61 << 2, (size - 1) & 0xff, (size - 1) >> 8]);
}

function copyTag(offset: number, size: number): Buffer {
  return Buffer.from([((size - 1) << 2) | 2, offset & 0xff, offset >> 8]);
}
