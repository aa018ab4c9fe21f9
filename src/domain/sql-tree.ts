// Small readers of the tree that Postgres' own parser makes of a statement: JSON with one key for the kind of each node. It judges nothing.
import type { Json, JsonObject } from './json.ts';

export function objectOf(value: Json | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {};
}

export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** `{ "CreateStmt": { … } }` as its kind and what is in it. */
export function nodeOf(value: Json | undefined): { readonly kind: string; readonly node: JsonObject } {
  const [entry] = Object.entries(objectOf(value));
  return entry === undefined ? { kind: '', node: {} } : { kind: entry[0], node: objectOf(entry[1]) };
}

export interface Name {
  readonly schema?: string;
  readonly name: string;
}

/** Of a `RangeVar`. */
export function relationOf(value: Json | undefined): Name {
  const { schemaname, relname } = objectOf(value);
  return { ...(textOf(schemaname) === '' ? {} : { schema: textOf(schemaname) }), name: textOf(relname) };
}

/** Of a list of `String` nodes: `["public", "orders"]`. */
export function dottedOf(value: Json | undefined): readonly string[] {
  const items = Array.isArray(value) ? value : listOf(nodeOf(value).node['items']);
  return items.map((one) => textOf(nodeOf(one).node['sval'])).filter((one) => one !== '');
}

export function nameOf(parts: readonly string[]): Name {
  const [name = '', schema] = parts.toReversed();
  return { ...(schema === undefined ? {} : { schema }), name };
}

export const shownName = ({ schema, name }: Name): string => (schema === undefined ? name : `${schema}.${name}`);

/** Names as a DROP writes them: tables are lists of names, types are `TypeName`, functions `ObjectWithArgs`. */
export function partsOf(value: Json): readonly string[] {
  const { kind, node } = nodeOf(value);
  if (kind === 'TypeName') return dottedOf(node['names']);
  if (kind === 'ObjectWithArgs') return dottedOf(node['objname']);
  return kind === 'String' ? [textOf(node['sval'])] : dottedOf(value);
}

/** Everything that is in it, with its key, however deep: a statement of strangers may be deeper than calls can be. */
export function* partsIn(root: Json): Generator<readonly [key: string, value: Json]> {
  const open: (readonly [string, Json])[] = [['', root]];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    yield one;
    if (one[1] !== null && typeof one[1] === 'object') for (const part of Object.entries(one[1])) open.push(part);
  }
}
