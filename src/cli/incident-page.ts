// The page that an incident is drawn on: its column of headings, and what stands beside and under one.
import type { IncidentView } from '../domain/incident-view.ts';
import type { Lang } from '../domain/system.ts';
import type { Look } from './output.ts';
import { hang, lengthOf, pad, wrap } from './text-layout.ts';
import type { Words } from './words.ts';

export interface Page extends Look {
  readonly lang: Lang;
  readonly words: Words;
  readonly view: IncidentView;
  /** Also of steps that have not begun: what they would run. */
  readonly actions: boolean;
  /** Where the text beside a heading begins. */
  readonly column: number;
}

export const clockOf = ({ view, lang }: Page): { readonly now: number; readonly lang: Lang; readonly zone: string } => ({
  now: view.now,
  lang,
  zone: view.headline.zone,
});

/** A heading in its column, and the text beside it, wrapped. */
export function beside(page: Page, heading: string, text: string): string {
  return page.colour.bold(pad(heading, page.column)) + hang('', text, { width: page.width, column: page.column }).slice(page.column);
}

/** A line under a heading: a small label, and its text. */
export function under(page: Page, label: string, text: string): string {
  const column = page.column + 11;
  const lines = hang(`${' '.repeat(page.column)}${label}`, text, { width: page.width, column });
  return lines.replace(label, () => page.colour.dim(label));
}

/** Facts in a row, broken between facts and not within one. */
export function joined(facts: readonly string[], mark: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const fact of facts) {
    const last = lines.at(-1);
    if (last !== undefined && lengthOf(last + mark + fact) <= width) lines[lines.length - 1] = last + mark + fact;
    else lines.push(fact);
  }
  return lines.flatMap((line) => wrap(line, width));
}

/** The heading beside the first line, the rest below it. */
export function headed(page: Page, heading: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, at) => page.colour.bold(pad(at === 0 ? heading : '', page.column)) + line);
}
