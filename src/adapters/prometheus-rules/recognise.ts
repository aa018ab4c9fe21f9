// Which of Belay's signals and limits an alerting expression says, where it says one exactly; else why not. It never guesses.
import type { Selector, SignalKind } from '../../domain/signal.ts';
import type { RuleDoubt, RuleNote } from '../../ports/rule-files.ts';
import type { Expr } from './syntax.ts';

export type ShapeSignal = Extract<SignalKind, { kind: 'ratio' | 'mean' | 'rate' | 'count' | 'gauge' | 'absent' | 'age' | 'fractionAbove' }>;

export interface Shape {
  readonly signal: ShapeSignal;
  readonly by: string | null;
  readonly above?: number;
  readonly below?: number;
  /** Absent for an age. */
  readonly overMs?: number;
  readonly stillMs?: number;
  readonly notes: readonly RuleNote[];
}

export type Recognised =
  | { readonly ok: true; readonly shapes: readonly Shape[] }
  | { readonly ok: false; readonly why: RuleDoubt; readonly polled: Polled | null };

/** A value that an engine can be asked for: one number, or one for each value of a label. */
export interface Polled {
  readonly query: string;
  readonly by: string | null;
  readonly above?: number;
  readonly below?: number;
}

const COUNTED = /_(?:total|count|sum|bucket)$/;
const FLIPPED: Readonly<Record<string, string>> = { '>': '<', '<': '>', '>=': '<=', '<=': '>=', '==': '==' };

/** Says why nothing was recognised. */
class Unlike extends Error {
  readonly why: RuleDoubt;

  constructor(why: RuleDoubt) {
    super(why);
    this.why = why;
  }
}

export function recognise(expr: Expr): Recognised {
  try {
    const shapes = withoutEchoes(alternatives(expr)).map(conjunction);
    return { ok: true, shapes: withoutTwins(shapes) };
  } catch (error) {
    if (error instanceof Unlike) return { ok: false, why: error.why, polled: polledOf(expr) };
    throw error;
  }
}

const alternatives = (expr: Expr): readonly Expr[] =>
  expr.kind === 'binary' && expr.op === 'or' ? [...alternatives(expr.left), ...alternatives(expr.right)] : [expr];
const conjuncts = (expr: Expr): readonly Expr[] =>
  expr.kind === 'binary' && expr.op === 'and' ? [...conjuncts(expr.left), ...conjuncts(expr.right)] : [expr];

/** A sum that stands still, or is not there at all: one silence, said twice. */
function withoutEchoes(parts: readonly Expr[]): readonly Expr[] {
  const still = parts.flatMap((one) => (one.kind === 'binary' && one.op === '==' ? [countedOf(one.left)] : []));
  return parts.filter((one) => {
    const [range] = one.kind === 'call' && one.name === 'absent_over_time' ? one.args : [];
    if (range?.kind !== 'range') return true;
    return !still.some((sum) => sum?.overMs === range.overMs && JSON.stringify(sum.selector) === JSON.stringify(range.selector));
  });
}

function withoutTwins(shapes: readonly Shape[]): readonly Shape[] {
  const seen = new Map(shapes.map((one) => [JSON.stringify({ ...one, notes: [] }), one]));
  return [...seen.values()];
}

/** Two windows of the same value are `over` and `still`; a least number of events is what Belay's evidence is for. */
function conjunction(expr: Expr): Shape {
  const parts = conjuncts(expr);
  const values: Shape[] = [];
  const minima: Minimum[] = [];
  for (const part of parts) {
    const minimum = parts.length > 1 ? minimumOf(part) : null;
    if (minimum === null) values.push(single(part));
    else minima.push(minimum);
  }
  // What looks like a minimum may be the very thing that is asked for.
  const [first, second, ...more] = values.length === 0 ? parts.map(single) : values;
  if (first === undefined || more.length > 0) throw new Unlike('joined');
  const shape = second === undefined ? first : twoWindows(first, second);
  if (values.length === 0 || minima.length === 0) return shape;
  if (!minima.every((one) => isMinimumOf(one, shape))) throw new Unlike('joined');
  return { ...shape, notes: [...shape.notes, 'minimum-dropped'] };
}

