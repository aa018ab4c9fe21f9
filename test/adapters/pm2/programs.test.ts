// Whatever `pm2 jlist` prints: samples within their bounds, or a sentence without a word of it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { programsIn, samplesOf } from '../../../src/adapters/pm2/programs.ts';
import { Unusable } from '../../../src/domain/answer.ts';

const one = (o: object = {}) => ({
  name: 'crm',
  pm_id: 0,
  monit: { memory: 5 },
  pm2_env: { status: 'online', restart_time: 2, env: { TOKEN: 'hunter2' } },
  ...o,
});

test('what PM2 says of itself before the list is passed over', () => {
  const text = `>>>> In-memory PM2 is out-of-date, do:\n>>>> $ pm2 update\n[PM2] a word\n${JSON.stringify([one()])}\n`;
  expect(samplesOf(programsIn(text), { at: 1, wanted: [] }).map((sample) => ('name' in sample ? sample.name : ''))).toEqual([
    'pm2_restarts',
    'pm2_unstable_restarts',
    'pm2_online',
    'pm2_errored',
    'pm2_memory_bytes',
  ]);
});

test('a process that goes while it is reloaded is not told of', () => {
  expect(programsIn(JSON.stringify([one(), one({ pm_id: '_old_0' })]))).toHaveLength(1);
});

test.each([
  ['a name that is none', [one({ name: 7 })], 'process 0 of the list has no name'],
  ['no state', [one({ pm2_env: null })], 'process 0 of the list has no pm2_env'],
  ['a count of text', [one({ pm2_env: { restart_time: 'hunter2' } })], 'process 0: restart_time is not a number'],
  ['one number twice', [one(), one()], 'two processes have the same number'],
  ['too many', Array.from({ length: 501 }, (_, pm_id) => one({ pm_id })), '501 processes, more than 500: choose some by apps'],
])('%s refuses the whole reading', (_what, list, message) => {
  expect(() => programsIn(JSON.stringify(list))).toThrow(message);
});

test('ten thousand printed texts become finite samples with short, plain labels, one of each series, or a sentence', () => {
  const odd = <T>(usual: fc.Arbitrary<T>) =>
    fc.oneof({ arbitrary: usual, weight: 30 }, { arbitrary: fc.jsonValue({ maxDepth: 1 }), weight: 1 });
  const word = fc.oneof(fc.constantFrom('online', 'errored', '__proto__'), fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }));
  const env = fc.record({ status: odd(word), namespace: odd(word), restart_time: odd(fc.nat()), unstable_restarts: odd(fc.nat()) });
  const program = fc.record({
    name: odd(word),
    pm_id: odd(fc.nat(50)),
    pm2_env: odd(env),
    monit: odd(fc.record({ memory: odd(fc.nat()) })),
  });
  const list = fc.array(odd(program), { maxLength: 4 }).map((all) => JSON.stringify(all));
  const seen = { samples: 0, reasons: 0 };
  fc.assert(
    fc.property(fc.oneof({ arbitrary: list, weight: 9 }, { arbitrary: fc.string({ unit: 'binary' }), weight: 1 }), (text) => {
      try {
        const samples = samplesOf(programsIn(text), { at: 5, wanted: [] });
        seen.samples += 1;
        const series = new Set(samples.map((sample) => JSON.stringify('labels' in sample ? [sample.name, sample.labels] : [])));
        if (series.size !== samples.length) throw new Error('two of one series');
        for (const sample of samples) {
          if (sample.kind !== 'total' && sample.kind !== 'value') throw new Error(`a ${sample.kind}`);
          if (!Number.isFinite(sample.kind === 'total' ? sample.total : sample.value)) throw new Error('no number');
          for (const label of Object.values(sample.labels))
            if (label.length > 256 || /\p{Cc}/u.test(label)) throw new Error(JSON.stringify(label));
        }
      } catch (error) {
        if (!(error instanceof Unusable)) throw error;
        seen.reasons += 1;
      }
    }),
    { numRuns: 10_000 },
  );
  expect(seen.samples).toBeGreaterThan(2_000);
  expect(seen.reasons).toBeGreaterThan(500);
}, 20_000);
