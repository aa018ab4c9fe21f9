// Where feature flags and settings are kept: the drivers of `flags:` and `config:` with the options of each. It describes, it does not
// act: the configuration is read by it, and the registry binds each driver to its adapter.
import type { DriverOptions, OptionsOf, SpecOf } from './driver-options.ts';

/** How a service is told to read a changed file. */
const RELOAD = {
  pidFile: { type: 'text' },
  /** Of `pidFile`; SIGHUP if not written. */
  signal: { type: 'text' },
  /** Instead of a signal: a program and its arguments. */
  reload: { type: 'texts' },
} as const satisfies DriverOptions;

/** The key of a flag; its id in belay.yaml if not written. */
const KEY = { key: { type: 'text' } } as const satisfies DriverOptions;
const JSON_FILE = {
  file: { type: 'text', required: true },
  /** The object in the file that holds the keys: `features`, or `app.features`. */
  under: { type: 'text' },
} as const satisfies DriverOptions;
const ENV_FILE = {
  file: { type: 'text', required: true },
  /** `none`: of a loader that takes quotes for a part of the value, as Docker does. */
  quoting: { type: 'text', oneOf: ['shell', 'none'], otherwise: 'shell' },
} as const satisfies DriverOptions;
const TS_FILE = {
  ...JSON_FILE,
  /** The constant that holds the object; the only one of the file if not written. */
  name: { type: 'text' },
} as const satisfies DriverOptions;
const SECRECY = {
  /** Keys that are secret although they do not look it, and the other way round. */
  secret: { type: 'texts' },
  shown: { type: 'texts' },
} as const satisfies DriverOptions;

export const CONFIG_DRIVERS = {
  'env-file': { ...ENV_FILE, ...RELOAD, ...SECRECY },
  'json-file': { ...JSON_FILE, ...RELOAD, ...SECRECY },
  'ts-file': { ...TS_FILE, ...SECRECY },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export const FLAG_DRIVERS = {
  'env-file': { ...ENV_FILE, ...RELOAD, ...KEY },
  'json-file': { ...JSON_FILE, ...RELOAD, ...KEY },
  'ts-file': { ...TS_FILE, ...KEY },
  'flagd-file': {
    file: { type: 'text', required: true },
    ...KEY,
    /** The attribute of the context that holds the organization. */
    orgKey: { type: 'text', otherwise: 'targetingKey' },
  },
  unleash: {
    url: { type: 'url', required: true },
    token: { type: 'text', required: true },
    environment: { type: 'text', required: true },
    project: { type: 'text', otherwise: 'default' },
    ...KEY,
    frontendToken: { type: 'text' },
    orgKey: { type: 'text', otherwise: 'userId' },
    timeout: { type: 'duration', otherwise: 10_000, least: 100, most: 60_000 },
  },
  flagsmith: {
    /** The key of the environment, as SDKs have it. */
    environment: { type: 'text', required: true },
    token: { type: 'text', required: true },
    url: { type: 'url', otherwise: 'https://api.flagsmith.com' },
    ...KEY,
    timeout: { type: 'duration', otherwise: 10_000, least: 100, most: 60_000 },
  },
  belay: {
    /** The file that keeps it; `flags.json` in the data directory if not written. */
    file: { type: 'text' },
    default: { type: 'text', otherwise: 'off' },
    /** What it may be, where it is not just on or off. */
    values: { type: 'texts' },
  },
  'sql-row': {
    url: { type: 'text', required: true },
    table: { type: 'text', required: true },
    column: { type: 'text', required: true },
    /** `insert`: each change is a new row, and the newest counts. `update`: one row is changed. */
    write: { type: 'text', oneOf: ['insert', 'update'], otherwise: 'insert' },
    /** Of `insert`: the column by which the newest row is found. */
    newestBy: { type: 'text', otherwise: 'created_at' },
    /** Of `update`: which row. */
    where: { type: 'words' },
    /** The column that says which organization a row is about. */
    orgColumn: { type: 'text' },
    /** The column that takes the reason. */
    reasonColumn: { type: 'text' },
    /** Other columns of each row that is inserted. */
    with: { type: 'words' },
    values: { type: 'texts' },
    timeout: { type: 'duration', otherwise: 10_000, least: 100, most: 60_000 },
  },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export type FlagDriverName = keyof typeof FLAG_DRIVERS;
export type ConfigDriverName = keyof typeof CONFIG_DRIVERS;

/** What the adapter of a driver is given. */
export type FlagOptions<D extends FlagDriverName> = OptionsOf<(typeof FLAG_DRIVERS)[D]>;
export type ConfigOptions<D extends ConfigDriverName> = OptionsOf<(typeof CONFIG_DRIVERS)[D]>;

/** One configured flag, by its driver. */
export type FlagSpec = SpecOf<
  typeof FLAG_DRIVERS,
  {
    readonly id: string;
    readonly component?: string;
    /** What the application does when it cannot read the flag. */
    readonly onUnreachable?: 'on' | 'off';
    /** Where the flag is evaluated as the application does: an OFREP server. */
    readonly ofrep?: string;
    readonly ofrepKey?: string;
    readonly ofrepToken?: string;
  }
>;

/** One configured place of settings, by its driver. */
export type ConfigSpec = SpecOf<typeof CONFIG_DRIVERS, { readonly id: string; readonly component?: string }>;
