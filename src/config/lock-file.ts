// The content of belay.lock: each runbook's step ids and the hash of its IR, so that a step that vanishes shows in review.
import type { Runbook } from '../domain/ir.ts';
import { stepsOf } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';

/** How values are hashed: sha256 of canonical JSON. */
export interface Hashing {
  of(value: Json): string;
}

export interface LockEntry {
  readonly runbook: string;
  readonly steps: readonly string[];
  readonly irHash: string;
}

export function irHash(runbook: Runbook, hashing: Hashing): string {
  return hashing.of(runbook as unknown as Json);
}

export function lockEntry(runbook: Runbook, hashing: Hashing): LockEntry {
  return { runbook: runbook.id, steps: stepsOf(runbook).map((step) => step.id), irHash: irHash(runbook, hashing) };
}

/** The file's text: by runbook, one step a line, so that a diff shows one line a step. */
export function lockText(runbooks: readonly Runbook[], hashing: Hashing): string {
  const entries = runbooks.map((runbook) => lockEntry(runbook, hashing)).toSorted((a, b) => (a.runbook < b.runbook ? -1 : 1));
  return `${JSON.stringify(entries, null, 2)}\n`;
}
