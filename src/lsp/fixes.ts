// Repairs that can only be meant one way: the name that is near enough, and quotes that are missing. Everything else is people's business.
import type { Diagnostic } from '../domain/diagnostic.ts';
import { nearest } from '../domain/nearest.ts';
import type { Lang } from '../domain/system.ts';
import { offsetOfDiagnostic } from './positions.ts';
import { wordsOf } from './words.ts';

export interface Fix {
  readonly title: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export function fixOf(text: string, diagnostic: Diagnostic, lang: Lang): Fix | null {
  const start = offsetOfDiagnostic(text, diagnostic);
  const written = text.slice(start, start + diagnostic.length);
  const words = wordsOf(lang);
  const { rule, didYouMean, hint = '' } = diagnostic;
  if (rule === 'unquoted-ref') return quoting(text, start, hint, lang);
  if (rule === 'wrong-type' && hint === `Quote it: "${written}".`)
    return { title: words.quote(written), start, end: start + written.length, text: `"${written}"` };
  if (didYouMean === undefined) return null;
  const title = words.didYouMean(didYouMean);
  if (rule === 'duration') {
    const [, quote = '', inner = ''] = /^(["']?)(.*)\1$/.exec(written) ?? [];
    return inner === '' ? null : { title, start, end: start + written.length, text: `${quote}${didYouMean}${quote}` };
  }
  const letters = rule === 'unknown-ref' ? /[\w-]+/g : /[\w.-]+/g;
  const meant = [...written.matchAll(letters)].filter(([word]) => word !== didYouMean && nearest(word, [didYouMean]) !== null);
  const [only] = meant;
  if (only === undefined || meant.length > 1) return null;
  return { title, start: start + only.index, end: start + only.index + only[0].length, text: didYouMean };
}

/** `to: {org}/x` → `to: "{org}/x"`: what the hint says, where it stands once on that line. */
function quoting(text: string, start: number, hint: string, lang: Lang): Fix | null {
  const [, wanted] = /"([^"]+)"/.exec(hint) ?? [];
  if (wanted === undefined) return null;
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const end = text.indexOf('\n', start);
  const line = text.slice(from, end === -1 ? text.length : end);
  const at = line.indexOf(wanted);
  if (at === -1 || line.indexOf(wanted, at + 1) !== -1 || /["']/.test(line.charAt(at - 1))) return null;
  return { title: wordsOf(lang).quote(wanted), start: from + at, end: from + at + wanted.length, text: `"${wanted}"` };
}
