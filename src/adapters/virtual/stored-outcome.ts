// What a step or a flow came to, as a checkpoint of the virtual engine keeps it.

import type { Json } from '../../domain/json.ts';
import { restoreError, storeError } from '../../domain/stored-error.ts';
import type { StoredOutcome } from './durable-disk.ts';
import { throughJson } from './durable-disk.ts';

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
