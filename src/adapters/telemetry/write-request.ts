// Prometheus remote write v1, the message: WriteRequest read into samples, the labels of a series once for all its requests.
// It knows the fields of the message; how it was packed and what is answered is remote-write.ts.
import type { Sample } from '../../domain/signal.ts';
import { LABEL_CAPS, labelText } from './labels.ts';
import { textOf, WireReader } from './protobuf.ts';
import { malformed } from './refusal.ts';
import { type MemoryCaps, SeriesMemory } from './series-memory.ts';

export const WRITE_CAPS = { samples: 200_000, counters: 10_000 } as const;
const REMEMBERED: MemoryCaps = { series: 1_000_000, bytes: 128 * 1024 * 1024 };

// Tags: field * 8 + wire type.
const REQUEST = { series: 0x0a, metadata: 0x1a } as const;
const SERIES = { label: 0x0a, sample: 0x12, histogram: 0x22 } as const;
const LABEL = { name: 0x0a, value: 0x12 } as const;
const SAMPLE = { value: 0x09, at: 0x10 } as const;
const METADATA = { type: 0x08, family: 0x12 } as const;
const COUNTER = 1;

const STALE = { high: 0x7ff0_0000, low: 2 } as const;
const COUNTED = /_(?:total|count|sum|bucket)$/;
const LATEST = 8.64e15;
const MOST_METRIC_NAME = 256;

/** What was in the request and is no sample. */
export interface LeftOut {
  /** Markers that a series ended. */
  stale: number;
  notFinite: number;
  /** Native histograms. */
  histograms: number;
}

interface KnownSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly origin: string;
  /** Its name says that it is a counter. */
  readonly saysCounted: boolean;
}

export class WriteRequests {
  readonly #known: SeriesMemory<KnownSeries>;
  /** Counters whose name does not say so: from metadata, which come in requests of their own. */
  readonly #counters = new Set<string>();

  readonly #learn = (bytes: Buffer): KnownSeries => {
    const { name, labels } = labelsOf(bytes);
    const origin = `${labels['job'] ?? ''}\n${labels['instance'] ?? ''}`;
    return { name, labels, origin, saysCounted: COUNTED.test(name) };
  };

  constructor(caps: MemoryCaps = REMEMBERED) {
    this.#known = new SeriesMemory(caps);
  }

  /** Series whose labels are remembered. */
  get remembered(): number {
    return this.#known.size;
  }

  /** @throws BELAY_INPUT_INVALID */
  read(bytes: Uint8Array): { readonly samples: readonly Sample[]; readonly leftOut: Readonly<LeftOut> } {
    const wire = new WireReader(bytes);
    const end = bytes.length;
    const samples: Sample[] = [];
    const leftOut: LeftOut = { stale: 0, notFinite: 0, histograms: 0 };
    while (wire.at < end) {
      const tag = wire.tag(end);
      if (tag === REQUEST.series) this.#series(wire, wire.length(end), samples, leftOut);
      else if (tag === REQUEST.metadata) this.#metadata(wire, wire.length(end));
      else wire.skip(tag, end);
    }
    return { samples, leftOut };
  }

  #series(wire: WireReader, end: number, samples: Sample[], leftOut: LeftOut): void {
    const from = wire.at;
    while (wire.at < end && wire.bytes[wire.at] === SERIES.label) {
      wire.at += 1;
      wire.at = wire.length(end);
    }
    const labelsEnd = wire.at;
    let series: KnownSeries | null = null;
    while (wire.at < end) {
      const tag = wire.tag(end);
      if (tag === SERIES.sample) {
        series ??= this.#known.of(wire.bytes, wire.view, from, labelsEnd, this.#learn);
        if (samples.length >= WRITE_CAPS.samples) throw malformed(`more than ${WRITE_CAPS.samples} samples in a request`);
        const counted = series.saysCounted || (this.#counters.size > 0 && this.#counters.has(series.name));
        readSample(wire, wire.length(end), leftOut);
        if (read.kept) samples.push(sampleOf(series, counted));
      } else if (tag === SERIES.label) throw malformed('a label of a series stands behind its samples');
      else {
        if (tag === SERIES.histogram) leftOut.histograms += 1;
        wire.skip(tag, end);
      }
    }
  }

  #metadata(wire: WireReader, end: number): void {
    let type = 0;
    let family = '';
    while (wire.at < end) {
      const tag = wire.tag(end);
      if (tag === METADATA.type) type = wire.varint(end);
      else if (tag === METADATA.family) family = textAt(wire, end);
      else wire.skip(tag, end);
    }
    if (type === COUNTER && !COUNTED.test(family) && this.#counters.size < WRITE_CAPS.counters) this.#counters.add(family);
  }
}

function sampleOf({ name, labels, origin }: KnownSeries, counted: boolean): Sample {
  const { at, value } = read;
  return counted ? { kind: 'total', name, labels, origin, at, total: value } : { kind: 'value', name, labels, origin, at, value };
}

/** The sample that was read last: one object for all, because there are a hundred thousand. */
const read = { at: 0, value: 0, kept: false };

function readSample(wire: WireReader, end: number, leftOut: LeftOut): void {
  let value = 0;
  let at = 0;
  let isStale = false;
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === SAMPLE.value) {
      value = wire.double(end);
      isStale = Number.isNaN(value) && wire.lastBitsAre(STALE.high, STALE.low);
    } else if (tag === SAMPLE.at) at = wire.varint(end);
    else wire.skip(tag, end);
  }
  if (at > LATEST) throw malformed('a time that is none: before 1970, or after all calendars');
  if (isStale) leftOut.stale += 1;
  else if (!Number.isFinite(value)) leftOut.notFinite += 1;
  read.at = at;
  read.value = value;
  read.kept = Number.isFinite(value);
}

function labelsOf(bytes: Buffer): { readonly name: string; readonly labels: Readonly<Record<string, string>> } {
  const wire = new WireReader(bytes);
  const end = bytes.length;
  const labels = Object.create(null) as Record<string, string>;
  const seen = new Set<string>();
  while (wire.at < end) {
    wire.tag(end);
    const [name, value] = readLabel(wire, wire.length(end));
    if (name === '' || name.length > LABEL_CAPS.nameChars) throw malformed(`a label's name of ${name.length} characters`);
    if (seen.has(name)) throw malformed(`label ${labelText(name)} stands twice in a series`);
    if (seen.add(name).size > LABEL_CAPS.perSeries) throw malformed(`more than ${LABEL_CAPS.perSeries} labels in a series`);
    // A label without a value is none.
    if (value !== '') labels[name] = name === '__name__' ? value : labelText(value);
  }
  const { __name__: name, ...rest } = labels;
  if (name === undefined) throw malformed('a series without a name: it has no label __name__');
  if (name.length > MOST_METRIC_NAME) throw malformed(`a metric's name of ${name.length} characters`);
  return { name: labelText(name), labels: Object.freeze(Object.assign(Object.create(null) as Record<string, string>, rest)) };
}

function readLabel(wire: WireReader, end: number): readonly [name: string, value: string] {
  let name = '';
  let value = '';
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === LABEL.name) name = textAt(wire, end);
    else if (tag === LABEL.value) value = textAt(wire, end);
    else wire.skip(tag, end);
  }
  return [name, value];
}

function textAt(wire: WireReader, end: number): string {
  const to = wire.length(end);
  const text = textOf(wire.bytes.subarray(wire.at, to));
  wire.at = to;
  return text;
}
