// OTLP metrics as samples: sums, gauges and histograms of both temporalities. It judges nothing; which bytes they came in it does not know.
import type { Instant } from '../../domain/json.ts';
import type { Sample } from '../../domain/signal.ts';
import { labelText } from './labels.ts';
import { type Sender, scopeLabels, senderOf } from './otlp-resource.ts';
import { attributes, type Fields, fields, instant, type Labels, labelsOf, list, number, text } from './otlp-value.ts';
import { malformed } from './refusal.ts';

export const MOST_SAMPLES = 200_000;
const MOST_METRIC_NAME = 256;
/** Flag of a point: the series ended. */
const NO_VALUE = 1;

export interface Taken {
  readonly samples: Sample[];
  /** Points that were not counted although their sender thinks them good, and why. */
  rejected: number;
  why: string;
}

interface Point {
  readonly name: string;
  readonly labels: Labels;
  readonly at: Instant;
  readonly since: Instant | null;
  readonly origin: string;
  readonly idOf: (() => string) | null;
}
type Temporality = 'delta' | 'total' | null;
interface Metric {
  readonly name: string;
  readonly place: string;
  readonly sender: Sender;
  readonly scope: Labels;
  readonly arrivedAt: Instant;
  readonly nextId: () => string;
}

/** @throws BELAY_INPUT_INVALID */
export function metricSamples(request: Fields, o: { readonly arrivedAt: Instant; readonly nextId: () => string }): Taken {
  const taken: Taken = { samples: [], rejected: 0, why: '' };
  for (const [r, resource] of list(request['resourceMetrics'], 'resourceMetrics').entries()) {
    const place = `resourceMetrics[${r}]`;
    const ofResource = fields(resource, place);
    const sender = senderOf(ofResource['resource'], `${place}.resource`);
    for (const [s, part] of list(ofResource['scopeMetrics'], `${place}.scopeMetrics`).entries()) {
      const inScope = `${place}.scopeMetrics[${s}]`;
      const ofScope = fields(part, inScope);
      const scope = scopeLabels(ofScope['scope'], `${inScope}.scope`);
      for (const [m, metric] of list(ofScope['metrics'], `${inScope}.metrics`).entries())
        takeMetric(taken, fields(metric, inScope), { ...o, sender, scope, place: `${inScope}.metrics[${m}]` });
    }
  }
  return taken;
}

function takeMetric(taken: Taken, metric: Fields, o: Omit<Metric, 'name'>): void {
  const name = text(metric['name'], `${o.place}.name`);
  if (name === '' || name.length > MOST_METRIC_NAME) throw malformed(`${o.place}: a name of ${name.length} characters`);
  const known: Metric = { ...o, name: labelText(name.replace(/[^a-zA-Z0-9_:.]/g, '_')) };
  const has = (kind: string): Fields | null => (metric[kind] === undefined || metric[kind] === null ? null : fields(metric[kind], o.place));
  const [sum, gauge, histogram] = [has('sum'), has('gauge'), has('histogram')];
  const [exponential, summary] = [has('exponentialHistogram'), has('summary')];
  if (gauge !== null) eachPoint(taken, known, gauge, (point) => takeNumber(taken, known, point, 'value'));
  if (sum !== null) {
    const kind = sum['isMonotonic'] === true ? temporality(sum) : 'value';
    eachPoint(taken, known, sum, (point) => takeNumber(taken, known, point, kind));
  }
  if (histogram !== null) eachPoint(taken, known, histogram, (point) => takeHistogram(taken, known, point, temporality(histogram)));
  if (exponential !== null) eachPoint(taken, known, exponential, (point) => takeCounts(taken, known, point, temporality(exponential)));
  if (summary !== null) eachPoint(taken, known, summary, (point) => takeCounts(taken, known, point, 'total'));
}

/** As a number, or by its name. */
function temporality(data: Fields): Temporality {
  const told = data['aggregationTemporality'];
  if (told === 1 || told === 'AGGREGATION_TEMPORALITY_DELTA') return 'delta';
  return told === 2 || told === 'AGGREGATION_TEMPORALITY_CUMULATIVE' ? 'total' : null;
}

