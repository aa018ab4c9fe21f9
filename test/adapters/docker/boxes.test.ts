// What an engine may say of one container, however odd: a box of bounded texts, or none.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boxIn, unitOf } from '../../../src/adapters/docker/container-service.ts';
import { odd, word } from '../odd.ts';

test('ten thousand odd descriptions become a box, or none, without a surprise', () => {
  const state = odd(
    fc.record({
      Running: odd(fc.boolean()),
      Restarting: odd(fc.boolean()),
      Paused: odd(fc.boolean()),
      StartedAt: odd(word('2026-11-27T10:00:00.5Z', '0001-01-01T00:00:00Z')),
      Health: odd(fc.record({ Status: odd(word('healthy', 'starting', 'unhealthy', 'none')) })),
    }),
  );
  const described = odd(fc.record({ Id: odd(word('0123456789ab', '0123456789abcdef')), State: state, RestartCount: odd(fc.nat(5)) }));
  let boxes = 0;
  fc.assert(
    fc.property(described, (one) => {
      const box = boxIn(one);
      if (box === null) return;
      boxes += 1;
      const { life, startedAt } = unitOf(box, 'crm');
      if (life.length > 60 || (startedAt !== null && !Number.isFinite(startedAt)) || box.restarts < 0) throw new Error('an unfit box');
      if (box.isReady && !box.isUp) throw new Error('ready, and not there');
    }),
    { numRuns: 10_000 },
  );
  expect(boxes).toBeGreaterThan(500);
});
