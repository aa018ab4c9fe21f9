// The probes `release` and `flow`: what a target runs, and which flow an organization uses.
import type { DeployTarget } from '../../ports/deploy-target.ts';
import type { FlowSwitch } from '../../ports/flow-switch.ts';
import type { Probe } from '../../ports/probe.ts';
import { named, textOf } from '../actions/arguments.ts';
import { probeOf } from './probe.ts';

export function releaseProbe(targets: Readonly<Record<string, DeployTarget>>): Probe {
  return probeOf('release', async (args) => {
    const { release, frozen, units, inFlight } = await named(targets, 'target', textOf(args, 'target')).current();
    const uniform = inFlight === undefined && units.every((unit) => unit.ready && unit.release === release);
    return { known: true, values: { version: release, frozen, uniform, units: units.length } };
  });
}

export function flowProbe(switches: Readonly<Record<string, FlowSwitch>>): Probe {
  return probeOf('flow', async (args) => {
    const { value } = await named(switches, 'switch', textOf(args, 'switch')).get(textOf(args, 'org'));
    return { known: true, values: { value } };
  });
}
