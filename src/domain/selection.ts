// What the selectors of a signal mean among samples that are there: how many series, or why none. Values in, a finding out; it words nothing.
import { nearest } from './nearest.ts';
import { compileSelector } from './selector.ts';
import type { Selector, SignalSpec } from './signal.ts';

export interface Told {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Label → some of its values. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;

export type Selection =
  | { readonly why: 'matches'; readonly series: number }
  /** No sample has its name. */
  | { readonly why: 'no-name'; readonly selector: string; readonly names: readonly string[]; readonly near: string | null }
  /** Its name is there, and no series of it matches. `isLater`: it may be born with the first bad event. */
  | { readonly why: 'no-labels'; readonly selector: string; readonly name: string; readonly labels: LabelValues; readonly isLater: boolean }
  /** The label of its scopes is on none of the series that match. */
  | { readonly why: 'no-scope'; readonly selector: string; readonly by: string; readonly labels: LabelValues };

const MOST_LABELS = 8;
const MOST_VALUES = 5;

interface Part {
  readonly selector: Selector;
  readonly names: readonly string[];
  readonly isBad: boolean;
}

function partsOf({ signal }: SignalSpec): readonly Part[] {
  const plain = (selector: Selector, isBad = false): Part => ({ selector, names: [selector.name], isBad });
  switch (signal.kind) {
    case 'ratio':
      return [plain(signal.all), plain(signal.bad, true)];
    case 'mean':
      return [plain(signal.count), plain(signal.sum)];
    case 'fractionAbove':
    case 'quantile': {
      const { name } = signal.of;
      return [{ selector: signal.of, names: [name, `${name}_count`, `${name}_bucket`], isBad: false }];
    }
    case 'composite':
    case 'manual':
    case 'probe':
      return [];
    default:
      // Events are born when they happen.
      return [plain(signal.of, signal.kind === 'event' || signal.kind === 'count' || signal.kind === 'distinct')];
  }
}

/** Null: the signal selects no samples. */
export function selectionOf(spec: SignalSpec, told: readonly Told[]): Selection | null {
  let series = 0;
  for (const part of partsOf(spec)) {
    const named = told.filter(({ name }) => part.names.includes(name));
    const matching = part.names.flatMap((name) => {
      const matches = compileSelector({ ...part.selector, name });
      return named.filter((one) => matches(one.name, one.labels));
    });
    const trouble = troubleOf(spec, part, { told, named, matching });
    if (trouble !== null) return trouble;
    series += matching.length;
  }
  return series === 0 ? null : { why: 'matches', series };
}

interface Found {
  readonly told: readonly Told[];
  readonly named: readonly Told[];
  readonly matching: readonly Told[];
}

function troubleOf({ by }: SignalSpec, { selector, isBad }: Part, { told, named, matching }: Found): Selection | null {
  const written = selectorText(selector);
  if (named.length === 0) {
    const names = [...new Set(told.map(({ name }) => name))].sort();
    return { why: 'no-name', selector: written, names, near: nearest(selector.name, names) };
  }
  const labels = valuesOf(matching.length === 0 ? named : matching);
  if (matching.length === 0) {
    const isLater = isBad && selector.labels.every(({ label }) => named.some((one) => one.labels[label] !== undefined));
    return { why: 'no-labels', selector: written, name: selector.name, labels, isLater };
  }
  const isScoped = by === null || matching.some((one) => (one.labels[by] ?? '') !== '');
  return isScoped ? null : { why: 'no-scope', selector: written, by, labels };
}

function valuesOf(told: readonly Told[]): LabelValues {
  const values = new Map<string, Set<string>>();
  for (const { labels } of told) {
    for (const [label, value] of Object.entries(labels)) {
      const known = values.get(label) ?? new Set<string>();
      if (values.has(label) || values.size < MOST_LABELS) values.set(label, known);
      if (known.size < MOST_VALUES) known.add(value);
    }
  }
  return Object.fromEntries([...values].map(([label, all]) => [label, [...all]]));
}

/** As belay.yaml writes it. */
export function selectorText({ name, labels }: Selector): string {
  const written = labels.map(({ label, op, value }) => `${label}${op}${JSON.stringify(value)}`);
  return written.length === 0 ? name : `${name}{${written.join(',')}}`;
}
