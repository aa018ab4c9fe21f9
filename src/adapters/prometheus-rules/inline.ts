// Names that a rule file records, put back as what they stand for. It changes no meaning: where that is not sure, the name stays.
import type { Expr } from './syntax.ts';
import { parsePromql } from './syntax.ts';

const DEEPEST = 5;
/** Of all that is put back into one expression: recordings of recordings multiply. */
const MOST_CHARS = 20_000;

/** A recorded name with matchers stays as it is: what they match is decided after the recording. */
export const inlined = (expr: Expr, recordings: ReadonlyMap<string, string>): Expr => within(expr, recordings, 0, { left: MOST_CHARS });

function within(expr: Expr, recordings: ReadonlyMap<string, string>, depth: number, chars: { left: number }): Expr {
  const inner = (one: Expr): Expr => within(one, recordings, depth, chars);
  switch (expr.kind) {
    case 'selector': {
      const recorded = expr.selector.labels.length === 0 && depth < DEEPEST ? recordings.get(expr.selector.name) : undefined;
      if (recorded === undefined || recorded.length > chars.left) return expr;
      chars.left -= recorded.length;
      const parsed = parsePromql(recorded);
      return parsed.ok ? { ...within(parsed.expr, recordings, depth + 1, chars), text: expr.text } : expr;
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
