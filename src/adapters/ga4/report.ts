// Reports of Google Analytics 4, asked for and read: the last minutes as counts, or today so far. It trusts no field and sends nothing.
import { Unusable } from '../../domain/answer.ts';
import type { Instant } from '../../domain/json.ts';
import { fieldsIn, isFields, labelsOf, textIn } from '../../domain/received.ts';
import type { Sample } from '../../domain/signal.ts';

export const MINUTE_MS = 60_000;
/** The realtime report knows the last half hour. */
const MINUTES = 30;
const MOST_ROWS = 5_000;
/** Of these a minute's number is no count: a user of two minutes is one user. */
const NOT_ADDED: readonly string[] = ['activeUsers', 'active28DayUsers', 'totalUsers', 'newUsers'];

export interface Wanted {
  readonly report: 'realtime' | 'today';
  readonly metrics: readonly string[];
  readonly dimensions: readonly string[];
}

export function requestOf({ report, metrics, dimensions }: Wanted): object {
  const names = (all: readonly string[]) => all.map((name) => ({ name }));
  const own = report === 'realtime' ? ['minutesAgo', ...dimensions] : dimensions;
  const span =
    report === 'realtime'
      ? { minuteRanges: [{ startMinutesAgo: MINUTES - 1, endMinutesAgo: 0 }] }
      : { dateRanges: [{ startDate: 'today', endDate: 'today' }] };
  return { ...span, dimensions: names(own), metrics: names(metrics), limit: String(MOST_ROWS) };
}

interface Row {
  readonly dimensions: readonly string[];
  readonly metrics: readonly number[];
}

/** Of `minutesAgo` the minutes from `from` on and before `to` are told. @throws Unusable */
export function samplesIn(
  json: unknown,
  wanted: Wanted,
  o: { readonly now: Instant; readonly from: Instant; readonly to: Instant },
): readonly Sample[] {
  const isRealtime = wanted.report === 'realtime';
  const rows = rowsIn(json, wanted, isRealtime ? 1 : 0);
  const thisMinute = Math.floor(o.now / MINUTE_MS) * MINUTE_MS;
  const seen = new Set<string>();
  return rows.flatMap(({ dimensions, metrics }): readonly Sample[] => {
    const key = JSON.stringify(dimensions);
    if (seen.has(key)) throw new Unusable('two rows of the report are the same');
    seen.add(key);
    const own = isRealtime ? dimensions.slice(1) : dimensions;
    const labels = labelsOf(Object.fromEntries(wanted.dimensions.map((name, index) => [labelName(name), own[index]])));
    if (!isRealtime)
      return metrics.map((value, index) => ({ kind: 'value', name: sampleName(wanted.metrics[index]), labels, at: o.now, value }));
    const minute = thisMinute - minutesAgo(dimensions[0]) * MINUTE_MS;
    if (minute < o.from || minute >= o.to) return [];
    return metrics.flatMap((number, index): readonly Sample[] => {
      const name = sampleName(wanted.metrics[index]);
      const at = minute + MINUTE_MS;
      if (NOT_ADDED.includes(wanted.metrics[index] ?? ''))
        return minute === o.to - MINUTE_MS ? [{ kind: 'value', name, labels, at, value: number }] : [];
      return number > 0 ? [{ kind: 'delta', name, labels, at, delta: number }] : [];
    });
  });
}

const labelName = (dimension: string): string => dimension.replaceAll(/\W/g, '_');
const sampleName = (metric: string | undefined): string => `ga4_${(metric ?? '').replaceAll(/\W/g, '_')}`;

function minutesAgo(text: string | undefined): number {
  if (text === undefined || !/^\d{1,2}$/.test(text)) throw new Unusable('a row has no minutesAgo');
  return Number(text);
}

function rowsIn(json: unknown, { metrics, dimensions }: Wanted, extra: number): readonly Row[] {
  if (!isFields(json)) throw new Unusable('the answer is no report');
  const { rows = [], rowCount = 0, metricHeaders, kind } = json;
  // An empty report has neither rows nor, sometimes, headers; only its kind tells it from anything else.
  if (typeof kind !== 'string' && !Array.isArray(metricHeaders)) throw new Unusable('the answer is no report');
  if (!Array.isArray(rows)) throw new Unusable('the rows of the report are no list');
  if (typeof rowCount === 'number' && rowCount > MOST_ROWS)
    throw new Unusable(`the report is incomplete: ${rowCount} rows, ${MOST_ROWS} are the most`);
  return rows.slice(0, MOST_ROWS).map((row): Row => {
    const [names, numbers] = [valuesIn(fieldsIn(row)['dimensionValues'] ?? []), valuesIn(fieldsIn(row)['metricValues'])];
    const read = numbers.map((text) => (/^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN));
    if (names.length !== dimensions.length + extra || read.length !== metrics.length)
      throw new Unusable('a row of the report has other columns than were asked for');
    if (read.some((one) => !Number.isFinite(one) || one < 0)) throw new Unusable('a row of the report holds what is no count');
    return { dimensions: names, metrics: read };
  });
}

const valuesIn = (list: unknown): readonly string[] => (Array.isArray(list) ? list.map((one) => textIn(fieldsIn(one)['value'])) : []);
