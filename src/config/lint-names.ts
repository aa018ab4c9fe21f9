// The question that most lint rules ask: is this name known? If not, which one was meant?
import { nearest } from '../domain/nearest.ts';
import type { Problems } from './problems.ts';
import type { Span } from './source-text.ts';

export interface NameQuestion {
  readonly rule: string;
  /** What the name is: "role", "audience". */
  readonly what: string;
  readonly name: string;
  readonly known: ReadonlySet<string>;
  readonly span: Span;
  readonly hint?: string;
}

const SHOWN = 12;

/** An empty name is a placeholder for what could not be read: told already. */
export function demandKnown(question: NameQuestion, problems: Problems): boolean {
  const { rule, what, name, known, span, hint } = question;
  if (name === '' || known.has(name)) return true;
  const names = [...known];
  const more = names.length > SHOWN ? `, … (${names.length})` : '';
  problems.error(rule, span, `there is no ${what} ${name}`, {
    expected: names.length === 0 ? `none is declared` : `one of ${names.slice(0, SHOWN).join(', ')}${more}`,
    didYouMean: nearest(name, known),
    hint,
    known,
  });
  return false;
}
