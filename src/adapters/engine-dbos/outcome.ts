// What a step or a flow ended with, as JSON: the same value or error in the first life as in every replay.

import type { Json } from '../../domain/json.ts';
import { restoreError, type StoredError, storeError } from '../../domain/stored-error.ts';

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

/** From what the engine below kept of a failed run. */
export function failureOf(kept: unknown): Error {
  const failure = kept as { readonly stored?: StoredError; readonly message?: string } | null;
  if (failure?.stored !== undefined) return restoreError(failure.stored);
  return new Error(failure?.message ?? 'the run failed without a message');
}
