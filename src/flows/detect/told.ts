// Which names and labels a source told lately, for whoever writes a selector: a bounded few of each. Nothing is counted by it.
import type { Told } from '../../domain/selection.ts';
import type { ToldNames } from '../../ports/readings.ts';
import { withoutValues } from './series-key.ts';

const MOST_NAMES = 500;
const MOST_OF_NAME = 10;

/** By name, then by the key of the series. */
export interface ToldMemory {
  readonly names: Map<string, { readonly series: Map<string, Told['labels']>; isAll: boolean }>;
  isAll: boolean;
}

export const newTold = (): ToldMemory => ({ names: new Map(), isAll: true });

interface Memories {
  readonly hashed: ReadonlySet<string>;
  readonly told: ToldMemory;
}

export function noteTold({ hashed, told }: Memories, key: string, { name, labels }: Told): void {
  let known = told.names.get(name);
  if (known === undefined) {
    if (told.names.size >= MOST_NAMES) {
      told.isAll = false;
      return;
    }
    known = { series: new Map(), isAll: true };
    told.names.set(name, known);
  }
  if (known.series.has(key)) return;
  if (known.series.size < MOST_OF_NAME) known.series.set(key, hashed.size === 0 ? labels : withoutValues(labels, hashed));
  else known.isAll = false;
}

export const toldBy = (sources: Iterable<{ readonly id: string; readonly told: ToldMemory }>): readonly ToldNames[] =>
  [...sources].map(({ id, told }) => ({
    source: id,
    isAll: told.isAll,
    names: [...told.names].map(([name, { series, isAll }]) => ({ name, isAll, labels: [...series.values()] })),
  }));
