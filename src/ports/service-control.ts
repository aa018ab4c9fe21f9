// A service that runs: which units it has, and whether they are restarted, stopped, started or scaled. Which release they run is a deploy
// target's business, and whether they are well a check's.
import type { Instant } from '../domain/json.ts';
import type { CompareAndSet } from '../domain/plan.ts';

export type ServiceVerb = 'restart' | 'stop' | 'start' | 'scale';

export interface ServiceUnit {
  readonly id: string;
  /** Tells two lives of one unit apart: its number with its start. */
  readonly life: string;
  /** It runs, and is not still on its way up. */
  readonly ready: boolean;
  /** null: the platform does not tell. */
  readonly startedAt: Instant | null;
}

export interface ServiceState {
  /** When it was looked at, by the clock of the units' starts. */
  readonly at: Instant;
  /** Those that run or come up. What has ended is none. */
  readonly units: readonly ServiceUnit[];
  /** How many should run; where the platform keeps no such number, how many there are to run. */
  readonly wanted: number;
  /** By the platform itself, as it counts them; null where it does not. */
  readonly restarts: number | null;
  /** The platform itself has given up: why. Waiting longer is of no use. */
  readonly gaveUp?: string;
}

export interface ServiceOrder {
  /** What was compared with what was approved. */
  readonly seen: ServiceState;
  /** The same for every repetition of one order. */
  readonly key: string;
  readonly reason: string;
}

export interface ServiceControl {
  /** `native`: the platform refuses what came in between; `none`: it was looked at right before, and nothing else. */
  readonly compareAndSet: CompareAndSet;
  readonly verbs: readonly ServiceVerb[];
  /** Reads only. @throws BELAY_TARGET_UNREACHABLE (effect none) */
  look(): Promise<ServiceState>;
  /**
   * Ends every unit and begins it again; a service that has ended is begun. Only verbs of `verbs` are asked for.
   * @throws BELAY_TARGET_CONFLICT, BELAY_TARGET_UNREACHABLE (effect none), BELAY_ACT_FAILED (with its effect), BELAY_TIMEOUT (unknown)
   */
  restart(o: ServiceOrder): Promise<void>;
  stop(o: ServiceOrder): Promise<void>;
  start(o: ServiceOrder): Promise<void>;
  /** To exactly so many units. */
  scale(to: number, o: ServiceOrder): Promise<void>;
}
