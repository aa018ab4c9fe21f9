// Ways to reach people: the drivers of `channels:` with the options of each. It describes, it does not act: the configuration is read
// by it, and the registry binds each driver to its adapter.
import type { DriverOptions, OptionsOf, SpecOf } from './driver-options.ts';

const PATIENCE = {
  /** How long an answer may take. */
  timeout: { type: 'duration' },
  /** How long what was sent may be on its way although no answer came. */
  settle: { type: 'duration', least: 0 },
} as const satisfies DriverOptions;

export const CHANNEL_DRIVERS = {
  console: {},
  file: {
    /** In the data directory, if it is relative. */
    path: { type: 'text', required: true },
  },
  email: {
    host: { type: 'text', required: true },
    port: { type: 'int', least: 1, most: 65_535, required: true },
    from: { type: 'text', required: true },
    /** TLS from the first byte; otherwise STARTTLS is used where it is offered. */
    secure: { type: 'bool' },
    /** Refuse to send without TLS; true if not written and there is a password. */
    requireTls: { type: 'bool' },
    user: { type: 'text' },
    password: { type: 'text' },
    ...PATIENCE,
  },
  slack: {
    /** Bot token (`xoxb-…`) with `chat:write` and, to ask what arrived, the history scope of the kind of channel. */
    token: { type: 'text', required: true },
    /** Of Slack's API; for a server that speaks it. */
    url: { type: 'url' },
    ...PATIENCE,
  },
  webhook: {
    url: { type: 'url', required: true },
    /** `whsec_…` or base64, as Standard Webhooks has it. */
    secret: { type: 'text', required: true },
    /** False for a receiver that does not drop a second message with the same `webhook-id`. */
    idempotent: { type: 'bool' },
    ...PATIENCE,
  },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export type ChannelDriverName = keyof typeof CHANNEL_DRIVERS;

/** What the adapter of a driver is given. */
export type ChannelOptions<D extends ChannelDriverName> = OptionsOf<(typeof CHANNEL_DRIVERS)[D]>;

/** One configured channel, by its driver. */
export type ChannelSpec = SpecOf<typeof CHANNEL_DRIVERS, { readonly id: string; readonly dependsOn: readonly string[] }>;
