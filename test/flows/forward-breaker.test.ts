// Handing on through a breaker, over a store and a receiver in memory: when the receiver is left alone, when it is tried again, and whose line
// it is.
import { afterEach, expect, test } from 'vitest';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Breaker, BreakerSpec, LineBreaker } from '../../src/domain/breaker.ts';
import type { IntakeMessage, IntakeSpec } from '../../src/domain/intake.ts';
import { type Forwarding, startForwarding } from '../../src/flows/forward.ts';
import { breakerLine } from '../../src/flows/line-breaker.ts';
import type { IntakeStore, Line } from '../../src/ports/intake-store.ts';

const MINUTE = 60_000;
const BREAKER: BreakerSpec = { on: [429, 503, 'timeout'], opensAfter: 5, retryAfterMs: 15 * MINUTE, closesAfterMs: 30_000 };
const SPEC: IntakeSpec = {
  ...{ id: 'dm', to: 'http://flows.test/{org}', verify: 'none', idHeader: 'webhook-id', timeoutMs: 1_000, most: 10, rememberMs: 1e12 },
  breaker: BREAKER,
};
const lives: Forwarding[] = [];
afterEach(async () => {
  for (const life of lives.splice(0)) await life.stop();
});

type Kept = IntakeMessage & { isDone: boolean; tries: number };

function storeOf() {
  const rows: Kept[] = [];
  const breakers = new Map<string, LineBreaker>();
  let writes = 0;
  const of = ({ line }: Line) => rows.filter((row) => !row.isDone && row.line === line);
  const taken = (row: Kept | undefined): IntakeMessage | null => {
    if (row === undefined) return null;
    row.tries += 1;
    return { ...row };
  };
  const finish = (seq: number): void => {
    for (const row of rows) if (row.seq === seq) row.isDone = true;
  };
  const store: Partial<IntakeStore> = {
    ready: async () => [...new Set(rows.filter((row) => !row.isDone).map((row) => row.line))].map((line) => ({ intake: 'dm', line })),
    take: async (line) => taken(of(line)[0]),
    takeBehind: async (row) => taken(of(row).find((one) => one.seq > row.seq)),
    delivered: async ({ seq }) => finish(seq),
    setAside: async ({ seq }) => finish(seq),
    failed: async () => undefined,
    forget: async () => undefined,
    breakers: async () => [...breakers.values()],
    keepBreaker: async ({ intake, line }, breaker) => {
      writes += 1;
      breakers.set(line, { intake, line, breaker: JSON.parse(JSON.stringify(breaker)) as Breaker });
    },
  };
  const add = (line: string, id: string): void => {
    const seq = rows.length;
    rows.push({ intake: 'dm', line, id, seq, at: 0, method: 'POST', rest: '', headers: {}, body: '', tries: 0, isDone: false });
  };
  return { store: store as IntakeStore, rows, add, stateOf: (line: string) => breakers.get(line)?.breaker.state, writes: () => writes };
}

/** What a store says whose process is killed at that moment. */
const KILLED = new Error('killed');

type Reply = { readonly status: number; readonly retryAfter?: string };

function world(answer: (line: string, id: string) => Reply, on: BreakerSpec['on'] = [429, 503, 'timeout']) {
  const kept = storeOf();
  const time = createVirtualTime(1_000_000_000_000);
  const asked: { readonly line: string; readonly id: string; readonly at: number }[] = [];
  const [told, errors, aside]: [string[], unknown[], string[]] = [[], [], []];
  const began = time.now();
  const live = (): Forwarding => {
    const life = startForwarding({
      ...{ intakes: [{ ...SPEC, breaker: { ...BREAKER, on } }], store: kept.store, time, mayAct: async () => true },
      onError: (error) => void (error === KILLED || errors.push(error)),
      onAside: ({ id }) => void aside.push(id),
      onBreaker: (turn) => void told.push(breakerLine(turn)),
      http: {
        request: async ({ headers, url }) => {
          const [line, id] = [url.slice(url.lastIndexOf('/') + 1), headers?.['belay-message'] ?? ''];
          asked.push({ line, id, at: time.now() - began });
          const { status, retryAfter } = answer(line, id);
          return { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter }, body: '', tookMs: 1 };
        },
      },
    });
    lives.push(life);
    return life;
  };
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 10_000) await time.advance(Math.min(left, 10_000));
    expect(errors).toEqual([]);
  };
  return { ...kept, time, asked, told, aside, live, pass, since: (from: number) => asked.slice(from) };
}

