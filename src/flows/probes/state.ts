// The probes `release`, `stable` and `flow`: what a target runs, whether it has proven itself, and which flow an organization uses.
import type { DeployTarget } from '../../ports/deploy-target.ts';
import type { FlowSwitch } from '../../ports/flow-switch.ts';
import type { Probe } from '../../ports/probe.ts';
import { named, textOf } from '../actions/arguments.ts';
import { lookBack } from '../look-back.ts';
import { probeOf } from './probe.ts';

export function releaseProbe(targets: Readonly<Record<string, DeployTarget>>): Probe {
  return probeOf('release', async (args) => {
    const { release, frozen, units, inFlight } = await named(targets, 'target', textOf(args, 'target')).current();
    const uniform = inFlight === undefined && units.every((unit) => unit.ready && unit.release === release);
    return { known: true, values: { version: release, frozen, uniform, units: units.length } };
  });
}

/** As the list of releases has it: by what Belay itself has seen. */
export function stableProbe(targets: Readonly<Record<string, DeployTarget>>): Probe {
  return probeOf('stable', async (args) => {
    const target = named(targets, 'target', textOf(args, 'target'));
    const { release } = await target.current();
    const { releases } = await lookBack(target, (found) => found.some((one) => one.ref === release));
    const stable = releases.some((one) => one.ref === release && one.stable !== undefined);
    return { known: true, values: { stable, version: release } };
  });
}

export function flowProbe(switches: Readonly<Record<string, FlowSwitch>>): Probe {
  return probeOf('flow', async (args) => {
    const { value } = await named(switches, 'switch', textOf(args, 'switch')).get(textOf(args, 'org'));
    return { known: true, values: { value } };
  });
}
