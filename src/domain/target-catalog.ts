// Where releases may run: the drivers of `targets:` with the options of each. It describes, it does not act: the configuration is read
// by it, and the registry binds each driver to its adapter.
import type { DriverOptions, OptionsOf, SpecOf } from './driver-options.ts';

export const TARGET_DRIVERS = {
  'release-directory': {
    /** Holds releases/<name>/ and current. */
    root: { type: 'text', required: true },
    pidFile: { type: 'text' },
    /** Makes the service load `current`; of `pidFile`, SIGHUP if not written. */
    signal: { type: 'text' },
    /** Instead of a signal: a program and its arguments. */
    reload: { type: 'texts' },
    /** Answers `{"release": …}` (or the bare name): what the running process really serves. */
    versionUrl: { type: 'url' },
    /** Files that a whole release has. */
    requires: { type: 'texts' },
    /** A file of this name in a release says: once it has run, nothing before it can run any more. */
    oneWay: { type: 'text' },
  },
  heroku: {
    app: { type: 'text', required: true },
    token: { type: 'text', required: true },
    url: { type: 'url', otherwise: 'https://api.heroku.com' },
    timeout: { type: 'duration', otherwise: 20_000, least: 1_000, most: 120_000 },
  },
  railway: {
    /** Ids, as the address of the dashboard shows them. */
    project: { type: 'text', required: true },
    environment: { type: 'text', required: true },
    service: { type: 'text', required: true },
    token: { type: 'text', required: true },
    tokenOf: { type: 'text', oneOf: ['account', 'project'], otherwise: 'account' },
    url: { type: 'url', otherwise: 'https://backboard.railway.com/graphql/v2' },
    timeout: { type: 'duration', otherwise: 20_000, least: 1_000, most: 120_000 },
  },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export type TargetDriverName = keyof typeof TARGET_DRIVERS;

/** What the adapter of a driver is given. */
export type TargetOptions<D extends TargetDriverName> = OptionsOf<(typeof TARGET_DRIVERS)[D]>;

/** One configured target, by its driver. */
export type TargetSpec = SpecOf<typeof TARGET_DRIVERS, { readonly id: string; readonly component?: string }>;
