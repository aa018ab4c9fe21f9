// Whatever a database answers, what comes of it is well formed, or refused with a sentence.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressOf } from '../../../src/adapters/sql/address.ts';
import { samplesOf } from '../../../src/adapters/sql/samples.ts';
import { BelayError } from '../../../src/domain/errors.ts';

const cell = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.nat().map(String),
  fc.constantFrom('t', 'f', 'NaN', 'Infinity', '-0', '', ' ', '0x10', '1e999', '2025-03-10 12:00:00+00', 'infinity', '9'.repeat(400)),
  fc.constant(null),
);
const column = fc.record({
  name: fc.oneof(fc.constantFrom('org', 'n', 'at', 'a', 'b', '__proto__', 'constructor'), fc.string()),
  type: fc.constantFrom(16, 20, 25, 701, 1042, 1184, 1700, 1082, 99_999),
});

const GOOD = [
  { name: 'org', type: 25 },
  { name: 'n', type: 701 },
];

test('ten thousand answers give finite samples with short, plain, distinct labels, or a reason', () => {
  let taken = 0;
  fc.assert(
    fc.property(
      fc.oneof(fc.constant(GOOD), fc.array(column, { maxLength: 5 })),
      fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 4 }),
      fc.constantFrom('totals' as const, 'values' as const),
      (columns, rows, as) => {
        const reading = samplesOf({ columns, rows }, { as, at: 1_000 });
        if (!reading.ok) {
          expect(reading.why).toMatch(/./);
          expect(reading.why).not.toMatch(/\p{Cc}/u);
          expect(reading.why.length).toBeLessThan(400);
          return;
        }
        taken += 1;
        const keys = reading.samples.map((one) => JSON.stringify(one.kind === 'probe' ? one : [one.name, one.labels]));
        expect(new Set(keys).size).toBe(keys.length);
        for (const one of reading.samples) {
          if (one.kind !== 'total' && one.kind !== 'value') throw new Error(`a sample of kind ${one.kind}`);
          expect(one.kind).toBe(as === 'totals' ? 'total' : 'value');
          expect(Number.isFinite(one.at)).toBe(true);
          expect(Number.isFinite(one.kind === 'total' ? one.total : one.value)).toBe(true);
          for (const label of Object.values(one.labels)) {
            expect(label.length).toBeLessThanOrEqual(256);
            expect(label).not.toMatch(/\p{Cc}/u);
          }
        }
      },
    ),
    { numRuns: 10_000 },
  );
  expect(taken).toBeGreaterThan(300);
});

test('ten thousand addresses are taken or refused, and a refusal repeats nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 8 }), fc.webUrl(), fc.boolean(), (password, url, raw) => {
      const written = `postgres://ana:${raw ? password : encodeURIComponent(password)}@${url.replace(/^https?:\/\//, '')}`;
      try {
        const { label, mask } = addressOf('crm', written);
        expect(mask(`x${written}x`)).not.toContain(written);
        expect(label).toMatch(/./);
        if (!raw) expect(mask(`x${password}x`)).toBe('x***x');
      } catch (error) {
        if (!BelayError.is(error, 'BELAY_CONFIG_INVALID')) throw error;
        expect(error.message).toBe('source crm: its url is not the address of a Postgres.');
      }
    }),
    { numRuns: 10_000 },
  );
});
