// Shares of two, from weights or counts. Pure.
import { BelayError } from '../../domain/errors.ts';

/** @throws BELAY_CONFIG_INVALID */
export function demandTwo(driver: string, option: string, names: readonly string[]): void {
  if (names.length === 2 && names[0] !== names[1]) return;
  throw new BelayError('BELAY_CONFIG_INVALID', `driver ${driver}: ${option}: there must be two of them, the old one and the new one`);
}

export function sharesBy(names: readonly string[], of: (name: string) => number): Readonly<Record<string, number>> {
  const all = names.reduce((sum, name) => sum + of(name), 0);
  return Object.fromEntries(names.map((name) => [name, all === 0 ? 0 : of(name) / all]));
}

export const fingerprintOf = (shares: Readonly<Record<string, number>>): string =>
  Object.entries(shares)
    .map(([name, share]) => `${name} ${Math.round(share * 100)}`)
    .join(', ');

/** The smallest list that holds both in these shares, by hundredths. */
export function inSmallestList(share: number): { readonly of: number; readonly rest: number } {
  const hundredths = Math.round(share * 100);
  const divisor = greatest(hundredths, 100);
  return { of: hundredths / divisor, rest: (100 - hundredths) / divisor };
}

const greatest = (a: number, b: number): number => (b === 0 ? a : greatest(b, a % b));
