// One ICU message inside a text node: parsed once, filled often. Values are plain text here; forms escape them later.
import { IntlMessageFormat } from 'intl-messageformat';
import type { Json, JsonObject } from '../../domain/json.ts';
import { valueKind } from '../../domain/message.ts';
import type { Lang } from '../../domain/system.ts';
import { formatDuration, formatTime } from '../../domain/time-text.ts';
import type { Place } from './problem.ts';
import { problem } from './problem.ts';

type Element = ReturnType<IntlMessageFormat['getAst']>[number];
export interface Audience {
  readonly lang: Lang;
  readonly zone: string;
}

/** Kinds of ICU elements (the parser's enum is not exported by the package that we depend on). */
const KIND = { argument: 1, number: 2, date: 3, time: 4, select: 5, plural: 6 } as const;
const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
/** `{name}` alone takes a ready text under this key, while `{name, date}` takes the raw value under its own name. */
const TEXT_KEY = '=';

export interface IcuMessage {
  readonly variables: readonly string[];
  fill(values: JsonObject, audience: Audience): string;
}

export function compileIcu(text: string, place: Place | undefined): IcuMessage {
  if (!/[{}]/.test(text)) return { variables: [], fill: () => text };
  const ast = parse(text, place);
  const names = new Set<string>();
  const marked = ast.map((element) => mark(element, names, place));
  const ready = new Map<string, IntlMessageFormat>();
  return {
    variables: [...names],
    fill: (values, audience) => {
      const key = `${audience.lang} ${audience.zone}`;
      const format = ready.get(key) ?? forAudience(marked, audience);
      ready.set(key, format);
      try {
        return String(format.format(icuValues(names, values, audience)));
      } catch (error) {
        throw problem(place, `"${text}" cannot be filled: ${String(error)}`, 'Check the types of its variables.', error);
      }
    },
  };
}

function parse(text: string, place: Place | undefined): readonly Element[] {
  try {
    return new IntlMessageFormat(text, 'en', undefined, { ignoreTag: true }).getAst();
  } catch (error) {
    throw problem(
      place,
      `"${text}" is not a valid message`,
      'Write {name}, or ICU such as {n, plural, one {# error} other {# errors}}, without emphasis inside the braces.',
      error,
    );
  }
}

function mark(element: Element, names: Set<string>, place: Place | undefined): Element {
  switch (element.type) {
    case KIND.argument:
      return { ...element, value: TEXT_KEY + named(element.value, names, place) };
    case KIND.number:
    case KIND.date:
    case KIND.time:
      named(element.value, names, place);
      return element;
    case KIND.select:
    case KIND.plural: {
      named(element.value, names, place);
      const arms = Object.entries(element.options).map(
        ([arm, option]) => [arm, { ...option, value: option.value.map((one) => mark(one, names, place)) }] as const,
      );
      return { ...element, options: Object.fromEntries(arms) } as Element;
    }
    default:
      return element;
  }
}

function named(name: string, names: Set<string>, place: Place | undefined): string {
  if (!NAME.test(name)) throw problem(place, `{${name}} is not a variable name`, 'Use letters, digits and _.');
  names.add(name);
  return name;
}

function forAudience(ast: readonly Element[], audience: Audience): IntlMessageFormat {
  return new IntlMessageFormat([...ast], audience.lang, undefined, {
    formatters: {
      getNumberFormat: (locales, options) => new Intl.NumberFormat(locales, options as Intl.NumberFormatOptions),
      // Without this, `{t, time, short}` shows the server's own zone.
      getDateTimeFormat: (locales, options) => new Intl.DateTimeFormat(locales, { ...options, timeZone: audience.zone }),
      getPluralRules: (locales, options) => new Intl.PluralRules(locales, options),
    },
  });
}

function icuValues(names: ReadonlySet<string>, values: JsonObject, audience: Audience): Record<string, string | number> {
  const filled: Record<string, string | number> = {};
  for (const name of names) {
    const value = values[name];
    filled[TEXT_KEY + name] = textOf(name, value ?? null, audience);
    if (typeof value === 'number' || typeof value === 'string') filled[name] = typeof value === 'string' ? clean(value) : value;
  }
  return filled;
}

/** The text of `{name}`: the caller has made sure that it has a value. */
export function textOf(name: string, value: Json, audience: Audience): string {
  if (typeof value === 'number') {
    const kind = valueKind(name);
    if (kind === 'time') return formatTime(value, audience);
    if (kind === 'duration') return formatDuration(value, audience.lang);
    return new Intl.NumberFormat(audience.lang).format(value);
  }
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => textOf('', item, audience));
    return new Intl.ListFormat(audience.lang, { type: 'conjunction' }).format(items);
  }
  return clean(typeof value === 'string' ? value : JSON.stringify(value));
}

/** A value is one run of visible text: no line breaks, terminal escapes, header breaks or reversed reading order. */
function clean(value: string): string {
  return value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').replace(/[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g, '');
}
