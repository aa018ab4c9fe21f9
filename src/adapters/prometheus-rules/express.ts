// A trigger's condition in PromQL: what of it can be said there. The evidence test, the watermark and `unknown` cannot.
import type { Selector, SignalKind, SignalSpec } from '../../domain/signal.ts';
import type { TriggerRule } from '../../domain/trigger.ts';
import { writeDuration } from '../../domain/units.ts';
import type { Unexportable } from '../../ports/rule-files.ts';
import { written } from './fragment.ts';

export interface Expressed {
  readonly signal: Exclude<SignalKind, { kind: 'manual' | 'probe' | 'composite' | 'distinct' }>;
  readonly by: string | null;
  readonly expr: string;
  /** Of all events, below which the rule says nothing; null where it has no such clause. */
  readonly least: number | null;
  readonly limit: number;
  readonly side: '>' | '<';
  readonly overMs: number;
  readonly stillMs: number | null;
}

export function express(rule: TriggerRule, spec: SignalSpec): Expressed | Unexportable {
  const { signal } = spec;
  if (isUnsayable(signal)) return signal.kind;
  const { breach } = rule;
  if (breach === undefined) return 'no-limit';
  if (breach.vs !== undefined) return 'comparison';
  const by = rule.scope === 'org' ? spec.by : null;
  const [side, limit] = breach.below === undefined ? (['>', limitOf(signal, breach.above)] as const) : (['<', breach.below] as const);
  if (limit === null) return 'no-limit';
  const twoWindows = HAS_STILL.has(signal.kind) && breach.stillMs > 0 && breach.stillMs !== breach.overMs;
  const stillMs = twoWindows ? breach.stillMs : null;
  const cut = { by, over: writeDuration(breach.overMs) };
  const rare = signal.kind === 'quantile' ? 1 - signal.q : signal.kind === 'ratio' || signal.kind === 'fractionAbove' ? limit : null;
  const least = rare === null ? null : Math.ceil(2 / Math.max(rare, 1e-6) - 1e-6);
  const compared = [breach.overMs, ...(stillMs === null ? [] : [stillMs])].map((ms) =>
    comparison(signal, { by, over: writeDuration(ms) }, side, limit),
  );
  const minimum = least === null ? [] : [`${sum('increase', allOf(signal), cut)} >= ${least}`];
  const expr = [...compared, ...minimum].join(' and ');
  return { signal, by, expr, least, limit, side, overMs: breach.overMs, stillMs };
}

function isUnsayable(signal: SignalKind): signal is Extract<SignalKind, { kind: 'manual' | 'probe' | 'composite' | 'distinct' }> {
  return signal.kind === 'manual' || signal.kind === 'probe' || signal.kind === 'composite' || signal.kind === 'distinct';
}

const HAS_STILL: ReadonlySet<string> = new Set(['ratio', 'fractionAbove', 'quantile', 'rate', 'mean', 'gauge']);

function limitOf({ kind }: SignalKind, above: number | undefined): number | null {
  return above ?? (kind === 'event' || kind === 'absent' ? 0 : null);
}

interface Cut {
  readonly by: string | null;
  readonly over: string;
}

const aggregated = (op: string, by: string | null, inner: string): string => `${op}${by === null ? '' : ` by (${by})`} (${inner})`;
const sum = (of: 'rate' | 'increase', selector: Selector, { by, over }: Cut): string =>
  aggregated('sum', by, `${of}(${written(selector)}[${over}])`);

function comparison(signal: Expressed['signal'], cut: Cut, side: '>' | '<', limit: number): string {
  switch (signal.kind) {
    case 'ratio':
      return `${sum('rate', signal.bad, cut)} / ${sum('rate', signal.all, cut)} ${side} ${limit}`;
    case 'fractionAbove':
      return `1 - ${sum('rate', bucketOf(signal.of, signal.limit), cut)} / ${sum('rate', allOf(signal), cut)} ${side} ${limit}`;
    case 'quantile': {
      const labels = ['le', ...(cut.by === null ? [] : [cut.by])].join(', ');
      return `histogram_quantile(${signal.q}, ${sum('rate', { ...signal.of, name: `${signal.of.name}_bucket` }, { ...cut, by: labels })}) ${side} ${limit}`;
    }
    case 'mean':
      return `${sum('rate', signal.sum, cut)} / ${sum('rate', signal.count, cut)} ${side} ${limit}`;
    case 'rate':
      return `${sum('rate', signal.of, cut)} * 60 ${side} ${limit}`;
    case 'count':
    case 'event':
      return `${sum('increase', signal.of, cut)} ${side} ${limit}`;
    case 'gauge':
      return `${aggregated('avg', cut.by, `avg_over_time(${written(signal.of)}[${cut.over}])`)} ${side} ${limit}`;
    case 'age':
      return `time() - ${aggregated('max', cut.by, written(signal.of))} ${side} ${limit}`;
    case 'absent':
      return `${sum('increase', signal.of, cut)} == 0${cut.by === null ? ` or absent_over_time(${written(signal.of)}[${cut.over}])` : ''}`;
  }
}

/** What is counted in all, of signals that count. */
export function allOf(signal: Expressed['signal']): Selector {
  if (signal.kind === 'ratio') return signal.all;
  if (signal.kind === 'mean') return signal.count;
  return signal.kind === 'fractionAbove' || signal.kind === 'quantile' ? { ...signal.of, name: `${signal.of.name}_count` } : signal.of;
}

/** Libraries write the bucket of one second as `1` or as `1.0`. */
export function bucketOf(of: Selector, limit: number): Selector {
  const le = Number.isInteger(limit)
    ? ({ label: 'le', op: '=~', value: `${limit}|${limit}.0` } as const)
    : ({ label: 'le', op: '=', value: String(limit) } as const);
  return { name: `${of.name}_bucket`, labels: [...of.labels, le] };
}
