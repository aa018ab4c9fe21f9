// Labels from strangers: what a value may look like. It knows no protocol.
import { createHash } from 'node:crypto';

export const LABEL_CAPS = { valueChars: 256, nameChars: 256, perSeries: 128 } as const;
const MARK_CHARS = 9;
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/gu;

/**
 * Long values are cut, control characters replaced. What was changed ends in a mark of the whole value, so that two series stay two:
 * counters of one name that take turns would look like a counter that restarts again and again.
 */
export function labelText(value: string): string {
  const clean = value.replace(UNPRINTABLE, '\ufffd');
  if (clean === value && value.length <= LABEL_CAPS.valueChars) return value;
  return `${clean.slice(0, LABEL_CAPS.valueChars - MARK_CHARS).replace(/[\ud800-\udbff]$/, '')}~${markOf(value)}`;
}

export const markOf = (text: string | Uint8Array): string =>
  createHash('sha256')
    .update(text)
    .digest('hex')
    .slice(0, MARK_CHARS - 1);