test('five failures in a row open it: what comes then waits untried, one message is tried after a quarter of an hour, then all go on in their order', async () => {
  let down = true;
  const { add, live, pass, asked, rows, told, stateOf } = world(() => ({ status: down ? 503 : 200 }));
  add('acme', '1');
  live();
  await pass(MINUTE);
  expect([asked.map(({ id }) => id), stateOf('acme')]).toEqual([['1', '1', '1', '1', '1'], 'open']);
  const openedAt = asked[4]?.at ?? 0;
  for (const id of ['2', '3']) add('acme', id);
  await pass(15 * MINUTE - 2 * MINUTE);
  expect([asked.length, rows.map(({ tries }) => tries)]).toEqual([5, [5, 0, 0]]);
  await pass(2 * MINUTE);
  expect(asked.slice(5)).toEqual([{ line: 'acme', id: '1', at: openedAt + 15 * MINUTE }]);
  down = false;
  await pass(15 * MINUTE);
  expect(asked.slice(6).map(({ id }) => id)).toEqual(['1', '2', '3']);
  await pass(31_000);
  expect(stateOf('acme')).toBe('closed');
  expect(told.map((line) => line.slice(0, 40))).toEqual([
    'intake dm/acme: the breaker is open, its',
    'intake dm/acme: the breaker is half-open',
    'intake dm/acme: the breaker is closed ag',
  ]);
});

test('each organization has its own: one whose receiver fails is left alone, the other notices nothing, and its breaker is never written', async () => {
  const { add, live, pass, asked, stateOf, writes } = world((line) => ({ status: line === 'acme' ? 429 : 200 }));
  add('acme', '1');
  live();
  for (let n = 0; n < 60; n += 1) {
    add('globex', String(n));
    await pass(1_000);
  }
  expect(asked.filter(({ line }) => line === 'globex').map(({ id }) => id)).toEqual(Array.from({ length: 60 }, (_, n) => String(n)));
  expect([asked.filter(({ line }) => line === 'acme').length, stateOf('acme'), stateOf('globex'), writes()]).toEqual([
    5,
    'open',
    undefined,
    5,
  ]);
});

test('a message that is wrong opens nothing: it is set aside as ever, and the line goes on', async () => {
  const { add, live, pass, rows, stateOf } = world((_line, id) => ({ status: id === 'bad' ? 422 : 200 }));
  for (const id of ['bad', '2', '3']) add('acme', id);
  live();
  await pass(MINUTE);
  expect([rows.every(({ isDone }) => isDone), stateOf('acme')]).toEqual([true, undefined]);
});

test.each([1, 4, 5, 6])(
  'an end after try %i forgets no failure: whoever starts it again tries no more often than one life would have',
  async (tries) => {
    const { add, live, pass, time, asked, stateOf } = world(() => ({ status: 503 }));
    add('acme', '1');
    const first = live();
    await time.advanceUntil(() => asked.length === tries);
    await first.stop();
    await pass(500);
    live();
    await pass(MINUTE);
    expect([asked.length, stateOf('acme')]).toEqual([Math.max(5, tries), 'open']);
  },
);

test('what the receiver asks for is kept where it is longer', async () => {
  const answers = ['7', undefined, undefined, undefined, '1800'];
  const { add, live, pass, asked } = world(() => {
    const retryAfter = answers.shift();
    return { status: 429, ...(retryAfter === undefined ? {} : { retryAfter }) };
  });
  add('acme', '1');
  live();
  await pass(40 * MINUTE);
  const at = asked.map((one) => one.at);
  expect([(at[1] ?? 0) - (at[0] ?? 0), (at[5] ?? 0) - (at[4] ?? 0)]).toEqual([7_000, 30 * MINUTE]);
});

