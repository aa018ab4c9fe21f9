// The probe `traffic`: which share of the requests a release gets at a proxy, and whether it can answer.
import type { Probe } from '../../ports/probe.ts';
import type { TrafficSplit } from '../../ports/traffic-split.ts';
import { named, textOf } from '../actions/arguments.ts';
import { probeOf } from './probe.ts';

export function trafficProbe(proxies: Readonly<Record<string, TrafficSplit>>): Probe {
  return probeOf('traffic', async (args) => {
    const of = textOf(args, 'of');
    const { shares, up } = await named(proxies, 'proxy', textOf(args, 'proxy')).look();
    const share = shares[of];
    if (share === undefined) return { known: false, why: `there is no ${of}; there are ${Object.keys(shares).join(', ')}` };
    return { known: true, values: { share, up: up.includes(of) } };
  });
}
