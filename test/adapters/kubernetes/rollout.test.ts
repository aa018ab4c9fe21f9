// What an API server may say of a Deployment, however odd it is: a state of bounded texts, and nothing is thrown.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { podsIn, releasesOf, selectorOf, setsIn, stateOf, tagOf } from '../../../src/adapters/kubernetes/rollout.ts';
import { fieldsIn } from '../../../src/domain/received.ts';
import { odd, word } from '../odd.ts';

const text = odd(
  word('crm', '1', 'True', 'False', 'Progressing', 'Ready', 'Running', 'app', '2026-11-27T10:00:00Z', '{"release":"a"}'),
  20,
);
const texts = fc.dictionary(word('app', 'deployment.kubernetes.io/revision', 'belay.dev/key', 'belay.dev/before'), text, { maxKeys: 3 });
const meta = odd(
  fc.record({
    name: text,
    uid: text,
    generation: odd(fc.nat(9)),
    annotations: odd(texts),
    creationTimestamp: text,
    ownerReferences: odd(fc.array(odd(fc.record({ uid: text, name: text })), { maxLength: 2 })),
  }),
);
const conditions = odd(
  fc.array(odd(fc.record({ type: text, status: text, reason: text, message: text, lastUpdateTime: text })), { maxLength: 2 }),
);
const template = odd(
  fc.record({
    metadata: odd(fc.record({ labels: odd(texts) })),
    spec: odd(fc.record({ containers: odd(fc.array(odd(fc.record({ image: text })))) })),
  }),
);
const deployment = odd(
  fc.record({
    metadata: meta,
    spec: odd(
      fc.record({ replicas: odd(fc.nat(3)), paused: odd(fc.boolean()), selector: odd(fc.record({ matchLabels: odd(texts) })), template }),
    ),
    status: odd(fc.record({ observedGeneration: odd(fc.nat(9)), replicas: odd(fc.nat(3)), updatedReplicas: odd(fc.nat(3)), conditions })),
  }),
);
const listOf = <T>(one: fc.Arbitrary<T>) => odd(fc.record({ items: odd(fc.array(odd(one), { maxLength: 3 })) }));
const set = fc.record({ metadata: meta, spec: odd(fc.record({ template })) });
const pod = fc.record({ metadata: meta, status: odd(fc.record({ phase: text, conditions })) });

test('ten thousand odd answers become states without a surprise', () => {
  const seen = { named: 0, rolling: 0 };
  fc.assert(
    fc.property(deployment, listOf(set), listOf(pod), (one, some, others) => {
      const fields = fieldsIn(one);
      selectorOf(fields);
      const sets = setsIn(some, fields);
      const state = stateOf({ deployment: fields, sets, pods: podsIn(others, sets) });
      releasesOf({ deployment: fields, sets, pods: [] });
      if (state.release !== '') seen.named += 1;
      if (state.inFlight !== undefined) seen.rolling += 1;
      if (!Number.isFinite(state.changedAt) || state.units.length > 3_000) throw new Error('an unfit state');
    }),
    { numRuns: 10_000 },
  );
  expect(seen.named).toBeGreaterThan(100);
  expect(seen.rolling).toBeGreaterThan(50);
});

test.each([
  ['registry.test:5000/crm:v1.0.0', 'v1.0.0'],
  ['crm', 'crm'],
  ['registry.test/crm@sha256:0123456789abcdef0123', '0123456789ab'],
  ['crm:v1@sha256:0123456789abcdef', 'v1'],
])('people know the image %s by %s', (image, tag) => {
  expect(tagOf(image)).toBe(tag);
});
