// Things that a driver of a catalog stands behind (sources, targets, switches, channels), as people write them: the driver's own options
// beside the fields that all things of that kind have, each read at its place.
import type { DriverOptions, OptionSpec, OptionType } from '../domain/driver-options.ts';
import type { Field, Keys, Reader, Shape } from './read.ts';
import { bool, duration, int, listOf, mapOf, number, oneOf, optional, percent, point, record, required, text, url, wrong } from './read.ts';
import { sshHost } from './ssh-host.ts';

const LABEL_KEYS: Keys = { form: 'a letter or _, then letters, digits and _', pattern: /^[A-Za-z_][A-Za-z0-9_]*$/ };
const HEADER_KEYS: Keys = { form: 'the name of a header', pattern: /^[A-Za-z][A-Za-z0-9-]*$/ };

export interface Driven {
  readonly driver: string;
  /** What all things of the kind have, by key. */
  readonly common: Readonly<Record<string, unknown>>;
  /** What the catalog's types say: durations under their name with Ms, defaults filled in, what cannot be read left out. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** `common`: the fields that are not the driver's own. */
export function driven(optionsOf: Readonly<Record<string, DriverOptions>>, common: (driver: string) => Shape): Reader<Driven> {
  const names = Object.keys(optionsOf);
  return (value, problems, name) => {
    if (value.kind !== 'map') return wrong(value, problems, name, 'a mapping with driver');
    const entry = value.entries.find((one) => one.key === 'driver');
    if (entry === undefined) {
      problems.error('missing-key', { start: value.span.start, end: value.span.start + 1 }, `${name} lacks driver`, {
        expected: `driver: one of ${names.join(', ')}`,
        known: ['driver'],
      });
      return undefined;
    }
    const driver = oneOf(...names)(entry.value, problems, 'driver');
    if (driver === undefined) return undefined;
    const [options, fields] = [optionsOf[driver] ?? {}, common(driver)];
    const read = (record({ driver: required(text), ...fields, ...shapeOf(options) })(value, problems, name) ?? {}) as Record<
      string,
      unknown
    >;
    const own = Object.entries(options).map(([key, option]) => [keyOf(key, option), read[key] ?? option.otherwise]);
    return {
      driver,
      common: Object.fromEntries(Object.keys(fields).map((key) => [key, read[key]])),
      options: Object.fromEntries(own.filter(([, one]) => one !== undefined)),
    };
  };
}

const keyOf = (key: string, { type }: OptionSpec): string => (type === 'duration' ? `${key}Ms` : key);

function shapeOf(options: DriverOptions): Shape {
  const own = Object.entries(options).map(([key, option]): [string, Field<unknown>] => {
    const read = readerOf(option);
    return [key, option.required === true ? required(read) : optional(read)];
  });
  return Object.fromEntries(own);
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
  host: () => sshHost,
};
