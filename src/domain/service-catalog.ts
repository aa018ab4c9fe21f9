// What runs and can be restarted, stopped, started and scaled: the drivers of `services:` with the options of each. It describes, it does
// not act: the configuration is read by it, and the registry binds each driver to its adapter.
import type { DriverOptions, OptionsOf, SpecOf } from './driver-options.ts';

export const SERVICE_DRIVERS = {
  pm2: {
    /** Names of its programs; all of this PM2 if not written. */
    apps: { type: 'texts' },
    /** Program and arguments that are PM2. */
    command: { type: 'texts', otherwise: ['pm2'] },
    /** PM2_HOME; ~/.pm2 if not written. */
    home: { type: 'text' },
    timeout: { type: 'duration', otherwise: 60_000, least: 1_000, most: 600_000 },
  },
  'docker-container': {
    /** Its name. */
    container: { type: 'text', required: true },
    /** Of the Docker Engine; /var/run/docker.sock if not written. */
    socket: { type: 'text' },
    /** Instead of a socket. */
    url: { type: 'url' },
    /** How long it may take to end by itself. */
    grace: { type: 'duration', otherwise: 10_000, most: 300_000 },
  },
  'docker-service': {
    service: { type: 'text', required: true },
    socket: { type: 'text' },
    url: { type: 'url' },
  },
  compose: {
    /** Of the compose file. */
    service: { type: 'text', required: true },
    file: { type: 'text', required: true },
    /** The name of its folder if not written, as compose does it. */
    project: { type: 'text' },
    /** Program and arguments that are compose; `docker compose`, or docker-compose where that is not there, if not written. */
    command: { type: 'texts' },
    /** To stop is to remove its containers too, as `down` does: they begin anew when it is started. */
    remove: { type: 'bool', otherwise: false },
    socket: { type: 'text' },
    timeout: { type: 'duration', otherwise: 120_000, least: 1_000, most: 600_000 },
  },
  railway: {
    /** Ids, as the address of the dashboard shows them. */
    project: { type: 'text', required: true },
    environment: { type: 'text', required: true },
    /** Or its name: one that is made anew has another id. */
    service: { type: 'text', required: true },
    token: { type: 'text', required: true },
    tokenOf: { type: 'text', oneOf: ['account', 'project'], otherwise: 'account' },
    url: { type: 'url', otherwise: 'https://backboard.railway.com/graphql/v2' },
    timeout: { type: 'duration', otherwise: 20_000, least: 1_000, most: 120_000 },
    /** The file that what it is made of is kept in, encrypted; without it it cannot be made anew. */
    keep: { type: 'text' },
    /** A file with the key of age that it is encrypted to. */
    identity: { type: 'text' },
  },
  process: {
    /** Holds its number. */
    pidFile: { type: 'text', required: true },
    /** A program and its arguments, which ends when the service has been started. */
    start: { type: 'texts', required: true },
    /** Instead of SIGTERM to the process. */
    stop: { type: 'texts' },
    /** How long it may take to end by itself. */
    grace: { type: 'duration', otherwise: 10_000, most: 300_000 },
    timeout: { type: 'duration', otherwise: 60_000, least: 1_000, most: 600_000 },
  },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export type ServiceDriverName = keyof typeof SERVICE_DRIVERS;

/** What the adapter of a driver is given. */
export type ServiceOptions<D extends ServiceDriverName> = OptionsOf<(typeof SERVICE_DRIVERS)[D]>;

/** Why a service cannot be kept and made anew as it is configured, or null. */
export function whyNotRebuilt(spec: ServiceSpec): string | null {
  if (spec.driver !== 'railway') return `its driver is ${spec.driver}, which makes nothing anew: railway does`;
  if (spec.keep === undefined || spec.identity === undefined)
    return 'keep and identity do not say where what it is made of is kept, and with which key';
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(spec.service)
    ? 'it is called by its id, and one that is made anew has another: write its name'
    : null;
}

/** One configured service, by its driver. */
export type ServiceSpec = SpecOf<typeof SERVICE_DRIVERS, { readonly id: string; readonly component?: string }>;
