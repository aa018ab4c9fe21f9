// Binds every probe of the catalog to the port that answers it. A probe only reads; trouble in the world is "not known", never a throw.
import type { WindowSpec } from '../../domain/window.ts';
import type { Bucket } from '../../ports/bucket.ts';
import type { Database } from '../../ports/database.ts';
import type { DeployTarget } from '../../ports/deploy-target.ts';
import type { FlowSwitch } from '../../ports/flow-switch.ts';
import type { Http } from '../../ports/http.ts';
import type { Looks } from '../../ports/looks.ts';
import type { Probe } from '../../ports/probe.ts';
import type { Readings } from '../../ports/readings.ts';
import type { Suites, Synthetics } from '../../ports/rehearsed.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { ServiceControl } from '../../ports/service-control.ts';
import type { Flag, FlagService, SettingStore } from '../../ports/settings.ts';
import type { Time } from '../../ports/time.ts';
import type { TrafficSplit } from '../../ports/traffic-split.ts';
import type { WorkingCopies } from '../../ports/working-copy.ts';
import { type IntakePorts, NO_INTAKE } from '../actions/intake.ts';
import type { Rebuilds } from '../actions/rebuild.ts';
import type { Integrations } from '../integrations.ts';
import { bucketProbe } from './bucket.ts';
import { changedProbe } from './changed.ts';
import { gitProbe } from './git.ts';
import { hostProbe, reportsProbe } from './here.ts';
import { httpProbe } from './http.ts';
import { intakeProbe } from './intake.ts';
import { integrationProbes } from './integrations.ts';
import { keptProbe } from './kept.ts';
import { logProbe } from './log.ts';
import { metricProbe } from './metric.ts';
import { migrationsProbe } from './migrations.ts';
import { backupProbe, sampleProbe, sentryProbe, vendorProbe } from './outside.ts';
import { smokeProbe, syntheticProbe } from './rehearsed.ts';
import { secretProbe } from './secret.ts';
import { serviceProbe } from './service.ts';
import { configProbe, flagProbe, ofrepProbe } from './settings.ts';
import { sqlProbe } from './sql.ts';
import { flowProbe, releaseProbe, stableProbe } from './state.ts';
import { trafficProbe } from './traffic.ts';
import { windowProbe } from './window.ts';

/** What is looked at beside the counting. */
export interface LookPorts {
  readonly looks: Looks;
  readonly secrets: Secrets;
  readonly windows: readonly WindowSpec[];
  readonly buckets: Readonly<Record<string, Bucket>>;
  readonly suites: Suites;
  readonly synthetics: Synthetics;
  readonly time: Time;
}

export interface ProbePorts {
  readonly http: Http;
  readonly readings: Readings;
  readonly targets: Readonly<Record<string, DeployTarget>>;
  readonly switches: Readonly<Record<string, FlowSwitch>>;
  readonly proxies?: Readonly<Record<string, TrafficSplit>>;
  readonly services?: Readonly<Record<string, ServiceControl>>;
  readonly rebuilds?: Rebuilds;
  readonly integrations?: Integrations;
  readonly intake?: IntakePorts;
  readonly workingCopies: WorkingCopies;
  /** Absent: nothing is looked at. */
  readonly looks?: LookPorts;
  readonly databases?: Readonly<Record<string, Database>>;
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly configs?: Readonly<Record<string, SettingStore>>;
  readonly flagService?: FlagService;
}

export function createProbes(ports: ProbePorts): Readonly<Record<string, Probe>> {
  const probes = [
    httpProbe(ports.http, ports.looks?.secrets),
    metricProbe(ports.readings),
    releaseProbe(ports.targets),
    stableProbe(ports.targets),
    flowProbe(ports.switches),
    changedProbe(ports.targets),
    trafficProbe(ports.proxies ?? {}),
    serviceProbe(ports.services ?? {}),
    keptProbe(ports.rebuilds ?? {}),
    gitProbe(ports.workingCopies),
    intakeProbe(ports.intake ?? NO_INTAKE),
    ...integrationProbes(ports.integrations ?? {}),
    reportsProbe(ports.readings),
    ...(ports.looks === undefined ? [] : looking(ports.looks)),
    sqlProbe(ports.databases ?? {}, ports.looks?.time),
    migrationsProbe(ports.databases ?? {}),
    flagProbe(ports.flags ?? {}),
    configProbe(ports.configs ?? {}),
    ...(ports.flagService === undefined ? [] : [ofrepProbe(ports.flagService)]),
  ];
  return Object.fromEntries(probes.map((probe) => [probe.spec.name, probe]));
}

const looking = ({ looks, secrets, windows, buckets, suites, synthetics, time }: LookPorts): readonly Probe[] => [
  logProbe(looks, time),
  vendorProbe(looks),
  sentryProbe(looks),
  sampleProbe(looks),
  backupProbe(looks, time),
  hostProbe(looks),
  windowProbe(windows, time),
  secretProbe(secrets),
  bucketProbe(buckets, time),
  smokeProbe(suites),
  syntheticProbe(synthetics),
];
