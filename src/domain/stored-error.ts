// Errors as they are kept in a checkpoint, as JSON: what is caught is always this copy, in the first life as in a replay.
import type { Effect, ErrorCode } from './errors.ts';
import { BelayError, CODES } from './errors.ts';

export interface StoredError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly hint?: string;
  readonly effect?: string;
}

export function storeError(error: unknown): StoredError {
  if (BelayError.is(error)) {
    return {
      name: error.name,
      message: error.message,
      code: error.code,
      effect: error.effect,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    };
  }
  return error instanceof Error ? { name: error.name, message: error.message } : { name: 'Error', message: String(error) };
}

export function restoreError(stored: StoredError): Error {
  if (stored.code !== undefined && stored.code in CODES) {
    return new BelayError(stored.code as ErrorCode, stored.message, {
      effect: stored.effect as Effect,
      ...(stored.hint === undefined ? {} : { hint: stored.hint }),
    });
  }
  const error = new Error(stored.message);
  error.name = stored.name;
  return error;
}
