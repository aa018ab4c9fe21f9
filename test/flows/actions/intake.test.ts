// Whoever lets messages go has their receiver tried at once, whatever rest its breaker has left.
import { expect, test } from 'vitest';
import type { Breaker } from '../../../src/domain/breaker.ts';
import { describeEvent } from '../../../src/domain/event-text.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { type DoRequest, performDo } from '../../../src/flows/do.ts';
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

test.each([
  ['intake.release', { org: 'acme' }, 'nothing was held on dm/acme', 'nada estava retido em dm/acme'],
  ['intake.retry', {}, 'nothing was set aside on dm', 'nada estava posto de lado em dm'],
] as const)('%s where there is nothing to let go says so in the words of its step', async (name, org, said, dito) => {
  const status = { received: 1, delivered: 1, aside: 0, waiting: 0, oldestAt: null, held: false, underWayAt: null };
  const store = { status: async () => status } as unknown as IntakeStore;
  const spec = { id: 'dm', to: 'http://flows/{org}', verify: 'none', idHeader: 'id', timeoutMs: 1_000, most: 10, rememberMs: 1 } as const;
  const actions = createActions({
    targets: {},
    switches: {},
    pause: null as never,
    intake: { specs: [spec], store, time: { now: () => 0 } },
  });
  const request = { action: actions[name], args: { intake: 'dm', ...org }, key: 'k', earlier: [], timeoutMs: 1_000 };
  const world = { journal: { ofKey: async () => [] }, time: { sleep: () => new Promise(() => undefined) } };
  const outcome = await performDo(world as never, request as unknown as DoRequest);
  const event = { type: 'step.finished', data: { step: 'go', attempt: 1, status: 'noop', detail: outcome } } as const;
  expect(describeEvent(event as never, 'en')).toBe(`Step go: already as wanted (${said})`);
  expect(describeEvent(event as never, 'pt-BR')).toBe(`Passo go: já estava como desejado (${dito})`);
});
