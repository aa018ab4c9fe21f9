// Collects the problems of one file while it is read. Reading goes on after each: all of them are told at once.
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { SourceText, Span } from './source-text.ts';
import { lineAt, positionAt } from './source-text.ts';

export interface ProblemDetails {
  readonly expected?: string | undefined;
  readonly hint?: string | undefined;
  readonly didYouMean?: string | null | undefined;
  /** What may stand there: for editors, who offer it. */
  readonly known?: Iterable<string> | undefined;
}

export interface Problems {
  readonly source: SourceText;
  readonly found: Diagnostic[];
  error(rule: string, span: Span, message: string, details?: ProblemDetails): void;
  warn(rule: string, span: Span, message: string, details?: ProblemDetails): void;
}

/** Beside the diagnostics and not in them: their JSON stays as it is, and nobody pays for lists that nobody asks for. */
const KNOWN = new WeakMap<Diagnostic, Iterable<string>>();

/** What may stand where a diagnostic says that something unknown stands. */
export function knownAt(one: Diagnostic): readonly string[] {
  return [...(KNOWN.get(one) ?? [])];
}

export function collectProblems(source: SourceText): Problems {
  const found: Diagnostic[] = [];
  const add = (severity: Diagnostic['severity'], rule: string, span: Span, message: string, details: ProblemDetails = {}): void => {
    const { line, column } = positionAt(source, span.start);
    const room = lineAt(source, line).length - column + 1;
    const length = Math.max(1, Math.min(span.end - span.start, room));
    const { expected, hint, didYouMean, known } = details;
    const one: Diagnostic = {
      rule,
      severity,
      message,
      file: source.file,
      line,
      column,
      length,
      ...(expected === undefined ? {} : { expected }),
      ...(hint === undefined ? {} : { hint }),
      ...(didYouMean === undefined || didYouMean === null ? {} : { didYouMean }),
    };
    found.push(one);
    if (known !== undefined) KNOWN.set(one, known);
  };
  return {
    source,
    found,
    error: (rule, span, message, details) => add('error', rule, span, message, details),
    warn: (rule, span, message, details) => add('warning', rule, span, message, details),
  };
}
