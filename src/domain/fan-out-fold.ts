// What the events of a fan-out add to the projection of its incident: counts by lane, the first failures, whether it goes on.
import type { EventData } from './event.ts';
import type { EachState } from './fan-out.ts';
import { MOST_FAILURES_SHOWN } from './fan-out.ts';
import type { Incident } from './incident.ts';

export const foldEach = {
  /** What earlier attempts did and nobody took back stays on record: taking back must find it. */
  began: (incident: Incident, { step, attempt, total, first, batches, maxFailures }: EventData['each.began']): Partial<Incident> => ({
    each: {
      ...incident.each,
      [step]: {
        attempt,
        total,
        first,
        batches,
        batch: 0,
        maxFailures,
        lanes: {},
        failures: [],
        records: incident.each?.[step]?.records ?? [],
        halted: null,
        back: null,
      },
    },
  }),
  batch: (incident: Incident, { step, batch }: EventData['each.batch']) => changed(incident, step, () => ({ batch })),
  progressed: (incident: Incident, { step, lane, counts }: EventData['each.progressed']) =>
    changed(incident, step, ({ lanes }) => ({ lanes: { ...lanes, [lane]: counts } })),
  failed: (incident: Incident, { step, lane, org, reason, counts }: EventData['each.failed']) =>
    changed(incident, step, ({ lanes, failures }) => ({
      lanes: { ...lanes, [lane]: counts },
      failures: failures.length < MOST_FAILURES_SHOWN ? [...failures, { org, reason }] : failures,
    })),
  recorded: (incident: Incident, { step, lane, counts, failed, document }: EventData['each.recorded']) =>
    changed(incident, step, ({ lanes, failures, records }) => ({
      lanes: { ...lanes, [lane]: counts },
      failures: [...failures, ...failed.filter(({ org }) => !failures.some((one) => one.org === org))].slice(0, MOST_FAILURES_SHOWN),
      records: records.includes(document) ? records : [...records, document],
    })),
  /** The first word counts. */
  halted: (incident: Incident, { step, reason, by }: EventData['each.halted']) =>
    changed(incident, step, ({ halted }) => ({ halted: halted ?? { reason, by } })),
  /** What was taken back is on record no more, but for what could not be. It counts within one taking back. */
  returned: (incident: Incident, { step, unwind, undone, failed, records: gone, left }: EventData['each.returned']) =>
    changed(incident, step, ({ back, records }) => {
      const before = back?.unwind === unwind ? back : { undone: 0, failed: 0 };
      return {
        back: { unwind, undone: before.undone + undone.length, failed: before.failed + failed.length },
        records: [...records.filter((one) => !gone.includes(one)), ...(left === null ? [] : [left])],
      };
    }),
} as const;

function changed(incident: Incident, step: string, change: (state: EachState) => Partial<EachState>): Partial<Incident> {
  const state = incident.each?.[step];
  return state === undefined ? {} : { each: { ...incident.each, [step]: { ...state, ...change(state) } } };
}
