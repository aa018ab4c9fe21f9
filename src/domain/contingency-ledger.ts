// The ledger of temporary measures over all incidents: what is in force, whose it is, until when, and how it ends. It reads incidents and nothing else.
import type { Contingency, Incident } from './incident.ts';
import type { Instant } from './json.ts';

export interface LedgerRow {
  readonly incident: string;
  readonly step: string;
  readonly action: string;
  readonly scope: string;
  readonly owner: string;
  readonly openedAt: Instant;
  readonly expiresAt: Instant;
  readonly closedAt: Instant | null;
  /** `overdue`: it was to have ended. It blocks closing its incident as one that is open does. */
  readonly state: 'open' | 'overdue' | 'closed';
  /** `undo`: Belay takes it back itself then. */
  readonly atExpiry: 'remind' | 'undo';
  /** What takes it back; null: people do, in their way. */
  readonly undo: string | null;
}

const ORDER = { overdue: 0, open: 1, closed: 2 } as const;

/** What is overdue first, then what ends first. */
export function ledgerOf(incidents: readonly Incident[], now: Instant): readonly LedgerRow[] {
  return incidents
    .flatMap((incident) => incident.contingencies.map((one) => rowOf(incident.id, one, now)))
    .toSorted((a, b) => ORDER[a.state] - ORDER[b.state] || a.expiresAt - b.expiresAt || (a.incident < b.incident ? -1 : 1));
}

function rowOf(incident: string, one: Contingency, now: Instant): LedgerRow {
  const { step, action, scope, owner, openedAt, expiresAt, closedAt, atExpiry = 'remind', undo } = one;
  const state = closedAt !== undefined ? 'closed' : now >= expiresAt ? 'overdue' : 'open';
  return { incident, step, action, scope, owner, openedAt, expiresAt, closedAt: closedAt ?? null, state, atExpiry, undo: undo?.do ?? null };
}
