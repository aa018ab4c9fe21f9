// Several orders that make one change: once the first was taken, a refusal of the next is no longer "nothing happened". It sends none of them.
import { BelayError } from './errors.ts';

/** Each order of one change goes through what this returns. */
export function ordersOfOneChange(): <T>(order: () => Promise<T>) => Promise<T> {
  let taken = 0;
  return async (order) => {
    try {
      const answer = await order();
      taken += 1;
      return answer;
    } catch (error) {
      if (!BelayError.is(error) || error.effect !== 'none' || taken === 0) throw error;
      throw new BelayError(error.code === 'BELAY_TARGET_UNREACHABLE' ? 'BELAY_ACT_FAILED' : error.code, error.message, {
        effect: 'unknown',
        cause: error,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  };
}
