// Signals as people write them: one kind key with its selectors, and how the samples are cut into scopes.
import type { SignalKind, SignalSpec } from '../domain/signal.ts';
import { parseDuration } from '../domain/units.ts';
import type { Problems } from './problems.ts';
import type { Fields, Reader } from './read.ts';
import { duration, int, listOf, notYet, number, oneOf, oneOrMore, optional, record, required, text, wrong } from './read.ts';
import { selector } from './selector.ts';
import type { Value } from './yaml.ts';

export const SIGNAL_KINDS = [
  'ratio',
  'fractionAbove',
  'quantile',
  'rate',
  'count',
  'event',
  'mean',
  'gauge',
  'absent',
  'distinct',
  'age',
  'probe',
  'composite',
  'manual',
] as const;

const DEFAULT_MAX = 50_000;
const DEFAULT_LATE_MS = 10_000;

/** `gauge: open_files` and `gauge: { of: open_files }` say the same. */
const oneSelector: Reader<{ readonly of: NonNullable<ReturnType<typeof selector>> }> = (value, problems, name) => {
  if (value.kind === 'map') {
    // A named query is the design's other way to feed a count; until it is there, only that is told.
    const isQuery = value.entries.some((entry) => entry.key === 'query');
    const of = record({ of: isQuery ? optional(selector) : required(selector), query: notYet })(value, problems, name)?.of;
    return of === undefined ? undefined : { of };
  }
  const of = selector(value, problems, name);
  return of === undefined ? undefined : { of };
};

/** Of a histogram in seconds: `500ms` and `0.5` say the same. */
const inSeconds: Reader<number> = (value, problems, name) => {
  const parsed = value.kind === 'scalar' ? parseDuration(String(value.value)) : null;
  return parsed?.ok === true ? parsed.value / 1_000 : number(0, Number.MAX_VALUE)(value, problems, name);
};

/** `0.99` and `99%` say the same. */
const part: Reader<number> = (value, problems, name) => {
  const written = value.kind === 'scalar' ? String(value.value) : '';
  const read = written.endsWith('%') ? Number(written.slice(0, -1)) / 100 : Number(written);
  return read > 0 && read < 1 ? read : wrong(value, problems, name, 'a part between 0 and 1, such as 0.99');
};

const labelName: Reader<string> = (value, problems, name) => {
  const read = text(value, problems, name);
  return read === undefined || /^[a-zA-Z_]\w*$/.test(read) ? read : wrong(value, problems, name, 'the name of a label, such as user');
};

const absentAfter: Reader<SignalSpec['absentAfter']> = (value, problems, name) => {
  const written = value.kind === 'scalar' ? String(value.value) : '';
  const cadences = /^(\d+(?:\.\d+)?)x$/.exec(written)?.[1];
  if (cadences !== undefined) return { cadences: Number(cadences) };
  const parsed = parseDuration(written);
  return parsed.ok ? { ms: parsed.value } : wrong(value, problems, name, 'a multiple of the cadence such as 3x, or a duration such as 30s');
};

const SHAPE = {
  ratio: optional(record({ bad: required(selector), all: required(selector) })),
  rate: optional(oneSelector),
  mean: optional(record({ sum: required(selector), count: required(selector) })),
  gauge: optional(oneSelector),
  count: optional(oneSelector),
  event: optional(oneSelector),
  age: optional(oneSelector),
  fractionAbove: optional(record({ of: required(selector), limit: required(inSeconds) })),
  distinct: optional(record({ of: required(selector), label: required(labelName) })),
  quantile: optional(record({ of: required(selector), q: required(part) })),
  composite: optional(record({ of: required(listOf(text, 2)), atLeast: required(int(1)) })),
  absent: optional(oneSelector),
  probe: optional(record({ source: required(text), failing: optional(int(1)), consecutive: optional(int(1)) })),
  manual: optional(record({ who: required(oneOrMore(text)), ask: required(text) })),
  by: optional(oneOrMore(text)),
  max: optional(int(1, 10_000_000)),
  overflow: optional(oneOf('aggregate')),
  late: optional(duration()),
  missing: optional(record({ is: optional(oneOf('unknown')), absentAfter: optional(absentAfter) })),
  sources: optional(listOf(text)),
} as const;

/** `by` is the label when the signal names none: an inline signal follows its trigger's scope. */
export function readSignal(o: {
  readonly id: string;
  readonly value: Value;
  readonly problems: Problems;
  readonly by: string | null;
}): SignalSpec | undefined {
  const { id, value, problems } = o;
  const fields = record(SHAPE)(value, problems, `signal ${id}`);
  if (fields === undefined) return undefined;
  const written = SIGNAL_KINDS.filter((kind) => value.kind === 'map' && value.entries.some((entry) => entry.key === kind));
  const coming =
    value.kind === 'map' && value.entries.some((entry) => entry.key in SHAPE && 'unavailable' in SHAPE[entry.key as keyof typeof SHAPE]);
  if (written.length !== 1 && !coming) {
    problems.error(
      'signal-kind',
      value.span,
      written.length === 0 ? `signal ${id} has no kind` : `signal ${id} has ${written.length} kinds: ${written.join(', ')}`,
      {
        expected: `exactly one of ${SIGNAL_KINDS.join(', ')}`,
      },
    );
  }
  if (fields.by !== undefined && fields.by.length > 1)
    problems.error('not-available', value.span, `signal ${id} is cut by ${fields.by.length} labels: one is possible in this version`);
  const signal = kindOf(fields);
  if (signal === undefined) return undefined;
  return {
    id,
    signal,
    by: fields.by?.[0] ?? o.by,
    max: fields.max ?? DEFAULT_MAX,
    lateMs: fields.late ?? DEFAULT_LATE_MS,
    absentAfter: fields.missing?.absentAfter ?? { cadences: 3 },
    sources: fields.sources ?? (fields.probe?.source === undefined ? [] : [fields.probe.source]),
  };
}

function kindOf(fields: Fields<typeof SHAPE>): SignalKind | undefined {
  const { ratio, mean, probe, manual, fractionAbove, composite, distinct, quantile } = fields;
  if (ratio?.bad !== undefined && ratio.all !== undefined) return { kind: 'ratio', bad: ratio.bad, all: ratio.all };
  if (fractionAbove?.of !== undefined && fractionAbove.limit !== undefined)
    return { kind: 'fractionAbove', of: fractionAbove.of, limit: fractionAbove.limit };
  if (quantile?.of !== undefined && quantile.q !== undefined) return { kind: 'quantile', of: quantile.of, q: quantile.q };
  if (distinct?.of !== undefined && distinct.label !== undefined) return { kind: 'distinct', of: distinct.of, label: distinct.label };
  if (composite?.of !== undefined && composite.atLeast !== undefined)
    return { kind: 'composite', of: composite.of, atLeast: composite.atLeast };
  if (mean?.sum !== undefined && mean.count !== undefined) return { kind: 'mean', sum: mean.sum, count: mean.count };
  for (const kind of ['rate', 'count', 'event', 'gauge', 'absent', 'age'] as const) {
    const of = fields[kind]?.of;
    if (of !== undefined) return { kind, of };
  }
  if (probe?.source !== undefined)
    return { kind: 'probe', source: probe.source, failing: probe.failing ?? 1, consecutive: probe.consecutive ?? 3 };
  return manual?.who === undefined || manual.ask === undefined ? undefined : { kind: 'manual', who: manual.who, ask: manual.ask };
}
