// How a template says that it is wrong: one error, with the place in the file.
import { BelayError } from '../../domain/errors.ts';

export interface Place {
  readonly line: number;
  readonly column: number;
}

export function problem(place: Place | undefined, what: string, hint: string, cause?: unknown): BelayError {
  const where = place === undefined ? '' : `${place.line}:${place.column}: `;
  return new BelayError('BELAY_TEMPLATE_INVALID', `${where}${what}`, { hint, ...(cause === undefined ? {} : { cause }) });
}
