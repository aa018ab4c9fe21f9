// What shares requests among releases: the drivers of `proxies:` with the options of each. It describes, it does not act: the configuration
// is read by it, and the registry binds each driver to its adapter.
import type { DriverOptions, OptionsOf, SpecOf } from './driver-options.ts';

export const PROXY_DRIVERS = {
  haproxy: {
    /** Of its stats socket, of level admin. */
    socket: { type: 'text', required: true },
    backend: { type: 'text', required: true },
    /** Two servers of the backend. */
    servers: { type: 'texts', required: true },
    /** What HAProxy reads when it starts (load-server-state-from-file). */
    stateFile: { type: 'text' },
  },
  caddy: {
    /** Of its admin API. */
    url: { type: 'url', otherwise: 'http://127.0.0.1:2019' },
    /** `@id` of the handler reverse_proxy. */
    handler: { type: 'text', required: true },
    /** Name → address (`host:port`), two of them. */
    upstreams: { type: 'words', required: true },
  },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export type ProxyDriverName = keyof typeof PROXY_DRIVERS;

/** What the adapter of a driver is given. */
export type ProxyOptions<D extends ProxyDriverName> = OptionsOf<(typeof PROXY_DRIVERS)[D]>;

/** One configured proxy, by its driver. */
export type ProxySpec = SpecOf<typeof PROXY_DRIVERS, OfProxy>;

interface OfProxy {
  readonly id: string;
  readonly component?: string;
  /** Name → the target whose release runs behind it: policies of deploys then ask of what is sent there. */
  readonly targets?: Readonly<Record<string, string>>;
}
