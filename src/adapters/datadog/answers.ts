// What Datadog answers to a query of metrics, as samples: complete minutes as counts, or what is so now. It trusts no field, sends nothing.
import { Unusable } from '../../domain/answer.ts';
import type { Instant } from '../../domain/json.ts';
import { fieldsIn, labelsOf, labelText } from '../../domain/received.ts';
import type { Sample } from '../../domain/signal.ts';

export const MINUTE_MS = 60_000;
const MOST_SERIES = 1_000;
const MOST_POINTS = 2_000;
const MOST_TAGS = 16;

export interface Asked {
  readonly name: string;
  readonly as: 'counts' | 'values';
  /** The query fills gaps with zeros by itself: then nothing is zero. */
  readonly isFilled: boolean;
  /** Points from this instant on, and before that one. */
  readonly from: Instant;
  readonly to: Instant;
}

/** @throws Unusable */
export function samplesIn(json: unknown, asked: Asked): readonly Sample[] {
  const { status, error, series } = fieldsIn(json);
  const wrong = (what: string): Unusable => new Unusable(`${asked.name}: ${what}`);
  if (status !== 'ok') throw wrong(`Datadog says ${labelText(error, 200) || 'that it failed'}`);
  if (!Array.isArray(series)) throw wrong('the answer has no series');
  if (series.length > MOST_SERIES) throw wrong(`${series.length} series, more than ${MOST_SERIES}: group by fewer tags`);
  const seen = new Set<string>();
  let known = 0;
  const samples = series.flatMap((one): readonly Sample[] => {
    const { tag_set: tags, interval, pointlist } = fieldsIn(one);
    const labels = labelsIn(tags);
    const key = JSON.stringify(labels);
    if (seen.has(key)) throw wrong('two series have the same tags: ask each metric in a query of its own');
    seen.add(key);
    if (asked.as === 'counts' && interval !== 60)
      throw wrong('its points are not of one minute: end the query with .as_count().rollup(sum, 60)');
    const all = pointsIn(pointlist, wrong);
    known += all.length;
    const points = all.filter(([at]) => at >= asked.from && at < asked.to);
    if (asked.as === 'values') {
      const last = points.at(-1);
      return last === undefined ? [] : [{ kind: 'value', name: asked.name, labels, at: asked.to, value: last[1] }];
    }
    return points.flatMap(([at, count]): readonly Sample[] => {
      if (at % MINUTE_MS !== 0 || count < 0)
        throw wrong('a point is no count of a whole minute: end the query with .as_count().rollup(sum, 60)');
      return count === 0 ? [] : [{ kind: 'delta', name: asked.name, labels, at: at + MINUTE_MS, delta: count }];
    });
  });
  // No data is no zero: a metric that is sent no more, or was renamed, would look like a service without errors.
  if (asked.as === 'counts' && known === 0 && !asked.isFilled)
    throw wrong('Datadog has no data of it; where nothing means zero, write default_zero(…) around the query');
  return samples;
}

/** `default_zero(…)` or `.fill(zero)` stands in it. */
export const isFilled = (query: string): boolean => /\bdefault_zero\s*\(|\.fill\(\s*(?:zero|0)\b/i.test(query);

/** In the order of time; a minute without data is not there. */
function pointsIn(list: unknown, wrong: (what: string) => Unusable): readonly (readonly [at: Instant, value: number])[] {
  if (!Array.isArray(list) || list.length > MOST_POINTS) throw wrong('a series has no points, or too many');
  const points = new Map<Instant, number>();
  for (const point of list) {
    const [at, value] = Array.isArray(point) ? (point as readonly unknown[]) : [];
    if (value === null) continue;
    if (typeof at !== 'number' || !Number.isFinite(at) || typeof value !== 'number' || !Number.isFinite(value))
      throw wrong('a point is no pair of numbers');
    if (points.has(at)) throw wrong('a series has one point twice');
    points.set(at, value);
  }
  return [...points].toSorted(([a], [b]) => a - b);
}

/** `org:acme`; a tag without a value is left out. */
function labelsIn(tags: unknown): Readonly<Record<string, string>> {
  const texts = (Array.isArray(tags) ? tags : []).filter((one) => typeof one === 'string').slice(0, MOST_TAGS);
  return labelsOf(
    Object.fromEntries(
      texts.flatMap((tag) => {
        const colon = tag.indexOf(':');
        const name = tag.slice(0, colon).replaceAll(/\W/g, '_').slice(0, 64);
        return colon <= 0 || !/^[a-zA-Z_]/.test(name) ? [] : [[name, tag.slice(colon + 1)]];
      }),
    ),
  );
}
