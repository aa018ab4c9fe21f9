// Diagnostics for people: place, message, the line with a caret, what belongs there, what to do. And the same as JSON.
import type { Diagnostic } from '../domain/diagnostic.ts';

/** Paints for a terminal; without it nothing is coloured. */
export interface Paint {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly place: (text: string) => string;
  readonly faint: (text: string) => string;
}

const PLAIN: Paint = { error: (text) => text, warning: (text) => text, place: (text) => text, faint: (text) => text };
const WIDEST = 120;

export interface RenderOptions {
  /** The lines of a file, to show the one that is meant; null when it cannot be shown. */
  readonly linesOf: (file: string) => readonly string[] | null;
  readonly paint?: Paint;
}

/** One block a diagnostic, and a last line that counts them. Empty text for none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], o: RenderOptions): string {
  if (diagnostics.length === 0) return '';
  const paint = o.paint ?? PLAIN;
  return `${[...diagnostics.map((one) => renderOne(one, o.linesOf(one.file), paint)), summary(diagnostics)].join('\n\n')}\n`;
}

function renderOne(one: Diagnostic, lines: readonly string[] | null, paint: Paint): string {
  const word = one.severity === 'error' ? paint.error('error') : paint.warning('warning');
  const head = `${paint.place(`${one.file}:${one.line}:${one.column}`)} ${word} ${printable(one.message)} ${paint.faint(`[${one.rule}]`)}`;
  const advice = [
    one.didYouMean === undefined ? null : `did you mean: ${one.didYouMean}`,
    one.expected === undefined ? null : `expected: ${one.expected}`,
    one.hint === undefined ? null : `hint: ${one.hint}`,
  ].filter((line) => line !== null);
  return [head, ...caret(one, lines, paint), ...advice.map((line) => `    ${printable(line)}`)].join('\n');
}

/** The line, cut around the place if it is long, and carets below what is meant. */
function caret(one: Diagnostic, lines: readonly string[] | null, paint: Paint): readonly string[] {
  const full = lines?.[one.line - 1];
  if (full === undefined || full.trim() === '') return [];
  const skip = one.column > WIDEST - 20 ? one.column - 40 : 0;
  const line = printable(full.slice(skip, skip + WIDEST));
  const column = one.column - skip;
  const number = String(one.line);
  const marks = '^'.repeat(Math.max(1, Math.min(one.length, line.length - column + 1)));
  return [
    `${paint.faint(`${number} |`)} ${line}`,
    `${' '.repeat(number.length)} ${paint.faint('|')} ${' '.repeat(column - 1)}${paint.error(marks)}`,
  ];
}

/** Files are other people's: nothing in them may steer the terminal. */
function printable(text: string): string {
  return text.replace(/\t/g, ' ').replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '�');
}

/** @example summary([]) // 'no problems' */
export function summary(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((one) => one.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  if (errors + warnings === 0) return 'no problems';
  return [count(errors, 'error'), count(warnings, 'warning')].filter((part) => part !== '').join(', ');
}

function count(number: number, word: string): string {
  return number === 0 ? '' : `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** For scripts: stable keys, one object. */
export function diagnosticsJson(diagnostics: readonly Diagnostic[]): {
  readonly ok: boolean;
  readonly errors: number;
  readonly warnings: number;
  readonly diagnostics: readonly Diagnostic[];
} {
  const errors = diagnostics.filter((one) => one.severity === 'error').length;
  return { ok: errors === 0, errors, warnings: diagnostics.length - errors, diagnostics };
}
