// What a sender left out: an alert source behind real detection and the real answer to a breach, on one disk and in virtual time.
import { expect, test } from 'vitest';
import { type AlertsSpec, createAlerts } from '../../src/adapters/alerts/index.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { SignalSpec } from '../../src/domain/signal.ts';
import type { System } from '../../src/domain/system.ts';
import { listening } from '../../src/flows/detect/listening.ts';
import { createDetector } from '../../src/flows/detect.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { BAD_RELEASE, GOOD_RELEASE, outsideOf, SHOP, START, startLife } from '../world/scenes/deploy.ts';
import { scrape, signal } from './detect-world.ts';

const alerts: AlertsSpec = {
  id: 'alerts',
  driver: 'alerts',
  everyMs: 1_000,
  verify: 'none',
  org: 'org',
  holdMs: 3_600_000,
  corroboratedBy: 'own-errors',
};
const name = (of: string) => ({ name: of, labels: [] });
const everybody = (id: string, kind: SignalSpec['signal'], sources: readonly string[]): SignalSpec => ({
  ...signal(kind),
  id,
  by: null,
  sources,
});
const [RULE] = SHOP.triggers;
if (RULE === undefined) throw new Error('no trigger');

const SYSTEM: System = {
  ...SHOP,
  sources: [alerts, scrape()],
  signals: [
    everybody('foreign', { kind: 'event', of: name('alerts') }, ['alerts']),
    everybody('own', { kind: 'count', of: name('failed') }, ['shop']),
  ],
  triggers: [
    { ...RULE, signal: 'foreign', scope: 'all', breach: { overMs: 60_000, stillMs: 60_000, forMs: 0 }, clear: { forMs: 60_000 } },
    {
      ...RULE,
      id: 'own-errors',
      mode: 'shadow',
      signal: 'own',
      scope: 'all',
      breach: { above: 3, overMs: 60_000, stillMs: 60_000, forMs: 0 },
      clear: { below: 1, forMs: 60_000 },
    },
  ],
};

/** Belay's own count fails, too, and confirms what the webhook says. `restarts`: kill -9 between the webhook and the answer. */
async function told(o: { readonly truncatedAlerts: number; readonly restarts?: boolean }) {
  const [disk, clock] = [new DurableDisk(), createVirtualTime(START, 3)];
  const open = () => {
    const source = listening(createAlerts(alerts), clock);
    return {
      source,
      detector: createDetector({ system: SYSTEM, store: createVirtualSignalStore({ disk }), time: clock, sources: [source] }),
    };
  };
  let { source, detector } = open();
  let total = 0;
  const second = async (failed: number): Promise<void> => {
    total += failed;
    await clock.advance(1_000);
    const at = clock.now();
    await detector.ingest({ source: 'shop', at, alive: true, samples: [{ kind: 'total', name: 'failed', labels: {}, at, total }] });
  };
  await detector.start();
  for (let n = 0; n < 70; n += 1) await second(0);
  for (let n = 0; n < 10; n += 1) await second(10);
  fakeTargetOn(disk, 'shop', BAD_RELEASE).changedAt = clock.now() - 60_000;
  const alert = {
    status: 'firing',
    labels: { alertname: 'Errors', severity: 'critical' },
    startsAt: '2025-03-10T03:01:00Z',
    fingerprint: 'f00',
  };
  const body = Buffer.from(JSON.stringify({ alerts: [alert], truncatedAlerts: o.truncatedAlerts }));
  const answer = await source.receive({ method: 'POST', path: '', headers: {}, body, at: clock.now() });
  expect(answer.status).toBe(200);
  if (o.restarts === true) {
    const stopped = detector.stop();
    await clock.advance(1_000);
    await stopped;
    ({ source, detector } = open());
    await detector.start();
    await second(10);
  }
  const { world } = await startLife({ disk, clock, system: SYSTEM, readings: detector.readings });
  for (let n = 0; n < 5; n += 1) await second(10);
  await clock.advance(120_000);
  const decision = (await world.incidents.events('INC-1')).find((event) => event.type === 'decision.made');
  if (decision?.type !== 'decision.made') throw new Error('nothing was decided');
  const { choice, reason, guards } = decision.data;
  return {
    choice,
    reason,
    g10: guards.find((guard) => guard.guard === 'G10')?.reason,
    effects: effectsOn(disk),
    mails: outsideOf(disk).mailbox.length,
  };
}

const effectsOn = (disk: DurableDisk): readonly string[] => fakeTargetOn(disk, 'shop', BAD_RELEASE).effects.map((effect) => effect.to);

test('a webhook that is whole and that a count of our own confirms is enough to act on', async () => {
  expect(await told({ truncatedAlerts: 0 })).toMatchObject({ choice: 'act', g10: 'G10.trusted', effects: [GOOD_RELEASE] });
});

test.each([
  ['', false],
  [', also after kill -9', true],
] as const)(
  'D17: a webhook that left alerts out is never acted on alone, whatever confirms it, and people are asked%s',
  async (_also, restarts) => {
    expect(await told({ truncatedAlerts: 7, restarts })).toMatchObject({
      choice: 'ask',
      reason: 'guard G10',
      g10: 'G10.truncated',
      effects: [],
      mails: 1,
    });
  },
);
