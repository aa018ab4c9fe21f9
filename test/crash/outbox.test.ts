// The outbox under kills: at every boundary of every protocol with virtual time, then real SIGKILLs of a real process.
import { afterAll, describe, expect, it } from 'vitest';
import type { DeliveryDraft } from '../../src/domain/message.ts';
import type { ChannelCard } from '../../src/ports/channel.ts';
import type { OutboxTestWorld } from '../flows/outbox-world.ts';
import { createOutboxWorld, rounds } from '../flows/outbox-world.ts';
import type { Fate } from '../world/fakes/channel.ts';
import type { KillReport } from './outbox-rounds.ts';
import { killRounds } from './outbox-rounds.ts';

interface Setting {
  readonly name: string;
  readonly card: Partial<ChannelCard>;
  readonly lateMs: number;
  readonly audienceKind: DeliveryDraft['audienceKind'];
  readonly fates: readonly Fate[];
  readonly judge: (world: OutboxTestWorld, where: string) => Promise<void>;
}

const IDS = ['d1', 'd2', 'd3'];

async function exactlyOnce(world: OutboxTestWorld, where: string): Promise<void> {
  expect(
    world
      .arrivals()
      .map((one) => one.id)
      .sort(),
    where,
  ).toEqual(IDS);
  expect(
    world.arrivals().some((one) => one.resent),
    where,
  ).toBe(false);
  expect(
    (await world.deliveries()).map((one) => one.state),
    where,
  ).toEqual(['sent', 'sent', 'sent']);
}

/** Nothing twice; what did not arrive is shown as failed, and at most what was in the air at the kills is lost. */
async function atMostOnce(world: OutboxTestWorld, where: string): Promise<void> {
  const arrived = world.arrivals().map((one) => one.id);
  expect(new Set(arrived).size, where).toBe(arrived.length);
  for (const one of await world.deliveries()) {
    expect(['sent', 'failed'], where).toContain(one.state);
    if (one.state === 'sent') expect(arrived, where).toContain(one.id);
    else expect(one.reason, where).toMatch(/^unconfirmed/);
  }
}

/** Nothing lost; what comes twice is marked the second time. */
async function atLeastOnce(world: OutboxTestWorld, where: string): Promise<void> {
  for (const id of IDS) {
    const [first, ...more] = world.arrivals().filter((one) => one.id === id);
    expect(first, `${where}: ${id} is lost`).toBeDefined();
    expect(
      more.every((one) => one.resent),
      where,
    ).toBe(true);
  }
  expect(
    (await world.deliveries()).map((one) => one.state),
    where,
  ).toEqual(['sent', 'sent', 'sent']);
}

/** The claim's deadline is 15 s away: a receiver that shows a message later than that is what the settle delay is for. */
const LATE_MS = 16_500;

const SETTINGS: readonly Setting[] = [
  { name: 'a receiver that can be asked', card: { reconcile: true }, lateMs: 0, audienceKind: 'customers', fates: [], judge: exactlyOnce },
  {
    name: 'a receiver that can be asked and takes messages late',
    card: { reconcile: true, settleMs: 2_000 },
    lateMs: LATE_MS,
    audienceKind: 'customers',
    fates: ['taken-but-hangs'],
    judge: exactlyOnce,
  },
  {
    name: 'a receiver that drops repeats',
    card: { reconcile: false, idempotent: true },
    lateMs: 0,
    audienceKind: 'customers',
    fates: ['taken-but-error'],
    judge: exactlyOnce,
  },
  {
    name: 'a receiver that can do neither, for customers',
    card: { reconcile: false },
    lateMs: 0,
    audienceKind: 'customers',
    fates: [],
    judge: atMostOnce,
  },
  {
    name: 'a receiver that can do neither, for responders',
    card: { reconcile: false },
    lateMs: 0,
    audienceKind: 'responders',
    fates: [],
    judge: atLeastOnce,
  },
];

