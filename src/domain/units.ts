// Durations, percentages and rates as people write them in files (`15m`, `2%`, `10/min`), and back. Pure text, exact errors.
// How figures are shown to people in their language is `time-text.ts`' business.

export type Parsed = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly why: string };

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
type Unit = keyof typeof UNITS;

/** What people write instead of the unit that we know. */
const ALIASES: Readonly<Record<string, Unit>> = {
  msec: 'ms',
  millis: 'ms',
  millisecond: 'ms',
  milliseconds: 'ms',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  hr: 'h',
  hrs: 'h',
  hour: 'h',
  hours: 'h',
  day: 'd',
  days: 'd',
  week: 'w',
  weeks: 'w',
};

export const DURATION_FORM = 'a duration: a whole number and ms, s, m, h, d or w, such as 10s or 15m';
export const PERCENT_FORM = 'a percentage such as 2%, or a fraction from 0 to 1 such as 0.02';

/**
 * Milliseconds.
 * @example parseDuration('15m') // { ok: true, value: 900_000 }
 */
export function parseDuration(text: string): Parsed {
  const [, digits, unit] = /^(\d{1,12})(ms|s|m|h|d|w)$/.exec(text) ?? [];
  if (digits !== undefined && unit !== undefined) {
    const value = Number(digits) * UNITS[unit as Unit];
    return Number.isSafeInteger(value) ? { ok: true, value } : { ok: false, why: `"${text}" is too long` };
  }
  const meant = durationMeant(text);
  return { ok: false, why: `"${text}" is not a duration${meant === null ? '' : `; write ${meant}`}` };
}

/**
 * One duration, or from one to another.
 * @example parseSpan('10m-15m') // { leastMs: 600_000, mostMs: 900_000 }
 */
export function parseSpan(text: string): { readonly leastMs: number; readonly mostMs: number } | null {
  const [from = '', to = from, ...more] = text.split(/[-–]/).map((one) => one.trim());
  const [least, most] = [parseDuration(from), parseDuration(to)];
  return least.ok && most.ok && most.value >= least.value && more.length === 0 ? { leastMs: least.value, mostMs: most.value } : null;
}

/** The duration that `text` probably means: `2 mins` → `2m`. Null when it cannot be told. */
export function durationMeant(text: string): string | null {
  const [, digits, word = ''] = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(text.trim()) ?? [];
  const unit = word in UNITS ? (word as Unit) : ALIASES[word.toLowerCase()];
  if (digits === undefined || unit === undefined) return null;
  const ms = Number(digits) * UNITS[unit];
  return Number.isSafeInteger(ms) ? writeDuration(ms) : null;
}

/**
 * The shortest exact form.
 * @example writeDuration(5_400_000) // '90m'
 */
export function writeDuration(ms: number): string {
  const unit = (['w', 'd', 'h', 'm', 's'] as const).find((one) => ms !== 0 && ms % UNITS[one] === 0);
  if (unit === undefined) return ms === 0 ? '0s' : `${ms}ms`;
  return `${ms / UNITS[unit]}${unit}`;
}

/**
 * A fraction.
 * @example parsePercent('2%') // { ok: true, value: 0.02 }
 */
export function parsePercent(text: string): Parsed {
  const [, digits] = /^(\d+(?:\.\d+)?)\s?%$/.exec(text) ?? [];
  // Read as decimals: a division by 100 would turn 98.939% into another number than 0.98939.
  if (digits !== undefined) return inFraction(text, Number(`${digits}e-2`));
  if (/^(\d+(\.\d*)?|\.\d+)(e-?\d+)?$/i.test(text)) return inFraction(text, Number(text));
  return { ok: false, why: `"${text}" is not a percentage` };
}

function inFraction(text: string, value: number): Parsed {
  if (value >= 0 && value <= 1) return { ok: true, value };
  return { ok: false, why: `${text} is more than 100%${text.includes('%') ? '' : ` (write ${text}% if percent was meant)`}` };
}

/** @example writePercent(0.02) // '2%' */
export function writePercent(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(12))}%`;
}

/**
 * Events per minute. A bare number is per minute already.
 * @example parseRate('2/s') // { ok: true, value: 120 }
 */
export function parseRate(text: string): Parsed {
  const [, digits, word = 'm'] = /^(\d+(?:\.\d+)?)(?:\s?\/\s?([a-z]+))?$/.exec(text) ?? [];
  const unit = word in UNITS ? (word as Unit) : ALIASES[word];
  if (digits === undefined || unit === undefined || unit === 'ms') return { ok: false, why: `"${text}" is not a rate` };
  return { ok: true, value: (Number(digits) * UNITS.m) / UNITS[unit] };
}

/** @example writeRate(120) // '120/min' */
export function writeRate(perMinute: number): string {
  return `${Number(perMinute.toPrecision(12))}/min`;
}
