// By what name a series is remembered, in memory and in the store. It counts nothing.
import { digestNumber } from '../../domain/distinct.ts';
import { digestOf } from '../../domain/text-digest.ts';

type Labels = Readonly<Record<string, string>>;

/** A key of the store: what is longer would not fit into its index, so the rest of it is told by its digest. */
const KEY_CHARS = 600;

export function seriesKey(name: string, labels: Labels): string {
  const whole = JSON.stringify([
    name,
    ...Object.entries(labels)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flat(),
  ]);
  return whole.length <= KEY_CHARS ? whole : `${whole.slice(0, KEY_CHARS).replace(/[\uD800-\uDFFF]/g, '')}#${digestOf(whole)}`;
}

/** The name and the labels again; null where the key was too long to hold them, or is none. */
export function nameIn(key: string): { readonly name: string; readonly labels: Labels } | null {
  let parts: unknown;
  try {
    parts = JSON.parse(key);
  } catch {
    // One that was too long ends in a digest.
    return null;
  }
  if (!Array.isArray(parts)) return null;
  const [name = '', ...flat] = parts as readonly string[];
  return { name, labels: Object.fromEntries(flat.flatMap((label, index) => (index % 2 === 0 ? [[label, flat[index + 1] ?? '']] : []))) };
}

/** The store holds no phone number, only what tells it from another. */
export function withoutValues(labels: Labels, hashed: ReadonlySet<string>): Labels {
  const told: Record<string, string> = { ...labels };
  for (const label of hashed) if (told[label] !== undefined) told[label] = digestNumber(told[label]).toString(36);
  return told;
}

/** The text that was there first: the same ones are told apart at a glance then. */
export function sameText(texts: Map<string, string>, text: string): string {
  const known = texts.get(text);
  if (known === undefined) texts.set(text, text);
  return known ?? text;
}