function twoWindows(a: Shape, b: Shape): Shape {
  const same = (one: Shape): string => JSON.stringify([one.signal, one.by, one.above, one.below]);
  const [aMs, bMs] = [a.overMs ?? 0, b.overMs ?? 0];
  if (same(a) !== same(b) || aMs === bMs || aMs === 0 || bMs === 0) throw new Unlike('joined');
  return { ...a, overMs: Math.max(aMs, bMs), stillMs: Math.min(aMs, bMs), notes: [...new Set([...a.notes, ...b.notes])] };
}

interface Minimum {
  readonly counted: Counted;
}

function minimumOf(expr: Expr): Minimum | null {
  if (expr.kind !== 'binary' || (expr.op !== '>' && expr.op !== '>=') || constant(expr.right) === null) return null;
  const counted = countedOf(expr.left);
  return counted?.of === 'increase' ? { counted } : null;
}

function isMinimumOf({ counted }: Minimum, { signal, by }: Shape): boolean {
  const wanted =
    signal.kind === 'ratio'
      ? signal.all
      : signal.kind === 'mean'
        ? signal.count
        : signal.kind === 'fractionAbove'
          ? { ...signal.of, name: `${signal.of.name}_count` }
          : null;
  return wanted !== null && JSON.stringify(wanted) === JSON.stringify(counted.selector) && counted.by === by;
}

function single(expr: Expr): Shape {
  const silent = silenceOf(expr);
  if (silent !== null) return silent;
  if (expr.kind !== 'binary') throw new Unlike('no-comparison');
  const { op, left, limit } = compared(expr);
  const shape = op === '==' ? standing(left, limit) : shapeOf(left, limit, op.startsWith('>') ? 'above' : 'below');
  return op.endsWith('=') && op !== '==' ? { ...shape, notes: [...shape.notes, 'or-equal'] } : shape;
}

function compared(expr: Extract<Expr, { kind: 'binary' }>): { readonly op: string; readonly left: Expr; readonly limit: number } {
  const [left, right] = [constant(expr.left), constant(expr.right)];
  const op = left !== null && right === null ? FLIPPED[expr.op] : expr.op;
  if (op === undefined || FLIPPED[op] === undefined || (left === null) === (right === null)) throw new Unlike('no-comparison');
  return { op, left: left === null ? expr.left : expr.right, limit: left ?? right ?? 0 };
}

/** Numbers, and sums of numbers. */
function constant(expr: Expr): number | null {
  if (expr.kind === 'number') return expr.value;
  if (expr.kind !== 'binary') return null;
  const [left, right] = [constant(expr.left), constant(expr.right)];
  if (left === null || right === null) return null;
  const value =
    expr.op === '*' ? left * right : expr.op === '/' ? left / right : expr.op === '+' ? left + right : expr.op === '-' ? left - right : NaN;
  // 14.4 * 0.001 is meant to be 0.0144.
  return Number.isFinite(value) ? Number(value.toPrecision(12)) : null;
}

/** `absent(x_total)`, and a sum of increases that is 0. */
function silenceOf(expr: Expr): Shape | null {
  if (expr.kind !== 'call' || (expr.name !== 'absent' && expr.name !== 'absent_over_time')) return null;
  const [of] = expr.args;
  if (expr.args.length !== 1 || (of?.kind !== 'selector' && of?.kind !== 'range')) throw new Unlike('form');
  // A series of states that stands still is there, and has no events.
  if (!COUNTED.test(of.selector.name)) throw new Unlike('form');
  const over = of.kind === 'range' ? { overMs: of.overMs } : {};
  return {
    signal: { kind: 'absent', of: of.selector },
    by: null,
    ...over,
    notes: of.kind === 'range' ? ['absent-counts'] : ['absent-counts', 'no-window'],
  };
}

function standing(left: Expr, limit: number): Shape {
  const counted = countedOf(left);
  if (limit !== 0 || counted === null) throw new Unlike('form');
  return { signal: { kind: 'absent', of: counted.selector }, by: counted.by, overMs: counted.overMs, notes: ['absent-counts'] };
}

type Side = 'above' | 'below';
const limited = (side: Side, limit: number): { readonly above?: number; readonly below?: number } =>
  side === 'above' ? { above: limit } : { below: limit };

