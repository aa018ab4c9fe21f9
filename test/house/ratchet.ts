// Owns the exceptions to house rules: each a name in exceptions.json with its reason. The list may shrink; a new name fails.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';

type Exceptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

const exceptions = JSON.parse(readFileSync(path.join(import.meta.dirname, 'exceptions.json'), 'utf8')) as Exceptions;

/** Fails for what is found and not excused, and for an excuse that is no longer needed: so the list can only fall. */
export function ratchet(rule: string, found: readonly string[]): void {
  const excused = Object.keys(exceptions[rule] ?? {});
  expect(
    found.filter((name) => !excused.includes(name)),
    `${rule}: mend these`,
  ).toEqual([]);
  expect(
    excused.filter((name) => !found.includes(name)),
    `${rule}: no longer needed, remove from test/house/exceptions.json`,
  ).toEqual([]);
}
