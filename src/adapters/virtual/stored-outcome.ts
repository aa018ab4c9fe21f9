// Errors as a checkpoint remembers them. What a flow catches is always this copy, in the first life as in a replay.

import type { Effect, ErrorCode } from '../../domain/errors.ts';
import { BelayError, CODES } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import type { StoredError, StoredOutcome } from './durable-disk.ts';
import { throughJson } from './durable-disk.ts';

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

/** Runs `work` and keeps what it returned or threw. */
export async function outcomeOf(work: () => Promise<Json>): Promise<StoredOutcome> {
  try {
    return { ok: throughJson(await work()) };
  } catch (error) {
    return { error: storeError(error) };
  }
}

export function unwrap(outcome: StoredOutcome): Json {
  if ('error' in outcome) throw restoreError(outcome.error);
  return throughJson(outcome.ok);
}

function restoreError(stored: StoredError): Error {
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
