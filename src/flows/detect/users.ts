// How many different users are hit, and how many there are (guard G6): two signals of distinct values over the window of a trigger.
// What cannot be known is not guessed: it says null.
import type { Instant } from '../../domain/json.ts';
import { WINDOW_SLOTS } from '../../domain/ring.ts';
import { OVERFLOW_SCOPE, type SignalSpec } from '../../domain/signal.ts';
import type { System } from '../../domain/system.ts';
import type { TriggerRule, UserSignals } from '../../domain/trigger.ts';
import type { Readings } from '../../ports/readings.ts';
import { type Book, isSilent, newestOf, slotOf, type Track, trackFor, trackKey } from './track.ts';

/** Of a trigger that has no window: one that people pull, a probe, an age. */
const WINDOWLESS_MS = 15 * 60_000;

type Parts = Pick<System, 'triggers' | 'signals' | 'guards'>;

interface Counted {
  readonly affected: SignalSpec;
  readonly active: SignalSpec;
  readonly overMs: number;
}

function countedBy({ signals, guards }: Parts, rule: TriggerRule): Counted | null {
  const named: UserSignals | undefined = rule.users ?? guards.users;
  const find = (id: string | undefined): SignalSpec | undefined => signals.find((one) => one.id === id && one.signal.kind === 'distinct');
  const [affected, active] = [find(named?.affected), find(named?.active)];
  const overMs = rule.breach !== undefined && rule.breach.overMs > 1 ? rule.breach.overMs : WINDOWLESS_MS;
  return affected === undefined || active === undefined ? null : { affected, active, overMs };
}

/** The windows that the answer will be read from. */
export function watchUsers(book: Book, parts: Parts, now: Instant): void {
  for (const rule of parts.triggers) {
    const counted = countedBy(parts, rule);
    if (counted === null) continue;
    for (const spec of [counted.affected, counted.active]) trackFor(book, { spec, by: spec.by, overMs: counted.overMs }, now);
  }
}

export function usersOf(
  book: Book,
  parts: Parts,
  q: Parameters<Readings['users']>[0],
  now: Instant,
): Awaited<ReturnType<Readings['users']>> {
  const rule = parts.triggers.find((one) => one.id === q.trigger);
  const counted = rule === undefined ? null : countedBy(parts, rule);
  if (counted === null) return undefined;
  const [affected, active] = [counted.affected, counted.active].map((spec) => {
    const track = book.tracks.get(trackKey(spec.id, spec.by, counted.overMs));
    return track === undefined ? null : countIn(book, track, q.scope, now);
  });
  return affected == null || active == null ? null : { affected, active };
}

/** Null: its source is silent, its window is not covered, or it cannot tell this organization from the others. */
function countIn(book: Book, track: Track, scope: string | null, now: Instant): number | null {
  const sources = [...track.fedBy].map((id) => book.sources.get(id));
  const isHeard = sources.length > 0 && sources.every((source) => source !== undefined && !isSilent(source, now));
  const at = newestOf(book, track);
  if (!isHeard || track.since === null || at - track.since < track.overMs || track.values === null) return null;
  if (scope !== null && (track.by === null || track.rowOf.has(OVERFLOW_SCOPE))) return null;
  const rows = scope === null ? [...track.rowOf.values()] : [track.rowOf.get(scope)].filter((row) => row !== undefined);
  const slot = slotOf(track, at);
  let count = 0;
  for (const row of rows) {
    track.values.advanceTo(row, slot);
    count += track.values.between(row, slot - WINDOW_SLOTS, slot).count;
  }
  return count;
}
