// What a sender delivers again was counted already: told by the ids of its events, here or in the store. It counts nothing itself.
import type { Instant } from '../../domain/json.ts';
import { withoutRows } from '../../domain/sample-columns.ts';
import type { SampleColumns, ToldSeries } from '../../domain/signal.ts';
import type { EventRow, SignalStore } from '../../ports/signal-store.ts';
import type { Delivery } from './intake.ts';

interface Counting {
  readonly now: Instant;
  /** Those that are new are added. */
  readonly events: EventRow[];
  /** What no signal counts need not be remembered: senders tell a great deal more than is asked. */
  readonly counts: (told: ToldSeries) => boolean;
}

export async function withoutRepeats(
  store: Pick<SignalStore, 'known'>,
  delivery: Delivery,
  { now, events, counts }: Counting,
): Promise<Delivery> {
  const { columns, source } = delivery;
  const ids = eventIds(columns, counts);
  const asked = ids.filter((id) => id !== undefined);
  if (asked.length === 0) return delivery;
  const seen = new Set(await store.known(source, asked));
  for (const event of events) if (event.source === source) seen.add(event.id);
  const isRepeated = (row: number): boolean => {
    const id = ids[row];
    if (id === undefined) return false;
    if (seen.has(id)) return true;
    seen.add(id);
    events.push({ source, id, at: now });
    return false;
  };
  return { ...delivery, columns: withoutRows(columns, isRepeated) };
}

/** By row. One event may be counted under several names: each of them counts it once. */
function eventIds({ series, ids }: SampleColumns, counts: Counting['counts']): readonly (string | undefined)[] {
  if (ids === null) return [];
  return series.map((told, row) => {
    const id = ids[row];
    return told.kind === 'delta' && id !== undefined && counts(told) ? `${id}\n${told.name}` : undefined;
  });
}
