// Services of others that runbooks act on beside deploys and flags: the drivers of `integrations:` with the options of each. It describes,
// it does not act: the configuration is read by it, and the registry binds each driver to its adapter.
import type { DriverOptions, OptionsOf, SpecOf } from './driver-options.ts';

const timeout = { type: 'duration', otherwise: 20_000, least: 1_000, most: 120_000 } as const;

export const INTEGRATION_DRIVERS = {
  n8n: {
    url: { type: 'url', required: true },
    /** Of the public API: it may read, activate and deactivate workflows. */
    key: { type: 'text', required: true },
    /** Below which its production webhooks answer; `<url>/webhook` if not written. */
    webhooks: { type: 'url' },
    timeout,
  },
  evolution: {
    url: { type: 'url', required: true },
    /** The global key, or the token of an instance. */
    key: { type: 'text', required: true },
    timeout,
  },
  'z-api': {
    instance: { type: 'text', required: true },
    token: { type: 'text', required: true },
    /** The security token of the account. */
    clientToken: { type: 'text', required: true },
    url: { type: 'url', otherwise: 'https://api.z-api.io' },
    timeout,
  },
  chatwoot: {
    url: { type: 'url', required: true },
    account: { type: 'int', required: true, least: 1 },
    token: { type: 'text', required: true },
    /** The name of an organization's inbox, with `{org}` in it. */
    inbox: { type: 'text', otherwise: '{org}' },
    /** The name of the bot that answers there. */
    bot: { type: 'text' },
    /** Names of automation rules that are switched with it. */
    rules: { type: 'texts' },
    timeout,
  },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export type IntegrationDriverName = keyof typeof INTEGRATION_DRIVERS;

/** What the adapter of a driver is given. */
export type IntegrationOptions<D extends IntegrationDriverName> = OptionsOf<(typeof INTEGRATION_DRIVERS)[D]>;

/** One configured integration, by its driver. */
export type IntegrationSpec = SpecOf<typeof INTEGRATION_DRIVERS, { readonly id: string; readonly component?: string }>;

/** `n8n` of `n8n.activate`; null for an action or a probe of another family. */
export function driverOf(name: string): IntegrationDriverName | null {
  const family = name.split('.', 1)[0] ?? '';
  return Object.hasOwn(INTEGRATION_DRIVERS, family) ? (family as IntegrationDriverName) : null;
}
