// Prometheus remote write v1, the message: WriteRequest read into samples, the labels of a series once for all its requests.
// It knows the fields of the message; how it was packed and what is answered is remote-write.ts.
import { Columns } from '../../domain/sample-columns.ts';
import type { SampleColumns, ToldSeries } from '../../domain/signal.ts';
import { LABEL_CAPS, labelText } from './labels.ts';
import { textOf, WireReader } from './protobuf.ts';
import { malformed } from './refusal.ts';
import { type MemoryCaps, type Place, SeriesMemory } from './series-memory.ts';

export const WRITE_CAPS = { samples: 200_000, counters: 10_000 } as const;
const REMEMBERED: MemoryCaps = { series: 1_000_000, bytes: 128 * 1024 * 1024 };

// Tags: field * 8 + wire type.
const REQUEST = { series: 0x0a, metadata: 0x1a } as const;
const SERIES = { label: 0x0a, sample: 0x12, histogram: 0x22 } as const;
const LABEL = { name: 0x0a, value: 0x12 } as const;
const SAMPLE = { value: 0x09, at: 0x10 } as const;
const METADATA = { type: 0x08, family: 0x12 } as const;
/** Bytes before the time: a tag, eight of the value, a tag. */
const SAMPLE_HEAD = 10;
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

type Labels = ToldSeries['labels'];
type Kind = 'total' | 'value';

export class WriteRequests {
  readonly #known: SeriesMemory<WireSeries>;
  /** Counters whose name does not say so: from metadata, which come in requests of their own. */
  readonly #counters = new Set<string>();
  /** As many rows are expected as came the last time. */
  #rows = 0;

  readonly #learn = (place: Place): WireSeries => {
    const { name, labels } = labelsAt(place);
    const origin = `${labels['job'] ?? ''}\n${labels['instance'] ?? ''}`;
    return new WireSeries(place, COUNTED.test(name) ? 'total' : 'value', { name, origin });
  };

  constructor(caps: MemoryCaps = REMEMBERED) {
    this.#known = new SeriesMemory(caps);
  }

  /** Series whose labels are remembered. */
  get remembered(): number {
    return this.#known.size;
  }

  /** @throws BELAY_INPUT_INVALID */
  read(bytes: Uint8Array): { readonly samples: SampleColumns; readonly leftOut: Readonly<LeftOut> } {
    const wire = new WireReader(bytes);
    const end = bytes.length;
    const samples = new Columns(this.#rows);
    const leftOut: LeftOut = { stale: 0, notFinite: 0, histograms: 0 };
    while (wire.at < end) {
      const tag = wire.tag(end);
      if (tag === REQUEST.series) this.#series(wire, wire.length(end), samples, leftOut);
      else if (tag === REQUEST.metadata) this.#metadata(wire, wire.length(end));
      else wire.skip(tag, end);
    }
    this.#rows = samples.length;
    return { samples, leftOut };
  }

  #series(wire: WireReader, end: number, samples: Columns, leftOut: LeftOut): void {
    const from = wire.at;
    while (wire.at < end && wire.bytes[wire.at] === SERIES.label) {
      wire.at += 1;
      wire.at = wire.length(end);
    }
    const labelsEnd = wire.at;
    let told: WireSeries | null = null;
    while (wire.at < end) {
      const tag = wire.tag(end);
      if (tag === SERIES.sample) {
        told ??= this.#told(wire, from, labelsEnd);
        if (samples.length >= WRITE_CAPS.samples) throw malformed(`more than ${WRITE_CAPS.samples} samples in a request`);
        readSample(wire, wire.length(end), leftOut);
        if (read.kept) samples.add(told, read.at, read.value);
      } else if (tag === SERIES.label) throw malformed('a label of a series stands behind its samples');
      else {
        if (tag === SERIES.histogram) leftOut.histograms += 1;
        wire.skip(tag, end);
      }
    }
  }

  #told(wire: WireReader, from: number, end: number): WireSeries {
    const number = this.#known.of(wire, from, end, this.#learn);
    const told = this.#known.valueOf(number);
    // Metadata may come later than the first samples.
    if (this.#counters.size === 0 || told.kind === 'total' || !this.#counters.has(told.name)) return told;
    const counted = told.as('total');
    this.#known.setValue(number, counted);
    return counted;
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

/** A series of which the bytes of its labels are kept, and nothing that was made of them: few are asked for their labels twice. */
class WireSeries implements ToldSeries {
  readonly kind: Kind;
  readonly name: string;
  readonly origin: string;
  readonly #place: Place;
  #isAsked = false;
  #labels: Labels | null = null;

  constructor(place: Place, kind: Kind, { name, origin }: { readonly name: string; readonly origin: string }) {
    this.#place = place;
    this.kind = kind;
    this.name = name;
    this.origin = origin;
  }

  get labels(): Labels {
    const labels = this.#labels ?? labelsAt(this.#place).labels;
    if (this.#isAsked) this.#labels = labels;
    this.#isAsked = true;
    return labels;
  }

  as(kind: Kind): WireSeries {
    return new WireSeries(this.#place, kind, this);
  }
}

/** The sample that was read last: one object for all, because there are a hundred thousand. */
const read = { at: 0, value: 0, kept: false };

function readSample(wire: WireReader, end: number, leftOut: LeftOut): void {
  let value = 0;
  let at = 0;
  let isStale = false;
  const from = wire.at;
  // As all senders write it: the value, and the time behind it.
  if (from + SAMPLE_HEAD < end && wire.bytes[from] === SAMPLE.value && wire.bytes[from + SAMPLE_HEAD - 1] === SAMPLE.at) {
    value = wire.view.getFloat64(from + 1, true);
    wire.at = from + SAMPLE_HEAD;
    isStale = Number.isNaN(value) && wire.bitsAre(from + 1, STALE.high, STALE.low);
    at = wire.varint(end);
  }
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === SAMPLE.value) {
      value = wire.double(end);
      isStale = Number.isNaN(value) && wire.bitsAre(wire.at - 8, STALE.high, STALE.low);
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

function labelsAt({ in: told, from, size }: Place): { readonly name: string; readonly labels: Labels } {
  const wire = new WireReader(told.bytes.subarray(from, from + size));
  const end = size;
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
