// How values are spread: counts by bucket over the parts of a window, and the quantiles that follow. Buckets are those of a histogram, or
// logarithmic ones of single values. Memory is bounded: so many buckets, so many parts. It knows no limit and no trigger.

/** Parts of a window; one more is filling. */
export const SPREAD_PARTS = 12;
const PARTS = SPREAD_PARTS + 1;
/** Single values fall into buckets each a tenth wider than the one before: a quantile is within 5 % of the truth. */
const GROWTH = 1.1;
const SMALLEST = 1e-6;
const LARGEST = 1e9;
/** Bounds of the histograms of one scope; further ones are not kept. */
const MOST_BOUNDS = 128;

export type Cell = `le:${string}` | `v:${number}`;

/** A bucket of a histogram; its counts hold those of all lower ones, as Prometheus counts. */
export const cellOfBound = (le: number): Cell => `le:${le}`;

export function cellOfValue(value: number): Cell {
  const within = Math.min(LARGEST, Math.max(SMALLEST, value));
  return `v:${Math.ceil(Math.log(within) / Math.log(GROWTH) - 1e-9)}`;
}

interface Scope {
  head: number;
  bounds: number;
  readonly cells: Map<Cell, Uint32Array>;
}

/** Counts of all scopes of a signal, by row. */
export class Spreads {
  readonly #scopes: (Scope | undefined)[] = [];

  /** False: the part has left the window, or there is no room for another bucket. */
  add(row: number, cell: Cell, part: number, count: number): boolean {
    const scope = this.#scopes[row] ?? { head: -Infinity, bounds: 0, cells: new Map<Cell, Uint32Array>() };
    this.#scopes[row] = scope;
    advance(scope, part);
    if (part <= scope.head - PARTS) return false;
    const known = scope.cells.get(cell);
    if (known === undefined && cell.startsWith('le:') && scope.bounds >= MOST_BOUNDS) return false;
    const counts = known ?? new Uint32Array(PARTS);
    if (known === undefined) {
      scope.cells.set(cell, counts);
      scope.bounds += cell.startsWith('le:') ? 1 : 0;
    }
    counts[part % PARTS] = (counts[part % PARTS] ?? 0) + count;
    return true;
  }

  /** Everything that rows counted in the parts from `from` to `to`, as if they were one. */
  between(rows: readonly number[], from: number, to: number): ReadonlyMap<Cell, number> {
    const sums = new Map<Cell, number>();
    for (const row of rows) {
      const scope = this.#scopes[row];
      if (scope === undefined) continue;
      for (const [cell, counts] of scope.cells) {
        let sum = 0;
        for (let part = Math.max(from, scope.head - SPREAD_PARTS); part <= Math.min(to, scope.head); part += 1)
          sum += counts[part % PARTS] ?? 0;
        if (sum > 0) sums.set(cell, (sums.get(cell) ?? 0) + sum);
      }
    }
    return sums;
  }
}

function advance(scope: Scope, part: number): void {
  if (part <= scope.head) return;
  for (const [cell, counts] of scope.cells) {
    for (let entering = Math.max(scope.head + 1, part - SPREAD_PARTS); entering <= part; entering += 1) counts[entering % PARTS] = 0;
    // Buckets of single values come and go; those of a histogram stay, because their series do.
    if (cell.startsWith('v:') && counts.every((count) => count === 0)) scope.cells.delete(cell);
  }
  scope.head = part;
}

/** Null where nothing was counted. */
export function quantileOf(q: number, sums: ReadonlyMap<Cell, number>): number | null {
  const bounds: [number, number][] = [];
  const values: [number, number][] = [];
  for (const [cell, count] of sums) {
    if (cell.startsWith('le:')) bounds.push([Number(cell.slice(3)), count]);
    else values.push([Number(cell.slice(2)), count]);
  }
  return bounds.length > 0 ? ofBuckets(q, bounds.toSorted(byFirst)) : ofValues(q, values.toSorted(byFirst));
}

const byFirst = ([a]: readonly [number, number], [b]: readonly [number, number]): number => a - b;

/** As `histogram_quantile` of Prometheus: evenly spread within a bucket, from 0 in the first, and never above the last finite bound. */
function ofBuckets(q: number, bounds: readonly (readonly [number, number])[]): number | null {
  // Buckets that were read one after the other may disagree by the events in between.
  let most = 0;
  const rising = bounds.map(([le, count]): readonly [number, number] => {
    most = Math.max(most, count);
    return [le, most];
  });
  const rank = q * most;
  const index = rising.findIndex(([, count]) => count >= rank);
  const hit = rising[index];
  if (most === 0 || hit === undefined) return null;
  const before = rising[index - 1];
  const [le, count] = hit;
  if (le === Infinity) return before?.[0] ?? null;
  if (before === undefined && le <= 0) return le;
  const [from, below] = before ?? [0, 0];
  return count === below ? le : from + ((le - from) * (rank - below)) / (count - below);
}

function ofValues(q: number, values: readonly (readonly [number, number])[]): number | null {
  const total = values.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [index, count] of values) {
    seen += count;
    // The middle of the bucket, as far from its lower end as from its upper one in percent.
    if (seen >= q * total) return (2 * GROWTH ** index) / (GROWTH + 1);
  }
  return null;
}