function eachPoint(taken: Taken, { place }: Metric, data: Fields, take: (point: Fields) => void): void {
  for (const one of list(data['dataPoints'], `${place}.dataPoints`)) {
    const point = fields(one, `${place}.dataPoints`);
    const flags = number(point['flags'], `${place}.flags`) ?? 0;
    // A series that ended is neither a zero nor an error.
    if (flags % 2 === NO_VALUE) continue;
    take(point);
    if (taken.samples.length > MOST_SAMPLES) throw malformed(`more than ${MOST_SAMPLES} samples in a request`);
  }
}

function takeNumber(taken: Taken, metric: Metric, data: Fields, kind: Temporality | 'value'): void {
  const value = number(data['asDouble'] ?? data['asInt'], `${metric.place}.value`);
  if (value === null) {
    reject(taken, metric, 'a point without a value');
    return;
  }
  const point = pointOf(metric, data, kind);
  if (kind !== 'value') {
    put(taken, metric, { ...point, kind, value });
    return;
  }
  const { name, labels, origin, at } = point;
  if (Number.isFinite(value)) taken.samples.push({ kind, name, labels, origin, at, value });
  else reject(taken, metric, 'a value that is no finite number');
}

function takeCounts(taken: Taken, metric: Metric, data: Fields, kind: Temporality): void {
  const count = number(data['count'], `${metric.place}.count`) ?? 0;
  const sum = number(data['sum'], `${metric.place}.sum`);
  const point = pointOf(metric, data, kind);
  put(taken, metric, { ...point, name: `${point.name}_count`, kind, value: count });
  if (sum !== null) put(taken, metric, { ...point, name: `${point.name}_sum`, kind, value: sum });
}

function takeHistogram(taken: Taken, metric: Metric, data: Fields, kind: Temporality): void {
  const { place } = metric;
  const counts = list(data['bucketCounts'], `${place}.bucketCounts`).map((one) => number(one, `${place}.bucketCounts`) ?? 0);
  const bounds = list(data['explicitBounds'], `${place}.explicitBounds`).map((one) => number(one, `${place}.explicitBounds`) ?? 0);
  if (counts.length > 0 && counts.length !== bounds.length + 1) {
    reject(taken, metric, 'buckets that do not fit their bounds');
    return;
  }
  takeCounts(taken, metric, data, kind);
  if (kind === null) return;
  const point = pointOf(metric, data, kind);
  let value = 0;
  for (const [index, count] of counts.entries()) {
    value += count;
    const le = index === bounds.length ? '+Inf' : String(bounds[index]);
    put(taken, metric, { ...point, name: `${point.name}_bucket`, labels: { ...point.labels, le }, kind, value });
  }
}

function pointOf({ name, sender, scope, arrivedAt, nextId, place }: Metric, data: Fields, kind: Temporality | 'value'): Point {
  const told = instant(data['timeUnixNano'], `${place}.timeUnixNano`);
  const since = instant(data['startTimeUnixNano'], `${place}.startTimeUnixNano`);
  // Two processes that look the same are told apart by when they began: their counters would else seem to restart all the time.
  const instance = kind === 'total' && !sender.isTelling && since !== null ? `${sender.instance}-${since}` : sender.instance;
  const labels = labelsOf(attributes(data['attributes'], `${place}.attributes`), { ...sender.labels, ...scope, instance });
  const origin = `${sender.labels['service_name'] ?? ''}\n${instance}`;
  return { name, labels, at: told ?? arrivedAt, since, origin, idOf: told === null ? null : nextId };
}

function put(taken: Taken, metric: Metric, o: Point & { readonly kind: Temporality; readonly value: number }): void {
  const { name, labels, at, since, origin, kind, value } = o;
  if (kind === null) reject(taken, metric, 'a temporality that is neither cumulative nor delta');
  else if (!Number.isFinite(value)) reject(taken, metric, 'a value that is no finite number');
  else if (kind === 'total') taken.samples.push({ kind, name, labels, origin, at, total: value, ...(since === null ? {} : { since }) });
  else taken.samples.push({ kind, name, labels, at, delta: value, ...(o.idOf === null ? {} : { id: o.idOf() }) });
}

function reject(taken: Taken, { name }: Metric, why: string): void {
  taken.rejected += 1;
  if (taken.why === '') taken.why = `${name}: ${why}`;
}
