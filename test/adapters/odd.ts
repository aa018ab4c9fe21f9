// Pieces of hostile JSON that are cheap to make: ten thousand documents in seconds.
import fc from 'fast-check';
import { expect } from 'vitest';
import { Unusable } from '../../src/domain/answer.ts';
import type { Sample } from '../../src/domain/signal.ts';

const JUNK = fc.constantFrom<unknown>(null, true, -1, 1e308, '', 'x', [], [null], {}, { a: [] }, '9'.repeat(400), Number.MAX_SAFE_INTEGER);

/** Once in `weight` it is something else altogether. */
export const odd = <T>(usual: fc.Arbitrary<T>, weight = 50): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: usual as fc.Arbitrary<unknown>, weight }, { arbitrary: JUNK, weight: 1 });

export const word = (...known: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { arbitrary: fc.constantFrom(...known, '__proto__', 'constructor', 'a\u0000b\ud800', 'x'.repeat(300)), weight: 4 },
    { arbitrary: fc.string({ minLength: 1, maxLength: 8 }), weight: 1 },
  );

/** Each document becomes tame samples or an `Unusable`; both happen. */
export function becomesSamplesOrReason<T>(documents: fc.Arbitrary<T>, samplesOf: (document: T) => readonly Sample[]): void {
  const seen = { samples: 0, reasons: 0 };
  fc.assert(
    fc.property(documents, (document) => {
      try {
        demandTame(samplesOf(document));
        seen.samples += 1;
      } catch (error) {
        if (!(error instanceof Unusable)) throw error;
        seen.reasons += 1;
        if (error.message === '' || error.message.length > 2_000) throw new Error('an unfit reason', { cause: error });
      }
    }),
    { numRuns: 10_000 },
  );
  expect(seen.samples).toBeGreaterThan(1_000);
  expect(seen.reasons).toBeGreaterThan(300);
}

function demandTame(samples: readonly Sample[]): void {
  const series = new Set<string>();
  for (const sample of samples) {
    if (sample.kind === 'probe') throw new Error('a probe');
    const number = sample.kind === 'total' ? sample.total : sample.kind === 'delta' ? sample.delta : sample.value;
    if (!Number.isFinite(number) || !Number.isFinite(sample.at)) throw new Error(`no number: ${JSON.stringify(sample)}`);
    if (sample.kind !== 'value' && number < 0) throw new Error(`below zero: ${JSON.stringify(sample)}`);
    for (const label of Object.values(sample.labels))
      if (label.length > 256 || /\p{Cc}/u.test(label)) throw new Error(`an unfit label: ${JSON.stringify(label)}`);
    const key = JSON.stringify([sample.kind, sample.name, sample.labels, sample.kind === 'delta' ? sample.id : '', sample.at]);
    if (series.has(key)) throw new Error(`two of one series: ${key}`);
    series.add(key);
  }
}
