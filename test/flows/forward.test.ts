// Handing on what an intake has kept, over a store and a receiver in memory: who is blamed when a message is refused again and again.
import { afterEach, expect, test } from 'vitest';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { IntakeMessage, IntakeSpec } from '../../src/domain/intake.ts';
import { intakeActions } from '../../src/flows/actions/intake.ts';
import { type Forwarding, startForwarding } from '../../src/flows/forward.ts';
import type { IntakeStore } from '../../src/ports/intake-store.ts';

const SPEC: IntakeSpec = {
  id: 'dm',
  to: 'http://n8n.test/hook',
  verify: 'none',
  idHeader: 'webhook-id',
  timeoutMs: 1_000,
  most: 10,
  rememberMs: 1_000_000_000,
};
const LINE = { intake: 'dm', line: '' };

let forwarding: Forwarding | null = null;
afterEach(() => forwarding?.stop());

type Kept = IntakeMessage & { state: 'waits' | 'delivered' | 'aside'; tries: number };

function storeOf(ids: readonly string[]) {
  const rows: Kept[] = ids.map((id, index) => ({
    ...{ ...LINE, id, seq: index, at: 0, method: 'POST', rest: '', headers: {}, body: '', tries: 0, state: 'waits' },
  }));
  const taken = (row: Kept | undefined): IntakeMessage | null => {
    if (row === undefined) return null;
    row.tries += 1;
    return { ...row };
  };
  const mark = (seq: number, state: Kept['state']): void => {
    for (const row of rows) if (row.seq === seq) row.state = state;
  };
  const waiting = () => rows.filter(({ state }) => state === 'waits');
  const store: Partial<IntakeStore> = {
    ready: async () => (waiting().length > 0 ? [LINE] : []),
    take: async () => taken(waiting()[0]),
    takeBehind: async ({ seq }) => taken(waiting().find((row) => row.seq > seq)),
    delivered: async ({ seq }) => mark(seq, 'delivered'),
    failed: async () => undefined,
    setAside: async ({ seq }) => mark(seq, 'aside'),
    putBack: async () => {
      for (const row of rows) if (row.state === 'aside') Object.assign(row, { state: 'waits', tries: 0 });
    },
    status: async () => ({
      ...{ received: rows.length, delivered: 0, waiting: waiting().length, oldestAt: null, held: false, underWayAt: null },
      aside: rows.filter(({ state }) => state === 'aside').length,
    }),
    forget: async () => undefined,
  };
  return { rows, store: store as IntakeStore };
}

async function world(ids: readonly string[], answer: (id: string) => number) {
  const { rows, store } = storeOf(ids);
  const time = createVirtualTime(0);
  const [got, told, errors]: [string[], string[], unknown[]] = [[], [], []];
  forwarding = startForwarding({
    ...{ intakes: [SPEC], store, time, mayAct: async () => true },
    onError: (error) => void errors.push(error),
    onAside: ({ id }) => void told.push(id),
    http: {
      request: async ({ headers }) => {
        const id = headers?.['belay-message'] ?? '';
        const status = answer(id);
        if (status === 200) got.push(id);
        return { status, headers: {}, body: '', tookMs: 1 } as never;
      },
    },
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let n = 0; n < seconds; n += 1) await time.advance(1_000);
    expect(errors).toEqual([]);
  };
  return { rows, store, pass, got, told };
}

test.each([400, 422, 500])(
  'a receiver that answers %i to all for an hour loses no message, and they go on in order after it',
  async (status) => {
    let down = true;
    const { rows, pass, got, told } = await world(['1', '2', '3'], () => (down ? status : 200));
    await pass(3_600);
    expect([rows.map(({ state }) => state), told]).toEqual([['waits', 'waits', 'waits'], []]);
    down = false;
    await pass(31);
    expect(got).toEqual(['1', '2', '3']);
  },
);

test.each([
  [422, 20],
  [500, 200],
])('a message alone to blame for %i is set aside once the one behind it is taken', async (status, seconds) => {
  const { rows, pass, got, told } = await world(['bad', '2', '3'], (id) => (id === 'bad' ? status : 200));
  await pass(seconds);
  expect([rows.map(({ state }) => state), told, got]).toEqual([['aside', 'delivered', 'delivered'], ['bad'], ['2', '3']]);
});

test('a message that is taken when the receiver has come back between two tries is not blamed', async () => {
  let refusals = 5;
  const { rows, pass } = await world(['1', '2'], (id) => {
    if (id !== '1' || refusals === 0) return 200;
    refusals -= 1;
    return 422;
  });
  await pass(20);
  expect(rows.map(({ state }) => state)).toEqual(['delivered', 'delivered']);
});

test('intake.retry puts back what was set aside, and says so while its receiver still refuses it', async () => {
  let refuses = true;
  const { store, pass, got } = await world(['bad', '2'], (id) => (id === 'bad' && refuses ? 422 : 200));
  await pass(20);
  const retry = intakeActions({ specs: [SPEC], store, time: { now: () => 0 } }).find(({ spec }) => spec.name === 'intake.retry');
  if (retry === undefined) throw new Error('no action intake.retry');
  const args = { intake: 'dm' };
  const seen = await retry.observe(args);
  expect(seen).toMatchObject({ current: '1 set aside', desired: 'none set aside', reached: false });
  refuses = false;
  await retry.act(args, { expected: seen.fingerprint, key: 'k', reason: 'r' } as never);
  expect(await retry.observe(args)).toMatchObject({ current: 'none set aside', reached: true });
  await pass(2);
  expect(got).toEqual(['2', 'bad']);
});
