// The registry: which driver name of belay.yaml is which adapter. Adding an adapter is one folder and one line here.
import { resolve } from 'node:path';
import { createAlertmanagerReader } from './adapters/alertmanager/index.ts';
import { createAlerts } from './adapters/alerts/index.ts';
import { createConsoleChannel } from './adapters/console/index.ts';
import { createDatadogReader } from './adapters/datadog/index.ts';
import {
  createComposeService,
  createContainerService,
  createDockerContainer,
  createDockerReader,
  createDockerService,
  createSwarmService,
} from './adapters/docker/index.ts';
import { createEmailChannel } from './adapters/email/index.ts';
import { createFileChannel } from './adapters/file/index.ts';
import { createFileWriter } from './adapters/file-writer/index.ts';
import { createFilesReader } from './adapters/files/index.ts';
import { createFlowFile } from './adapters/flow-file/index.ts';
import { createGa4Reader } from './adapters/ga4/index.ts';
import { createGitTarget } from './adapters/git/index.ts';
import { createHostReader } from './adapters/host/index.ts';
import { createHttpProbe } from './adapters/http-probe/index.ts';
import { createIntakeReader, type IntakeReaderDeps } from './adapters/intake/index.ts';
import { createChatwoot, createEvolution, createN8n, createN8nSwitch, createZApi } from './adapters/integrations/index.ts';
import { createKeptFile } from './adapters/kept-file/index.ts';
import { createKubernetesReader, createKubernetesTarget } from './adapters/kubernetes/index.ts';
import { createLogReader } from './adapters/log/index.ts';
import { createMappedWebhook } from './adapters/mapped-webhook/index.ts';
import { createDatabase } from './adapters/migrations/index.ts';
import { createNoSqlServer } from './adapters/migrations/mongo.ts';
import {
  createHeroku,
  createRailway,
  createRailwayRebuild,
  createRailwayService,
  createVercel,
  type RebuildDeps,
} from './adapters/paas/index.ts';
import { createProcessService } from './adapters/pid-file/index.ts';
import { createPm2Reader, createPm2Service, createPm2Supervisor } from './adapters/pm2/index.ts';
import { createPrometheusReader } from './adapters/prometheus/index.ts';
import { createPromqlReader } from './adapters/promql/index.ts';
import { createCaddySwitch, createCaddyTraffic, createHaproxyMap, createHaproxyTraffic } from './adapters/proxies/index.ts';
import { createPushSource } from './adapters/push/index.ts';
import { createReleaseDirectory } from './adapters/release-directory/index.ts';
import { createCopies } from './adapters/scratch/drill.ts';
import { createScratch } from './adapters/scratch/index.ts';
import { createSentry } from './adapters/sentry/index.ts';
import { createSentryApiReader } from './adapters/sentry-api/index.ts';
import { createSlackChannel } from './adapters/slack/index.ts';
import { createPostgres, createSqlReader } from './adapters/sql/index.ts';
import { createSqlParser } from './adapters/sql-parser/index.ts';
import { createStatusPageReader } from './adapters/status-page/index.ts';
import { createOtlp, createRemoteWrite } from './adapters/telemetry/index.ts';
import { createWebhookChannel } from './adapters/webhook/index.ts';
import type { ChannelSpec } from './domain/channel-catalog.ts';
import type { DatabaseSpec, DrillSpec } from './domain/database-catalog.ts';
import type { IntegrationSpec } from './domain/integration-catalog.ts';
import type { ProxySpec } from './domain/proxy-catalog.ts';
import type { ServiceSpec } from './domain/service-catalog.ts';
import type { Batch, Samples } from './domain/signal.ts';
import { isPulled, type PulledSpec, type SourceSpec } from './domain/source-catalog.ts';
import type { SwitchSpec } from './domain/switch-catalog.ts';
import type { System } from './domain/system.ts';
import type { TargetSpec } from './domain/target-catalog.ts';
import { listening } from './flows/detect/listening.ts';
import { polled } from './flows/detect/poll.ts';
import { sent } from './flows/detect/sent.ts';
import type { Channel } from './ports/channel.ts';
import type { Database } from './ports/database.ts';
import type { DeployTarget } from './ports/deploy-target.ts';
import type { Expression } from './ports/expression.ts';
import type { FlowSwitch } from './ports/flow-switch.ts';
import type { Http } from './ports/http.ts';
import type { IntakeStore } from './ports/intake-store.ts';
import type { Integration } from './ports/integration.ts';
import type { Net } from './ports/net.ts';
import type { Processes } from './ports/process.ts';
import type { Remote } from './ports/remote.ts';
import type { ServiceControl } from './ports/service-control.ts';
import type { ServiceRebuild } from './ports/service-rebuild.ts';
import type { PushedSource, SignalReader, SignalSource } from './ports/signal-source.ts';
import type { Time } from './ports/time.ts';
import type { TrafficSplit } from './ports/traffic-split.ts';

const files = createFileWriter();

