// Lines of the journal outside Postgres: intent and outcome around each act, hash-chained, one JSON object a line.
import type { Effect } from './errors.ts';
import type { Instant, Json } from './json.ts';

export type JournalKind = 'intent' | 'outcome' | 'observed' | 'lease' | 'restore' | 'pause' | 'resume';

export interface JournalDraft {
  readonly kind: JournalKind;
  readonly at: Instant;
  readonly run: string;
  readonly incident: string;
  readonly step: string;
  readonly attempt: number;
  /** Stable over retries: run + step. Sent to the target as its idempotency key. */
  readonly key: string;
  readonly target: string;
  readonly expected: string;
  /** Of actions that are done by what is new afterwards: what there was before. */
  readonly mark?: string;
  readonly desired: Json;
  readonly effect: Effect;
  readonly actor: string;
  readonly note?: string;
}

export interface JournalLine extends JournalDraft {
  readonly v: 1;
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
}
