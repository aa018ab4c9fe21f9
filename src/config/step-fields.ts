// What may be written in a block: the common fields and those of each kind, with the forms they have in a file.
import type { BatchEnd } from '../domain/fan-out.ts';
import { MOST_AT_ONCE } from '../domain/fan-out.ts';
import type { ActionCall, AnswerType, Check, CommandCall, CommandEffect, OnFail, Retry } from '../domain/ir.ts';
import { DURATION_FORM, parseSpan } from '../domain/units.ts';
import { commandWords, place, variableName } from './policy.ts';
import type { Fields, Reader, Shape } from './read.ts';
import {
  bool,
  duration,
  id,
  int,
  jsonObject,
  listOf,
  mapOf,
  NAME_KEYS,
  notYet,
  number,
  oneOf,
  oneOrMore,
  optional,
  present,
  record,
  required,
  text,
  unquotedReference,
  wrong,
} from './read.ts';

const THENS = ['stop', 'continue', 'ask', 'undo'] as const;

const onFail: Reader<OnFail> = (value, problems, name) => {
  const written = value.kind === 'scalar' ? String(value.value) : '';
  const [, step] = /^goto:([a-z][a-z0-9-]*)$/.exec(written) ?? [];
  if (step !== undefined) return { then: 'goto', step };
  if (written.startsWith('goto')) return wrong(value, problems, name, 'goto:<step id>');
  const then = oneOf(...THENS)(value, problems, name);
  return then === undefined ? undefined : { then };
};

const retry: Reader<Retry> = (value, problems, name) => {
  const fields = record({
    max: required(int(1, 100)),
    every: optional(duration()),
    backoff: optional(oneOf('fixed', 'exp')),
    attempt: optional(duration(1)),
  })(value, problems, name);
  if (fields === undefined) return undefined;
  return {
    max: fields.max ?? 1,
    everyMs: fields.every ?? 5000,
    backoff: fields.backoff ?? 'fixed',
    ...present({ attemptMs: fields.attempt }),
  };
};

const CHECK = { probe: required(text), with: optional(jsonObject), expect: required(text), for: optional(duration(1)) } as const;

export const check: Reader<Check> = (value, problems, name) => {
  const fields = record(CHECK)(value, problems, name);
  return fields === undefined
    ? undefined
    : { probe: fields.probe ?? '', with: fields.with ?? {}, expect: fields.expect ?? '', ...present({ forMs: fields.for }) };
};

const call = record({ do: required(text), with: optional(jsonObject) });

/** A condition, or a question to a probe. */
const when: Reader<string | Check> = (value, problems, name) =>
  value.kind === 'map' && unquotedReference(value) === null ? check(value, problems, name) : text(value, problems, name);

/** An action, or a command. */
const undoOfCommand: Reader<ActionCall | CommandCall> = (value, problems, name) => {
  const isCommand = value.kind === 'map' && value.entries.some((entry) => entry.key === 'cmd');
  if (isCommand) {
    const fields = record({ cmd: required(commandWords) })(value, problems, name);
    return fields?.cmd === undefined ? undefined : { cmd: fields.cmd };
  }
  const fields = call(value, problems, name);
  return fields?.do === undefined ? undefined : { do: fields.do, with: fields.with ?? {} };
};
const answer = record({ type: required(oneOf<AnswerType>('text', 'int', 'number', 'bool', 'time', 'url')) });
const checks = optional(listOf(check, 1));

/** `5m`, or `10m-15m`. */
const expected: Reader<{ readonly leastMs: number; readonly mostMs: number }> = (value, problems, name) => {
  const span = value.kind === 'scalar' && typeof value.value === 'string' ? parseSpan(value.value) : null;
  if (span !== null) return span;
  if (value.kind === 'scalar' && typeof value.value === 'string' && /\d\s*[-–]/.test(value.value))
    return wrong(value, problems, name, `${DURATION_FORM}, or from one to a longer one: 10m-15m`);
  const one = duration()(value, problems, name);
  return one === undefined ? undefined : { leastMs: one, mostMs: one };
};

