// The front matter of a runbook: which keys it has and what they become.
import type { ClockSpec, Guard, InputSpec, InputType, Never, Severity } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import { clock } from './clocks.ts';
import type { Problems } from './problems.ts';
import type { Reader } from './read.ts';
import {
  bool,
  id,
  ignored,
  json,
  jsonObject,
  listOf,
  mapOf,
  NAME_KEYS,
  oneOf,
  oneOrMore,
  optional,
  present,
  readFields,
  record,
  required,
  text,
  wrong,
} from './read.ts';
import { lang } from './schema.ts';
import type { TriggerDraft } from './triggers.ts';
import { readTrigger } from './triggers.ts';
import type { Value } from './yaml.ts';

export interface FrontMatter {
  readonly id: string | undefined;
  readonly title: string | undefined;
  readonly version: string;
  readonly lang: 'en' | 'pt-BR';
  readonly owner: string | undefined;
  readonly visibility: 'internal' | 'public';
  readonly reviewed: string | undefined;
  readonly reviewBy: string | undefined;
  readonly severity: Severity;
  readonly components: readonly string[];
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly lock: string | undefined;
  readonly roles: Readonly<Record<string, { readonly is: string; readonly deputy?: string }>>;
  readonly clocks: Readonly<Record<string, ClockSpec>>;
  readonly triggers: readonly string[];
  /** Whole triggers that were written here. */
  readonly ownTriggers: readonly TriggerDraft[];
  readonly start: 'ask' | 'auto';
  readonly require: readonly Guard[];
  readonly never: readonly Never[];
  readonly evidence: readonly string[];
}

const version: Reader<string> = (value, problems, name) => {
  if (value.kind === 'scalar' && typeof value.value === 'number') {
    problems.error('version-number', value.span, `version ${value.written} is a number: 2.0 and 2 would be the same`, {
      hint: `Quote it ("${value.written}") or write three parts (${threeParts(value.written)}).`,
    });
    return undefined;
  }
  return text(value, problems, name);
};

function threeParts(written: string): string {
  const parts = written.split('.');
  return [...parts, '0', '0'].slice(0, 3).join('.');
}

/** A day that exists, as `2026-02-15`. */
const day: Reader<string> = (value, problems, name) => {
  const written = value.kind === 'scalar' ? String(value.value) : '';
  const date = /^\d{4}-\d\d-\d\d$/.test(written) ? new Date(`${written}T00:00:00Z`) : null;
  const exists = date !== null && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(written);
  return exists ? written : wrong(value, problems, name, 'a day such as 2026-02-15');
};

const INPUT_TYPES: readonly InputType[] = ['string', 'int', 'bool', 'duration', 'time', 'org', 'release', 'backup', 'component'];

const input: Reader<InputSpec> = (value, problems, name) => {
  const fields = record({
    type: required(oneOf(...INPUT_TYPES)),
    required: optional(bool),
    default: optional(json),
    oneOf: optional(listOf(json, 1)),
  })(value, problems, name);
  if (fields === undefined) return undefined;
  const spec = { type: fields.type ?? 'string', required: fields.required ?? false };
  checkDefault(spec.type, fields.default, value, problems, name);
  return { ...spec, ...present({ default: fields.default, oneOf: fields.oneOf }) };
};

function checkDefault(type: InputType, given: Json | undefined, value: Value, problems: Problems, name: string): void {
  if (given === undefined) return;
  const fits = type === 'int' ? Number.isInteger(given) : type === 'bool' ? typeof given === 'boolean' : typeof given === 'string';
  if (!fits)
    problems.error('wrong-type', value.span, `the default of ${name} is ${JSON.stringify(given)}`, { expected: `a value of type ${type}` });
}

const GUARD = {
  id: required(id),
  text: optional(text),
  probe: optional(text),
  with: optional(jsonObject),
  ask: optional(text),
  override: optional(oneOrMore(text)),
} as const;

function guard<K extends 'expect' | 'when'>(
  key: K,
): Reader<
  | { readonly id: string; readonly text: string; readonly ask: string }
  | ({
      readonly id: string;
      readonly text: string;
      readonly probe: string;
      readonly with: NonNullable<ReturnType<typeof jsonObject>>;
    } & Record<K, string>)
