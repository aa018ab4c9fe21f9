// Fields of HTML forms as values of the API's own schemas, so that a form can ask for nothing that the API refuses.
import type { z } from '@hono/zod-openapi';
import { BelayError } from '../domain/errors.ts';

export type Fields = Readonly<Record<string, string | readonly string[] | unknown>>;

export function oneOf(form: Fields, name: string): string | undefined {
  const value = form[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}

export function allOf(form: Fields, name: string): readonly string[] {
  const value = form[name];
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string');
}

/** `answer.<type>.<name>` fields become typed answers; empty optional fields are left out. */
export function answerFields(form: Fields, zone: string): Readonly<Record<string, unknown>> {
  const ticks = allOf(form, 'tick');
  const answers = Object.fromEntries(
    Object.keys(form).flatMap((field) => {
      const [, type, name] = /^answer\.([a-z]+)\.(.+)$/.exec(field) ?? [];
      const text = oneOf(form, field);
      return type === undefined || name === undefined || text === undefined || text === ''
        ? []
        : [[name, typed(type, text, zone)] as const];
    }),
  );
  return {
    ...(ticks.length === 0 ? {} : { ticks }),
    ...(Object.keys(answers).length === 0 ? {} : { answers }),
    ...optional(form, 'note'),
    ...optional(form, 'choice'),
    ...optional(form, 'refuse'),
  };
}

export function valid<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new BelayError('BELAY_INPUT_INVALID', `${issue?.path.join('.') ?? 'the form'}: ${issue?.message ?? 'not valid'}`, {
    hint: 'Go back, correct it and send again.',
  });
}

function optional(form: Fields, name: string): Readonly<Record<string, string>> {
  const text = oneOf(form, name)?.trim();
  return text === undefined || text === '' ? {} : { [name]: text };
}

function typed(type: string, text: string, zone: string): string | number | boolean {
  switch (type) {
    case 'int':
    case 'number':
      return numberOf(text);
    case 'time':
      return instantOf(text, zone);
    case 'bool':
      return text === 'true';
    default:
      return text;
  }
}

function numberOf(text: string): number {
  const value = Number(text.replace(',', '.'));
  if (!Number.isFinite(value)) throw new BelayError('BELAY_INPUT_INVALID', `${text} is not a number`);
  return value;
}

/** `2026-03-01T14:35` of a date field, on the wall clock of the zone. */
export function instantOf(text: string, zone: string): number {
  const asUtc = Date.parse(`${text}Z`);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text) || Number.isNaN(asUtc))
    throw new BelayError('BELAY_INPUT_INVALID', `${text} is not a date and time`);
  const offsetAt = (at: number): number => wallClock(at, zone) - at;
  // The second look corrects a guess that fell on the other side of a change of the clocks.
  return asUtc - offsetAt(asUtc - offsetAt(asUtc));
}

function wallClock(at: number, zone: string): number {
  const part = new Map(
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
      .formatToParts(at)
      .map((one) => [one.type, Number(one.value)]),
  );
  const get = (name: Intl.DateTimeFormatPartTypes): number => part.get(name) ?? 0;
  return Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second'));
}
