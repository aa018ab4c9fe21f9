// The push source: it answers when what was pushed is durable, and refuses what nobody takes.
import { expect, test } from 'vitest';
import { createPushSource } from '../../../src/adapters/push/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Batch } from '../../../src/domain/signal.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';

const batch = {
  at: 1_000,
  alive: true,
  samples: [{ kind: 'delta' as const, name: 'requests_total', labels: { org: 'acme' }, at: 900, delta: 1 }],
};

signalSourceContract('the push adapter', async () => {
  const source = createPushSource('events', 1_000);
  return {
    source,
    beat: async (count) => {
      for (let n = 0; n < count; n += 1) await source.push(batch);
    },
    trouble: null,
    close: async () => undefined,
  };
});

test('a push resolves when the delivery does, and carries its failure', async () => {
  const source = createPushSource('events', 1_000);
  const abort = new AbortController();
  let durable = (): void => undefined;
  const got: Batch[] = [];
  const run = source.run((one) => {
    got.push(one);
    return got.length === 1
      ? new Promise<void>((resolve) => {
          durable = resolve;
        })
      : Promise.reject(new BelayError('BELAY_STORE_UNAVAILABLE', 'no store'));
  }, abort.signal);
  let answered = false;
  const first = source.push(batch).then(() => {
    answered = true;
  });
  await Promise.resolve();
  expect(answered).toBe(false);
  durable();
  await first;
  expect(got[0]).toEqual({ ...batch, source: 'events' });
  await expect(source.push(batch)).rejects.toThrow('no store');
  abort.abort();
  await run;
  await expect(source.push(batch)).rejects.toThrow('source events is not being read now');
});
