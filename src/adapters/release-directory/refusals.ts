// What a release directory refuses, in the same words wherever it lies.
import { BelayError } from '../../domain/errors.ts';

export function moved(place: string, found: string, expected: string): BelayError {
  return new BelayError('BELAY_TARGET_CONFLICT', `${place}/current is ${found}, not ${expected}`, {
    hint: 'Somebody else has deployed in between: plan again.',
  });
}

export function notReloaded(what: string, cause: unknown): BelayError {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new BelayError('BELAY_ACT_FAILED', `current is switched, but ${what}${why}`, {
    effect: 'unknown',
    hint: 'Reload the service by hand: it loads what current names.',
    cause,
  });
}
