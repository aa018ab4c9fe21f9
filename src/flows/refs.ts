// References: `{path}` in the strings of a runbook becomes a live value. Only typed fields are filled, never program text.
import type { Json, JsonObject } from '../domain/json.ts';

/** What a path stands for: undefined is "no such thing", null is "known to be nothing". */
export type Lookup = (path: readonly string[]) => Json | undefined;

export interface Resolved<T extends Json> {
  readonly value: T;
  /** Paths that had no value; `value` then still holds `{path}` in their place. */
  readonly missing: readonly string[];
}

const REF = /\{([a-zA-Z][\w-]*(?:\.[\w-]+)*)\}/g;

/** Fills every string inside `value`. A string that is one reference takes the referenced value with its type. */
export function resolveRefs<T extends Json>(value: T, lookup: Lookup): Resolved<T> {
  const missing: string[] = [];
  const fill = (node: Json): Json => {
    if (typeof node === 'string') return fillString(node, lookup, missing);
    if (Array.isArray(node)) return node.map(fill);
    if (node !== null && typeof node === 'object')
      return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, fill(inner)]));
    return node;
  };
  return { value: fill(value) as T, missing };
}

function fillString(text: string, lookup: Lookup, missing: string[]): Json {
  const whole = /^\{([a-zA-Z][\w-]*(?:\.[\w-]+)*)\}$/.exec(text);
  if (whole?.[1] !== undefined) {
    const value = lookup(whole[1].split('.'));
    if (value !== undefined && value !== null) return value;
    missing.push(whole[1]);
    return text;
  }
  return text.replace(REF, (all, path: string) => {
    const value = lookup(path.split('.'));
    if (value === undefined || value === null || typeof value === 'object') {
      missing.push(path);
      return all;
    }
    return String(value);
  });
}

/** Reads a path inside plain JSON; undefined when a segment is missing. */
export function readPath(value: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (node, key) => (node !== null && typeof node === 'object' && !Array.isArray(node) ? (node as JsonObject)[key] : undefined),
    value,
  );
}
