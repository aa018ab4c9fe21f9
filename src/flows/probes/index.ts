// Binds every probe of the catalog to the port that answers it. A probe only reads; trouble in the world is "not known", never a throw.
import type { DeployTarget } from '../../ports/deploy-target.ts';
import type { FlowSwitch } from '../../ports/flow-switch.ts';
import type { Http } from '../../ports/http.ts';
import type { Probe } from '../../ports/probe.ts';
import type { Readings } from '../../ports/readings.ts';
import type { WorkingCopies } from '../../ports/working-copy.ts';
import type { Integrations } from '../integrations.ts';
import { gitProbe } from './git.ts';
import { httpProbe } from './http.ts';
import { integrationProbes } from './integrations.ts';
import { metricProbe } from './metric.ts';
import { flowProbe, releaseProbe } from './state.ts';

export interface ProbePorts {
  readonly http: Http;
  readonly readings: Readings;
  readonly targets: Readonly<Record<string, DeployTarget>>;
  readonly switches: Readonly<Record<string, FlowSwitch>>;
  readonly integrations?: Integrations;
  readonly workingCopies: WorkingCopies;
}

export function createProbes(ports: ProbePorts): Readonly<Record<string, Probe>> {
  const probes = [
    httpProbe(ports.http),
    metricProbe(ports.readings),
    releaseProbe(ports.targets),
    flowProbe(ports.switches),
    gitProbe(ports.workingCopies),
    ...integrationProbes(ports.integrations ?? {}),
  ];
  return Object.fromEntries(probes.map((probe) => [probe.spec.name, probe]));
}