function shapeOf(expr: Expr, limit: number, side: Side): Shape {
  if (expr.kind === 'call' && expr.name === 'histogram_quantile') return quantile(expr.args, limit, side);
  if (expr.kind === 'call' || expr.kind === 'aggregate') return overTime(expr, limit, side) ?? counts(expr, { limit, scale: 1, side });
  if (expr.kind !== 'binary') throw new Unlike(expr.kind === 'selector' ? 'each-series' : 'form');
  if (expr.op === '-')
    return expr.left.kind === 'call' && expr.left.name === 'time' ? age(expr.right, limit, side) : slow(expr, limit, side);
  const [left, right] = [constant(expr.left), constant(expr.right)];
  if (expr.op === '*' && right !== null && right > 0) return scaled(expr.left, { limit, scale: right, side });
  if (expr.op === '*' && left !== null && left > 0) return scaled(expr.right, { limit, scale: left, side });
  if (expr.op === '/' && right !== null && right > 0) return shapeOf(expr.left, limit * right, side);
  if (expr.op === '/') return share(expr, limit, side);
  throw new Unlike('form');
}

function scaled(expr: Expr, o: { readonly limit: number; readonly scale: number; readonly side: Side }): Shape {
  // A rate a minute is one a second, 60 times: told so, the limit stays as it is written.
  return countedOf(expr)?.of === 'rate' ? counts(expr, o) : shapeOf(expr, o.limit / o.scale, o.side);
}

function unscaled(expr: Expr): { readonly of: Expr; readonly scale: number } {
  if (expr.kind !== 'binary' || expr.op !== '*') return { of: expr, scale: 1 };
  const [left, right] = [constant(expr.left), constant(expr.right)];
  const scale = left ?? right;
  return scale === null || scale <= 0 ? { of: expr, scale: 1 } : { of: left === null ? expr.left : expr.right, scale };
}

interface Counted {
  readonly of: 'rate' | 'increase';
  readonly selector: Selector;
  readonly overMs: number;
  readonly by: string | null;
  readonly more: readonly string[];
}

/** `sum by (org) (rate(x_total[5m]))`. */
function countedOf(expr: Expr): Counted | null {
  if (expr.kind !== 'aggregate' || expr.op !== 'sum' || expr.args.length !== 1) return null;
  const [call] = expr.args;
  if (call?.kind !== 'call' || (call.name !== 'rate' && call.name !== 'increase') || call.args.length !== 1) return null;
  const [range] = call.args;
  if (range?.kind !== 'range') return null;
  const labels = expr.by.filter((label) => label !== 'le');
  if (labels.length > 1) throw new Unlike('labels');
  return {
    of: call.name,
    selector: range.selector,
    overMs: range.overMs,
    by: labels[0] ?? null,
    more: expr.by.filter((one) => one === 'le'),
  };
}

function counts(expr: Expr, o: { readonly limit: number; readonly scale: number; readonly side: Side }): Shape {
  const counted = countedOf(expr);
  if (counted === null)
    throw new Unlike(expr.kind === 'call' && (expr.name === 'rate' || expr.name === 'increase') ? 'each-series' : 'form');
  if (o.side === 'below') throw new Unlike('direction');
  if (counted.more.length > 0) throw new Unlike('labels');
  const { selector: of, by, overMs } = counted;
  if (counted.of === 'increase') return { signal: { kind: 'count', of }, by, above: o.limit / o.scale, overMs, notes: [] };
  return { signal: { kind: 'rate', of }, by, above: o.limit * (60 / o.scale), overMs, stillMs: overMs, notes: [] };
}

function share(expr: Extract<Expr, { kind: 'binary' }>, given: number, side: Side): Shape {
  // `100 * bad / all` is read from left to right.
  const { of, scale } = unscaled(expr.left);
  const limit = given / scale;
  const [top, bottom] = [countedOf(of), countedOf(expr.right)];
  if (top === null || bottom === null || top.of !== bottom.of || top.overMs !== bottom.overMs) throw new Unlike('form');
  if (top.by !== bottom.by || top.more.length + bottom.more.length > 0) throw new Unlike('labels');
  if (side === 'below') throw new Unlike('direction');
  const common = { by: top.by, above: limit, overMs: top.overMs, stillMs: top.overMs, notes: [] };
  const [sum, count] = [top.selector, bottom.selector];
  const isMean = sum.name.endsWith('_sum') && count.name === `${sum.name.slice(0, -4)}_count`;
  if (isMean) return { signal: { kind: 'mean', sum, count }, ...common };
  return { signal: { kind: 'ratio', bad: sum, all: count }, ...common };
}

