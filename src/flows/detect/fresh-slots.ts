// Increments that are not in the store yet: what is added to a slot between two commits is one row of it.
import type { Instant } from '../../domain/json.ts';
import { WINDOW_SLOTS } from '../../domain/ring.ts';
import type { Track } from './track.ts';

export function keep(track: Track, row: number, slot: number, bad: number, all: number, sum: number): void {
  const start = slot * track.slotMs;
  // Nearly always one commit touches slots of one ring, whose remainders differ; a group of deliveries may span more.
  const near = row * (WINDOW_SLOTS + 1) + (slot % (WINDOW_SLOTS + 1));
  const there = track.freshSlots.get(near);
  const key = there === undefined || there.slot === start ? near : `${row}@${slot}`;
  const fresh = track.freshSlots.get(key);
  if (fresh !== undefined) {
    fresh.bad += bad;
    fresh.all += all;
    fresh.sum += sum;
  } else {
    track.freshSlots.set(key, { signal: track.key, scope: track.scopes[row] ?? '', slot: start, bad, all, sum });
  }
}

/** For the history: results of a point, and by how much the failures in a row changed, which adds up to how many there are. */
export function keepResult(
  track: Track,
  point: string,
  { at, ok, turned }: { readonly at: Instant; readonly ok: boolean; readonly turned: number },
): void {
  const slot = Math.floor(at / track.slotMs) * track.slotMs;
  const key = JSON.stringify([point, slot]);
  const fresh = track.freshSlots.get(key) ?? { signal: track.key, scope: point, slot, bad: 0, all: 0, sum: 0 };
  fresh.bad += ok ? 0 : 1;
  fresh.all += 1;
  fresh.sum += turned;
  track.freshSlots.set(key, fresh);
}