test('a failure while it is half-open opens it again', async () => {
  let good = 0;
  const { add, live, pass, stateOf, told } = world(() => ({ status: good > 0 && good-- > 0 ? 200 : 503 }));
  for (const id of ['1', '2', '3']) add('acme', id);
  live();
  await pass(MINUTE);
  good = 1;
  await pass(15 * MINUTE);
  expect(stateOf('acme')).toBe('open');
  expect(told.map((line) => /is (\S+?)[, ]/.exec(line)?.[1])).toEqual(['open', 'half-open', 'open']);
});

test('an answer that is not in `on` keeps its pause though the rest of the breaker is over', async () => {
  let status = 503;
  // It gives in at last, so that a loop without a pause ends.
  const { add, live, pass, asked } = world(() => ({ status: asked.length > 200 ? 200 : status }));
  add('acme', '1');
  live();
  await pass(MINUTE);
  const before = asked.length;
  status = 502;
  await pass(16 * MINUTE);
  expect(asked.length - before).toBeLessThan(40);
});

test('a rest that is ended in the store by another process is over here as well', async () => {
  let status = 503;
  const { add, live, pass, store, stateOf, rows, time } = world(() => ({ status }));
  add('acme', '1');
  live();
  await pass(MINUTE);
  status = 200;
  for (const { breaker, ...line } of await store.breakers())
    if (breaker.state === 'open') await store.keepBreaker(line, { ...breaker, notBefore: time.now() });
  await pass(10_000);
  expect([rows.every(({ isDone }) => isDone), stateOf('acme')]).toEqual([true, 'half-open']);
});

const WITH_500 = [429, 500, 503, 'timeout'] as const;

test('with 500 in `on` one message that its receiver cannot take holds up its line for an hour and not for the night, and then opens nothing', async () => {
  const { add, live, pass, rows, told, stateOf } = world((_line, id) => ({ status: id === 'bad' ? 500 : 200 }), WITH_500);
  for (const id of ['bad', '2', '3']) add('acme', id);
  live();
  await pass(30 * MINUTE);
  expect(rows.map(({ isDone }) => isDone)).toEqual([false, false, false]);
  await pass(30 * MINUTE);
  expect([rows.every(({ isDone }) => isDone), stateOf('acme')]).toEqual([true, 'closed']);
  expect(told.map((line) => /is (\S+?)(?:,| again|$)/.exec(line)?.[1])).toEqual(['open', 'half-open', 'closed']);
});

test('with 500 in `on` a receiver that fails for hours loses no message, and they go on in their order', async () => {
  let isDown = true;
  const { add, live, pass, rows, asked, aside } = world(() => ({ status: isDown ? 500 : 200 }), WITH_500);
  for (const id of ['1', '2', '3']) add('acme', id);
  live();
  await pass(4 * 60 * MINUTE);
  expect(rows.some(({ isDone }) => isDone)).toBe(false);
  isDown = false;
  const before = asked.length;
  await pass(16 * MINUTE);
  expect([asked.slice(before).map(({ id }) => id), aside]).toEqual([['1', '2', '3'], []]);
});

test('with 500 in `on` a kill between any two writes of the turn that sets a message aside loses none, and blames none but that one', async () => {
  const seen: unknown[] = [];
  for (const at of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const { add, live, pass, rows, store, aside, asked } = world((_line, id) => ({ status: id === 'bad' ? 500 : 200 }), WITH_500);
    let writes = 0;
    for (const name of ['keepBreaker', 'failed', 'delivered', 'setAside'] as const) {
      const write = store[name] as (...args: unknown[]) => Promise<void>;
      const killed = async (...args: unknown[]): Promise<void> => {
        const isLast = (rows[0]?.tries ?? 0) >= 8 && ++writes === at;
        if (isLast) throw KILLED;
        await write(...args);
      };
      Object.assign(store, { [name]: killed });
    }
    for (const id of ['bad', '2', '3']) add('acme', id);
    live();
    await pass(70 * MINUTE);
    const taken = [...new Set(asked.map(({ id }) => id).filter((id) => id !== 'bad'))];
    seen.push([rows.every(({ isDone }) => isDone), taken, aside.every((id) => id === 'bad'), writes >= at]);
  }
  expect(seen).toEqual(Array.from({ length: 8 }, () => [true, ['2', '3'], true, true]));
});
