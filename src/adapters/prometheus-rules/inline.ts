// Names that a rule file records, put back as what they stand for. It changes no meaning: where that is not sure, the name stays.
import type { Expr } from './syntax.ts';
import { parsePromql } from './syntax.ts';

const DEEPEST = 5;

/** A recorded name with matchers stays as it is: what they match is decided after the recording. */
export function inlined(expr: Expr, recordings: ReadonlyMap<string, string>, depth = 0): Expr {
  const inner = (one: Expr): Expr => inlined(one, recordings, depth);
  switch (expr.kind) {
    case 'selector': {
      const recorded = expr.selector.labels.length === 0 && depth < DEEPEST ? recordings.get(expr.selector.name) : undefined;
      const parsed = recorded === undefined ? null : parsePromql(recorded);
      return parsed?.ok === true ? { ...inlined(parsed.expr, recordings, depth + 1), text: expr.text } : expr;
    }
    case 'call':
    case 'aggregate':
      return { ...expr, args: expr.args.map(inner) };
    case 'binary':
      return { ...expr, left: inner(expr.left), right: inner(expr.right) };
    default:
      return expr;
  }
}
