// The probe `service`: how many units of a service run and should, how often they were begun again, and since when the oldest one runs.
import type { Probe } from '../../ports/probe.ts';
import type { ServiceControl } from '../../ports/service-control.ts';
import { named, textOf } from '../actions/arguments.ts';
import { probeOf } from './probe.ts';

export function serviceProbe(services: Readonly<Record<string, ServiceControl>>): Probe {
  return probeOf('service', async (args) => {
    const { at, units, wanted, restarts } = await named(services, 'service', textOf(args, 'service')).look();
    const starts = units.flatMap(({ startedAt }) => (startedAt === null ? [] : [startedAt]));
    // What is not known has no value, and a check that asks for it is inconclusive.
    return {
      known: true,
      values: {
        running: units.filter((unit) => unit.ready).length,
        wanted,
        ...(restarts === null ? {} : { restarts }),
        ...(starts.length === 0 ? {} : { oldestStartMs: Math.max(0, at - Math.min(...starts)) }),
      },
    };
  });
}