export interface DriverDeps {
  readonly http: Http;
  readonly time: Time;
  readonly processes: Processes;
  /** Where relative paths of the configuration start. */
  readonly baseDir: string;
  /** Nothing is written, not even bookkeeping: for a command that only looks. */
  readonly lookOnly?: boolean;
}
export interface TargetDeps extends DriverDeps {
  /** Left out where no target is on another host. */
  readonly remote?: Remote;
}
export interface ChannelDeps extends DriverDeps {
  readonly dataDir: string;
  readonly say: (line: string) => void;
}
export interface SourceDeps extends DriverDeps {
  readonly net: Net;
  readonly expression: Expression;
  /** What intakes keep; left out where none is open. */
  readonly intake?: IntakeStore;
}

export const openTargets = (system: System, deps: TargetDeps): Readonly<Record<string, DeployTarget>> =>
  openEach(system.targets, (spec) => openTarget(spec, deps));
export const openSwitches = (system: System, deps: DriverDeps): Readonly<Record<string, FlowSwitch>> =>
  openEach(system.switches, (spec) => openSwitch(spec, deps));
export const openProxies = (system: System, deps: DriverDeps): Readonly<Record<string, TrafficSplit>> =>
  openEach(system.proxies ?? [], (spec) => openProxy(spec, deps));
export const openServices = (system: System, deps: DriverDeps): Readonly<Record<string, ServiceControl>> =>
  openEach(system.services ?? [], (spec) => openService(spec, deps));
export const openIntegrations = (system: System, deps: DriverDeps): Readonly<Record<string, Integration>> =>
  openEach(system.integrations ?? [], (spec) => openIntegration(spec, deps));
export const openDatabases = (system: System, deps: DriverDeps): Readonly<Record<string, Database>> =>
  openEach(system.databases ?? [], (spec) => openDatabase(spec, deps));
export const openChannels = (system: System, deps: ChannelDeps): Readonly<Record<string, Channel>> =>
  openEach(system.channels, (spec) => openChannel(spec, deps));

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openTarget(spec: TargetSpec, deps: TargetDeps): DeployTarget {
  switch (spec.driver) {
    case 'release-directory':
      return createReleaseDirectory(spec, deps);
    case 'pm2':
      return createReleaseDirectory(
        {
          root: spec.root,
          requires: [spec.config, ...(spec.requires ?? [])],
          ...(spec.oneWay === undefined ? {} : { oneWay: spec.oneWay }),
        },
        { ...deps, supervisor: createPm2Supervisor(spec, deps) },
      );
    case 'heroku':
      return createHeroku(spec, deps);
    case 'railway':
      return createRailway(spec, deps);
    case 'vercel':
      return createVercel(spec, deps);
    case 'git':
      return createGitTarget(spec, deps);
    case 'kubernetes':
      return createKubernetesTarget(spec, deps);
    case 'docker-container':
      return createDockerContainer(spec, deps);
    case 'docker-service':
      return createDockerService(spec, deps);
  }
}

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openSwitch(spec: SwitchSpec, deps: DriverDeps): FlowSwitch {
  switch (spec.driver) {
    case 'flow-file':
      return createFlowFile(spec, { ...deps, files });
    case 'haproxy-map':
      return createHaproxyMap(spec, { ...deps, files });
    case 'caddy':
      return createCaddySwitch(spec, deps);
    case 'n8n':
      return createN8nSwitch(spec, deps);
  }
}

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openIntegration(spec: IntegrationSpec, deps: DriverDeps): Integration {
  switch (spec.driver) {
    case 'n8n':
      return createN8n(spec, deps);
    case 'evolution':
      return createEvolution(spec, deps);
    case 'z-api':
      return createZApi(spec, deps);
    case 'chatwoot':
      return createChatwoot(spec, deps);
  }
}

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openDatabase(spec: DatabaseSpec, deps: DriverDeps): Database {
  const { id, timeoutMs } = spec;
  const open = (url: string) => createPostgres({ id, url, timeoutMs });
  const server = spec.driver === 'migrate-mongo' ? createNoSqlServer(spec) : open(spec.url);
  const scratch = (url: string) => createScratch({ id, url, open });
  const copies = (drill: DrillSpec) => createCopies({ id, ...drill, open });
  return createDatabase(spec, { ...deps, server, parser: createSqlParser(), scratch, copies });
}

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openProxy(spec: ProxySpec, deps: DriverDeps): TrafficSplit {
  switch (spec.driver) {
    case 'haproxy':
      return createHaproxyTraffic(spec, { ...deps, files });
    case 'caddy':
      return createCaddyTraffic(spec, deps);
  }
}

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openService(spec: ServiceSpec, deps: DriverDeps): ServiceControl {
  switch (spec.driver) {
    case 'pm2':
      return createPm2Service(spec, deps);
    case 'docker-container':
      return createContainerService(spec, deps);
    case 'docker-service':
      return createSwarmService(spec, deps);
    case 'compose':
      return createComposeService(spec, deps);
    case 'railway':
      return createRailwayService(spec, deps);
    case 'process':
      return createProcessService(spec, deps);
  }
}

