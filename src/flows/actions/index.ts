// Binds every action of the catalog to the port that carries it. `belay.undo` is missing on purpose: taking back is the interpreter's
// own business.
import type { Action } from '../../ports/action.ts';
import type { Database } from '../../ports/database.ts';
import type { DeployTarget } from '../../ports/deploy-target.ts';
import type { FlowSwitch } from '../../ports/flow-switch.ts';
import type { PauseSwitch } from '../../ports/pause.ts';
import type { ServiceControl } from '../../ports/service-control.ts';
import type { Flag, SettingStore } from '../../ports/settings.ts';
import type { TrafficSplit } from '../../ports/traffic-split.ts';
import { type DeployRules, NO_DEPLOY_RULES } from '../deploy-policy.ts';
import type { Integrations } from '../integrations.ts';
import type { BehindServices } from './connect.ts';
import { databaseActions } from './database.ts';
import { deployActions } from './deploy.ts';
import { flowActions } from './flow.ts';
import { freezeActions } from './freeze.ts';
import { type IntakePorts, intakeActions, NO_INTAKE } from './intake.ts';
import { integrationActions } from './integrations.ts';
import { type OwnActionPorts, ownActions } from './own.ts';
import { pauseActions } from './pause.ts';
import { type Rebuilds, rebuildActions } from './rebuild.ts';
import { type FreezePorts, scopeFreezeActions } from './scope-freeze.ts';
import { serviceActions } from './service.ts';
import { settingActions } from './settings.ts';
import { trafficActions } from './traffic.ts';

export interface ActionPorts {
  readonly targets: Readonly<Record<string, DeployTarget>>;
  readonly switches: Readonly<Record<string, FlowSwitch>>;
  readonly proxies?: Readonly<Record<string, TrafficSplit>>;
  readonly services?: Readonly<Record<string, ServiceControl>>;
  readonly rebuilds?: Rebuilds;
  readonly integrations?: Integrations;
  readonly intake?: IntakePorts;
  readonly databases?: Readonly<Record<string, Database>>;
  readonly own?: OwnActionPorts;
  readonly pause: PauseSwitch;
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly configs?: Readonly<Record<string, SettingStore>>;
  readonly scopes?: FreezePorts;
  readonly deployRules?: DeployRules;
  /** Where what a service runs is deployed to. */
  readonly targetsBehind?: (service: string) => readonly string[];
}

const behindServices = ({ targets, deployRules = NO_DEPLOY_RULES, targetsBehind = () => [] }: ActionPorts): BehindServices => ({
  ...{ targets, rules: deployRules, targetsOf: targetsBehind },
});

export function createActions(ports: ActionPorts): Readonly<Record<string, Action>> {
  const actions = [
    ...deployActions(ports.targets, ports.deployRules),
    ...freezeActions(ports.targets),
    ...flowActions(ports.switches),
    ...trafficActions(ports.proxies ?? {}, ports.deployRules),
    ...serviceActions(ports.services ?? {}),
    ...rebuildActions(ports.rebuilds ?? {}, behindServices(ports)),
    ...integrationActions(ports.integrations ?? {}),
    ...intakeActions(ports.intake ?? NO_INTAKE),
    ...databaseActions(ports.databases ?? {}),
    ...(ports.own === undefined ? [] : ownActions(ports.own)),
    ...pauseActions(ports.pause),
    ...settingActions(ports.flags ?? {}, ports.configs ?? {}),
    ...(ports.scopes === undefined ? [] : scopeFreezeActions(ports.scopes)),
  ];
  return Object.fromEntries(actions.map((action) => [action.spec.name, action]));
}
