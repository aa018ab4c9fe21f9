// Parses and type-checks one expression, and refuses what type-checks but must not run: regular expressions and int division.
import type { ASTNode, Context } from '@marcbachmann/cel-js';
import { TypeError as CelTypeError, Environment, EvaluationError, ParseError } from '@marcbachmann/cel-js';
import { nearest } from '../../domain/nearest.ts';
import type { ExpressionProblem, ExprType } from '../../ports/expression.ts';
import type { Path } from './syntax.ts';
import { callsOf, divisionsOf, pathsOf } from './syntax.ts';

export type Names = Readonly<Record<string, ExprType>>;

export interface Compiled {
  readonly problems: readonly ExpressionProblem[];
  readonly run: ((context: Context) => unknown) | null;
  /** The type that the expression gives; null when there are problems. */
  readonly type: string | null;
  /** What it reads. */
  readonly paths: readonly Path[];
}

const LIMITS = { maxAstNodes: 200, maxDepth: 20, maxListElements: 100 } as const;
const TIMESTAMP = 'google.protobuf.Timestamp';

export function compile(source: string, names: Names): Compiled {
  try {
    const environment = environmentOf(names);
    const parsed = environment.parse(source);
    const checked = parsed.check();
    const problems = [
      ...callsOf(parsed.ast, 'matches').map(refusedMatches),
      ...(checked.valid ? [] : [typeProblem(source, names, checked.error)]),
      ...(checked.valid ? divisionsOf(parsed.ast).map(intDivision) : []),
    ];
    if (problems.length > 0) return { problems, run: null, type: null, paths: [] };
    return { problems, run: parsed, type: checked.type ?? 'dyn', paths: pathsOf(parsed.ast) };
  } catch (error) {
    return { problems: [syntaxProblem(error)], run: null, type: null, paths: [] };
  }
}

/** How people read the checker's type. */
export function typeName(type: string): string {
  if (type === 'dyn') return 'a value of any type';
  if (type === TIMESTAMP) return 'a time';
  if (type.startsWith('$')) return 'a record';
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}

function environmentOf(names: Names): Environment {
  const environment = new Environment({ unlistedVariablesAreDyn: false, limits: LIMITS });
  for (const [name, type] of Object.entries(names)) {
    const declared = celType(type);
    if (typeof declared === 'string') environment.registerVariable(name, declared);
    else environment.registerVariable({ name, schema: declared });
  }
  return environment;
}

type CelType = string | { [field: string]: CelType };

function celType(type: ExprType): CelType {
  if (typeof type === 'object') return Object.fromEntries(Object.entries(type).map(([field, inner]) => [field, celType(inner)]));
  if (type === 'time') return TIMESTAMP;
  return type === 'any' ? 'dyn' : type;
}

function refusedMatches(node: ASTNode): ExpressionProblem {
  return {
    rule: 'matches',
    message: 'matches() is refused: its engine can run for hours on a few characters',
    offset: node.start,
    hint: 'Compare with ==, startsWith, endsWith or contains, or let the probe search the text.',
  };
}

function intDivision(node: ASTNode): ExpressionProblem {
  return {
    rule: 'int-division',
    message: 'this divides two whole numbers and drops the rest: 5 / 10 is 0',
    offset: node.start,
    hint: 'Use the ratio that the probe gives (value), or compare the counts: bad == 0.',
  };
}

function syntaxProblem(error: unknown): ExpressionProblem {
  if (!(error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)) throw error;
  const rule = error.code === 'limit_exceeded' ? 'limit' : 'syntax';
  return { rule, message: rule === 'limit' ? `too large: ${error.summary}` : plainWords(error.summary), offset: error.range?.start ?? 0 };
}

function typeProblem(source: string, names: Names, error: ParseError | CelTypeError | undefined): ExpressionProblem {
  const kebab = kebabProblem(source, names);
  if (kebab !== null) return kebab;
  const summary = error?.summary ?? 'not a valid expression';
  const hint = hintFor(summary, names);
  return { rule: 'type', message: plainWords(summary), offset: error?.range?.start ?? 0, ...(hint === null ? {} : { hint }) };
}

function plainWords(summary: string): string {
  return summary
    .replace(/^Unknown variable: /, 'unknown name: ')
    .replace(/^No such key: /, 'there is no ')
    .replace('Unexpected token: EOF', 'the expression ends too early')
    .replace(/^([A-Z])(?=[a-z])/, (first) => first.toLowerCase());
}

function hintFor(summary: string, names: Names): string | null {
  if (/no such overload: (double [=!]= int|int [=!]= double)/.test(summary)) {
    return 'A fraction is compared with a fraction: write 0.0, or better compare exact counts (bad == 0).';
  }
  const [, written] = /^(?:Unknown variable|No such key): (\w+)/.exec(summary) ?? [];
  if (written === undefined) return null;
  const near = nearest(written, allKeys(names));
  return near === null ? `Known here: ${Object.keys(names).join(', ') || 'nothing'}.` : `Did you mean ${near}?`;
}

/** `steps.fix-ready` is a subtraction: names with a dash are written with an underscore. */
function kebabProblem(source: string, names: Names): ExpressionProblem | null {
  const known = new Set(allKeys(names));
  for (const match of source.matchAll(/[A-Za-z_]\w*(?:-[A-Za-z_]\w*)+/g)) {
    const underscored = match[0].replaceAll('-', '_');
    if (known.has(underscored)) {
      return { rule: 'kebab-id', message: `${match[0]} reads as a subtraction`, offset: match.index, hint: `Write ${underscored}.` };
    }
  }
  return null;
}

function allKeys(type: Names): readonly string[] {
  return Object.entries(type).flatMap(([name, inner]) => (typeof inner === 'object' ? [name, ...allKeys(inner)] : [name]));
}
