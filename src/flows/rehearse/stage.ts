// What the play of a runbook stands on: lives of Belay over one world that outlives them, in a time of its own. Whoever wires gives it.
import type { Instant } from '../../domain/json.ts';
import type { RunbookScene, UntoldSight } from '../../domain/runbook-scene.ts';
import type { World } from '../world.ts';

export interface StageLife {
  readonly world: World;
  /** Null as soon as it was killed. */
  readonly over: Promise<null>;
  readonly isOver: () => boolean;
  /** The boundaries that it has passed, by their names. */
  readonly passed: readonly string[];
  /** Flows and loops begin. */
  start(): Promise<void>;
}

export interface Stage {
  /** The next life; it ends at the boundary of this number, or goes on. */
  live(killedAt: number | null): StageLife;
  now(): Instant;
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until it holds; false: it did not within so long, or nobody waits for anything any more. */
  until(condition: () => Promise<boolean>, withinMs: number): Promise<boolean>;
  /** How the world is: `shop` → `v1.0.0`. */
  state(): Readonly<Record<string, string>>;
  /** How often each step has changed the world. */
  effects(): Readonly<Record<string, number>>;
  /** Ids of the messages that have arrived. */
  arrived(): readonly string[];
  /** What was looked for and is not told. */
  untold(): readonly UntoldSight[];
  /** How much was done so far, the same each time. */
  cost(): number;
}

export type OpenStage = (scene: RunbookScene) => Stage;
