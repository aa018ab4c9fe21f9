// Whoever lets messages go has their receiver tried at once, whatever rest its breaker has left.
import { expect, test } from 'vitest';
import type { Breaker } from '../../../src/domain/breaker.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import type { IntakeStore, Line } from '../../../src/ports/intake-store.ts';

const OPEN: Breaker = { state: 'open', failures: 5, since: 1, at: 1, notBefore: 900_001 };
/** Not open, but its receiver has asked for a rest. */
const ASKED: Breaker = { state: 'closed', failures: 1, at: 1, notBefore: 900_001 };

test.each(['intake.release', 'intake.retry'] as const)('%s ends the rest of a breaker, and the breaker stays as it was', async (name) => {
  const kept: (readonly [string, Breaker])[] = [];
  const done: string[] = [];
  const lines = [
    { intake: 'dm', line: 'acme', breaker: OPEN },
    { intake: 'dm', line: 'globex', breaker: { ...OPEN, state: 'half-open' } },
    { intake: 'dm', line: 'initech', breaker: ASKED },
    { intake: 'other', line: 'acme', breaker: OPEN },
  ];
  const store = {
    breakers: async () => lines,
    keepBreaker: async ({ intake, line }: Line, breaker: Breaker) => void kept.push([`${intake}/${line}`, breaker]),
    release: async () => void done.push('release'),
    putBack: async () => void done.push('retry'),
  } as unknown as IntakeStore;
  const breaker = { on: [429, 503, 'timeout'], opensAfter: 5, retryAfterMs: 900_000, closesAfterMs: 30_000 } as const;
  const specs = [
    { id: 'dm', to: 'http://flows/', verify: 'none', idHeader: 'id', timeoutMs: 1_000, most: 10, rememberMs: 1, breaker },
  ] as const;
  const actions = createActions({ targets: {}, switches: {}, pause: null as never, intake: { specs, store, time: { now: () => 5_000 } } });
  await actions[name]?.act({ intake: 'dm' }, { expected: '', key: 'k', reason: 'INC-1' });
  expect(kept).toEqual([
    ['dm/acme', { ...OPEN, notBefore: 5_000 }],
    ['dm/initech', { ...ASKED, notBefore: 5_000 }],
  ]);
  expect(done).toEqual([name.slice('intake.'.length)]);
});
