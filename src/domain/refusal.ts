// Requests that the door for senders refused, as they are kept for whoever integrates: a bounded few, with the reason and the beginning of
// what was sent, its secrets masked. It knows neither headers nor files.
import type { Instant } from './json.ts';

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

/** Newest first. A flood is a few examples and a number. */
export function withRefusal(kept: readonly Refusal[], one: Refusal): readonly Refusal[] {
  const alike = kept.filter(({ status, at }) => status === one.status && one.at - at < MINUTE_MS);
  const [latest] = alike;
  if (latest !== undefined && alike.length >= REFUSALS.perMinute)
    return kept.map((other) => (other === latest ? { ...latest, more: latest.more + 1 } : other));
  return [one, ...kept].slice(0, REFUSALS.perSource).filter(({ at }) => one.at - at < REFUSALS.keepMs);
}

export const isKept = ({ at }: Refusal, now: Instant): boolean => now - at < REFUSALS.keepMs;

/** Words that say that a value is nobody's business, as keys of JSON, of forms and of text. */
const KEY = String.raw`[\w.-]*(?:password|passwd|senha|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization|cookie|signature|credential)[\w.-]*`;
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [new RegExp(String.raw`("${KEY}"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,}\]]+)`, 'gi'), '$1"•••"'],
  [new RegExp(String.raw`(\b${KEY}\s*[=:]\s*)(?!["\s•])[^\s&;,"'}]+`, 'gi'), '$1•••'],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, '$1 •••'],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '•••'],
  [/\b(?:sk|pk|rk|ghp|gho|ghs|xox[abprs]|whsec|AKIA|glpat|SG)[-_A-Za-z0-9.]{12,}/g, '•••'],
  [/(:\/\/[^\s/:@"]{1,100}:)[^\s/@"]{1,200}@/g, '$1•••@'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '•••'],
];

/** `known` are secrets that belay.yaml names: they are masked wherever they stand. */
export function masked(text: string, known: readonly string[] = []): string {
  const named = known.filter((secret) => secret.length >= 4).reduce((kept, secret) => kept.replaceAll(secret, '•••'), text);
  return SHAPES.reduce((kept, [shape, instead]) => kept.replaceAll(shape, instead), named);
}

const UNFIT = /(?![\n\t])[\p{Cc}\p{Cs}]/gu;

/** The beginning of a body as text; null where it is none. It is masked before it is cut: no half of a secret stays. */
export function bodyText(bytes: Uint8Array, known: readonly string[]): string | null {
  // What begins within the part that is kept may end behind it.
  const text = new TextDecoder().decode(bytes.subarray(0, 2 * REFUSALS.bodyChars)).replace(/\r\n/g, '\n');
  const strange = text.match(/[\ufffd\0]/g)?.length ?? 0;
  if (strange * 20 > text.length) return null;
  const shown = masked(text.replaceAll(UNFIT, '\ufffd'), known);
  return shown.length > REFUSALS.bodyChars ? `${shown.slice(0, REFUSALS.bodyChars - 1)}…` : shown;
}
