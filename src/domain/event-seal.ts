// Drafts become events of a log: numbered, linked to the one before, hashed. It knows no store; the hash function is given.
import { assert } from './assert.ts';
import type { Event, EventDraft } from './event.ts';
import { GENESIS } from './event.ts';
import type { Instant, Json } from './json.ts';

export interface LogHead {
  readonly seq: number;
  readonly head: string;
}

/** The head of a log without events. */
export const EMPTY_LOG: LogHead = { seq: 0, head: GENESIS };

/** `observedAt` of a draft that has none is `now`: when Belay wrote it down. */
export function sealEvents(
  drafts: readonly EventDraft[],
  o: { readonly incident: string; readonly after: LogHead; readonly now: Instant; readonly hashOf: (value: Json) => string },
): readonly Event[] {
  assert(o.after.seq > 0 || drafts[0]?.type === 'incident.declared', `${o.incident}: a log begins with incident.declared`);
  let { seq, head } = o.after;
  return drafts.map((draft) => {
    seq += 1;
    // Through JSON first: what is hashed is what any store gives back (no undefined properties, no shared references).
    const whole = { ...draft, observedAt: draft.observedAt ?? o.now, v: 1, seq, incident: o.incident, prev: head };
    const unsealed = JSON.parse(JSON.stringify(whole, finite)) as Json;
    head = o.hashOf(unsealed);
    return { ...(unsealed as object), hash: head } as Event;
  });
}

/** JSON would write NaN and Infinity as null, and the record would lie. */
function finite(key: string, value: unknown): unknown {
  assert(typeof value !== 'number' || Number.isFinite(value), `${key} of an event is ${String(value)}`);
  return value;
}
