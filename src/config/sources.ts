// Sources as people write them: a driver of the catalog with its options, each read at its place.
import type { OptionSpec, OptionType, SourceSpec } from '../domain/source-catalog.ts';
import { SOURCE_DRIVER_NAMES, SOURCE_DRIVERS } from '../domain/source-catalog.ts';
import type { Problems } from './problems.ts';
import type { Field, Keys, Reader, Shape } from './read.ts';
import { bool, duration, int, listOf, mapOf, number, oneOf, optional, percent, point, record, required, text, url, wrong } from './read.ts';
import type { Value } from './yaml.ts';

const LONGEST_TIMEOUT_MS = 10_000;
const LEAST_CADENCE_MS = 10;
const LABEL_KEYS: Keys = { form: 'a letter or _, then letters, digits and _', pattern: /^[A-Za-z_][A-Za-z0-9_]*$/ };
const HEADER_KEYS: Keys = { form: 'the name of a header', pattern: /^[A-Za-z][A-Za-z0-9-]*$/ };

/** As the catalog's types say, without `id`: what cannot be read is told, and left out. */
export const source: Reader<Omit<SourceSpec, 'id'>> = (value, problems, name) => {
  const entry = value.kind === 'map' ? value.entries.find((one) => one.key === 'driver') : undefined;
  if (entry === undefined) {
    if (value.kind !== 'map') return wrong(value, problems, name, 'a mapping with driver');
    problems.error('missing-key', { start: value.span.start, end: value.span.start + 1 }, `${name} lacks driver`, {
      expected: `driver: one of ${SOURCE_DRIVER_NAMES.join(', ')}`,
    });
    return undefined;
  }
  const driver = oneOf(...SOURCE_DRIVER_NAMES)(entry.value, problems, 'driver');
  if (driver === undefined) return undefined;
  const { pulled, options } = SOURCE_DRIVERS[driver];
  const fields = record(shapeOf(pulled, options))(value, problems, name) as Readonly<Record<string, unknown>> | undefined;
  const everyMs = (fields?.['every'] as number | undefined) ?? 1;
  const timeoutMs = (fields?.['timeout'] as number | undefined) ?? Math.min(everyMs, LONGEST_TIMEOUT_MS);
  const read = Object.entries<OptionSpec>(options).map(([key, option]) => [keyOf(key, option), fields?.[key] ?? option.otherwise]);
  if ('verify' in options) demandSecret(fields, { value, problems, name });
  const given = Object.fromEntries(read.filter(([, one]) => one !== undefined));
  return { driver, everyMs, ...(pulled ? { timeoutMs } : {}), ...given } as Omit<SourceSpec, 'id'>;
};

/** A source that anybody may feed must say so. */
function demandSecret(
  fields: Readonly<Record<string, unknown>> | undefined,
  { value, problems, name }: { readonly value: Value; readonly problems: Problems; readonly name: string },
): void {
  const isWritten = value.kind === 'map' && value.entries.some((entry) => entry.key === 'secret');
  if (fields?.['verify'] === 'none' || isWritten) return;
  problems.error('missing-key', { start: value.span.start, end: value.span.start + 1 }, `${name} lacks secret`, {
    hint: 'Add "secret: "{env.NAME}"", or "verify: none" for a sender that cannot sign: then its word is only a hint.',
  });
}

const keyOf = (key: string, { type }: OptionSpec): string => (type === 'duration' ? `${key}Ms` : key);

function shapeOf(pulled: boolean, options: Readonly<Record<string, OptionSpec>>): Shape {
  const own = Object.entries(options).map(([key, option]): [string, Field<unknown>] => {
    const read = readerOf(option);
    return [key, option.required === true ? required(read) : optional(read)];
  });
  return {
    driver: required(text),
    every: required(duration(LEAST_CADENCE_MS)),
    ...(pulled ? { timeout: optional(duration(1)) } : {}),
    ...Object.fromEntries(own),
  };
}

function readerOf(option: OptionSpec): Reader<unknown> {
  return option.oneOf === undefined ? READERS[option.type](option) : oneOf(...option.oneOf);
}

const READERS: Readonly<Record<OptionType, (option: OptionSpec) => Reader<unknown>>> = {
  text: () => text,
  texts: () => listOf(text, 1),
  url: () => url,
  urls: () => listOf(url, 1),
  points: () => listOf(point, 1),
  int: ({ least, most }) => int(least ?? 0, most),
  number: ({ least, most }) => number(least ?? -Infinity, most ?? Infinity),
  share: () => percent,
  bool: () => bool,
  duration: ({ least }) => duration(least ?? 1),
  words: () => mapOf(text, LABEL_KEYS),
  headers: () => mapOf(text, HEADER_KEYS),
};
