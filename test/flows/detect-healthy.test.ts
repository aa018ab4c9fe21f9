// Ten thousand healthy organizations for six hours through the whole detector: nothing may reach act level.
import { expect, test } from 'vitest';
import type { Sample } from '../../src/domain/signal.ts';
import type { Transition } from '../../src/domain/trigger.ts';
import { createDetector } from '../../src/flows/detect.ts';
import type { SignalStore } from '../../src/ports/signal-store.ts';
import { ERRORS, START, StillClock, scrape, signal, system, trigger } from './detect-world.ts';

const SEED = 12_345;
const ORGS = 10_000;
const ROUND_MS = 60_000;
const HOURS = 6;
const HEALTHY_RATE = 0.003;

/** Keeps transitions only: this test is about what is decided, others are about what is kept. */
function sink(transitions: Transition[]): SignalStore {
  return {
    commit: async (change) => void transitions.push(...change.transitions),
    load: async () => ({ slots: [], series: [], states: [], seen: [] }),
    slots: async () => ({ rows: [], spoken: new Set<number>() }),
    unanswered: async () => [],
    answered: async () => undefined,
    transitions: async () => transitions,
    known: async () => new Set(),
    prune: async () => undefined,
    history: async () => [],
  };
}

function xorshift(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}

test('ten thousand healthy organizations at 1 to 100 requests a minute for six hours cause no automatic action', {
  timeout: 120_000,
}, async () => {
  console.log(`seed ${SEED}`);
  const random = xorshift(SEED);
  const clock = new StillClock();
  const transitions: Transition[] = [];
  const rule = trigger('ratio', {
    breach: { above: 0.02, overMs: 900_000, stillMs: 75_000, forMs: 0 },
    clear: { below: 0.01, forMs: 600_000 },
    rearmMs: 900_000,
  });
  const setup = system({ orgs: [], sources: [scrape(ROUND_MS)], signals: [signal(ERRORS)], triggers: [rule] });
  const detector = createDetector({ system: setup, store: sink(transitions), time: clock.time(), sources: [] });
  const orgs = Array.from({ length: ORGS }, (_, index) => ({
    good: { org: `org-${index}`, code: '200' },
    bad: { org: `org-${index}`, code: '503' },
    perMinute: 100 ** (index / ORGS),
    served: 0,
    failed: 0,
    owed: random(),
  }));
  const sick = { good: { org: 'sick', code: '200' }, bad: { org: 'sick', code: '503' }, served: 0, failed: 0 };
  let requests = 0;
  for (let round = 0; round < (HOURS * 3_600_000) / ROUND_MS; round += 1) {
    clock.nowMs = START + round * ROUND_MS;
    const samples: Sample[] = [];
    for (const org of orgs) {
      org.owed += -Math.log(1 - random()) * 0.2 * org.perMinute + 0.8 * org.perMinute;
      const count = Math.floor(org.owed);
      org.owed -= count;
      requests += count;
      for (let request = 0; request < count; request += 1) if (random() < HEALTHY_RATE) org.failed += 1;
      org.served += count;
      samples.push({ kind: 'total', name: 'requests_total', labels: org.good, at: clock.nowMs, total: org.served - org.failed });
      if (org.failed > 0) samples.push({ kind: 'total', name: 'requests_total', labels: org.bad, at: clock.nowMs, total: org.failed });
    }
    // One that is really sick in the last hour shows that the detector was awake all the time.
    sick.served += 50;
    if (round > (HOURS - 1) * 60) sick.failed += 10;
    samples.push({ kind: 'total', name: 'requests_total', labels: sick.good, at: clock.nowMs, total: sick.served - sick.failed });
    samples.push({ kind: 'total', name: 'requests_total', labels: sick.bad, at: clock.nowMs, total: sick.failed });
    await detector.ingest({ source: 'shop', at: clock.nowMs, alive: true, samples });
  }
  const views = await detector.readings.views('ratio');
  expect(views).toHaveLength(ORGS + 1);
  expect(views.reduce((sum, view) => sum + view.all, 0)).toBeGreaterThan(ORGS * 15);
  expect(requests).toBeGreaterThan(60_000_000);
  const told = transitions.filter((one) => one.announced && one.scope !== 'sick');
  console.log(`${requests} requests, ${told.length} questions, ${transitions.filter((one) => one.to === 'breached').length} breaches`);
  expect(transitions.filter((one) => one.to === 'breached').map((one) => one.scope)).toEqual(['sick']);
  expect(told.length).toBeLessThan(20);
});