async function lives(setting: Setting, kills: readonly number[]): Promise<{ readonly world: OutboxTestWorld; readonly died: number }> {
  const world = await createOutboxWorld({ card: setting.card, lateMs: setting.lateMs });
  await world.plan(...IDS.map((id) => ({ id, audienceKind: setting.audienceKind, exempt: true })));
  let died = 0;
  for (const boundary of kills) {
    const life = world.life(boundary);
    life.channel.fates.push(...setting.fates);
    await rounds(world, life, 20_000, 1_000);
    died += life.kill.dead ? 1 : 0;
  }
  await rounds(world, world.life(), 60_000, 1_000);
  return { world, died };
}

describe('the outbox, killed at every boundary', () => {
  it.each(SETTINGS)(
    'survives one kill at any boundary: $name',
    async (setting) => {
      let boundary = 1;
      for (; ; boundary += 1) {
        const { world, died } = await lives(setting, [boundary]);
        await setting.judge(world, `killed at boundary ${boundary}`);
        if (died === 0) break;
      }
      expect(boundary).toBeGreaterThan(10);
    },
    120_000,
  );

  it.each(SETTINGS)(
    'survives two kills at any boundaries: $name',
    async (setting) => {
      let kills = 0;
      for (let first = 1; first <= 16; first += 2) {
        for (let second = 1; second <= 11; second += 2) {
          const { world, died } = await lives(setting, [first, second]);
          kills += died;
          await setting.judge(world, `killed at boundaries ${first} and ${second}`);
        }
      }
      expect(kills).toBeGreaterThanOrEqual(60);
    },
    120_000,
  );
});

describe('these tests', () => {
  it('would see a settle delay that is too short: the message comes twice', async () => {
    const hasty: Setting = {
      name: 'hasty',
      card: { reconcile: true, settleMs: 0 },
      lateMs: LATE_MS,
      audienceKind: 'customers',
      fates: ['taken-but-hangs'],
      judge: exactlyOnce,
    };
    const { world } = await lives(hasty, [9_999]);
    expect(world.arrivals().length).toBeGreaterThan(IDS.length);
  });

  it('would see a message that is sent before it is recorded as being sent', async () => {
    const world = await createOutboxWorld();
    await world.plan({ audienceKind: 'customers' });
    const first = world.life();
    const deliveries = await world.deliveries();
    await first.channel.send(
      { id: 'd1', to: 'oncall', message: { subject: '', plain: '', html: '', slack: '' }, thread: 'INC-1', resent: false },
      new AbortController().signal,
    );
    first.kill.kill();
    expect(deliveries[0]?.state).toBe('planned');
    await rounds(world, world.life(), 60_000, 1_000);
    expect(world.arrivals()).toHaveLength(2);
  });
});

const ROUNDS = Number(process.env['BELAY_CRASH_ROUNDS'] ?? 30);

describe('the outbox of a real process under SIGKILL', () => {
  let report: KillReport | null = null;
  afterAll(() => {
    if (report !== null) console.info(`outbox SIGKILLs: ${JSON.stringify({ ...report, wrong: report.wrong.length })}`);
  });

  it(
    `loses nothing and doubles nothing where the receiver can be asked or drops repeats, and keeps the declared policy elsewhere (${ROUNDS} rounds of two kills)`,
    async () => {
      report = await killRounds({ rounds: ROUNDS, seed: Number(process.env['BELAY_CRASH_SEED'] ?? Date.now() % 1_000_000) });
      expect(report.wrong, `seed ${report.seed}`).toEqual([]);
      expect(report.kills).toBe(ROUNDS * 2);
      // The kills fell where they matter: otherwise this test would prove nothing.
      expect(report.foundAmbiguous, 'no kill fell into a send').toBeGreaterThan(0);
      expect(report.repeatedByPolicy + report.lostByPolicy, 'no kill met a receiver that cannot be asked').toBeGreaterThan(0);
    },
    60_000 + ROUNDS * 15_000,
  );
});
