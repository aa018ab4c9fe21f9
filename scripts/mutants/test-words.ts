// The words of vitest that the tests of the domain use, without its runner: they list themselves here and are run again and again in one
// process. `expect` is vitest's own. Refuses to run anything.
import { expect } from 'vitest';

type Body = (...row: never[]) => unknown;
interface Listed {
  readonly name: string;
  readonly body: () => unknown;
}

let listed: Listed[] = [];
let path: readonly string[] = [];

/** All that was listed since the last call. */
export function takeListed(): readonly Listed[] {
  const all = listed;
  listed = [];
  return all;
}

export function describe(name: string, body: () => void): void {
  const outer = path;
  path = [...outer, name];
  body();
  path = outer;
}

export function test(name: string, body: () => unknown): void {
  listed.push({ name: [...path, name].join(' > '), body });
}

const spread = (row: unknown): never[] => (Array.isArray(row) ? row : [row]) as never[];

test.each =
  (rows: readonly unknown[]) =>
  (name: string, body: Body): void => {
    for (const [index, row] of rows.entries()) test(`${name} (${index + 1})`, () => body(...spread(row)));
  };

export { expect, test as it };
