// Series for promtool that make a rule fire, and others that do not. Their labels are chosen so that the rule's patterns match them.
import type { Selector } from '../../domain/signal.ts';
import { allOf, bucketOf, type Expressed } from './express.ts';
import { written } from './fragment.ts';

export interface Series {
  readonly series: string;
  readonly values: string;
}

type Labels = Readonly<Record<string, string>>;
const SCOPE = 'acme';
const GUESSES = ['200', '500', 'ok', 'error', 'other', '0', '1', 'GET', 'POST', '/', 'true', 'false', 'a'];

interface Steps {
  readonly stepMs: number;
  readonly steps: number;
}

/** Null where no labels are found that the patterns match. */
export const firing = (one: Expressed, o: Steps): readonly Series[] | null => (one.side === '>' ? high(one, o) : low(one, o));
export const healthy = (one: Expressed, o: Steps): readonly Series[] | null => (one.side === '>' ? low(one, o) : high(one, o));

function high(one: Expressed, o: Steps): readonly Series[] | null {
  const { signal, by, limit } = one;
  const grow = (step: number): string => `0+${step}x${o.steps}`;
  const flat = (value: number): string => `${value}+0x${o.steps}`;
  const enough = Math.max(10, (one.least ?? 0) * 2);
  switch (signal.kind) {
    case 'ratio':
      return twice(one, signal.bad, grow(enough), signal.all, grow(enough));
    case 'fractionAbove':
      return twice(one, bucketOf(signal.of, signal.limit), flat(0), allOf(signal), grow(enough));
    case 'quantile':
      return buckets(one, signal.of, [
        [limit, flat(0)],
        [limit * 10, grow(enough)],
        [Infinity, grow(enough)],
      ]);
    case 'mean':
      return twice(one, signal.sum, grow(Math.ceil(Math.abs(limit) * 10 + 10) * 10), signal.count, grow(10));
    case 'rate':
      return once(by, signal.of, grow(Math.ceil((limit * 2 * o.stepMs) / 60_000) + 1));
    case 'count':
    case 'event':
      return once(by, signal.of, grow(Math.ceil(limit) + 1));
    case 'gauge':
      return once(by, signal.of, flat(limit + Math.max(1, Math.abs(limit))));
    case 'age':
      return once(by, signal.of, flat(0));
    case 'absent':
      return once(by, signal.of, flat(5));
  }
}

function low(one: Expressed, o: Steps): readonly Series[] | null {
  const { signal, by, limit } = one;
  const grow = (step: number): string => `0+${step}x${o.steps}`;
  const flat = (value: number): string => `${value}+0x${o.steps}`;
  switch (signal.kind) {
    case 'ratio': {
      const good = signal.bad.name === signal.all.name ? labelsBut(signal.all, signal.bad, by) : labelsOf(signal.all, by);
      return good === null ? null : both(once(by, signal.bad, flat(0)), [{ series: seriesOf(signal.all.name, good), values: grow(1_000) }]);
    }
    case 'fractionAbove':
      return twice(one, bucketOf(signal.of, signal.limit), grow(1_000), allOf(signal), grow(1_000));
    case 'quantile':
      return buckets(one, signal.of, [
        [limit / 10, grow(1_000)],
        [Infinity, grow(1_000)],
      ]);
    case 'mean':
      return limit > 0 ? twice(one, signal.sum, flat(0), signal.count, grow(10)) : null;
    case 'rate':
    case 'count':
    case 'event':
      return once(by, signal.of, flat(5));
    case 'gauge':
      return once(by, signal.of, flat(limit - Math.max(1, Math.abs(limit))));
    case 'age':
      return once(by, signal.of, grow(o.stepMs / 1_000));
    case 'absent':
      return once(by, signal.of, grow(1));
  }
}

function once(by: string | null, selector: Selector, values: string): readonly Series[] | null {
  const labels = labelsOf(selector, by);
  return labels === null ? null : [{ series: seriesOf(selector.name, labels), values }];
}

