// A mapping of belay.yaml, compiled: expressions over one body that say whether it counts, how much, for whom and as what. It knows no
// request and no envelope.
import { BelayError } from '../../domain/errors.ts';
import { labelsOf, refused } from '../../domain/received.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Expression, ExprType } from '../../ports/expression.ts';
import { fitId, timeOf } from './envelope.ts';

export type WebhookSpec = Extract<SourceSpec, { driver: 'webhook' }>;

export interface Mapped {
  readonly labels: Readonly<Record<string, string>>;
  /** Null: it is counted, not measured. */
  readonly value: number | null;
  readonly id: string | null;
  readonly at: number | null;
}

export interface Mapping {
  /** What one body says; nothing when it does not count. @throws BELAY_INPUT_INVALID with the option and its reason */
  map(body: unknown, headers: Readonly<Record<string, string>>): readonly Mapped[];
}

type Wants = Parameters<Expression['check']>[2];
const MOST_ITEMS = 10_000;

/** @throws BELAY_CONFIG_INVALID with the option that cannot be compiled */
export function compileMapping(spec: WebhookSpec, expression: Expression): Mapping {
  const whole: Readonly<Record<string, ExprType>> = { body: 'any', headers: 'any' };
  const names: Readonly<Record<string, ExprType>> = spec.each === undefined ? whole : { ...whole, item: 'any' };
  for (const { option, source, wants } of expressionsOf(spec)) {
    const problems = expression
      .check(source, option === 'each' ? whole : names, wants, 'accept')
      // A time may be a text, a number or a timestamp: it is looked at when it is there.
      .filter((one) => !(option === 'at' && one.rule === 'result-type'));
    const [problem] = problems;
    if (problem === undefined) continue;
    const hint = problem.hint ?? 'See docs/sources/webhook.md.';
    throw new BelayError('BELAY_CONFIG_INVALID', `source ${spec.id}: ${option}: ${source}: ${problem.message}`, { hint });
  }

  const asked = (option: string, source: string, values: Readonly<Record<string, unknown>>): unknown => {
    const answer = expression.evaluate(source, option === 'each' ? whole : names, values);
    if (!answer.ok) throw refused(`source ${spec.id}: ${option}: ${answer.why}`);
    return answer.value;
  };
  return {
    map: (body, headers) => {
      const base = { body, headers };
      if (spec.each === undefined) return one(spec, base, asked);
      const items = asked('each', spec.each, base);
      if (!Array.isArray(items)) throw refused(`source ${spec.id}: each: ${spec.each} is not a list`);
      if (items.length > MOST_ITEMS) throw refused(`source ${spec.id}: each: ${items.length} items, ${MOST_ITEMS} are the most`);
      return items.flatMap((item) => one(spec, { ...base, item }, asked));
    },
  };
}

function expressionsOf(spec: WebhookSpec): readonly { readonly option: string; readonly source: string; readonly wants: Wants }[] {
  const known: readonly (readonly [string, string | undefined, Wants])[] = [
    ['each', spec.each, 'list'],
    ['count', spec.count, 'bool'],
    ['value', spec.value, 'number'],
    ['eventId', spec.eventId, 'string'],
    ['at', spec.at, 'string'],
    ['org', spec.org, 'string'],
    ...Object.entries(spec.labels ?? {}).map(([name, source]) => [`labels.${name}`, source, 'string'] as const),
  ];
  return known.flatMap(([option, source, wants]) => (source === undefined ? [] : [{ option, source, wants }]));
}

type Ask = (option: string, source: string, values: Readonly<Record<string, unknown>>) => unknown;

function one(spec: WebhookSpec, values: Readonly<Record<string, unknown>>, ask: Ask): readonly Mapped[] {
  const counts = spec.count === undefined ? true : ask('count', spec.count, values);
  if (typeof counts !== 'boolean') throw refused(`source ${spec.id}: count: ${spec.count} is neither true nor false`);
  if (!counts) return [];
  const labels = Object.entries(spec.labels ?? {}).map(
    ([name, source]) => [name, labelOf(spec, `labels.${name}`, ask(`labels.${name}`, source, values))] as const,
  );
  const org = spec.org === undefined ? '' : labelOf(spec, 'org', ask('org', spec.org, values));
  return [
    {
      labels: labelsOf({ ...Object.fromEntries(labels), ...(org === '' ? {} : { org }) }),
      value: spec.value === undefined ? null : numberOf(spec, ask('value', spec.value, values)),
      id: spec.eventId === undefined ? null : idOf(spec, ask('eventId', spec.eventId, values)),
      at: spec.at === undefined ? null : instantOf(spec, ask('at', spec.at, values)),
    },
  ];
}

/** Nothing is no label; a list or a mapping is a mistake of the expression. */
function labelOf(spec: WebhookSpec, option: string, value: unknown): string {
  if (value === null) return '';
  if (typeof value === 'object') throw refused(`source ${spec.id}: ${option} is not a text`);
  return String(value);
}

function numberOf(spec: WebhookSpec, value: unknown): number {
  const read = typeof value === 'boolean' ? Number(value) : value;
  if (typeof read !== 'number') throw refused(`source ${spec.id}: value: ${spec.value} is not a number`);
  return read;
}

function idOf(spec: WebhookSpec, value: unknown): string | null {
  return fitId(labelOf(spec, 'eventId', value));
}

function instantOf(spec: WebhookSpec, value: unknown): number {
  const read = timeOf(value);
  if (read === null) throw refused(`source ${spec.id}: at: ${spec.at} is not a time`, 'ISO 8601, or a number since 1970.');
  return read;
}
