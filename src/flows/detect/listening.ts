// A source that speaks only when something happens: its silence means that nothing did, as long as Belay listens. Each beat says that it
// listens, and tells again which states stand. A sender whose own silence is trouble belongs to sent.ts.
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { Batch, Sample } from '../../domain/signal.ts';
import { OVERFLOW_SCOPE } from '../../domain/signal.ts';
import { keyOf, restored, type Standings, tell } from '../../domain/standing.ts';
import type { Decoded, PushedSource, SignalDecoder } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';

/** Distinct series of one source in one life: beyond it, strangers' labels become `(other)`. */
export const SERIES_CAP = 5_000;
/** States for which there was no room. */
export const DROPPED = 'states_not_kept';

/** `counted`: labels whose values detection only tells apart, however many there are. */
export function listening(
  decoder: SignalDecoder,
  time: Pick<Time, 'now' | 'sleep'>,
  counted: ReadonlySet<string> = new Set(),
): PushedSource {
  const { id, everyMs } = decoder;
  const seen = new Set<string>();
  let folded = 0;
  let taker: ((batch: Batch) => Promise<void>) | null = null;
  let states: Standings = restored({});
  let tail: Promise<unknown> = Promise.resolve();

  const batchOf = (at: Instant, { samples, truncated }: Pick<Decoded, 'samples' | 'truncated'>): Batch => {
    const kept = samples.map((sample) => {
      const one = bounded(seen, sample, counted);
      if (one !== sample) folded += 1;
      return one;
    });
    const cut = truncated === true ? { truncated } : {};
    return { source: id, at, alive: true, samples: kept, ...(folded === 0 ? {} : { folded }), ...cut };
  };
  const give = async (at: Instant, decoded: Omit<Decoded, 'reply'>): Promise<void> => {
    if (taker === null)
      throw new BelayError('BELAY_STORE_UNAVAILABLE', `source ${id} is not being read now`, { hint: 'Send it again in a moment.' });
    const { samples, standing = [], ended = [] } = decoded;
    const told = tell(states, { standing, ended }, at);
    const dropped: readonly Sample[] =
      told.dropped === 0 ? [] : [{ kind: 'delta', name: DROPPED, labels: { source: id }, at, delta: told.dropped }];
    await taker({ ...batchOf(at, { ...decoded, samples: [...samples, ...told.samples, ...dropped] }), cursor: told.cursor });
    states = told.standings;
  };
  /** One delivery at a time. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const turn = tail.then(work);
    // Whoever asked for the turn is told of its failure.
    tail = turn.catch(() => undefined);
    return turn;
  };

  return {
    id,
    everyMs,
    run: async (deliver, signal, from = {}) => {
      if (signal.aborted) return;
      taker = deliver;
      states = restored(from);
      while (!signal.aborted) {
        try {
          await inTurn(() => give(time.now(), { samples: [] }));
        } catch (error) {
          // Not durable: the next beat says it again. Our own mistakes are not hidden.
          if (!BelayError.is(error)) throw error;
        }
        await time.sleep(everyMs, signal);
      }
      taker = null;
    },
    receive: async (request) => {
      const decoded = await decoder.decode(request);
      const { standing = [], ended = [] } = decoded;
      // Events wait for nobody, so that many share one commit; states are told one delivery after the other.
      const isPlain = taker !== null && standing.length + ended.length === 0 && states.series.size === 0;
      if (isPlain) await taker?.(batchOf(request.at, decoded));
      else await inTurn(() => give(request.at, decoded));
      return decoded.reply;
    },
  } satisfies PushedSource;
}

function bounded(seen: Set<string>, sample: Sample, counted: ReadonlySet<string>): Sample {
  if (sample.kind === 'probe') return sample;
  const labels = Object.entries(sample.labels);
  const isFree = (label: string): boolean => sample.kind === 'delta' && counted.has(label);
  const key = keyOf(sample.name, counted.size === 0 ? sample.labels : Object.fromEntries(labels.filter(([label]) => !isFree(label))));
  if (seen.has(key)) return sample;
  if (seen.size >= SERIES_CAP)
    return { ...sample, labels: Object.fromEntries(labels.map(([label, value]) => [label, isFree(label) ? value : OVERFLOW_SCOPE])) };
  seen.add(key);
  return sample;
}
