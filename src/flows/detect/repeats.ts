// What a sender delivers again was counted already: told by the ids of its events, here or in the store. It counts nothing itself.
import type { Instant } from '../../domain/json.ts';
import type { Batch, Sample } from '../../domain/signal.ts';
import type { EventRow, SignalStore } from '../../ports/signal-store.ts';

export type Increment = Extract<Sample, { kind: 'delta' }>;

interface Counting {
  readonly now: Instant;
  /** Those that are new are added. */
  readonly events: EventRow[];
  /** What no signal counts need not be remembered: senders tell a great deal more than is asked. */
  readonly counts: (sample: Increment) => boolean;
}

export async function withoutRepeats(store: Pick<SignalStore, 'known'>, batch: Batch, { now, events, counts }: Counting): Promise<Batch> {
  const ids = batch.samples.flatMap((sample) =>
    sample.kind === 'delta' && sample.id !== undefined && counts(sample) ? [eventId(sample, sample.id)] : [],
  );
  if (ids.length === 0) return batch;
  const seen = new Set(await store.known(batch.source, ids));
  for (const { source, id } of events) if (source === batch.source) seen.add(id);
  const asked = new Set(ids);
  const samples = batch.samples.filter((sample) => {
    if (sample.kind !== 'delta' || sample.id === undefined) return true;
    const id = eventId(sample, sample.id);
    if (!asked.has(id)) return true;
    if (seen.has(id)) return false;
    seen.add(id);
    events.push({ source: batch.source, id, at: now });
    return true;
  });
  return { ...batch, samples };
}

/** One event may be counted under several names: each of them counts it once. */
const eventId = ({ name }: Increment, id: string): string => `${id}\n${name}`;
