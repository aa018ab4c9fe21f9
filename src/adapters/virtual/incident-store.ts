// Incidents in memory, on the disk of a world, with the semantics of the real store and a kill point on both sides of each commit.
import type { Incident } from '../../domain/incident.ts';
import { incidentId, isOpen, lastDoneAt } from '../../domain/incident-fold.ts';
import type { IncidentFilter, IncidentStore } from '../../ports/incident-store.ts';
import type { IncidentRow, VirtualStoreDeps } from './store-tables.ts';
import { applyChange, copy, insertIncident, listenersOf, rowOf, tablesOf } from './store-tables.ts';

export function createVirtualIncidentStore(deps: VirtualStoreDeps): IncidentStore {
  const { disk, kill } = deps;
  const tables = tablesOf(disk);
  const read = async <T>(work: () => T): Promise<T> => {
    await kill?.gate?.();
    return copy(work());
  };
  const write = async <T>(method: string, work: () => T): Promise<T> => {
    await kill?.at(`store:${method}:before`);
    const result = work();
    await kill?.at(`store:${method}:after`);
    return copy(result);
  };
  const sorted = (): Incident[] => [...tables.incidents.values()].map((row) => row.incident).sort((a, b) => b.number - a.number);
  return {
    declare: (fingerprint, build) =>
      write('declare', () => {
        const rows = [...tables.incidents.values()];
        const holder = rows.find((row) => row.holdsFingerprint && row.fingerprint === fingerprint);
        if (holder !== undefined) return { incident: holder.incident, created: false };
        const number = tables.nextNumber;
        tables.nextNumber += 1;
        const change = build(number);
        const replayed = rows.find((row) => row.fingerprint === fingerprint && row.declareKey === change.key);
        if (replayed !== undefined) return { incident: replayed.incident, created: false };
        return { incident: insertIncident(deps, { id: incidentId(number), fingerprint, change }).incident, created: true };
      }),
    append: (id, change) =>
      write('append', () => {
        const row = rowOf(tables, id);
        if (!row.keys.has(change.key)) applyChange(deps, row, change);
        return row.incident;
      }),
    update: (id, key, build) =>
      write('update', () => {
        const row = rowOf(tables, id);
        const change = row.keys.has(key) ? null : build(copy(row.incident));
        if (change !== null) applyChange(deps, row, { ...change, key });
        return row.incident;
      }),
    load: (id) => read(() => tables.incidents.get(id)?.incident ?? null),
    byNumber: (number) => read(() => tables.incidents.get(incidentId(number))?.incident ?? null),
    list: (filter = {}) =>
      read(() =>
        sorted()
          .filter((incident) => fits(incident, filter))
          .slice(0, filter.limit ?? Infinity),
      ),
    events: (id, afterSeq = 0) => read(() => (tables.incidents.get(id)?.events ?? []).filter((event) => event.seq > afterSeq)),
    dueTimers: (now) =>
      read(() =>
        [...tables.incidents.values()]
          .flatMap(timersOf)
          .filter((timer) => timer.at <= now)
          .sort(byTime),
      ),
    timers: (id) => read(() => (tables.incidents.has(id) ? timersOf(rowOf(tables, id)).sort(byTime) : [])),
    subscribe: (listener) => {
      const own = (id: string): void => listener(id);
      listenersOf(disk).add(own);
      return () => void listenersOf(disk).delete(own);
    },
  } satisfies IncidentStore;
}

function timersOf(row: IncidentRow) {
  return [...row.timers.values()].map((timer) => ({ ...timer, incident: row.incident.id }));
}

function byTime(a: { at: number; incident: string; id: string }, b: { at: number; incident: string; id: string }): number {
  return a.at - b.at || (a.incident < b.incident ? -1 : a.incident > b.incident ? 1 : 0) || (a.id < b.id ? -1 : 1);
}

function fits(incident: Incident, { open, trigger, org, run, doneSince, lock }: IncidentFilter): boolean {
  const { orgs } = incident.scope;
  return (
    (open === undefined || isOpen(incident) === open) &&
    (trigger === undefined || incident.trigger === trigger) &&
    (org === undefined || orgs === 'all' || (org !== 'all' && orgs.includes(org))) &&
    (run === undefined || incident.run === run) &&
    (lock === undefined || incident.lock === lock) &&
    (doneSince === undefined || (lastDoneAt(incident) ?? -Infinity) >= doneSince)
  );
}
