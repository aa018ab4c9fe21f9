// The running sums of a trigger with `detector: cusum`, kept with the states of its scopes. It judges nothing.
import { type Adding, NOTHING_USUAL, summed } from '../../domain/cusum.ts';
import type { Instant } from '../../domain/json.ts';
import type { MachineState } from '../../domain/trigger-machine.ts';

export class RunningSums {
  /** Rows whose states have learnt since they were committed. */
  readonly unsaved = new Set<number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns the same state where nothing was counted. */
  add(
    row: number,
    state: MachineState,
    counts: { readonly bad: number; readonly all: number },
    now: { readonly at: Instant; readonly baseline: Adding['baseline'] },
  ): MachineState {
    const { at, baseline } = now;
    if (counts.all <= 0) return state;
    this.unsaved.add(row);
    const o = { limit: this.#limit, at, atRest: state.status === 'ok', baseline };
    return { ...state, cusum: summed(state.cusum ?? NOTHING_USUAL(at), counts, o) };
  }
}
