// States that stand until they are told otherwise or their time is over, told as one value for each name and labels: the highest of the
// things that share them. Bounded: what does not fit is counted. It knows no clock and no store.
import type { Instant } from './json.ts';
import type { Cursor, Sample } from './signal.ts';

export const STANDING_CAPS = { series: 1_000, things: 10_000 } as const;

/** A state that its sender tells when it changes, and seldom again. */
export interface Standing {
  /** Of the thing whose state it is. */
  readonly thing: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** From then on it is unknown unless it was told again. */
  readonly until: Instant;
}

/** A thing is over, said by somebody who does not repeat what it was called. */
export interface Ended {
  readonly thing: string;
  readonly until: Instant;
}

interface State {
  readonly value: number;
  readonly until: Instant;
  /** How many it stands for, where it is not one thing's own. */
  readonly of?: number;
}

interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly things: ReadonlyMap<string, State>;
}

export interface Standings {
  readonly series: ReadonlyMap<string, Series>;
  /** Series whose state has a place that outlives the process; places are never given back. */
  readonly places: ReadonlySet<string>;
}

export interface Told {
  readonly standings: Standings;
  readonly samples: readonly Sample[];
  readonly cursor: Cursor;
  /** States for which there was no room. */
  readonly dropped: number;
}

/** Stands for the things of a series that a life before this one knew, until so many of them have been told of again. */
const BEFORE = '';
const VALUE = '#value';
const UNTIL = '#until';
const THINGS = '#things';

/** Where the life before ended. */
export function restored(cursor: Cursor): Standings {
  const series = new Map<string, Series>();
  const places = new Set<string>();
  for (const [key, value] of Object.entries(cursor)) {
    const place = key.endsWith(VALUE) ? key.slice(0, -VALUE.length) : '';
    const until = cursor[`${place}${UNTIL}`];
    if (place === '' || until === undefined) continue;
    const [name = '', ...flat] = JSON.parse(place) as readonly string[];
    const labels = Object.fromEntries(flat.flatMap((label, index) => (index % 2 === 0 ? [[label, flat[index + 1] ?? '']] : [])));
    series.set(place, { name, labels, things: new Map([[BEFORE, { value, until, of: cursor[`${place}${THINGS}`] ?? 1 }]]) });
    places.add(place);
  }
  return { series, places };
}

/** The states as they stand at `now`, after what was told. */
export function tell(
  before: Standings,
  told: { readonly standing: readonly Standing[]; readonly ended: readonly Ended[] },
  now: Instant,
): Told {
  const next = alive(before, now);
  const touched = new Set<string>();
  let room = STANDING_CAPS.things - [...next.values()].reduce((sum, one) => sum + one.things.size, 0);
  let dropped = 0;
  for (const { thing, name, labels, value, until } of told.standing) {
    const key = keyOf(name, labels);
    const known = next.get(key);
    const isNew = known?.things.has(thing) !== true;
    if ((isNew && room <= 0) || (known === undefined && next.size >= STANDING_CAPS.series)) {
      dropped += 1;
      continue;
    }
    room -= isNew ? 1 : 0;
    const series = known ?? { name, labels, things: new Map<string, State>() };
    series.things.set(thing, { value, until });
    if (isNew) oneLess(series.things);
    next.set(key, series);
    touched.add(key);
  }
  for (const { thing, until } of told.ended) {
    for (const [key, { things }] of next) {
      if (!things.has(thing)) continue;
      things.set(thing, { value: 0, until });
      touched.add(key);
    }
  }
  return { ...shown(next, before.places, touched, now), dropped };
}

/** A copy that may be written to: what was told before is still there when the store refuses what comes now. */
function alive(before: Standings, now: Instant): Map<string, Series & { readonly things: Map<string, State> }> {
  const next = new Map<string, Series & { readonly things: Map<string, State> }>();
  for (const [key, one] of before.series) {
    const things = new Map([...one.things].filter(([, state]) => state.until > now));
    if (things.size > 0) next.set(key, { ...one, things });
  }
  return next;
}

function oneLess(things: Map<string, State>): void {
  const before = things.get(BEFORE);
  if (before === undefined) return;
  const of = (before.of ?? 1) - 1;
  if (of <= 0) things.delete(BEFORE);
  else things.set(BEFORE, { ...before, of });
}

function shown(
  series: ReadonlyMap<string, Series>,
  known: ReadonlySet<string>,
  touched: ReadonlySet<string>,
  now: Instant,
): Omit<Told, 'dropped'> {
  const places = new Set(known);
  const cursor: Record<string, number> = {};
  const samples = [...series].map(([key, { name, labels, things }]): Sample => {
    const states = [...things.values()];
    const value = states.reduce((most, state) => Math.max(most, state.value), -Infinity);
    if (touched.has(key) && (places.has(key) || places.size < STANDING_CAPS.series)) {
      places.add(key);
      cursor[`${key}${VALUE}`] = value;
      cursor[`${key}${UNTIL}`] = states.reduce((last, state) => Math.max(last, state.until), 0);
      // Those below the highest do not matter: they would take nothing away.
      cursor[`${key}${THINGS}`] = states.reduce((sum, state) => sum + (state.value === value ? (state.of ?? 1) : 0), 0);
    }
    return { kind: 'value', name, labels, at: now, value };
  });
  return { standings: { series, places }, samples, cursor };
}

export function keyOf(name: string, labels: Readonly<Record<string, string>>): string {
  return JSON.stringify([
    name,
    ...Object.entries(labels)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flat(),
  ]);
}
