// What no text of the store can hold: the character U+0000, and no hash can be made of: halves of characters. It knows no store.
import { BelayError } from './errors.ts';
import type { Json } from './json.ts';

const NUL = '\u0000';

/** The path of the first text, or name of a field, that holds it; null where none does. */
export function nulIn(value: unknown, path = ''): string | null {
  if (typeof value === 'string') return value.includes(NUL) ? path : null;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    const own = path === '' ? name : `${path}.${name}`;
    const found = name.includes(NUL) ? own.replaceAll(NUL, '\ufffd') : nulIn(inner, own);
    if (found !== null) return found;
  }
  return null;
}

/** For what must not be refused. */
export const storable = (text: string): string => text.replaceAll(NUL, '\ufffd');

const UNFIT = /[\0\p{Cs}]/gu;

/** The same value, as what strangers wrote can be kept and hashed. */
export function keepable(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll(UNFIT, '\ufffd');
  if (Array.isArray(value)) return value.map(keepable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key.replaceAll(UNFIT, '\ufffd'), keepable(one)]));
}

/** @throws BELAY_INPUT_INVALID */
export function demandStorable(value: unknown): void {
  const where = nulIn(value);
  if (where === null) return;
  throw new BelayError('BELAY_INPUT_INVALID', `${where === '' ? 'the text' : where} holds the character U+0000, which cannot be stored.`, {
    hint: 'Nothing was changed: send it without that character.',
  });
}
