// A problem in a file that people wrote: where, what is there, what belongs there. Rendering is the configuration's business.

export interface Diagnostic {
  /** Stable name of the rule (`undo-missing`), for filters and for docs/reference/runbook-format.md. */
  readonly rule: string;
  /** An error blocks; a warning does not. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly file: string;
  /** From 1, in characters as editors count them. */
  readonly line: number;
  readonly column: number;
  /** How many characters of the line it is about; at least 1. */
  readonly length: number;
  /** What belongs there. */
  readonly expected?: string;
  /** What to do next. */
  readonly hint?: string;
  /** The known name that is nearest to what was written. */
  readonly didYouMean?: string;
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((one) => one.severity === 'error');
}

/** By file, then by place, errors first where two share a place; a problem that is told twice stays once. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  const once = diagnostics.filter((one) => {
    const key = JSON.stringify([one.file, one.line, one.column, one.rule, one.message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return once.toSorted(
    (a, b) =>
      compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.severity, b.severity) || compare(a.rule, b.rule),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
