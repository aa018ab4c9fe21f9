// PromQL as a tree of the few forms that this program gives a meaning to, read by the official grammar. Whatever else a query holds is
// `other`, with its text: nothing is evaluated, nothing is guessed.
import { parser } from '@prometheus-io/lezer-promql';
import type { Selector } from '../../domain/signal.ts';

type Tree = ReturnType<typeof parser.parse>;
type Node = Tree['topNode'];
type Matcher = Selector['labels'][number];

export type Expr = { readonly text: string } & (
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'selector'; readonly selector: Selector }
  | { readonly kind: 'range'; readonly selector: Selector; readonly overMs: number }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expr[] }
  | { readonly kind: 'aggregate'; readonly op: string; readonly by: readonly string[]; readonly args: readonly Expr[] }
  /** Without `bool`, `on`, `ignoring` and their kin. */
  | { readonly kind: 'binary'; readonly op: string; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'other' }
);

export type Parsed = { readonly ok: true; readonly expr: Expr } | { readonly ok: false; readonly at: number };

const LONGEST = 10_000;
const DEEPEST = 60;
const OPERATORS: ReadonlySet<string> = new Set(['/', '*', '-', '+', '>', '<', '>=', '<=', '==', '!=', 'and', 'or', 'unless']);

export function parsePromql(text: string): Parsed {
  if (text.length > LONGEST) return { ok: false, at: LONGEST };
  const tree = parser.parse(text);
  let broken: number | null = null;
  let depth = 0;
  tree.iterate({
    enter: (node) => {
      depth += 1;
      if (broken === null && (node.type.isError || depth > DEEPEST)) broken = node.from;
      return depth <= DEEPEST;
    },
    leave: () => {
      depth -= 1;
    },
  });
  const first = tree.topNode.firstChild;
  if (broken !== null || first === null) return { ok: false, at: broken ?? 0 };
  return { ok: true, expr: new Builder(text).expr(first) };
}

class Builder {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  expr(node: Node): Expr {
    const text = this.#of(node);
    const children = childrenOf(node);
    switch (node.name) {
      case 'ParenExpr':
        return children[0] === undefined ? { kind: 'other', text } : { ...this.expr(children[0]), text };
      case 'NumberDurationLiteral': {
        const value = numberOf(text);
        return value === null ? { kind: 'other', text } : { kind: 'number', value, text };
      }
      case 'VectorSelector': {
        const selector = this.#selector(node);
        return selector === null ? { kind: 'other', text } : { kind: 'selector', selector, text };
      }
      case 'MatrixSelector':
        return this.#range(children, text);
      case 'FunctionCall': {
        const [name, body] = children;
        if (name === undefined || body === undefined) return { kind: 'other', text };
        return { kind: 'call', name: this.#of(name), args: childrenOf(body).map((one) => this.expr(one)), text };
      }
      case 'AggregateExpr':
        return this.#aggregate(children, text);
      case 'BinaryExpr': {
        const [left, op, right, ...more] = children;
        if (left === undefined || op === undefined || right === undefined || more.length > 0) return { kind: 'other', text };
        const word = this.#of(op).toLowerCase();
        if (!OPERATORS.has(word)) return { kind: 'other', text };
        return { kind: 'binary', op: word, left: this.expr(left), right: this.expr(right), text };
      }
      default:
        return { kind: 'other', text };
    }
  }

  #range([inner, duration]: readonly Node[], text: string): Expr {
    const of = inner === undefined ? null : this.expr(inner);
    const overMs = duration === undefined ? null : durationOf(this.#of(duration));
    if (of?.kind !== 'selector' || overMs === null) return { kind: 'other', text };
    return { kind: 'range', selector: of.selector, overMs, text };
  }

  #aggregate(children: readonly Node[], text: string): Expr {
    const op = children.find((one) => one.name === 'AggregateOp');
    const body = children.find((one) => one.name === 'FunctionCallBody');
    const modifiers = children.filter((one) => one.name === 'AggregateModifier');
    const [modifier] = modifiers;
    if (op === undefined || body === undefined || modifiers.length > 1) return { kind: 'other', text };
    if (modifier !== undefined && childrenOf(modifier)[0]?.name !== 'By') return { kind: 'other', text };
    const labels =
      modifier === undefined ? [] : childrenOf(modifier).flatMap((one) => (one.name === 'GroupingLabels' ? childrenOf(one) : []));
    if (labels.some((one) => one.name !== 'LabelName')) return { kind: 'other', text };
    const by = labels.map((one) => this.#of(one)).toSorted();
    return { kind: 'aggregate', op: this.#of(op).toLowerCase(), by, args: childrenOf(body).map((one) => this.expr(one)), text };
  }

  #selector(node: Node): Selector | null {
    const children = childrenOf(node);
    const name = children.find((one) => one.name === 'Identifier');
    if (name === undefined) return null;
    const labels: Matcher[] = [];
    for (const matcher of children.filter((one) => one.name === 'LabelMatchers').flatMap(childrenOf)) {
      const [label, op, value] = childrenOf(matcher);
      const written = value === undefined ? null : stringOf(this.#of(value));
      if (matcher.name !== 'UnquotedLabelMatcher' || label === undefined || op === undefined || written === null) return null;
      const label_ = this.#of(label);
      if (label_ === '__name__') return null;
      const word = this.#of(op) as Matcher['op'];
      // Both know nearly the same patterns; what only Prometheus knows cannot be taken.
      if (word.endsWith('~') && !isPattern(written)) return null;
      labels.push({ label: label_, op: word, value: written });
    }
    return { name: this.#of(name), labels };
  }

  #of(node: Node): string {
    return this.#text.slice(node.from, node.to);
  }
}

function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) if (child.name !== 'LineComment') children.push(child);
  return children;
}

function isPattern(text: string): boolean {
  try {
    new RegExp(`^(?:${text})$`, 'u');
    return true;
  } catch {
    // Told to whoever asked.
    return false;
  }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  y: 31_536_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

/** `1h30m`; null for what is no such duration. */
export function durationOf(written: string): number | null {
  if (!/^(?:\d+(?:ms|[ywdhms]))+$/.test(written)) return null;
  let sum = 0;
  for (const [, count, unit] of written.matchAll(/(\d+)(ms|[ywdhms])/g)) sum += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  return Number.isSafeInteger(sum) && sum > 0 ? sum : null;
}

function numberOf(written: string): number | null {
  const plain = written.replace(/\s+/g, '').replace(/(?<=\d)_(?=\d)/g, '');
  const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" };

function stringOf(written: string): string | null {
  const inner = written.slice(1, -1);
  if (written.startsWith('`')) return inner;
  let known = true;
  const value = inner.replace(/\\(.)/gs, (_, escaped: string) => {
    const one = ESCAPES[escaped];
    known &&= one !== undefined;
    return one ?? '';
  });
  return known ? value : null;
}