/** A histogram: how many events were not above each bound. */
function buckets({ by }: Expressed, of: Selector, bounds: readonly (readonly [bound: number, values: string])[]): readonly Series[] | null {
  const parts = bounds.map(([bound, values]) => {
    const le = { label: 'le', op: '=' as const, value: bound === Infinity ? '+Inf' : String(bound) };
    return once(by, { name: `${of.name}_bucket`, labels: [...of.labels, le] }, values);
  });
  const count = once(by, { ...of, name: `${of.name}_count` }, bounds.at(-1)?.[1] ?? '');
  const all = [...parts, count];
  return all.some((one) => one === null) ? null : all.flatMap((one) => one ?? []);
}

function twice({ by }: Expressed, a: Selector, aValues: string, b: Selector, bValues: string): readonly Series[] | null {
  return both(once(by, a, aValues), once(by, b, bValues));
}

/** A series that both name is told once. */
function both(a: readonly Series[] | null, b: readonly Series[] | null): readonly Series[] | null {
  if (a === null || b === null) return null;
  return [...new Map([...b, ...a].map((one) => [one.series, one])).values()];
}

function seriesOf(name: string, labels: Labels): string {
  return written({ name, labels: Object.entries(labels).map(([label, value]) => ({ label, op: '=' as const, value })) });
}

/** The value of the scope is chosen, too: `acme` where nothing else is asked for. */
export function scopeLabels({ by, signal }: Expressed): Labels {
  const labels = by === null ? {} : labelsOf(allOf(signal), by);
  return by === null ? {} : { [by]: labels?.[by] ?? SCOPE };
}

function labelsOf(selector: Selector, by: string | null, differs: (labels: Labels) => boolean = () => true): Labels | null {
  const names = [...new Set([...selector.labels.map(({ label }) => label), ...(by === null ? [] : [by])])].toSorted();
  const labels: Record<string, string> = {};
  for (const name of names) {
    const wanted = selector.labels.filter(({ label }) => label === name);
    const candidates = [...(name === by ? [SCOPE] : []), ...wanted.flatMap(guesses), ...GUESSES];
    const value = candidates.find((one) => one !== '' && wanted.every((matcher) => matches(matcher, one)) && differs({ [name]: one }));
    if (value === undefined) return null;
    labels[name] = value;
  }
  return labels;
}

/** Of `all`, and not of `bad`: one label of `bad` has another value. */
function labelsBut(all: Selector, bad: Selector, by: string | null): Labels | null {
  for (const matcher of bad.labels) {
    const other = GUESSES.find((one) => !matches(matcher, one));
    const labels = other === undefined || matcher.label === by ? null : labelsOf(all, by);
    const isOpen = other !== undefined && all.labels.filter(({ label }) => label === matcher.label).every((one) => matches(one, other));
    if (labels !== null && isOpen) return { ...labels, [matcher.label]: other };
  }
  return null;
}

type Matcher = Selector['labels'][number];

function matches({ op, value }: Matcher, text: string): boolean {
  if (op === '=' || op === '!=') return (text === value) === (op === '=');
  return new RegExp(`^(?:${value})$`, 'u').test(text) === (op === '=~');
}

/** Texts that a pattern may match; whether one does is asked afterwards. */
function guesses({ op, value }: Matcher): readonly string[] {
  if (op === '=') return [value];
  if (op !== '=~') return [];
  return value
    .replace(/[()]/g, '')
    .split('|')
    .map((one) =>
      one
        .replace(/\\d\+?|\[0-9\]\+?/g, '0')
        .replace(/\[([^\]^])[^\]]*\]\+?/g, '$1')
        .replace(/(?<!\\)\.[*+]/g, 'a')
        .replace(/(?<!\\)\./g, '0')
        .replace(/\\/g, ''),
    );
}
