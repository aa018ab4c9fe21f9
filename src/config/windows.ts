// Maintenance windows as people write them: days and hours, or a line of cron with a length. When they are open is domain/window.ts' business.
import { LONGEST_WINDOW_MS, type WindowSpec } from '../domain/window.ts';
import type { Reader } from './read.ts';
import { duration, listOf, oneOf, optional, record, text, wrong } from './read.ts';
import { zone } from './zone.ts';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const CLOCK_FORM = 'a time of the day such as "02:00", in quotes';
const CRON_FORM = 'minute, hour, day of the month, month, day of the week, such as "0 2 * * 0"';

/** What stands in the file; the zone of the system is filled in later. */
export type WindowDraft = Omit<WindowSpec, 'id' | 'zone'> & { readonly zone?: string };

const clock: Reader<number> = (value, problems, name) => {
  const read = text(value, problems, name);
  if (read === undefined) return undefined;
  const [, hours, minutes] = /^(\d{1,2}):(\d\d)$/.exec(read) ?? [];
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && minute <= 1_440 ? minute : wrong(value, problems, name, CLOCK_FORM);
};

interface Cron {
  readonly at: readonly number[];
  readonly monthDays: readonly number[];
  readonly months: readonly number[];
  readonly weekdays: readonly number[];
  readonly eitherDay: boolean;
}

const cron: Reader<Cron> = (value, problems, name) => {
  const read = text(value, problems, name);
  if (read === undefined) return undefined;
  return cronOf(read) ?? wrong(value, problems, name, CRON_FORM);
};

/** @example cronOf('30 2 * * 0')?.at // [150] */
export function cronOf(line: string): Cron | null {
  const parts = line.trim().split(/\s+/);
  if (line.length > 200 || parts.length !== 5) return null;
  const [minutes, hours, monthDays, months, week] = [
    numbersIn(parts[0] ?? '', 0, 59),
    numbersIn(parts[1] ?? '', 0, 23),
    numbersIn(parts[2] ?? '', 1, 31),
    numbersIn(parts[3] ?? '', 1, 12),
    numbersIn(
      (parts[4] ?? '').toLowerCase().replaceAll(/[a-z]{3}/g, (day) => numberOf(day)),
      0,
      7,
    ),
  ];
  if (minutes === null || hours === null || monthDays === null || months === null || week === null) return null;
  return {
    at: hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute)).toSorted((a, b) => a - b),
    monthDays,
    months,
    weekdays: [...new Set(week.map((day) => day % 7))],
    eitherDay: !(parts[2] ?? '').startsWith('*') && !(parts[4] ?? '').startsWith('*'),
  };
}

/** A word that is no day stays one, and so is refused. */
const numberOf = (day: string): string => {
  const found = (DAYS as readonly string[]).indexOf(day);
  return found === -1 ? day : String(found);
};

/** A list of one, a range or a star, each with a step. */
function numbersIn(part: string, least: number, most: number): readonly number[] | null {
  const found = new Set<number>();
  for (const one of part.split(',')) {
    const [, star, from, to, step = '1'] = /^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(one) ?? [];
    if (star === undefined && from === undefined) return null;
    const first = star === undefined ? Number(from) : least;
    const last = star !== undefined || (to === undefined && one.includes('/')) ? most : Number(to ?? from);
    if (first < least || last > most || first > last || Number(step) === 0) return null;
    for (let number = first; number <= last; number += Number(step)) found.add(number);
  }
  return [...found].toSorted((a, b) => a - b);
}

const FIELDS = record({
  days: optional(listOf(oneOf(...DAYS), 1)),
  from: optional(clock),
  to: optional(clock),
  cron: optional(cron),
  for: optional(duration(60_000)),
  zone: optional(zone),
});

export const maintenanceWindow: Reader<WindowDraft> = (value, problems, name) => {
  const fields = FIELDS(value, problems, name);
  if (fields === undefined) return undefined;
  const inZone = fields.zone === undefined ? {} : { zone: fields.zone };
  if (fields.for !== undefined && fields.for > LONGEST_WINDOW_MS) return wrong(value, problems, name, 'a window of 7d at most');
  const byDay = fields.from !== undefined && fields.to !== undefined && fields.cron === undefined && fields.for === undefined;
  if (byDay && fields.from !== undefined && fields.to !== undefined) {
    const weekdays = fields.days?.map((day) => DAYS.indexOf(day)) ?? EVERY_DAY;
    return { ...inZone, ...ANY_DATE, weekdays, at: [fields.from], until: { minute: fields.to } };
  }
  const byCron = fields.cron !== undefined && fields.for !== undefined && fields.days === undefined && fields.from === undefined;
  if (byCron && fields.cron !== undefined && fields.for !== undefined) return { ...inZone, ...fields.cron, until: { afterMs: fields.for } };
  // What could not be read has been told.
  const isTold =
    value.kind === 'map' && value.entries.some(({ key }) => (key in fields ? fields[key as keyof typeof fields] === undefined : false));
  if (isTold) return undefined;
  return wrong(value, problems, name, 'days, from and to, or cron and for');
};

const ANY_DATE = {
  monthDays: Array.from({ length: 31 }, (_, n) => n + 1),
  months: Array.from({ length: 12 }, (_, n) => n + 1),
  eitherDay: false,
} as const;
