// What a step or a flow ended with, as JSON: the same value or error in the first life as in every replay.

import type { Effect, ErrorCode } from '../../domain/errors.ts';
import { BelayError, CODES } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';

export interface StoredError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly hint?: string;
  readonly effect?: string;
}
export type Outcome = { readonly ok: Json } | { readonly error: StoredError };

/** How a failed flow is shown to the engine below: its message for people who read the tables, the rest for us. */
export class StoredFailure extends Error {
  override readonly name = 'StoredFailure';
  readonly stored: StoredError;

  constructor(stored: StoredError) {
    super(stored.message);
    this.stored = stored;
  }
}

/** References break and undefined properties vanish, as they do in a checkpoint. */
export function throughJson(value: Json): Json {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as Json);
}

export async function outcomeOf(work: () => Promise<Json>): Promise<Outcome> {
  try {
    return { ok: throughJson(await work()) };
  } catch (error) {
    return { error: storeError(error) };
  }
}

export function unwrap(outcome: Outcome): Json {
  if ('error' in outcome) throw restoreError(outcome.error);
  return outcome.ok;
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

/** From what the engine below kept of a failed run. */
export function failureOf(kept: unknown): Error {
  const failure = kept as { readonly stored?: StoredError; readonly message?: string } | null;
  if (failure?.stored !== undefined) return restoreError(failure.stored);
  return new Error(failure?.message ?? 'the run failed without a message');
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
