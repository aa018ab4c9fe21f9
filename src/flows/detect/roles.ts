// Which samples play which part in a signal: the bad ones, all of them, what is summed. It matches; it counts nothing.
import { compileSelector, type Matcher } from '../../domain/selector.ts';
import type { Selector, SignalSpec } from '../../domain/signal.ts';

/** Selectors by the part they play. */
export interface Roles {
  readonly bad: Matcher | null;
  readonly all: Matcher | null;
  readonly sum: Matcher | null;
}

export function rolesOf({ signal }: SignalSpec, limit: number | null): Roles {
  const match = (selector: Selector): Matcher => compileSelector(selector);
  if (signal.kind === 'ratio') return { bad: match(signal.bad), all: match(signal.all), sum: null };
  if (signal.kind === 'mean') return { bad: null, all: match(signal.count), sum: match(signal.sum) };
  if (signal.kind === 'gauge') return { bad: null, all: null, sum: match(signal.of) };
  if (signal.kind === 'fractionAbove') return histogramRoles(signal.of, (le) => le === limit, false);
  if (signal.kind === 'quantile') return histogramRoles(signal.of, (le) => le >= (limit ?? Infinity) && le < Infinity, true);
  if ('of' in signal && signal.kind !== 'composite') return { bad: null, all: match(signal.of), sum: null };
  return { bad: null, all: null, sum: null };
}

/** The ring's `bad` holds the events within the limit: what a histogram counts. Looks turn it round (`countsBad`). */
function histogramRoles(of: Selector, isWithin: (le: number) => boolean, isSpread: boolean): Roles {
  const bucket = compileSelector({ ...of, name: `${of.name}_bucket` });
  const count = compileSelector({ ...of, name: `${of.name}_count` });
  const single = compileSelector(of);
  return {
    bad: (name, labels) => bucket(name, labels) && isWithin(boundOf(labels)),
    all: (name, labels) => count(name, labels) || single(name, labels),
    // Every bucket shows how the values are spread.
    sum: isSpread ? (name, labels) => bucket(name, labels) && !Number.isNaN(boundOf(labels)) : null,
  };
}

/** NaN where it is no number. */
export const boundOf = ({ le = '' }: Readonly<Record<string, string>>): number =>
  le === '' ? Number.NaN : /^\+?inf/i.test(le) ? Infinity : Number(le);
