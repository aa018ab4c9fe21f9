// The world of the engine's contract: a durable store, lives over it, and time that passes by itself or on demand.
import type { Engine, Flow } from '../../src/ports/engine.ts';

/** One durable store and the process lives that come and go over it. */
export interface EngineWorld {
  /** Ends the life before, if any, and opens a new engine over the same store. */
  readonly live: (flows: Readonly<Record<string, Flow>>) => Promise<Engine>;
  /** Waits for it, letting virtual time pass where time is virtual. */
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
  readonly now: () => number;
  readonly stop: () => Promise<void>;
}

let runs = 0;
export const freshId = (): string => {
  runs += 1;
  return `run-${process.pid}-${runs}`;
};

/** Lets the world go on until the test sees what it waits for. */
export async function reached(world: EngineWorld, condition: () => boolean | Promise<boolean>): Promise<void> {
  const look = async (): Promise<void> => {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await world.settle(look());
}
