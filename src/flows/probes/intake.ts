// The `intake` probe: how many messages came, went on and wait. What came in is what went on, waits or was set aside: the counts are kept apart,
// so that a check can compare them.
import type { Probe } from '../../ports/probe.ts';
import { type IntakePorts, lineOf, storeOf } from '../actions/intake.ts';
import { probeOf } from './probe.ts';

export function intakeProbe(ports: IntakePorts): Probe {
  return probeOf('intake', async (args) => {
    const { intake, line } = lineOf(ports, args);
    const { received, delivered, aside, waiting, oldestAt, held } = await storeOf(ports).status({ intake, line });
    const oldestMs = oldestAt === null ? 0 : Math.max(0, Math.round(ports.time.now() - oldestAt));
    return { known: true, values: { received, delivered, aside, waiting, oldestMs, held } };
  });
}
