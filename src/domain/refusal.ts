// Requests that the door for senders refused, as they are kept for whoever integrates: a bounded few, with the reason and the beginning of
// what was sent, its secrets masked. It knows neither headers nor files.
import type { Instant } from './json.ts';
import { masked } from './mask.ts';

export interface Refusal {
  readonly source: string;
  readonly at: Instant;
  readonly status: number;
  readonly reason: string;
  readonly method: string;
  readonly path: string;
  /** Bytes that were sent; null: it was refused before they were read. */
  readonly bytes: number | null;
  /** The beginning of the body, without secrets; null: not read, or no text. */
  readonly body: string | null;
  /** Others of its source and status that came soon after it and are not kept themselves. */
  readonly more: number;
}

export const REFUSALS = { bodyChars: 16 * 1024, perSource: 200, keepMs: 7 * 24 * 3_600_000, perMinute: 5 } as const;
const MINUTE_MS = 60_000;

const alikeIn = (kept: readonly Refusal[], one: Pick<Refusal, 'status' | 'at'>): readonly Refusal[] =>
  kept.filter(({ status, at }) => status === one.status && one.at - at < MINUTE_MS);

/** It will be a number only: nobody will see what was sent. */
export const isOneOfMany = (kept: readonly Refusal[], one: Pick<Refusal, 'status' | 'at'>): boolean =>
  alikeIn(kept, one).length >= REFUSALS.perMinute;

/** Newest first. A flood is a few examples and a number. */
export function withRefusal(kept: readonly Refusal[], one: Refusal): readonly Refusal[] {
  const alike = alikeIn(kept, one);
  const [latest] = alike;
  if (latest !== undefined && alike.length >= REFUSALS.perMinute)
    return kept.map((other) => (other === latest ? { ...latest, more: latest.more + 1 } : other));
  return [one, ...kept].slice(0, REFUSALS.perSource).filter(({ at }) => one.at - at < REFUSALS.keepMs);
}

export const isKept = ({ at }: Refusal, now: Instant): boolean => now - at < REFUSALS.keepMs;

const UNFIT = /(?![\n\t])[\p{Cc}\p{Cs}]/gu;

/** The beginning of a body as text; null where it is none. It is masked before it is cut: no half of a secret stays. */
export function bodyText(bytes: Uint8Array, known: readonly string[]): string | null {
  // What begins within the part that is kept may end behind it.
  const read = bytes.subarray(0, 2 * REFUSALS.bodyChars);
  const text = new TextDecoder().decode(read).replace(/\r\n/g, '\n');
  const strange = text.match(/[\ufffd\0]/g)?.length ?? 0;
  if (strange * 20 > text.length) return null;
  const whole = read.length < bytes.length ? withoutHalf(text, known) : text;
  const shown = masked(whole.replaceAll(UNFIT, '\ufffd'), known);
  const isAll = shown.length <= REFUSALS.bodyChars && whole === text;
  return isAll ? shown : `${shown.slice(0, REFUSALS.bodyChars - 1)}…`;
}

const LONGEST_WORD = 4_096;

/** A text that was cut, without the word in which it was cut: half of a secret has no shape, and is no secret that is known. */
function withoutHalf(text: string, known: readonly string[]): string {
  const half = known.map((secret) => beginningAtEnd(text, secret));
  let end = text.length - Math.max(0, ...half);
  for (const least = text.length - LONGEST_WORD; end > least && !/[\s"'<>&]/.test(text[end - 1] ?? ' '); ) end -= 1;
  return text.slice(0, end);
}

/** So many characters of the secret's beginning end the text. */
function beginningAtEnd(text: string, secret: string): number {
  for (let size = secret.length - 1; size > 0; size -= 1) if (text.endsWith(secret.slice(0, size))) return size;
  return 0;
}
