// What the parts of fan-outs and called runbooks hold alone, beside what the runs of incidents hold: no two ever hold the same.
import type { IncidentId } from '../domain/incident.ts';
import type { Instant } from '../domain/json.ts';

export interface HeldLock {
  readonly holder: string;
  readonly incident: IncidentId;
  /** Higher with every taking: who held it before has another one. */
  readonly token: number;
  readonly since: Instant;
}

/** When an incident had a lock last: in the order of tokens. */
export interface LockUse {
  readonly incident: IncidentId;
  readonly token: number;
}

export interface PartLocks {
  /**
   * True: `holder` has it, now or already. False: a run of another incident, another part or another call has it. A lock of the incident that
   * the holder belongs to does not stand in its way.
   */
  take(lock: string, o: { readonly holder: string; readonly incident: IncidentId }): Promise<boolean>;
  /** Gives back what these holders have, and whoever is named below one of them (`holder/…`); those of a whole incident where none is named. */
  release(o: { readonly incident: IncidentId; readonly holders?: readonly string[] }): Promise<void>;
  /** Null: no part and no call holds it. */
  find(lock: string): Promise<HeldLock | null>;
  /** Incidents whose runs, parts or calls have had it, each by its last taking, the newest first; the 100 newest of them. */
  uses(lock: string): Promise<readonly LockUse[]>;
}
