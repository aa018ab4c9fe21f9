// Values on their way in and out of expressions. The edge where whole numbers become BigInt, and where NaN and absent values stop.
import type { Json } from '../../domain/json.ts';
import type { Evaluation, ExprType } from '../../ports/expression.ts';
import type { Names } from './compile.ts';
import type { Path } from './syntax.ts';

type Typed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string };

/** Only what the expression reads is demanded and converted; names that it does not read may be absent. */
export function typedValues(
  names: Names,
  values: Readonly<Record<string, unknown>>,
  paths: readonly Path[],
): { readonly ok: true; readonly values: Record<string, unknown> } | { readonly ok: false; readonly why: string } {
  const typed: Record<string, unknown> = {};
  for (const path of paths) {
    const [root, ...rest] = path;
    const type = root === undefined ? undefined : own(names, root);
    // Not a declared name: a variable that a macro binds.
    if (root === undefined || type === undefined) continue;
    const problem = whyNot(type, own(values, root), rest, root);
    if (problem !== null) return { ok: false, why: problem };
  }
  for (const [name, type] of Object.entries(names)) {
    const converted = convert(type, own(values, name), name);
    if (converted.ok) typed[name] = converted.value;
  }
  return { ok: true, values: typed };
}

function whyNot(type: ExprType, value: unknown, rest: Path, name: string): string | null {
  const [key, ...deeper] = rest;
  if (typeof type === 'object') {
    if (key === undefined) return null;
    const inner = own(type, key);
    if (inner === undefined) return null;
    return whyNot(inner, isRecord(value) ? own(value, key) : undefined, deeper, `${name}.${key}`);
  }
  const converted = convert(type, value, name);
  return converted.ok ? null : converted.why;
}

function convert(type: ExprType, value: unknown, name: string): Typed {
  // null is a value of JSON: whoever reads a field of it is told when it is read.
  if (type === 'any' && value === null) return { ok: true, value };
  if (value === undefined || value === null) return { ok: false, why: `${name} has no value` };
  if (typeof value === 'number' && !Number.isFinite(value)) return { ok: false, why: `${name} is not a number (${value})` };
  if (typeof type === 'object') return { ok: true, value: record(type, isRecord(value) ? value : {}, name) };
  switch (type) {
    case 'int':
      if (typeof value === 'bigint') return { ok: true, value };
      return Number.isSafeInteger(value) ? { ok: true, value: BigInt(value as number) } : wrong(name, value, 'a whole number');
    case 'double':
      return typeof value === 'number' ? { ok: true, value } : wrong(name, value, 'a number');
    case 'string':
      return typeof value === 'string' ? { ok: true, value } : wrong(name, value, 'a text');
    case 'bool':
      return typeof value === 'boolean' ? { ok: true, value } : wrong(name, value, 'true or false');
    case 'list':
      return Array.isArray(value) ? { ok: true, value } : wrong(name, value, 'a list');
    case 'time':
      return time(value, name);
    case 'any':
      return { ok: true, value };
  }
}

function time(value: unknown, name: string): Typed {
  const date = value instanceof Date ? value : typeof value === 'number' || typeof value === 'string' ? new Date(value) : null;
  return date === null || Number.isNaN(date.getTime()) ? wrong(name, value, 'a time') : { ok: true, value: date };
}

/** Fields without a value are left out; that they are not read has been made sure of. */
function record(type: Readonly<Record<string, ExprType>>, value: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  const typed: Record<string, unknown> = {};
  for (const [field, inner] of Object.entries(type)) {
    const converted = convert(inner, own(value, field), `${name}.${field}`);
    if (converted.ok) typed[field] = converted.value;
  }
  return typed;
}

function wrong(name: string, value: unknown, wanted: string): Typed {
  const shown = typeof value === 'object' ? 'an object' : `${typeof value === 'string' ? JSON.stringify(value) : String(value)}`;
  return { ok: false, why: `${name} is not ${wanted}: ${shown}` };
}

/** A result as plain JSON; times are instants in ms. */
export function plainValue(value: unknown): Evaluation {
  const plain = toJson(value);
  return plain === undefined ? { ok: false, why: 'the result is not a plain value' } : { ok: true, value: plain };
}

function toJson(value: unknown): Json | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
  if (value instanceof Date) return value.getTime();
  if (Array.isArray(value)) {
    const items = value.map(toJson);
    return items.includes(undefined) ? undefined : (items as Json[]);
  }
  return isPlain(value) ? recordToJson(value) : undefined;
}

function recordToJson(value: Readonly<Record<string, unknown>>): Json | undefined {
  const fields = Object.entries(value).map(([name, inner]) => [name, toJson(inner)] as const);
  return fields.some(([, inner]) => inner === undefined) ? undefined : (Object.fromEntries(fields) as Json);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
