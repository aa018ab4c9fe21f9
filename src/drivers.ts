// What stands behind a configuration, opened: the drivers of each section of belay.yaml, and the actions and probes that they carry. The one
// place where a new section is put together, for Belay as it runs, for commands that only look, and for tests. Nothing is asked yet.
import { createChromium } from './adapters/chromium/index.ts';
import { createCommandRunner } from './adapters/commands/index.ts';
import { createWorkingCopies } from './adapters/git/index.ts';
import { createSecrets } from './adapters/secrets/index.ts';
import { createSsh } from './adapters/ssh/index.ts';
import { createSuites } from './adapters/suite/index.ts';
import { createSynthetics } from './adapters/synthetic/index.ts';
import { targetsBehind } from './domain/put-live.ts';
import { NO_RUN_POLICY } from './domain/run-policy.ts';
import type { System } from './domain/system.ts';
import { createActions } from './flows/actions/index.ts';
import { createDeployRules } from './flows/deploy-policy.ts';
import { createProbes } from './flows/probes/index.ts';
import type { World } from './flows/world.ts';
import type { Browsers } from './ports/browser.ts';
import type { DeployTarget } from './ports/deploy-target.ts';
import type { Digest } from './ports/digest.ts';
import type { Freezes } from './ports/freezes.ts';
import type { PauseSwitch } from './ports/pause.ts';
import type { Readings } from './ports/readings.ts';
import type { ReleaseHistory } from './ports/release-history.ts';
import type { ServiceControl } from './ports/service-control.ts';
import type { TrafficSplit } from './ports/traffic-split.ts';
import {
  type ChannelDeps,
  openChannels,
  openDatabases,
  openIntegrations,
  openProxies,
  openRebuilds,
  openServices,
  openSwitches,
  openTargets,
  type SourceDeps,
} from './registry.ts';
import { openBuckets, openLooks } from './registry-looks.ts';
import { type OpenedSettings, openSettings } from './registry-settings.ts';

export interface DriversGround extends ChannelDeps, SourceDeps {
  readonly readings: Readings;
  readonly pause: PauseSwitch;
  readonly freezes?: Freezes;
  /** A target that knows which of its releases are stable. */
  readonly stability?: (id: string, target: DeployTarget) => DeployTarget;
  /** What was live when; left out where no store is open. */
  readonly releases?: ReleaseHistory;
  /** Keys the digests of secrets. */
  readonly digest: Digest;
  /** Where secrets of the driver `env` stand. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Drivers = Pick<World, 'targets' | 'switches' | 'channels' | 'actions' | 'probes' | 'commandRunner'> &
  Required<Pick<World, 'databases' | 'hidden'>>;

/** What flows reach through actions and probes alone, for those who look at each part. */
export interface Looked {
  readonly services: Readonly<Record<string, ServiceControl>>;
  readonly proxies: Readonly<Record<string, TrafficSplit>>;
  readonly flags: OpenedSettings['flags'];
  readonly configs: OpenedSettings['configs'];
  readonly browsers: Browsers;
}

/** @throws BELAY_CONFIG_INVALID for options that a driver does not take */
export function openDrivers(system: System, ground: DriversGround): Drivers & Looked {
  const { http, time, readings, pause, freezes, expression } = ground;
  const scopes = freezes === undefined ? {} : { scopes: { freezes, system, time } };
  const { stability = (_id: string, target: DeployTarget) => target } = ground;
  const remote = createSsh(ground);
  const targets = Object.fromEntries(
    Object.entries(openTargets(system, { ...ground, remote })).map(([id, target]) => [id, stability(id, target)]),
  );
  const switches = openSwitches(system, ground);
  const proxies = openProxies(system, ground);
  const services = openServices(system, ground);
  const rebuilds = openRebuilds(system, ground);
  const integrations = openIntegrations(system, ground);
  const own = { specs: system.actions ?? [], http, expression };
  const intake = { specs: system.intakes ?? [], store: ground.intake ?? null, time };
  const databases = openDatabases(system, ground);
  const deployRules = createDeployRules(system, targets, ground.releases ?? null);
  const secrets = createSecrets(system.secrets ?? [], ground);
  const settings = openSettings(system, ground);
  const browsers = createChromium({ ...system.browser, lang: system.lang }, ground);
  const looks = openLooks(system, { ...ground, secrets });
  return {
    targets,
    switches,
    services,
    proxies,
    databases,
    flags: settings.flags,
    configs: settings.configs,
    browsers,
    channels: openChannels(system, ground),
    commandRunner: createCommandRunner(system.policy?.run ?? NO_RUN_POLICY, { ...ground, remote, secrets }),
    hidden: secrets.masked,
    actions: createActions({
      ...{ targets, switches, proxies, services, rebuilds, integrations, intake, databases, own, pause, deployRules },
      targetsBehind: (service) => targetsBehind(system, service),
      ...settings,
      ...scopes,
    }),
    probes: createProbes({
      http,
      readings,
      targets,
      switches,
      proxies,
      services,
      rebuilds,
      integrations,
      intake,
      databases,
      workingCopies: createWorkingCopies(ground),
      looks: {
        looks,
        secrets,
        windows: system.windows ?? [],
        buckets: openBuckets(system, { ...ground, secrets }),
        suites: createSuites(system.suites ?? [], { ...ground, secrets }),
        synthetics: createSynthetics(system.synthetics ?? [], { ...ground, secrets, browsers }),
        time,
      },
      ...settings,
    }),
  };
}
