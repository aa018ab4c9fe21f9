// What the parts of fan-outs hold alone, beside what the runs of incidents hold: no two ever hold the same.
import type { IncidentId } from '../domain/incident.ts';

export interface PartLocks {
  /**
   * True: `holder` has it, now or already. False: a run of another incident or another part has it. A lock of the incident that the part
   * belongs to does not stand in its way.
   */
  take(lock: string, o: { readonly holder: string; readonly incident: IncidentId }): Promise<boolean>;
  /** Gives back what this holder has; those of a whole incident where no holder is named. */
  release(o: { readonly incident: IncidentId; readonly holder?: string }): Promise<void>;
  /** Whether a part holds it. */
  isHeld(lock: string): Promise<boolean>;
}