export const COMMON = {
  who: optional(text),
  when: optional(when),
  pre: optional(oneOrMore(text)),
  within: optional(duration(1)),
  timeout: optional(duration(1)),
  takes: optional(expected),
  retry: optional(retry),
  fail: optional(onFail),
  meets: optional(oneOrMore(id)),
  evidence: optional(oneOrMore(id)),
} as const;

export const MANUAL = { ...COMMON, count: optional(int(1, 1000)), answers: optional(mapOf(answer, NAME_KEYS)) } as const;

export const APPROVE = {
  ...COMMON,
  from: optional(oneOrMore(text)),
  min: optional(int(1, 20)),
  fourEyes: optional(bool),
  show: optional(listOf(oneOf('plan', 'guards', 'impact', 'contingencies', 'loss'))),
  onTimeout: optional(oneOf('abort', 'escalate')),
} as const;

export const CHOOSE = {
  ...COMMON,
  by: optional(text),
  ask: optional(text),
  arms: required(
    mapOf(record({ title: required(text), human: optional(bool), goto: optional(id), call: optional(id), with: optional(jsonObject) })),
  ),
} as const;

export const DO = {
  ...COMMON,
  with: optional(jsonObject),
  undo: optional(call),
  irreversible: optional(text),
  verify: optional(listOf(check)),
  contingency: optional(record({ owner: required(text), expires: required(duration(1)), atExpiry: optional(oneOf('remind', 'undo')) })),
  key: optional(text),
} as const;

export const VERIFY = { ...COMMON, all: checks, any: checks, every: optional(duration(10)) } as const;
export const WATCH = { ...VERIFY, for: required(duration(1)), strict: optional(number(0.01, 1)) } as const;
export const WAIT = { ...COMMON, until: optional(text), for: optional(duration(1)), window: optional(id) } as const;
export const NOTIFY = { ...COMMON, template: required(id), to: required(oneOrMore(id)), promise: optional(duration(1)) } as const;
export const COLLECT = {
  ...COMMON,
  from: required(listOf(record({ probe: required(text), with: optional(jsonObject), evidence: optional(id) }), 1)),
} as const;

/** How many have had their turn by the end of a batch: a number of organizations, or a share of them all. */
const batch: Reader<BatchEnd> = (value, problems, name) => {
  const written = value.kind === 'scalar' ? value.value : null;
  if (typeof written === 'number') {
    const count = int(1)(value, problems, name);
    return count === undefined ? undefined : { count };
  }
  const share = /^(\d{1,3})%$/.exec(String(written))?.[1];
  if (share !== undefined && Number(share) >= 1 && Number(share) <= 100) return { share: Number(share) / 100 };
  return wrong(value, problems, name, 'a number of organizations, or a share of them such as 10%');
};

const over: Reader<string | readonly string[]> = (value, problems, name) =>
  value.kind === 'list' ? listOf(text, 1)(value, problems, name) : text(value, problems, name);

/** A name that references may use. */
const name: Reader<string> = (value, problems, key) => {
  const written = text(value, problems, key);
  if (written === undefined || NAME_KEYS.pattern.test(written)) return written;
  return wrong(value, problems, key, NAME_KEYS.form);
};

export const EACH = {
  ...COMMON,
  over: required(over),
  as: optional(name),
  batches: optional(listOf(batch, 1)),
  maxFailures: optional(int(0)),
  cap: optional(int(1)),
  gate: optional(id),
  atOnce: optional(int(1, MOST_AT_ONCE)),
  with: optional(jsonObject),
  retry: notYet,
  lock: notYet,
} as const;

export const RUN = {
  ...COMMON,
  cmd: required(commandWords),
  on: optional(place),
  cwd: optional(text),
  env: optional(oneOrMore(variableName)),
  effect: required(oneOf<CommandEffect>('read', 'state', 'once')),
  codes: optional(listOf(int(0, 255), 1)),
  undo: optional(undoOfCommand),
  irreversible: optional(text),
} as const;

/** A named file of SQL: `do db.apply` in other words. */
export const RUN_SQL = {
  ...COMMON,
  sql: required(id),
  on: required(id),
  effect: required(oneOf('state')),
  undo: optional(call),
  irreversible: optional(text),
  verify: optional(listOf(check)),
} as const;

export const CALL = { ...COMMON, with: optional(jsonObject), lock: optional(text) } as const;

export type Read<S extends Shape> = Fields<S>;
