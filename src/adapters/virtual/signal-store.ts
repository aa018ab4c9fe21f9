// Durable detection in memory, on the disk of a world: slots that add up, last values, states and transitions.
import { inOrder, MINUTE_MS, type MinuteRow, minutesKey, minutesOf, type SlotSum } from '../../domain/minutes.ts';
import type { Transition } from '../../domain/trigger.ts';
import type { EventRow, HistoryKept, SeenRow, SeriesRow, SignalStore, SlotRow, StateRow } from '../../ports/signal-store.ts';
import type { VirtualStoreDeps } from './store-tables.ts';
import { copy, partOf } from './store-tables.ts';

interface SignalTables {
  readonly slots: Map<string, SlotRow>;
  readonly series: Map<string, SeriesRow>;
  readonly states: Map<string, StateRow>;
  readonly transitions: Map<string, { readonly transition: Transition; answered: boolean }>;
  readonly events: Map<string, EventRow>;
  readonly seen: Map<string, SeenRow>;
  /** By the name of their signal. */
  readonly minutes: Map<string, MinuteRow[]>;
}

const SERIES_KEPT_MS = 7 * 24 * 3_600_000;
const keyOf = (...parts: readonly (string | number | boolean)[]): string => JSON.stringify(parts);
const transitionKey = (one: Transition): string => keyOf(one.trigger, one.scope, one.episode, one.from, one.to, one.at, one.announced);

export function createVirtualSignalStore({ disk, kill }: Pick<VirtualStoreDeps, 'disk' | 'kill'>): SignalStore {
  const tables = partOf<SignalTables>(disk, 'signals', () => ({
    slots: new Map(),
    series: new Map(),
    states: new Map(),
    transitions: new Map(),
    events: new Map(),
    seen: new Map(),
    minutes: new Map(),
  }));
  const read = async <T>(work: () => T): Promise<T> => {
    await kill?.gate?.();
    return copy(work());
  };
  const write = async (method: string, work: () => void): Promise<void> => {
    await kill?.at(`store:${method}:before`);
    work();
    await kill?.at(`store:${method}:after`);
  };
  return {
    commit: (change) => write('commit', () => commitTo(tables, change)),
    known: async (source, ids) => new Set(await read(() => ids.filter((id) => tables.events.has(keyOf(source, id))))),
    load: (since, until = Infinity) =>
      read(() => ({
        slots: [...tables.slots.values()]
          .filter((row) => row.slot >= since && row.slot < until)
          .sort((a, b) => a.slot - b.slot || (keyOf(a.signal, a.scope) < keyOf(b.signal, b.scope) ? -1 : 1)),
        series: [...tables.series.values()],
        states: [...tables.states.values()],
        seen: [...tables.seen.values()].filter((row) => row.slot >= since && row.slot < until),
      })),
    slots: async ({ signal, scope, from, to }) => {
      const mine = await read(() => [...tables.slots.values()].filter((row) => row.signal === signal && row.slot >= from && row.slot < to));
      const rows = mine.filter((row) => row.scope === scope).sort((a, b) => a.slot - b.slot);
      return { rows, spoken: new Set(mine.map((row) => row.slot)) };
    },
    unanswered: () => read(() => [...tables.transitions.values()].filter((row) => !row.answered).map((row) => row.transition)),
    answered: (transition) =>
      write('answered', () => {
        const row = tables.transitions.get(transitionKey(transition));
        if (row !== undefined) row.answered = true;
      }),
    transitions: (filter) =>
      read(() =>
        [...tables.transitions.values()]
          .map((row) => row.transition)
          .filter(
            (one) =>
              (filter.trigger ?? one.trigger) === one.trigger &&
              (filter.scope ?? one.scope) === one.scope &&
              one.at >= (filter.since ?? -Infinity),
          )
          .reverse()
          .slice(0, filter.limit ?? Infinity)
          .reverse(),
      ),
    history: ({ signal, by, scope, from, to }) =>
      read(() => {
        const name = minutesKey(signal, by);
        const kept = tables.minutes.get(name) ?? [];
        const known = new Set(kept.map((row) => keyOf(row.at, row.scope)));
        const open = (minutesOf(sumsOf([...tables.slots.values()])).get(name) ?? []).filter((row) => !known.has(keyOf(row.at, row.scope)));
        return inOrder([...kept, ...open].filter((row) => row.at >= from && row.at < to && (scope ?? row.scope) === row.scope));
      }),
    prune: (before, history, until = Infinity) => write('prune', () => pruneFrom(tables, { before, history, until })),
  } satisfies SignalStore;
}

