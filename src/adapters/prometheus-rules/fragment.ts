// What was recognised as a fragment of belay.yaml, rule by rule with what it was, and a row of the report for each. Whatever came from the
// file is a comment or a quoted text: nothing of it is executed or guessed.
import type { Selector } from '../../domain/signal.ts';
import { parsePercent, parseRate, writeDuration, writePercent, writeRate } from '../../domain/units.ts';
import type { Shape } from './recognise.ts';
import type { AlertRule } from './rules-file.ts';

export interface Written {
  readonly id: string;
  readonly signal: string;
  readonly by: string | null;
  readonly breach: string;
  readonly clear: string;
  readonly sources: readonly string[];
}

export interface Pieces {
  readonly blocks: readonly string[];
  /** Names and PromQL that an engine is asked. */
  readonly queries: readonly (readonly [name: string, query: string])[];
  readonly foreign: boolean;
}

const ABSENT_OVER_MS = 300_000;
/** Where a rule says none. */
const CLEAR_MS = 300_000;

export function triggerOf(id: string, shape: Shape, rule: AlertRule): Written {
  const { signal, by } = shape;
  const overMs = shape.overMs ?? (signal.kind === 'absent' ? Math.max(rule.forMs, ABSENT_OVER_MS) : undefined);
  const breach = [
    ...limitOf(shape),
    ...(overMs === undefined ? [] : [`over: ${writeDuration(overMs)}`]),
    ...(shape.stillMs === undefined ? [] : [`still: ${writeDuration(shape.stillMs)}`]),
    ...(rule.forMs === 0 || (signal.kind === 'absent' && shape.overMs === undefined) ? [] : [`for: ${writeDuration(rule.forMs)}`]),
  ];
  return { id, signal: kindOf(shape), by, breach: breach.join(', '), clear: clearOf(rule), sources: [] };
}

const clearOf = (rule: AlertRule): string => `for: ${writeDuration(rule.keepMs > 0 ? rule.keepMs : CLEAR_MS)}`;

export function polledTrigger(
  id: string,
  o: { readonly name: string; readonly source: string; readonly by: string | null; readonly limit: Pick<Shape, 'above' | 'below'> },
  rule: AlertRule,
): Written {
  const limit = Object.entries(o.limit).map(([side, value]) => `${side}: ${String(value)}`);
  const held = rule.forMs > 0 ? [`for: ${writeDuration(rule.forMs)}`] : [];
  const breach = [...limit, 'over: 1m', ...held].join(', ');
  return { id, signal: `gauge: ${o.name}`, by: o.by, breach, clear: clearOf(rule), sources: [o.source] };
}

export function foreignTrigger(id: string, rule: AlertRule): Written {
  const of = quoted(written({ name: 'alert_firing', labels: [{ label: 'alertname', op: '=', value: rule.name }] }));
  return { id, signal: `gauge: ${of}`, by: null, breach: 'above: 0.5, over: 1m', clear: clearOf(rule), sources: ['alerts'] };
}

function limitOf({ signal, above, below }: Shape): readonly string[] {
  const write = (value: number): string => {
    if (signal.kind === 'ratio' || signal.kind === 'fractionAbove') return exactly(value, writePercent(value), parsePercent);
    if (signal.kind === 'rate') return exactly(value, writeRate(value), parseRate);
    return signal.kind === 'age' && Number.isInteger(value) ? writeDuration(value * 1_000) : String(value);
  };
  return [...(above === undefined ? [] : [`above: ${write(above)}`]), ...(below === undefined ? [] : [`below: ${write(below)}`])];
}

/** As people write it, where that is the same number. */
function exactly(value: number, text: string, read: (text: string) => { readonly ok: boolean; readonly value?: number }): string {
  return read(text).value === value ? text : String(value);
}

function kindOf({ signal }: Shape): string {
  const one = (selector: Selector): string => quoted(written(selector));
  switch (signal.kind) {
    case 'ratio':
      return `ratio: { bad: ${one(signal.bad)}, all: ${one(signal.all)} }`;
    case 'mean':
      return `mean: { sum: ${one(signal.sum)}, count: ${one(signal.count)} }`;
    case 'fractionAbove':
      return `fractionAbove: { of: ${one(signal.of)}, limit: ${signal.limit} }`;
    case 'rate':
    case 'count':
    case 'gauge':
    case 'absent':
    case 'age':
      return `${signal.kind}: ${one(signal.of)}`;
  }
}

/** As belay.yaml and PromQL write it. */
export function written({ name, labels }: Selector): string {
  if (labels.length === 0) return name;
  return `${name}{${labels.map(({ label, op, value }) => `${label}${op}"${value.replace(/[\\"]/g, '\\$&')}"`).join(', ')}}`;
}

/** One line of YAML, whatever stands in it. */
export const quoted = (text: string): string =>
  /^[a-z_][\w]*$/i.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text) ? text : JSON.stringify(text);

export function block(rule: AlertRule, triggers: readonly Written[], said: readonly string[]): string {
  const lines = [
    ...comment(`${rule.name} (${rule.group}, line ${rule.line})`),
    ...comment(rule.expr),
    ...Object.entries({ ...rule.labels, ...rule.annotations }).flatMap(([name, value]) => comment(`${name}: ${value}`)),
    ...said.flatMap((one) => comment(`! ${one}`)),
  ];
  const written = triggers.flatMap(({ id, signal, by, breach, clear, sources }) => [
    `  ${id}:`,
    '    signal:',
    `      ${signal}`,
    ...(by === null ? [] : [`      by: ${quoted(by)}`]),
    ...(sources.length === 0 ? [] : [`      sources: [${sources.join(', ')}]`]),
    `    scope: ${by === null ? 'all' : 'org'}`,
    `    breach: { ${breach} }`,
    `    clear: { ${clear} }`,
    '    mode: shadow',
  ]);
  return [...lines.map((line) => `  # ${line}`.trimEnd()), ...written].join('\n');
}

/** Line by line, and no character of it ends the comment. */
function comment(text: string): readonly string[] {
  return text
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .slice(0, 40)
    .map((line) => line.slice(0, 500).replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu, '�'));
}

export function fragment({ blocks, queries, foreign }: Pieces): string {
  const sources = [
    ...queries.flatMap(([name, query], index) => [
      ...(index % QUERIES_OF_A_SOURCE === 0 ? engine(sourceAt(index)) : []),
      `      ${name}: ${JSON.stringify(query)}`,
    ]),
    ...(foreign ? ['  alerts: { driver: alerts, every: 15s, secret: "{env.ALERTS_SECRET}" }'] : []),
  ];
  const parts = [
    ...(sources.length === 0 ? [] : [`sources:\n${sources.join('\n')}`]),
    ...(blocks.length === 0 ? [] : [`triggers:\n${blocks.join('\n')}`]),
  ];
  return parts.length === 0 ? '' : `${parts.join('\n')}\n`;
}

const QUERIES_OF_A_SOURCE = 32;

/** The source of a query, by its place among all. */
export function sourceAt(index: number): string {
  const part = Math.floor(index / QUERIES_OF_A_SOURCE);
  return part === 0 ? 'engine' : `engine-${part + 1}`;
}

const engine = (id: string): readonly string[] => [
  `  ${id}:`,
  '    driver: promql',
  '    url: "{env.PROMETHEUS_URL}"',
  '    as: values',
  '    every: 15s',
  '    queries:',
];
