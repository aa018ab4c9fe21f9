// Times of a screen: how long ago, how long is left, and the bar of a clock.
import type { ClockView } from '../domain/incident-view-clocks.ts';
import type { Instant } from '../domain/json.ts';
import type { Lang } from '../domain/system.ts';
import { formatTime } from '../domain/time-text.ts';
import type { Marks } from './output.ts';
import type { Words } from './words.ts';

/** Rough on purpose. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** `2:58`, `1:02:58`, `3 d 4 h`. */
export function countdown(ms: number): string {
  const total = Math.max(0, Math.floor(Math.abs(ms) / 1000));
  const [days, hours, minutes, seconds] = [
    Math.floor(total / 86_400),
    Math.floor(total / 3600) % 24,
    Math.floor(total / 60) % 60,
    total % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** With the date where it could be taken for another day's. */
export function timeOf(at: Instant, o: { readonly now: Instant; readonly lang: Lang; readonly zone: string }): string {
  const time = formatTime(at, o);
  if (Math.abs(at - o.now) < 12 * 3_600_000) return time;
  const day = new Intl.DateTimeFormat(o.lang, { day: 'numeric', month: 'short', timeZone: o.zone }).format(at);
  return `${day}, ${time}`;
}

export function bar(clock: ClockView, now: Instant, marks: Marks, length = 10): string {
  const share = (now - clock.startedAt) / Math.max(1, clock.deadline - clock.startedAt);
  const full = Math.round(Math.min(1, Math.max(0, share)) * length);
  return marks.full.repeat(full) + marks.empty.repeat(length - full);
}

export function clockName(clock: ClockView, words: Words): string {
  const kind = { clock: words.kindClock, approval: words.kindApproval, promise: words.kindPromise, contingency: words.kindContingency }[
    clock.kind
  ];
  return clock.kind === 'approval' ? kind : `${kind} ${clock.id}`.trim();
}
