// The sections of belay.yaml that a driver stands behind, with the catalog of each: what an option is, and what it is if not written.
import { BUCKET_DRIVERS } from '../domain/bucket-catalog.ts';
import { CHANNEL_DRIVERS } from '../domain/channel-catalog.ts';
import { DATABASE_DRIVERS } from '../domain/database-catalog.ts';
import type { DriverOptions, OptionSpec } from '../domain/driver-options.ts';
import { INTEGRATION_DRIVERS } from '../domain/integration-catalog.ts';
import { PROXY_DRIVERS } from '../domain/proxy-catalog.ts';
import { SECRET_DRIVERS } from '../domain/secret-catalog.ts';
import { SERVICE_DRIVERS } from '../domain/service-catalog.ts';
import { CONFIG_DRIVERS, FLAG_DRIVERS } from '../domain/setting-catalog.ts';
import { SOURCE_DRIVERS } from '../domain/source-catalog.ts';
import { SWITCH_DRIVERS } from '../domain/switch-catalog.ts';
import type { Lang } from '../domain/system.ts';
import { TARGET_DRIVERS } from '../domain/target-catalog.ts';
import { formatDuration } from '../domain/time-text.ts';
import { wordsOf } from './words.ts';

type Catalog = Readonly<Record<string, DriverOptions>>;

export const DRIVEN: Readonly<Record<string, Catalog>> = {
  sources: Object.fromEntries(Object.entries(SOURCE_DRIVERS).map(([driver, { options }]) => [driver, options])),
  targets: TARGET_DRIVERS,
  switches: SWITCH_DRIVERS,
  proxies: PROXY_DRIVERS,
  services: SERVICE_DRIVERS,
  integrations: INTEGRATION_DRIVERS,
  databases: DATABASE_DRIVERS,
  flags: FLAG_DRIVERS,
  config: CONFIG_DRIVERS,
  channels: CHANNEL_DRIVERS,
  secrets: SECRET_DRIVERS,
  buckets: BUCKET_DRIVERS,
};

export function optionOf(section: string, driver: string, name: string): OptionSpec | null {
  const options = own(own(DRIVEN, section) ?? {}, driver);
  return options === undefined ? null : (own(options, name) ?? null);
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** @example `duration, default 20 s` */
export function optionText({ type, required, oneOf, otherwise, least, most }: OptionSpec, lang: Lang): string {
  const words = wordsOf(lang);
  const figure = (value: number): string => (type === 'duration' ? formatDuration(value, lang) : String(value));
  const shown = typeof otherwise === 'number' ? figure(otherwise) : JSON.stringify(otherwise);
  return [
    words.types[type],
    ...(required === true ? [words.required] : []),
    ...(oneOf === undefined ? [] : [words.oneOf(oneOf.map((one) => `\`${one}\``).join(', '))]),
    ...(least === undefined ? [] : [words.least(figure(least))]),
    ...(most === undefined ? [] : [words.most(figure(most))]),
    ...(otherwise === undefined ? [] : [words.otherwise(`\`${shown}\``)]),
  ].join(', ');
}
