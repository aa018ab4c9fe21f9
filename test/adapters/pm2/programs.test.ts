// Whatever `pm2 jlist` prints: samples within their bounds, or a sentence without a word of it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { programsIn, samplesOf } from '../../../src/adapters/pm2/programs.ts';
import { becomesSamplesOrReason, odd, word } from '../odd.ts';

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
  const text = odd(word('online', 'errored', 'crm'), 30);
  const env = fc.record({ status: text, namespace: text, restart_time: odd(fc.nat()), unstable_restarts: odd(fc.nat()) });
  const program = fc.record({ name: text, pm_id: odd(fc.nat(50)), pm2_env: odd(env), monit: odd(fc.record({ memory: odd(fc.nat()) })) });
  const list = odd(fc.array(odd(program), { maxLength: 4 })).map((all) => JSON.stringify(all) ?? '');
  const printed = fc.oneof(
    { arbitrary: list, weight: 9 },
    { arbitrary: fc.constantFrom('', '[', '[]', '[PM2] hello', '\u0000', '[1]\n[2'), weight: 1 },
  );
  becomesSamplesOrReason(printed, (one) => samplesOf(programsIn(one), { at: 5, wanted: [] }));
}, 60_000);
