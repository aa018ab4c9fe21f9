// What detection commits while it rehearses: kept in memory for as long as a window needs it, and gone with the rehearsal.
// It keeps the port's promises for one process; nothing of it outlives that process.
import type { Instant } from '../../domain/json.ts';
import type { Transition } from '../../domain/trigger.ts';
import type { SeriesRow, SignalStore, SlotRow, StateRow } from '../../ports/signal-store.ts';

export interface RehearsalStore extends SignalStore {
  /** Transitions since the last time. */
  take(): readonly Transition[];
}

export function createRehearsalStore(seed: readonly SeriesRow[]): RehearsalStore {
  const keyOf = (...parts: readonly (string | number)[]): string => JSON.stringify(parts);
  // Whole commits, so that the many that nobody will ask for cost nothing but their place.
  let commits: { readonly newest: Instant; readonly slots: readonly SlotRow[] }[] = [];
  const series = new Map<string, SeriesRow>(seed.map((row) => [keyOf(row.source, row.series), row]));
  const states = new Map<string, StateRow>();
  const events = new Set<string>();
  let fresh: Transition[] = [];
  const load = (since: Instant): readonly SlotRow[] => {
    const slots = new Map<string, SlotRow>();
    for (const row of commits.flatMap((commit) => commit.slots)) {
      if (row.slot < since) continue;
      const key = keyOf(row.signal, row.scope, row.slot);
      const before = slots.get(key) ?? { ...row, bad: 0, all: 0, sum: 0 };
      slots.set(key, { ...row, bad: before.bad + row.bad, all: before.all + row.all, sum: before.sum + row.sum });
    }
    return [...slots.values()].sort((a, b) => a.slot - b.slot);
  };
  return {
    commit: async (change) => {
      if (change.slots.length > 0)
        commits.push({ newest: change.slots.reduce((last, row) => Math.max(last, row.slot), 0), slots: change.slots });
      for (const row of change.series) series.set(keyOf(row.source, row.series), row);
      for (const row of change.states) states.set(keyOf(row.trigger, row.scope), row);
      for (const row of change.events ?? []) events.add(keyOf(row.source, row.id));
      fresh.push(...change.transitions);
    },
    known: async (source, ids) => new Set(ids.filter((id) => events.has(keyOf(source, id)))),
    load: async (since) => ({ slots: load(since), series: [...series.values()], states: [...states.values()], seen: [] }),
    unanswered: async () => [],
    answered: async () => undefined,
    transitions: async () => [],
    // Nobody looks at a rehearsal's slots or its past: what it leaves are transitions.
    slots: async () => ({ rows: [], spoken: new Set() }),
    history: async () => [],
    prune: async (before) => {
      commits = commits.filter((commit) => commit.newest >= before);
    },
    take: () => {
      const taken = fresh;
      fresh = [];
      return taken;
    },
  } satisfies RehearsalStore;
}
