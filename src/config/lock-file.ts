// The content of belay.lock: each runbook's step ids and the hash of its IR, so that a step that vanishes shows in review.
import type { Diagnostic } from '../domain/diagnostic.ts';
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

/** Null when it is none. */
export function readLock(text: string): readonly LockEntry[] | null {
  try {
    const read: unknown = JSON.parse(text);
    return Array.isArray(read) && read.every(isEntry) ? read : null;
  } catch {
    // What is no JSON is no lock file; the caller says so at its place.
    return null;
  }
}

function isEntry(value: unknown): value is LockEntry {
  if (value === null || typeof value !== 'object') return false;
  const { runbook, steps, irHash: hash } = value as Readonly<Record<string, unknown>>;
  return typeof runbook === 'string' && typeof hash === 'string' && Array.isArray(steps) && steps.every((one) => typeof one === 'string');
}

/** What changed since the lock was written: steps that are gone, by name, and runbooks that differ. Warnings: a change is no mistake. */
export function lintLock(
  text: string,
  file: string,
  o: { readonly runbooks: Readonly<Record<string, { readonly runbook: Runbook; readonly file: string }>>; readonly hashing: Hashing },
): readonly Diagnostic[] {
  const entries = readLock(text);
  if (entries === null) return [told({ rule: 'lock-stale', file, message: 'belay.lock cannot be read' })];
  const gone = entries
    .filter((one) => o.runbooks[one.runbook] === undefined)
    .map((one) => told({ rule: 'lock-stale', file, message: `the runbook ${one.runbook} is not there any more` }));
  const changed = Object.values(o.runbooks).flatMap(({ runbook, file: where }) => {
    const entry = entries.find((one) => one.runbook === runbook.id);
    if (entry === undefined) return [told({ rule: 'lock-stale', file: where, message: `the runbook ${runbook.id} is not in belay.lock` })];
    const steps = new Set(stepsOf(runbook).map((step) => step.id));
    const vanished = entry.steps.filter((id) => !steps.has(id));
    if (vanished.length > 0)
      return [
        told({
          rule: 'step-vanished',
          file: where,
          message: `steps of ${runbook.id} are gone since belay.lock was written: ${vanished.join(', ')}`,
        }),
      ];
    return entry.irHash === irHash(runbook, o.hashing)
      ? []
      : [told({ rule: 'lock-stale', file: where, message: `the runbook ${runbook.id} changed since belay.lock was written` })];
  });
  return [...gone, ...changed];
}

function told(one: Pick<Diagnostic, 'rule' | 'file' | 'message'>): Diagnostic {
  return { ...one, severity: 'warning', line: 1, column: 1, length: 1, hint: 'If that is meant, write it down for the review: belay lock' };
}