/** Those that can be kept and made anew. @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openRebuilds(system: System, deps: DriverDeps & Pick<RebuildDeps, 'digest'>): Readonly<Record<string, ServiceRebuild>> {
  const found = (system.services ?? []).flatMap((spec): [string, ServiceRebuild][] => {
    if (spec.driver !== 'railway' || spec.keep === undefined || spec.identity === undefined) return [];
    const kept = createKeptFile({ path: spec.keep, identity: spec.identity }, { ...deps, files });
    return [[spec.id, createRailwayRebuild(spec, { ...deps, kept })]];
  });
  return Object.fromEntries(found);
}

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openChannel(spec: ChannelSpec, deps: ChannelDeps): Channel {
  switch (spec.driver) {
    case 'console':
      return createConsoleChannel({ write: deps.say });
    case 'file':
      return createFileChannel({ path: resolve(deps.dataDir, spec.path) }, { now: () => deps.time.now() });
    case 'email':
      return createEmailChannel(spec);
    case 'slack':
      return createSlackChannel(spec);
    case 'webhook':
      return createWebhookChannel(spec, deps);
  }
}

type PushSource = SignalSource & { push(batch: Batch): Promise<void> };

export interface OpenedSources {
  readonly sources: readonly SignalSource<Samples>[];
  /** The one that the API's push feeds; null when none is declared. */
  readonly push: PushSource | null;
  /** Those that senders reach under `/in/<id>`. */
  readonly receivers: Readonly<Record<string, PushedSource<Samples>>>;
}

export function openSources(system: System, deps: SourceDeps): OpenedSources {
  let push: PushSource | null = null;
  const receivers: Record<string, PushedSource<Samples>> = {};
  const counted = new Set(system.signals.flatMap(({ signal }) => (signal.kind === 'distinct' ? [signal.label] : [])));
  const sources = system.sources.map((spec) => {
    const source = openSource(spec, { ...deps, ...linesOf(system), counted });
    if (spec.driver === 'push') push ??= source as PushSource;
    if ('receive' in source) receivers[spec.id] = source;
    return source;
  });
  return { sources, push, receivers };
}

/** What the source of intakes reads of. */
export const linesOf = ({ intakes = [], organizations }: System): Pick<IntakeReaderDeps, 'intakes' | 'orgs'> => ({
  intakes,
  orgs: organizations.map(({ id }) => id),
});

type AllDeps = ReaderDeps & { readonly counted: ReadonlySet<string> };
export type ReaderDeps = SourceDeps & Pick<IntakeReaderDeps, 'intakes' | 'orgs'>;

function openSource(spec: SourceSpec, deps: AllDeps): SignalSource<Samples> | PushedSource<Samples> {
  return isPulled(spec) ? polled(openReader(spec, deps), deps.time) : openSent(spec, deps);
}

/** What Belay reads itself. @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openReader(spec: PulledSpec, deps: ReaderDeps): SignalReader {
  switch (spec.driver) {
    case 'prometheus':
      return createPrometheusReader(spec, deps);
    case 'http':
      return createHttpProbe(spec, deps);
    case 'sql':
      return createSqlReader(spec, deps);
    case 'promql':
      return createPromqlReader(spec, deps);
    case 'log':
      return createLogReader(spec, deps);
    case 'host':
      return createHostReader(spec, { time: deps.time, baseDir: deps.baseDir });
    case 'intake':
      return createIntakeReader(spec, deps);
    case 'files':
      return createFilesReader(spec, deps);
    case 'status-page':
      return createStatusPageReader(spec, deps);
    case 'docker':
      return createDockerReader(spec, deps);
    case 'pm2':
      return createPm2Reader(spec, deps);
    case 'kubernetes':
      return createKubernetesReader(spec, deps);
    case 'sentry-api':
      return createSentryApiReader(spec, deps);
    case 'alertmanager':
      return createAlertmanagerReader(spec, deps);
    case 'datadog':
      return createDatadogReader(spec, deps);
    case 'ga4':
      return createGa4Reader(spec, deps);
  }
}

function openSent(spec: Exclude<SourceSpec, PulledSpec>, deps: AllDeps): SignalSource<Samples> | PushedSource<Samples> {
  switch (spec.driver) {
    case 'push':
      return createPushSource(spec.id, spec.everyMs);
    case 'alerts':
      return listening(createAlerts(spec), deps.time, deps.counted);
    case 'webhook':
      return listening(createMappedWebhook(spec, deps), deps.time, deps.counted);
    case 'sentry':
      return listening(createSentry(spec), deps.time, deps.counted);
    case 'remote-write':
      return sent(createRemoteWrite(spec));
    case 'otlp':
      return sent(createOtlp(spec));
  }
}

function openEach<S extends { readonly id: string }, T>(specs: readonly S[], open: (spec: S) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(specs.map((spec) => [spec.id, open(spec)]));
}