> {
  return (value, problems, name) => {
    const shape = { ...GUARD, [key]: optional(text) };
    const fields = record(shape)(value, problems, name);
    if (fields === undefined) return undefined;
    const condition = (fields as Readonly<Record<string, unknown>>)[key] as string | undefined;
    const base = { id: fields.id ?? '', text: fields.text ?? '' };
    if (fields.ask !== undefined && fields.probe === undefined) {
      if (fields.override !== undefined && isReadable(value))
        problems.error('guard-override', value.span, `${base.id} asks people, and they answer it: there is nothing to override`, {
          expected: 'no override',
        });
      return { ...base, ask: fields.ask };
    }
    const complete = fields.probe !== undefined && condition !== undefined && fields.ask === undefined;
    if (!complete && isReadable(value))
      problems.error('missing-key', value.span, `the guard ${base.id} is incomplete`, { expected: `either probe and ${key}, or ask` });
    return {
      ...base,
      probe: fields.probe ?? '',
      with: fields.with ?? {},
      [key]: condition ?? '',
      ...present({ override: fields.override }),
    } as never;
  };
}

function isReadable(value: Value): boolean {
  return value.kind === 'map' && value.entries.every((entry) => entry.value.kind !== 'broken');
}

const raw: Reader<Value> = (value) => value;
const grammar: Reader<1> = (value, problems, name) =>
  value.kind === 'scalar' && value.value === 1 ? 1 : wrong(value, problems, name, '1, the version of this format');

const SHAPE = {
  belay: required(grammar),
  id: required(id),
  title: optional(text),
  version: optional(version),
  owner: optional(text),
  lang: optional(lang),
  visibility: optional(oneOf('internal', 'public')),
  reviewed: optional(day),
  reviewBy: optional(day),
  severity: optional(oneOf('P0', 'P1', 'P2')),
  components: optional(listOf(id)),
  inputs: optional(mapOf(input, NAME_KEYS)),
  lock: optional(text),
  roles: optional(mapOf(record({ is: required(text), deputy: optional(text) }))),
  clocks: optional(mapOf(clock)),
  triggers: optional(raw),
  start: optional(oneOf('ask', 'auto')),
  require: optional(listOf(guard('expect'))),
  never: optional(listOf(guard('when'))),
  evidence: optional(listOf(id)),
  drill: ignored,
} as const;

export function readFrontMatter(value: Value, problems: Problems): FrontMatter | null {
  if (value.kind !== 'map') {
    wrong(value, problems, 'the front matter', 'keys and values');
    return null;
  }
  const fields = readFields(SHAPE, value, problems, 'the front matter');
  const perOrg = Object.values(fields.inputs ?? {}).some((one) => one.type === 'org');
  const triggers = readTriggers(fields.triggers, problems, perOrg);
  const roles = Object.entries(fields.roles ?? {}).flatMap(([key, one]) =>
    one.is === undefined ? [] : [[key, { is: one.is, ...present({ deputy: one.deputy }) }] as const],
  );
  return {
    id: fields.id,
    title: fields.title,
    version: fields.version ?? '0.0.0',
    lang: fields.lang ?? 'en',
    owner: fields.owner,
    visibility: fields.visibility ?? 'internal',
    reviewed: fields.reviewed,
    reviewBy: fields.reviewBy,
    severity: fields.severity ?? 'P1',
    components: fields.components ?? [],
    inputs: fields.inputs ?? {},
    lock: fields.lock,
    roles: Object.fromEntries(roles),
    clocks: fields.clocks ?? {},
    ...triggers,
    start: fields.start ?? 'ask',
    require: (fields.require ?? []) as readonly Guard[],
    never: (fields.never ?? []) as readonly Never[],
    evidence: fields.evidence ?? [],
  };
}

/** A list of ids, or a mapping id → whole trigger; an empty one names the trigger of belay.yaml. */
function readTriggers(value: Value | undefined, problems: Problems, perOrg: boolean): Pick<FrontMatter, 'triggers' | 'ownTriggers'> {
  if (value === undefined || value.kind === 'broken') return { triggers: [], ownTriggers: [] };
  if (value.kind === 'list') return { triggers: listOf(id)(value, problems, 'triggers') ?? [], ownTriggers: [] };
  if (value.kind !== 'map')
    return { triggers: wrong(value, problems, 'triggers', 'a list of ids, or a mapping from ids to triggers') ?? [], ownTriggers: [] };
  const ownTriggers = value.entries.flatMap((entry) => {
    if (entry.value.kind === 'scalar' && entry.value.value === null) return [];
    return readTrigger(entry, problems, perOrg ? 'org' : 'all') ?? [];
  });
  return { triggers: value.entries.map((entry) => entry.key), ownTriggers };
}