/** `1 - fast / all > 5%`, of a histogram. */
function slow(expr: Extract<Expr, { kind: 'binary' }>, limit: number, side: Side): Shape {
  if (constant(expr.left) !== 1 || expr.right.kind !== 'binary' || expr.right.op !== '/') throw new Unlike('form');
  if (unscaled(expr.right.left).scale !== 1) throw new Unlike('form');
  const shape = share(expr.right, limit, side === 'above' ? 'above' : 'below');
  if (shape.signal.kind !== 'ratio') throw new Unlike('form');
  const { bad: bucket, all } = shape.signal;
  const bound = bucket.labels.find(({ label }) => label === 'le');
  const base = bucket.name.replace(/_bucket$/, '');
  const labels = bucket.labels.filter((one) => one !== bound);
  const limitOf = bound === undefined ? Number.NaN : Number(bound.value.split('|')[0]);
  const isHistogram =
    bucket.name === `${base}_bucket` && all.name === `${base}_count` && JSON.stringify(labels) === JSON.stringify(all.labels);
  if (!isHistogram || !Number.isFinite(limitOf)) throw new Unlike('form');
  return { ...shape, signal: { kind: 'fractionAbove', of: { name: base, labels }, limit: limitOf }, notes: ['bucket'] };
}

/** The 99th percentile is above half a second when more than one of a hundred takes longer. */
function quantile([q, buckets]: readonly Expr[], limit: number, side: Side): Shape {
  const share = q === undefined ? null : constant(q);
  const counted = buckets === undefined ? null : countedOf(buckets);
  if (share === null || counted === null || share <= 0 || share >= 1 || limit < 0) throw new Unlike('form');
  if (side === 'below') throw new Unlike('direction');
  const { selector, by, overMs } = counted;
  if (counted.more.length !== 1 || !selector.name.endsWith('_bucket')) throw new Unlike('form');
  const of = { ...selector, name: selector.name.slice(0, -'_bucket'.length) };
  const above = Number((1 - share).toFixed(9));
  return { signal: { kind: 'fractionAbove', of, limit }, by, above, overMs, stillMs: overMs, notes: ['bucket'] };
}

function age(of: Expr, limit: number, side: Side): Shape {
  if (side === 'below' || limit <= 0) throw new Unlike('direction');
  if (of.kind === 'selector') return { signal: { kind: 'age', of: of.selector }, by: null, above: limit, notes: ['several-series'] };
  const [inner] = of.kind === 'aggregate' && of.op === 'max' ? of.args : [];
  if (of.kind !== 'aggregate' || inner?.kind !== 'selector') throw new Unlike('form');
  return { signal: { kind: 'age', of: inner.selector }, by: onlyLabel(of.by), above: limit, notes: [] };
}

function overTime(expr: Extract<Expr, { kind: 'call' | 'aggregate' }>, limit: number, side: Side): Shape | null {
  const call = expr.kind === 'aggregate' && expr.op === 'avg' ? expr.args[0] : expr;
  const [range] = call?.kind === 'call' && call.name === 'avg_over_time' ? call.args : [];
  if (range?.kind !== 'range') return null;
  const by = expr.kind === 'aggregate' ? onlyLabel(expr.by) : null;
  const window = { overMs: range.overMs, stillMs: range.overMs };
  const notes: readonly RuleNote[] = expr.kind === 'aggregate' ? [] : ['several-series'];
  return { signal: { kind: 'gauge', of: range.selector }, by, ...limited(side, limit), ...window, notes };
}

function onlyLabel(by: readonly string[]): string | null {
  if (by.length > 1) throw new Unlike('labels');
  return by[0] ?? null;
}

/** They give one series for each value of their labels; topk and its kin give several. */
const ONE_EACH: ReadonlySet<string> = new Set(['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar', 'quantile']);

/** What is compared with a number can be asked for as a value, and the worst of its series counts. */
function polledOf(expr: Expr): Polled | null {
  if (expr.kind !== 'binary') return null;
  try {
    const { op, left, limit } = compared(expr);
    if (op === '==') return null;
    const side = op.startsWith('>') ? 'above' : 'below';
    const by = left.kind === 'aggregate' && ONE_EACH.has(left.op) && left.by.length === 1 ? (left.by[0] ?? null) : null;
    const query = by === null ? `${side === 'above' ? 'max' : 'min'}(${left.text})` : left.text;
    return { query, by, ...limited(side, limit) };
  } catch (error) {
    if (error instanceof Unlike) return null;
    throw error;
  }
}
