// Maintenance windows: when one is open, until when, and when the next begins, in the wall time of its zone. It knows no clock.
import type { Instant } from './json.ts';

/** 0 is Sunday. */
export interface WindowSpec {
  readonly id: string;
  readonly zone: string;
  /** Minutes of the day at which it begins, on the days that are meant. */
  readonly at: readonly number[];
  readonly weekdays: readonly number[];
  readonly monthDays: readonly number[];
  readonly months: readonly number[];
  /** As cron has it: a day of the month or of the week is enough where both are limited. */
  readonly eitherDay: boolean;
  /** Its end: a minute of the same day, or of the next one where it is not after the begin; or so long after the begin. */
  readonly until: { readonly minute: number } | { readonly afterMs: number };
}

export interface WindowState {
  readonly open: boolean;
  /** Since when it is open, or when it opens next; null: not within the next 400 days. */
  readonly opensAt: Instant | null;
  /** The end of the one that is open, or of the next. */
  readonly closesAt: Instant | null;
}

interface Span {
  readonly opensAt: Instant;
  readonly closesAt: Instant;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const FAR_DAYS = 400;
export const LONGEST_WINDOW_MS = 7 * DAY_MS;

/** The same instant always, whatever the machine's own zone. */
export function windowState(spec: WindowSpec, now: Instant): WindowState {
  const zone = zoneOf(spec.zone);
  const today = dayOf(zone, now);
  // Those that began before and may still be open, today's, and then the next one.
  const first = today - Math.ceil(LONGEST_WINDOW_MS / DAY_MS) - 1;
  let open = null as Span | null;
  for (let day = first; day <= today + FAR_DAYS; day += 1) {
    for (const { opensAt, closesAt } of isMeant(spec, day) ? spansOf(spec, zone, day) : []) {
      // What begins before the one before it is over, or as it ends, goes on: midnight is no gap between two whole days.
      if (opensAt > (open?.closesAt ?? now)) return open === null ? { open: false, opensAt, closesAt } : { open: true, ...open };
      if (closesAt > now && (open === null || closesAt > open.closesAt)) open = { opensAt: open?.opensAt ?? opensAt, closesAt };
    }
    if (open !== null && day > dayOf(zone, open.closesAt)) break;
    if (open !== null && open.closesAt - now > LONGEST_WINDOW_MS) break;
  }
  return open === null ? { open: false, opensAt: null, closesAt: null } : { open: true, ...open };
}

function isMeant({ weekdays, monthDays, months, eitherDay }: WindowSpec, day: number): boolean {
  const { month, date } = dateOf(day);
  if (!months.includes(month)) return false;
  const [byWeek, byMonth] = [weekdays.includes(weekdayOf(day)), monthDays.includes(date)];
  return eitherDay ? byWeek || byMonth : byWeek && byMonth;
}

function spansOf({ at, until }: WindowSpec, zone: Zone, day: number): readonly Span[] {
  return at.flatMap((minute) => {
    const opensAt = instantOf(zone, day, minute);
    const closesAt = 'afterMs' in until ? opensAt + until.afterMs : instantOf(zone, until.minute > minute ? day : day + 1, until.minute);
    // Where clocks jump over all of it there is none.
    return closesAt > opensAt ? [{ opensAt, closesAt }] : [];
  });
}

interface Zone {
  /** What the wall shows more than UTC, ms. */
  readonly offset: (at: Instant) => number;
}

const zones = new Map<string, Zone>();

function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en', {
    timeZone: name,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const offset = (at: Instant): number => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const [year = 0, month = 0, date = 0] = [parts['year'], parts['month'], parts['day']];
    const [hour = 0, minute = 0, second = 0] = [parts['hour'], parts['minute'], parts['second']];
    const shown = daysTo(year, month, date) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000;
    return shown - Math.floor(at / 1_000) * 1_000;
  };
  const zone = { offset };
  zones.set(name, zone);
  return zone;
}

/** The day that the wall shows, counted from 1970-01-01. */
const dayOf = (zone: Zone, at: Instant): number => Math.floor((at + zone.offset(at)) / DAY_MS);

/**
 * When the wall shows this minute of the day: the first time where clocks go back over it, and where they jump over it the moment of the jump.
 * Minute 1440 is the end of the day.
 */
function instantOf(zone: Zone, day: number, minute: number): Instant {
  const wall = day * DAY_MS + minute * MINUTE_MS;
  const offsets = [zone.offset(wall - DAY_MS), zone.offset(wall + DAY_MS)];
  const fitting = offsets.map((offset) => wall - offset).filter((at) => at + zone.offset(at) === wall);
  if (fitting.length > 0) return Math.min(...fitting);
  let [before, after] = [wall - Math.max(...offsets), wall - Math.min(...offsets)];
  const old = zone.offset(before);
  while (after - before > 1_000) {
    const middle = Math.floor((before + after) / 2_000) * 1_000;
    if (zone.offset(middle) === old) before = middle;
    else after = middle;
  }
  return after;
}

/** 1970-01-01 was a Thursday. */
const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7;

/** Days from 1970-01-01, in the calendar that goes on for ever (H. Hinnant's days_from_civil). */
function daysTo(year: number, month: number, date: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const ofEra = shifted - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + date - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

function dateOf(day: number): { readonly month: number; readonly date: number } {
  const shifted = day + 719_468;
  const ofEra = shifted - Math.floor(shifted / 146_097) * 146_097;
  const year = Math.floor((ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365);
  const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const part = Math.floor((5 * ofYear + 2) / 153);
  return { month: part < 10 ? part + 3 : part - 9, date: ofYear - Math.floor((153 * part + 2) / 5) + 1 };
}
