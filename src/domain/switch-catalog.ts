// What turns an organization from one flow to another: the drivers of `switches:` with the options of each. It describes, it does not
// act: the configuration is read by it, and the registry binds each driver to its adapter.
import type { DriverOptions, OptionsOf, SpecOf } from './driver-options.ts';

export const SWITCH_DRIVERS = {
  'flow-file': {
    /** `{ "acme": "next", … }`: the JSON file that the service reads. */
    file: { type: 'text', required: true },
    values: { type: 'texts', required: true },
    /** What an organization uses that the file does not name; the first of `values` if not written. */
    default: { type: 'text' },
  },
  'haproxy-map': {
    /** Of its stats socket, of level admin. */
    socket: { type: 'text', required: true },
    /** As the configuration of HAProxy names it. */
    map: { type: 'text', required: true },
    values: { type: 'texts', required: true },
    default: { type: 'text' },
  },
  caddy: {
    /** Of its admin API. */
    url: { type: 'url', otherwise: 'http://127.0.0.1:2019' },
    /** `@id` of a handler map: organization → flow. */
    handler: { type: 'text', required: true },
    values: { type: 'texts', required: true },
  },
  n8n: {
    url: { type: 'url', required: true },
    key: { type: 'text', required: true },
    /** Flow → the name of its workflow, with `{org}` in it. */
    workflows: { type: 'words', required: true },
    webhooks: { type: 'url' },
    timeout: { type: 'duration', otherwise: 20_000, least: 1_000, most: 120_000 },
  },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export type SwitchDriverName = keyof typeof SWITCH_DRIVERS;

/** What the adapter of a driver is given. */
export type SwitchOptions<D extends SwitchDriverName> = OptionsOf<(typeof SWITCH_DRIVERS)[D]>;

/** One configured switch, by its driver. */
export type SwitchSpec = SpecOf<typeof SWITCH_DRIVERS, { readonly id: string; readonly component?: string }>;
