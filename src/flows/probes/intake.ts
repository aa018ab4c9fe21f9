// The `intake` probe: how many messages came, went on and wait. What came in is what went on, waits or was set aside: the counts are kept apart,
// so that a check can compare them.
import { breakersNow, restOf, worstOf } from '../../domain/breaker.ts';
import { ALL_LINES } from '../../domain/intake.ts';
import type { Probe } from '../../ports/probe.ts';
import { type IntakePorts, lineOf, storeOf } from '../actions/intake.ts';
import { probeOf } from './probe.ts';

export function intakeProbe(ports: IntakePorts): Probe {
  return probeOf('intake', async (args) => {
    const { intake, line } = lineOf(ports, args);
    const store = storeOf(ports);
    const { received, delivered, aside, waiting, oldestAt, held } = await store.status({ intake, line });
    const now = ports.time.now();
    const oldestMs = oldestAt === null ? 0 : Math.max(0, Math.round(now - oldestAt));
    const isOfIt = (one: { readonly intake: string; readonly line: string }): boolean =>
      one.intake === intake && (line === ALL_LINES || one.line === line);
    const breakers = breakersNow(await store.breakers(), ports.specs, now).filter(isOfIt);
    const nextTryMs = Math.round(Math.max(0, ...breakers.map((one) => (one.breaker.state === 'open' ? restOf(one.breaker, now) : 0))));
    return {
      known: true,
      values: {
        received,
        delivered,
        aside,
        waiting,
        oldestMs,
        held,
        breaker: worstOf(breakers.map((one) => one.breaker.state)),
        nextTryMs,
      },
    };
  });
}
