// The `metric` probe: what detection knows of a trigger's signal, for one organization or for all. Its value is sampled, so the
// interval goes with it.
import type { Probe } from '../../ports/probe.ts';
import type { Readings } from '../../ports/readings.ts';
import { textOf } from '../actions/arguments.ts';
import { durationOf, probeOf, unknown } from './probe.ts';

export function metricProbe(readings: Readings): Probe {
  return probeOf('metric', async (args, o) => {
    const overMs = durationOf(args, 'over');
    const reading = await readings.read({
      trigger: textOf(args, 'trigger'),
      scope: args['org'] === undefined ? '' : textOf(args, 'org'),
      ...(overMs === undefined ? {} : { overMs }),
      ...(o?.since === undefined ? {} : { since: o.since }),
    });
    if (!reading.known) return unknown(reading.why);
    const { value, lower, upper, bad, all, growing } = reading;
    return { known: true, values: { value, lower, upper, bad, all, growing }, interval: { lower, upper } };
  });
}