function commitTo(tables: SignalTables, change: Parameters<SignalStore['commit']>[0]): void {
  for (const row of copy(change.slots)) addTo(tables.slots, row);
  for (const row of copy(change.series)) tables.series.set(keyOf(row.source, row.series), row);
  for (const row of copy(change.states)) tables.states.set(keyOf(row.trigger, row.scope), row);
  for (const transition of copy(change.transitions)) {
    const key = transitionKey(transition);
    if (!tables.transitions.has(key)) tables.transitions.set(key, { transition, answered: false });
  }
  for (const row of copy(change.seen ?? [])) {
    const key = keyOf(row.signal, row.scope, row.digest);
    if ((tables.seen.get(key)?.slot ?? -Infinity) < row.slot) tables.seen.set(key, row);
  }
  for (const row of copy(change.events ?? [])) {
    const key = keyOf(row.source, row.id);
    if (!tables.events.has(key)) tables.events.set(key, row);
  }
}

interface Pruning {
  readonly before: number;
  readonly history: HistoryKept | undefined;
  readonly until: number;
}

function pruneFrom(tables: SignalTables, { before, history, until }: Pruning): void {
  for (const [key, row] of tables.seen) if (row.slot < before || row.slot >= until) tables.seen.delete(key);
  for (const [key, row] of tables.slots) if (row.slot >= until) tables.slots.delete(key);
  const gone = [...tables.slots.values()].filter((row) => row.slot < before);
  for (const row of gone) tables.slots.delete(keyOf(row.signal, row.scope, row.slot));
  if (history !== undefined) keepMinutes(tables.minutes, gone, history);
  for (const [key, row] of tables.series)
    if (row.at < before - SERIES_KEPT_MS && !row.series.startsWith('#cursor:')) tables.series.delete(key);
  for (const [key, row] of tables.events) if (row.at < before - SERIES_KEPT_MS) tables.events.delete(key);
}

function keepMinutes(minutes: SignalTables['minutes'], gone: readonly SlotRow[], { since, coarser }: HistoryKept): void {
  for (const [name, rows] of minutesOf(sumsOf(gone.filter((row) => !coarser.includes(row.signal)))))
    minutes.set(name, [...(minutes.get(name) ?? []), ...rows]);
  const day = Math.floor(since / 86_400_000) * 86_400_000;
  for (const [name, rows] of minutes)
    minutes.set(
      name,
      rows.filter((row) => row.at >= day),
    );
}

function sumsOf(slots: readonly SlotRow[]): readonly SlotSum[] {
  const sums = new Map<string, SlotSum>();
  for (const { signal, scope, slot, bad, all, sum } of slots) {
    const key = keyOf(signal, scope, Math.floor(slot / MINUTE_MS));
    const before = sums.get(key) ?? { signal, scope, first: slot, bad: 0, all: 0, sum: 0 };
    sums.set(key, {
      ...before,
      first: Math.min(before.first, slot),
      bad: before.bad + bad,
      all: before.all + all,
      sum: before.sum + sum,
    });
  }
  return [...sums.values()];
}

function addTo(slots: Map<string, SlotRow>, row: SlotRow): void {
  const key = keyOf(row.signal, row.scope, row.slot);
  const before = slots.get(key);
  slots.set(key, before === undefined ? row : { ...row, bad: before.bad + row.bad, all: before.all + row.all, sum: before.sum + row.sum });
}
