// Bodies that nobody would write: the reading of a summary.json ends in samples within their bounds or in a reason, and in nothing else.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chosen, parseSummary, plain, SummaryError, samplesOf } from '../../../src/adapters/status-page/summary.ts';

const NAMES: readonly string[] = [
  'status_indicator',
  'status_maintenance',
  'status_unknown',
  'status_component_down',
  'status_component_level',
  'status_component_maintenance',
];

test('whatever the body is, it becomes samples within their bounds or a reason, 10 000 times', () => {
  const word = fc.oneof(
    fc.constantFrom('none', 'maintenance', 'critical', 'operational', 'major_outage', 'under_maintenance', '__proto__', 'constructor'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    fc.string({ unit: 'binary', minLength: 250, maxLength: 270 }),
  );
  const odd = <T>(usual: fc.Arbitrary<T>) =>
    fc.oneof({ arbitrary: usual, weight: 60 }, { arbitrary: fc.jsonValue({ maxDepth: 2 }), weight: 1 });
  const component = odd(fc.record({ name: odd(word), status: odd(word) }));
  const body = odd(
    fc.record({
      page: odd(fc.record({ updated_at: odd(fc.constant('2025-03-10T12:00:00Z')) })),
      status: odd(fc.record({ indicator: odd(word) })),
      components: odd(fc.array(component, { maxLength: 5 })),
      incidents: odd(
        fc.array(odd(fc.record({ name: odd(word), status: odd(word), impact: odd(word), started_at: odd(word) })), { maxLength: 3 }),
      ),
      scheduled_maintenances: odd(fc.array(odd(fc.record({ status: odd(word) })), { maxLength: 3 })),
    }),
  );
  const text = fc.oneof(
    { arbitrary: body.map((one) => JSON.stringify(one) ?? ''), weight: 9 },
    { arbitrary: fc.string({ unit: 'binary', maxLength: 40 }), weight: 1 },
  );
  const wanted = fc.option(fc.array(word, { maxLength: 2 }), { nil: undefined, freq: 2 });
  const seen = { samples: 0, reasons: 0 };
  fc.assert(
    fc.property(text, wanted, (one, names) => {
      try {
        const summary = parseSummary(one);
        const samples = samplesOf(summary, chosen(summary.components, names), 5);
        seen.samples += 1;
        let isGood = true;
        const series = new Set<string>();
        for (const sample of samples) {
          if (sample.kind !== 'value') throw new Error(`a ${sample.kind} sample`);
          const label = sample.labels['component'] ?? '-';
          isGood &&= NAMES.includes(sample.name) && [0, 1, 2, 3, 4, 5, 6].includes(sample.value);
          isGood &&= label.length > 0 && label.length <= 256 && plain(label, 256) === label;
          series.add(`${sample.name} ${label}`);
        }
        if (!isGood || series.size !== samples.length) throw new Error(JSON.stringify(samples));
      } catch (error) {
        if (!(error instanceof SummaryError)) throw error;
        seen.reasons += 1;
        if (error.message.length > 3_000 || /\p{Cc}/u.test(error.message)) throw new Error('an unfit reason', { cause: error });
      }
    }),
    { numRuns: 10_000 },
  );
  expect(seen.samples).toBeGreaterThan(2_000);
  expect(seen.reasons).toBeGreaterThan(500);
});
