// Values of plans, signals and arguments as one short piece of text.
import type { SignalView } from '../domain/incident-view-signal.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { commandText } from '../domain/run-policy.ts';
import type { Lang } from '../domain/system.ts';
import { formatDuration, formatShare } from '../domain/time-text.ts';
import type { Words } from './words.ts';

export function valueText(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return /^[\w.:/@%+-]+$/.test(value) ? value : JSON.stringify(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** `target=shop to=v1.0.0` */
export function argsText(args: JsonObject): string {
  return Object.entries(args)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ');
}

/** `deploy.rollback target=shop to=v1.0.0`; a command as people would type it. */
export function callText(action: string, args: JsonObject): string {
  const { cmd, ...rest } = args;
  const words =
    action === 'run' && Array.isArray(cmd)
      ? [action, commandText(cmd.map(String))]
      : [action, ...(cmd === undefined ? [] : [`cmd=${valueText(cmd)}`])];
  return [...words, argsText(rest)].join(' ').trimEnd();
}

export function measureText(value: number | null, unit: SignalView['unit'], lang: Lang, words: Words): string {
  if (value === null) return words.unknown;
  if (unit === 'ratio' || unit === 'fractionAbove') return formatShare(value, lang);
  if (unit === 'age' || unit === 'absent') return formatDuration(value * 1_000, lang);
  const rounded = new Intl.NumberFormat(lang, { maximumSignificantDigits: 4 }).format(value);
  return unit === 'rate' ? `${rounded} ${words.perMinute}` : rounded;
}

export const shortHash = (hash: string): string => hash.slice(0, 8);
