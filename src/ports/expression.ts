// Expressions of runbooks (CEL): checked when compiled, evaluated on typed values, never with side effects.

import type { ExprType } from '../domain/catalog.ts';
import type { Json } from '../domain/json.ts';

export type { ExprType } from '../domain/catalog.ts';
export type Evaluation = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly why: string };

/** `rule` tells kinds of problems apart: `syntax`, `type`, `int-division`, `matches`, `limit`, `result-type`. */
export interface ExpressionProblem {
  readonly message: string;
  readonly offset: number;
  readonly rule?: string;
  readonly hint?: string;
}

export interface Expression {
  /**
   * Problems found by type-checking `source` against the declared names; empty when it is fine. Where the type shows only with the values
   * (fields of an `any`), it is a problem, unless the caller looks at the result itself: `untyped` is `accept`.
   */
  check(
    source: string,
    names: Readonly<Record<string, ExprType>>,
    wants: 'bool' | 'string' | 'list' | 'number',
    untyped?: 'refuse' | 'accept',
  ): readonly ExpressionProblem[];
  /** Numbers of `int` names are converted; NaN or absent values make it `ok: false` before evaluation. */
  evaluate(source: string, names: Readonly<Record<string, ExprType>>, values: Readonly<Record<string, unknown>>): Evaluation;
}
