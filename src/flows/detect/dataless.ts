// Triggers without a track: people pull them, other triggers make them up, or they are about the sources themselves. Shapes only.
import type { CompiledRule } from '../../domain/condition.ts';
import type { ScopeKey } from '../../domain/signal.ts';
import type { MachineState } from '../../domain/trigger-machine.ts';

/** A trigger that people pull by hand: no data, a state for each scope. */
export interface ManualTrigger {
  readonly compiled: CompiledRule;
  readonly who: readonly string[];
  readonly states: Map<ScopeKey, MachineState>;
}

/** A trigger over other triggers: no data of its own, a state for each scope. */
export interface CompositeTrigger {
  readonly compiled: CompiledRule;
  readonly members: readonly string[];
  readonly atLeast: number;
  readonly scope: 'org' | 'all';
  readonly states: Map<ScopeKey, MachineState>;
}

/** The trigger over the clocks of the sources: a state for each. */
export interface ClockTrigger {
  readonly compiled: CompiledRule;
  readonly states: Map<ScopeKey, MachineState>;
}
