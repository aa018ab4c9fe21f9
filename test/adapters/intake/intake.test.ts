// Belay's own intakes as a source, over a store in memory: the lines it tells, a store that is away, and the example of its page to the end. How
// the real store counts is proven beside it, and the whole way with it in test/scenarios/examples/julia-degraded.test.ts.
import { describe, expect, test } from 'vitest';
import { createIntakeReader } from '../../../src/adapters/intake/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { LineBreaker } from '../../../src/domain/breaker.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { IntakeSpec, IntakeStatus } from '../../../src/domain/intake.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import type { Line } from '../../../src/ports/intake-store.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';
import { DetectWorld } from '../../flows/detect-world.ts';
import { demandTame, exampleOf, NEVER, sourceIn } from '../api-source.ts';

const NOON = Date.parse('2026-11-27T12:00:00Z');
const SPEC = { id: 'intakes', driver: 'intake', everyMs: 20, timeoutMs: 1_000 } as const;
const RULE = { on: [503], opensAfter: 5, retryAfterMs: 900_000, closesAfterMs: 30_000 };
const DM: IntakeSpec = {
  id: 'dm',
  to: 'http://x/{org}',
  verify: 'none',
  idHeader: 'id',
  timeoutMs: 1,
  most: 1,
  rememberMs: 1,
  breaker: RULE,
};
const { breaker: _none, ...plain } = DM;
const WHOLE: IntakeSpec = { ...plain, id: 'whole', to: 'http://x/hook' };
const EMPTY: IntakeStatus = { received: 0, delivered: 0, aside: 0, waiting: 0, oldestAt: null, held: false, underWayAt: null };
const openSince = (since: number): LineBreaker['breaker'] => ({ state: 'open', failures: 5, since, at: since, notBefore: since + 900_000 });

function storeOf() {
  const state = {
    down: false,
    lines: new Map<string, Partial<IntakeStatus>>(),
    breakers: [] as LineBreaker[],
    reads: [] as (() => void)[],
  };
  const ask = async <T>(answer: T): Promise<T> => {
    if (state.down) throw new BelayError('BELAY_STORE_UNAVAILABLE', 'the store is away');
    return answer;
  };
  const store = {
    status: ({ intake, line }: Line) => ask({ ...EMPTY, ...state.lines.get(`${intake}/${line}`) }),
    breakers: () => {
      for (const wake of state.reads.splice(0)) wake();
      return ask(state.breakers);
    },
  };
  return { state, store };
}

signalSourceContract('the source of intakes', async () => {
  const { state, store } = storeOf();
  const reader = createIntakeReader(SPEC, { time: systemTime, intake: store, intakes: [WHOLE] });
  return {
    source: polled(reader, systemTime),
    beat: async (count) => {
      for (let n = 0; n <= count; n += 1)
        await Promise.race([new Promise<void>((resolve) => state.reads.push(resolve)), systemTime.sleep(200)]);
    },
    trouble: async (on) => {
      state.down = on;
    },
    close: async () => undefined,
  };
});

describe('what is told of intakes', () => {
  test('is each line by itself: what waits, since when, what was set aside, and the breaker where there is one', async () => {
    const { state, store } = storeOf();
    state.lines.set('dm/acme', { waiting: 7, aside: 1, oldestAt: NOON - 90_000 });
    state.breakers.push({ intake: 'dm', line: 'acme', breaker: openSince(NOON - 60_000) });
    state.breakers.push({ intake: 'dm', line: 'globex', breaker: { state: 'half-open', since: NOON - 30_000 } });
    state.breakers.push({ intake: 'whole', line: '', breaker: openSince(NOON) });
    const reader = createIntakeReader(SPEC, { time: { now: () => NOON }, intake: store, intakes: [DM, WHOLE], orgs: ['acme', 'globex'] });
    const { samples } = await reader.read(NEVER, {});
    const told = samples.flatMap((one) => (one.kind === 'value' ? [[one.name, one.labels['intake'], one.labels['org'], one.value]] : []));
    expect(told).toEqual([
      ['intake_waiting', 'dm', 'acme', 7],
      ['intake_aside', 'dm', 'acme', 1],
      ['intake_oldest_seconds', 'dm', 'acme', 90],
      ['intake_breaker_open', 'dm', 'acme', 1],
      ['intake_waiting', 'dm', 'globex', 0],
      ['intake_aside', 'dm', 'globex', 0],
      ['intake_oldest_seconds', 'dm', 'globex', 0],
      // Its half minute is over, whoever has written it down or not.
      ['intake_breaker_open', 'dm', 'globex', 0],
      ['intake_waiting', 'whole', undefined, 0],
      ['intake_aside', 'whole', undefined, 0],
      ['intake_oldest_seconds', 'whole', undefined, 0],
    ]);
  });

  test('is nothing, with the reason, where no Belay runs', async () => {
    const batch = await createIntakeReader(SPEC, { time: { now: () => NOON }, intakes: [DM], orgs: ['acme'] }).read(NEVER, {});
    expect(batch).toMatchObject({ alive: false, reason: 'no Belay runs here, so no intake is open', samples: [] });
  });
});

test('the example of the page breaches for the organization whose receiver is away, and clears when its breaker is closed', async () => {
  const { state, store } = storeOf();
  const { system, text } = exampleOf('intake', { from: '{env.APP_URL}', to: 'http://127.0.0.1:1' });
  const spec = sourceIn(system, 'intake');
  const world = new DetectWorld(system);
  world.clock.nowMs = NOON;
  const orgs = system.organizations.map(({ id }) => id);
  const reader = createIntakeReader(spec, { time: { now: () => world.clock.nowMs }, intake: store, intakes: system.intakes, orgs });
  const pass = async (minutes: number): Promise<void> => {
    for (let n = 0; n < minutes * 4; n += 1) {
      world.clock.nowMs += spec.everyMs;
      const batch = await reader.read(NEVER, {});
      demandTame(batch, text);
      await world.detector.ingest(batch);
    }
  };
  await pass(3);
  expect(await world.path('acme', 'receiver-away')).toEqual([]);
  state.breakers.push({ intake: 'dm', line: 'acme', breaker: openSince(NOON) });
  await pass(3);
  expect((await world.path('acme', 'receiver-away')).at(-1)).toBe('suspect→breached');
  state.breakers.splice(0);
  await pass(5);
  expect((await world.path('acme', 'receiver-away')).slice(-2)).toEqual(['breached→cleared', 'cleared→ok']);
});
