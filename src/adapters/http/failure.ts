// What a failed attempt to reach something is called: refused by our own rules, or not answered.
import { BelayError, type Effect } from '../../domain/errors.ts';
import { Refused } from './connector.ts';

/** `label` says what was tried. */
export function failureOf(label: string, error: unknown, o: { readonly effect: Effect; readonly hint: string }): BelayError {
  if (error instanceof Refused || (error instanceof Error && error.cause instanceof Refused)) {
    return new BelayError('BELAY_HTTP_REFUSED', `${label}: ${said(error)}`, {
      hint: 'If it is yours, name its host under network.allow in belay.yaml.',
      cause: error,
    });
  }
  return new BelayError('BELAY_HTTP_FAILED', `${label}: ${said(error)}`, { ...o, cause: error });
}

/** Node joins the failures of several addresses into one error without words. */
export function said(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(said).join('; ');
  return error instanceof Error ? error.message : String(error);
}
