// Several orders that make one change: once the first was taken, a refusal of the next is no longer "nothing happened". It sends none of them.
import { BelayError } from './errors.ts';

export interface OneChange {
  took<T>(answer: T): T;
  /** @throws what was thrown, in doubt where an order was taken before */
  refused(error: unknown): never;
}

/** @example const one = oneChange(); for (const order of orders) await send(order).then(one.took, one.refused); */
export function oneChange(): OneChange {
  let taken = 0;
  return {
    took: (answer) => {
      taken += 1;
      return answer;
    },
    refused: (error) => {
      if (!BelayError.is(error) || error.effect !== 'none' || taken === 0) throw error;
      throw new BelayError(error.code === 'BELAY_TARGET_UNREACHABLE' ? 'BELAY_ACT_FAILED' : error.code, error.message, {
        effect: 'unknown',
        cause: error,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    },
  };
}
