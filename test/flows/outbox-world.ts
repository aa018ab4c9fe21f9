// The outbox loop over fakes: one disk, one clock, and lives that can be killed and begun anew.

import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualOutbox } from '../../src/adapters/virtual/outbox.ts';
import type { VirtualTime } from '../../src/adapters/virtual/time.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Instant } from '../../src/domain/json.ts';
import type { Delivery, DeliveryDraft } from '../../src/domain/message.ts';
import type { OutboxLoop, OutboxOptions } from '../../src/flows/communicate.ts';
import { createOutboxLoop } from '../../src/flows/communicate.ts';
import type { ChannelCard } from '../../src/ports/channel.ts';
import type { Arrival, FakeChannel } from '../world/fakes/channel.ts';
import { arrivalsOf, createFakeChannel } from '../world/fakes/channel.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { createFakeRenderer } from '../world/fakes/renderer.ts';
import { SYSTEM, storyDrafts, T0 } from '../world/story-log.ts';

export interface OutboxWorldOptions {
  readonly card?: Partial<ChannelCard>;
  readonly lateMs?: number;
  readonly options?: OutboxOptions;
  /** A store that hands out messages of busy channels too. */
  readonly ignoresExcept?: boolean;
}

export interface Life {
  readonly kill: KillSwitch;
  readonly loop: OutboxLoop;
  readonly channel: FakeChannel;
  readonly other: FakeChannel;
}

export interface OutboxTestWorld {
  readonly time: VirtualTime;
  life(armedAt?: number | null): Life;
  plan(...drafts: readonly Partial<DeliveryDraft>[]): Promise<void>;
  deliveries(): Promise<readonly Delivery[]>;
  /** What the receiver holds. */
  arrivals(name?: string): readonly Arrival[];
  changes(id: string): Promise<readonly string[]>;
}

export const draft = (more: Partial<DeliveryDraft> = {}): DeliveryDraft => ({
  id: 'd1',
  audience: 'team',
  audienceKind: 'responders',
  channel: 'channel',
  to: 'oncall',
  template: 'initial',
  lang: 'en',
  zone: 'UTC',
  values: { org: 'ACME' },
  thread: 'INC-1',
  exempt: false,
  source: '# For {org}',
  ...more,
});

export async function createOutboxWorld(o: OutboxWorldOptions = {}): Promise<OutboxTestWorld> {
  const disk = new DurableDisk();
  const time = createVirtualTime(T0);
  const digest = createFakeDigest();
  const judge = { disk, digest, time: time.ofLife(new KillSwitch()) };
  const incidents = createVirtualIncidentStore(judge);
  await incidents.declare('f', (number) => ({
    key: 'declare',
    events: storyDrafts({ irHash: '', planHash: '' })
      .slice(0, 1)
      .map((one) => ({ ...one, data: { ...one.data, number } }) as never),
  }));
  let planned = 0;
  return {
    time,
    life: (armedAt = null) => {
      const kill = new KillSwitch(armedAt);
      const own = time.ofLife(kill);
      const real = createVirtualOutbox({ disk, digest, time: own, kill });
      const outbox =
        o.ignoresExcept === true
          ? {
              ...real,
              claim: (now: Instant, { limit, deadline }: { limit: number; deadline: Instant }) => real.claim(now, { limit, deadline }),
            }
          : real;
      const channel = createFakeChannel({ disk, kill, time: own, ...o });
      const other = createFakeChannel({ disk, kill, time: own, name: 'other', ...o });
      const world = {
        outbox,
        channels: { channel, other },
        renderer: createFakeRenderer(),
        time: own,
        system: SYSTEM,
        incidents: createVirtualIncidentStore({ disk, digest, time: own, kill }),
      };
      return { kill, loop: createOutboxLoop(world, o.options), channel, other };
    },
    plan: async (...drafts) => {
      planned += 1;
      await incidents.append('INC-1', { key: `plan ${planned}`, events: [], deliveries: drafts.map(draft) });
    },
    deliveries: () => createVirtualOutbox({ ...judge, process: 'judge', isAlive: () => true }).ofIncident('INC-1'),
    arrivals: (name) => arrivalsOf(disk, name),
    changes: async (id) =>
      (await incidents.events('INC-1')).flatMap((event) =>
        event.type === 'comms.changed' && event.data.delivery === id ? [event.data.state] : [],
      ),
  };
}

/** Rounds at virtual instants, as the poll would make them; every pending wait of a round is let through. */
export async function rounds(world: OutboxTestWorld, life: Life, forMs: number, stepMs = 250): Promise<void> {
  const end: Instant = world.time.now() + forMs;
  life.loop.start();
  while (world.time.now() < end && !life.kill.dead) await world.time.advance(Math.min(stepMs, end - world.time.now()));
  // The dead never stop: their last step waits for ever.
  if (life.kill.dead) return;
  const stopped = life.loop.stop();
  await world.time.advance(30_000);
  await stopped;
}
