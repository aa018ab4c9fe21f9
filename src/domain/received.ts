// What strangers send, made fit to keep: JSON or the reason why it is none, label values of a bounded length without control characters.
// It knows no format.
import { BelayError } from './errors.ts';
import type { Json } from './json.ts';

export const LABEL_CHARS = 256;
/** Of the labels of one sample, as JSON. */
export const ALL_LABELS_BYTES = 1_600;
/** Control characters, and halves of characters. */
const UNFIT = /[\p{Cc}\p{Cs}]/gu;

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The field where it is a mapping, else an empty one. */
export const fieldsIn = (value: unknown): Fields => (isFields(value) ? value : {});

export const textIn = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Numbers, words and booleans as a label shows them; '' for anything else. What is cut ends with `…`. */
export function labelText(value: unknown, most = LABEL_CHARS): string {
  const written = typeof value === 'number' || typeof value === 'boolean' ? String(value) : textIn(value);
  const cut = written.length > most ? `${written.slice(0, most - 1)}…` : written;
  return cut.replaceAll(UNFIT, '\uFFFD');
}

/** Labels without a value are left out: for a selector that is the same. All of them together stay within a key of the store. */
export function labelsOf(values: Fields): Readonly<Record<string, string>> {
  const within = (most: number): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Object.entries(values)
        .map(([name, value]) => [name, labelText(value, most)] as const)
        .filter(([, text]) => text !== ''),
    );
  const labels = within(LABEL_CHARS);
  if (new TextEncoder().encode(JSON.stringify(labels)).length <= ALL_LABELS_BYTES) return labels;
  // A character takes at most three bytes.
  return within(Math.max(8, Math.floor(ALL_LABELS_BYTES / 4 / Object.keys(labels).length)));
}

const DEEPEST = 64;

/** Undefined for what is no JSON, and for what is nested so deeply that nobody reads it. */
export function jsonWithin(text: string): Json | undefined {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < text.length; at += 1) {
    const one = text[at];
    if (isText) {
      if (one === '\\') at += 1;
      else if (one === '"') isText = false;
    } else if (one === '"') isText = true;
    else if (one === '{' || one === '[') depth += 1;
    else if (one === '}' || one === ']') depth -= 1;
    if (depth > DEEPEST) return undefined;
  }
  try {
    return JSON.parse(text) as Json;
  } catch {
    // Most texts are none.
    return undefined;
  }
}

/** What is said of the body never shows it: it may hold a secret. @throws BELAY_INPUT_INVALID */
export function jsonIn(bytes: Uint8Array, what = 'the body'): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const place = /position \d+/.exec(cause instanceof Error ? cause.message : '')?.[0];
    throw refused(`${what} is not JSON${place === undefined ? '' : `, at ${place}`}`);
  }
}

export function refused(message: string, hint?: string): BelayError {
  return new BelayError('BELAY_INPUT_INVALID', message, hint === undefined ? {} : { hint });
}
