// Durations and instants as people read them. The zone is always given: the machine's own zone never shows.
import type { Instant } from './json.ts';
import type { Lang } from './system.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DAYS: Readonly<Record<Lang, { readonly one: string; readonly other: string }>> = {
  en: { one: 'day', other: 'days' },
  'pt-BR': { one: 'dia', other: 'dias' },
};

/** @example formatDuration(5_400_000, 'en') // '1 h 30 min' */
export function formatDuration(ms: number, lang: Lang): string {
  if (ms < 0) return `-${formatDuration(-ms, lang)}`;
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${decimal(Math.round(ms / 100) / 10, lang)} s`;
  const rounded = Math.round(ms / SECOND) * SECOND;
  if (rounded < MINUTE) return `${rounded / SECOND} s`;
  if (rounded < HOUR) return pair(ms, [MINUTE, 'min'], [SECOND, 's']);
  if (ms < 2 * DAY) return pair(ms, [HOUR, 'h'], [MINUTE, 'min']);
  const days = Math.floor(ms / DAY);
  const hours = Math.round((ms - days * DAY) / HOUR);
  if (hours === 24) return formatDuration((days + 1) * DAY, lang);
  return `${days} ${days === 1 ? DAYS[lang].one : DAYS[lang].other}${hours === 0 ? '' : ` ${hours} h`}`;
}

function pair(ms: number, [big, bigName]: readonly [number, string], [small, smallName]: readonly [number, string]): string {
  const smalls = Math.round(ms / small);
  const bigs = Math.floor((smalls * small) / big);
  const rest = smalls - (bigs * big) / small;
  return rest === 0 ? `${bigs} ${bigName}` : `${bigs} ${bigName} ${rest} ${smallName}`;
}

function decimal(value: number, lang: Lang): string {
  const text = String(value);
  return lang === 'pt-BR' ? text.replace('.', ',') : text;
}

/** `14:35 GMT-3`: hour and minute with the short name of the zone. */
export function formatTime(at: Instant, o: { readonly lang: Lang; readonly zone: string }): string {
  return format(at, o, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' });
}

/** `2026-03-01 14:35:07 GMT-3`: sortable, for records. */
export function formatDateTime(at: Instant, o: { readonly lang: Lang; readonly zone: string }): string {
  const parts = new Map(
    recordFormat(o.zone)
      .formatToParts(at)
      .map((part) => [part.type, part.value] as const),
  );
  const date = `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`;
  return `${date} ${parts.get('hour')}:${parts.get('minute')}:${parts.get('second')} ${parts.get('timeZoneName')}`;
}

/** Made once a zone: making one takes longer than everything that is said with it. */
const RECORD_FORMATS = new Map<string, Intl.DateTimeFormat>();

function recordFormat(zone: string): Intl.DateTimeFormat {
  const known = RECORD_FORMATS.get(zone) ?? new Intl.DateTimeFormat('en-CA', { ...RECORD, timeZone: zone });
  if (RECORD_FORMATS.size < 1_000) RECORD_FORMATS.set(zone, known);
  return known;
}

const RECORD = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
} as const;

function format(at: Instant, o: { readonly lang: Lang; readonly zone: string }, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(o.lang, { ...options, timeZone: o.zone }).format(at);
}

/** `1.4 %` in the language's own decimal sign. */
export function formatShare(fraction: number, lang: Lang): string {
  const percent = fraction * 100;
  return `${decimal(Number(percent.toPrecision(3)), lang)} %`;
}
