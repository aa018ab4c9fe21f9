// Did you mean: the known name that is nearest to what somebody wrote.

/**
 * Optimal string alignment distance: insertions, deletions, replacements, and neighbours swapped, one each.
 * @example editDistance('beley', 'belay') // 1
 */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const options = [at(above, column) + 1, at(current, column - 1) + 1, at(above, column - 1) + (same ? 0 : 1)];
      current.push(Math.min(...options, ...(swapped ? [at(before, column - 2) + 1] : [])));
    }
    before = above;
    above = current;
  }
  return at(above, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

const LONGEST = 64;

/** Null when nothing known is near enough to be meant: a third of the letters, at most three. */
export function nearest(written: string, known: Iterable<string>): string | null {
  if (written.length > LONGEST) return null;
  const lower = written.toLowerCase();
  let best: { readonly name: string; readonly distance: number } | null = null;
  for (const name of known) {
    const limit = Math.min(3, Math.floor(Math.max(name.length, written.length) / 3));
    if (Math.abs(name.length - written.length) > limit) continue;
    const distance = editDistance(lower, name.toLowerCase());
    if (distance <= limit && (best === null || distance < best.distance)) best = { name, distance };
  }
  return best?.name ?? null;
}
