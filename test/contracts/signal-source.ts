// What every source of signals promises: its own batches, one at a time, trouble told and never thrown, an end when asked.
import { describe, expect, test } from 'vitest';
import { BelayError } from '../../src/domain/errors.ts';
import type { Batch, Samples } from '../../src/domain/signal.ts';
import type { SignalSource } from '../../src/ports/signal-source.ts';

export interface SourceUnderTest {
  readonly source: SignalSource<Samples>;
  /** Lets the source deliver `count` batches more: time passes, or somebody pushes. */
  beat(count: number): Promise<void>;
  /** What it reads cannot be read from now on, or can again; null where it reads nothing itself. */
  readonly trouble: ((on: boolean) => Promise<void>) | null;
  /** Senders wait for their own events: those without a cursor share commits. */
  readonly sideBySide?: true;
  close(): Promise<void>;
}

export function signalSourceContract(name: string, make: () => Promise<SourceUnderTest>): void {
  const on = (title: string, body: (world: SourceUnderTest) => Promise<void>): void => {
    test(title, async () => {
      const world = await make();
      try {
        await body(world);
      } finally {
        await world.close();
      }
    });
  };

  /** Runs the source until `body` is through. */
  async function running(
    world: SourceUnderTest,
    deliver: (batch: Batch<Samples>) => Promise<void>,
    body: () => Promise<void>,
  ): Promise<void> {
    const abort = new AbortController();
    const run = world.source.run(deliver, abort.signal);
    try {
      await body();
    } finally {
      abort.abort();
    }
    await run;
  }

  describe(`the contract of a signal source, kept by ${name}`, () => {
    on('hands over batches that carry its id and finite times', async (world) => {
      const batches: Batch<Samples>[] = [];
      await running(
        world,
        async (batch) => void batches.push(batch),
        () => world.beat(3),
      );
      expect(batches.length).toBeGreaterThanOrEqual(3);
      for (const batch of batches) {
        expect(batch.source).toBe(world.source.id);
        expect(batch.alive).toBe(true);
        for (const sample of batch.samples) expect(Number.isFinite(sample.at)).toBe(true);
      }
      // A batch without samples says that the source is alive.
      expect(batches.filter((batch) => batch.samples.length > 0).length).toBeGreaterThanOrEqual(3);
      expect(world.source.everyMs).toBeGreaterThan(0);
    });

    on('has never two deliveries under way', async (world) => {
      let busy = 0;
      let most = 0;
      const deliver = async ({ cursor }: Batch<Samples>): Promise<void> => {
        if (world.sideBySide === true && cursor === undefined) return;
        busy += 1;
        most = Math.max(most, busy);
        await Promise.resolve();
        await Promise.resolve();
        busy -= 1;
      };
      await running(world, deliver, () => world.beat(4));
      expect(most).toBe(1);
    });

    on('goes on after a delivery that was refused', async (world) => {
      let count = 0;
      const deliver = async (): Promise<void> => {
        count += 1;
        if (count === 1) throw new BelayError('BELAY_STORE_UNAVAILABLE', 'no store');
      };
      await running(world, deliver, async () => {
        await world.beat(1).catch((error: unknown) => expect(BelayError.is(error, 'BELAY_STORE_UNAVAILABLE')).toBe(true));
        await world.beat(2);
      });
      expect(count).toBeGreaterThanOrEqual(3);
    });

    on('tells trouble with its reason, and goes on when it is over', async (world) => {
      if (world.trouble === null) {
        expect(world.trouble).toBeNull();
        return;
      }
      const batches: Batch<Samples>[] = [];
      const { trouble } = world;
      await running(
        world,
        async (batch) => void batches.push(batch),
        async () => {
          await trouble(true);
          await world.beat(2);
          await trouble(false);
          await world.beat(2);
        },
      );
      const dead = batches.filter((batch) => !batch.alive);
      expect(dead.length).toBeGreaterThan(0);
      for (const batch of dead) {
        expect(batch.reason).not.toBe('');
        expect(batch.samples).toEqual([]);
      }
      expect(batches.at(-1)?.alive).toBe(true);
    });

    on('ends at once when it is told to, and does nothing afterwards', async (world) => {
      let count = 0;
      const deliver = async (): Promise<void> => {
        count += 1;
      };
      const abort = new AbortController();
      const run = world.source.run(deliver, abort.signal);
      await world.beat(1);
      abort.abort();
      await run;
      const told = count;
      await world.beat(2).catch((error: unknown) => expect(BelayError.is(error)).toBe(true));
      expect(count).toBe(told);
      await world.source.run(deliver, AbortSignal.abort());
      expect(count).toBe(told);
    });
  });
}
