// Counts by the minute, kept for weeks after the windows they came from: which slots make a minute, and under which name it is kept.
// It knows neither where they are kept nor what they are replayed for.
import type { Instant } from './json.ts';
import { Rings } from './ring.ts';

export const MINUTE_MS = 60_000;
/** Kept when belay.yaml says nothing. */
export const DEFAULT_HISTORY_MS = 31 * 24 * 3_600_000;

/** What a signal counted for one scope in one minute, or in one slot of a window whose slots are longer. */
export interface MinuteRow {
  readonly at: Instant;
  readonly spanMs: number;
  readonly scope: string;
  readonly bad: number;
  readonly all: number;
  readonly sum: number;
}

/** Slots of all windows of one signal, told apart by one label (or none), are the same counts: they are kept once. */
export interface SlotKey {
  readonly signal: string;
  readonly by: string | null;
  readonly overMs: number;
}

/** The name of a window's slots in the store. `limit` is of quantiles: what is above it is counted, so each limit has counts of its own. */
export const slotKey = (signal: string, by: string | null, overMs: number, limit?: number | null): string =>
  JSON.stringify(limit == null ? [signal, by, overMs] : [signal, by, overMs, limit]);

/** The name of a signal's minutes in the store. */
export const minutesKey = (signal: string, by: string | null): string => JSON.stringify([signal, by]);

/** The beginning of the names of all windows of a signal. */
export const slotKeysOf = (signal: string, by: string | null): string => `${minutesKey(signal, by).slice(0, -1)},`;

export function parseSlotKey(key: string): SlotKey | null {
  const [, signal, by, over] = /^\[("(?:[^"\\]|\\.)*"),("(?:[^"\\]|\\.)*"|null),(\d+)\]$/.exec(key) ?? [];
  if (signal === undefined || by === undefined) return null;
  return { signal: JSON.parse(signal) as string, by: JSON.parse(by) as string | null, overMs: Number(over) };
}

/** Who was heard in a minute: a scope for each source, and '' for Belay itself. What is not here, nobody watched. */
export const HEARD = '#heard';
export const HEARD_KEY = slotKey(HEARD, null, MINUTE_MS);

/** Slots of one window that begin in the same minute, added up by the store; `first` is the earliest of them. */
export interface SlotSum {
  readonly signal: string;
  readonly scope: string;
  readonly first: Instant;
  readonly bad: number;
  readonly all: number;
  readonly sum: number;
}

/** Minutes of each signal, from sums of its windows' slots. Of several windows the one with the shortest slots tells. */
export function minutesOf(sums: readonly SlotSum[]): ReadonlyMap<string, readonly MinuteRow[]> {
  const finest = new Map<string, number>();
  const read = sums.flatMap((sum) => {
    const key = parseSlotKey(sum.signal);
    if (key === null) return [];
    const name = minutesKey(key.signal, key.by);
    const minute = `${name} ${Math.floor(sum.first / MINUTE_MS)}`;
    finest.set(minute, Math.min(finest.get(minute) ?? Infinity, key.overMs));
    return [{ sum, name, minute, overMs: key.overMs }];
  });
  const found = new Map<string, MinuteRow[]>();
  for (const { sum, name, minute, overMs } of read) {
    if (finest.get(minute) !== overMs) continue;
    const slotMs = Rings.slotMsOf(overMs);
    const whole = slotMs <= MINUTE_MS;
    const { scope, bad, all, first } = sum;
    const at = whole ? Math.floor(first / MINUTE_MS) * MINUTE_MS : first;
    const row: MinuteRow = { at, spanMs: whole ? MINUTE_MS : slotMs, scope, bad, all, sum: sum.sum };
    const rows = found.get(name);
    if (rows === undefined) found.set(name, [row]);
    else rows.push(row);
  }
  return found;
}

/** In the order of time, then of scopes; rows of the same minute and scope are one. */
export function inOrder(rows: Iterable<MinuteRow>): readonly MinuteRow[] {
  const sorted = [...rows].sort((a, b) => a.at - b.at || (a.scope < b.scope ? -1 : a.scope > b.scope ? 1 : 0));
  const found: MinuteRow[] = [];
  for (const row of sorted) {
    const last = found.at(-1);
    if (last === undefined || last.at !== row.at || last.scope !== row.scope) found.push(row);
    else found[found.length - 1] = { ...last, bad: last.bad + row.bad, all: last.all + row.all, sum: last.sum + row.sum };
  }
  return found;
}
