// Instants and durations as the screens show them: the organization's zone, UTC beside it, and how long ago.
import type { Instant } from '../domain/json.ts';
import type { Lang } from '../domain/system.ts';
import { html, type Markup } from './markup.ts';

export interface Clock {
  readonly lang: Lang;
  readonly zone: string;
  readonly now: Instant;
}

const HOUR = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const DATE = { year: 'numeric', month: 'short', day: 'numeric' } as const;

/** `03:02`, with the date when it could be taken for another day's. */
export function timeOf(at: Instant, clock: Clock, o: { readonly seconds?: boolean } = {}): string {
  const options = { ...HOUR, ...(o.seconds === true ? { second: '2-digit' as const } : {}), timeZone: clock.zone };
  const time = new Intl.DateTimeFormat(clock.lang, options).format(at);
  const day = new Intl.DateTimeFormat(clock.lang, { ...DATE, timeZone: clock.zone });
  const near = Math.abs(at - clock.now) < 12 * 3_600_000;
  return near || day.format(at) === day.format(clock.now) ? time : `${day.format(at)}, ${time}`;
}

export function utcOf(at: Instant): string {
  return `${new Date(at).toISOString().slice(11, 16)} UTC`;
}

/** `GMT-3`. */
export function zoneName(clock: Clock): string {
  const parts = new Intl.DateTimeFormat(clock.lang, { timeZone: clock.zone, timeZoneName: 'short' }).formatToParts(clock.now);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? clock.zone;
}

/** The element that machines read too; UTC is its tooltip. */
export function timeTag(at: Instant, clock: Clock, o: { readonly seconds?: boolean } = {}): Markup {
  return html`<time datetime="${new Date(at).toISOString()}" title="${utcOf(at)}">${timeOf(at, clock, o)}</time>`;
}

/** `2:58`, `1:02:58`, `3d 4h`: what a big clock shows. The script of the page counts in the same words. */
export function countdown(ms: number): string {
  const total = Math.max(0, Math.floor(Math.abs(ms) / 1000));
  const [days, hours, minutes, seconds] = [
    Math.floor(total / 86_400),
    Math.floor(total / 3600) % 24,
    Math.floor(total / 60) % 60,
    total % 60,
  ];
  if (days > 0) return `${days}d ${hours}h`;
  const pad = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds)}` : `${minutes}:${pad(seconds)}`;
}

/** `0.4 s` below ten seconds, then as `span`: whether Belay looked a moment ago or a while ago makes the difference. */
export function fineSpan(ms: number, lang: Lang): string {
  if (ms >= 10_000) return span(ms);
  return `${new Intl.NumberFormat(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(Math.max(0, ms) / 1_000)} s`;
}

/** `12 min`: how long ago. Rough on purpose. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
  return `${Math.floor(seconds / 86_400)} d`;
}
