// Which counters a signal means: matching of names and labels, and the scope that a label names.
import { OVERFLOW_SCOPE, type ScopeKey, type Selector } from './signal.ts';

type Labels = Readonly<Record<string, string>>;
export type Matcher = (name: string, labels: Labels) => boolean;

/** Regular expressions are anchored, as in Prometheus; a label that is not there is the empty text. */
export function compileSelector(selector: Selector): Matcher {
  const tests = selector.labels.map(({ label, op, value }) => {
    const regex = op === '=~' || op === '!~' ? new RegExp(`^(?:${value})$`, 'u') : null;
    const hits = regex === null ? (text: string) => text === value : (text: string) => regex.test(text);
    const wanted = op === '=' || op === '=~';
    return (labels: Labels) => hits(labels[label] ?? '') === wanted;
  });
  return (name, labels) => name === selector.name && tests.every((test) => test(labels));
}

/** Longer names are of no organization. */
const SCOPE_CHARS = 200;

/** A sample without the scope's label belongs to nobody: it is counted where it can notify but not act. */
export function scopeOf(labels: Labels, by: string | null): ScopeKey {
  if (by === null) return '';
  const value = labels[by];
  // The null character and half a surrogate pair are legal in a label that comes as JSON, and no database text can hold them.
  return value === undefined || value === '' || value.length > SCOPE_CHARS
    ? OVERFLOW_SCOPE
    : value.replace(/[\0\p{Surrogate}]/gu, '\ufffd');
}
