// The `window` probe: whether a maintenance window is open now, and for how long yet.
import type { WindowSpec } from '../../domain/window.ts';
import { windowState } from '../../domain/window.ts';
import type { Probe } from '../../ports/probe.ts';
import type { Time } from '../../ports/time.ts';
import { named, textOf } from '../actions/arguments.ts';
import { durationOf, probeOf } from './probe.ts';

export function windowProbe(windows: readonly WindowSpec[], time: Pick<Time, 'now'>): Probe {
  const byId = Object.fromEntries(windows.map((one) => [one.id, one]));
  return probeOf('window', async (args) => {
    const now = time.now();
    const { open, opensAt, closesAt } = windowState(named(byId, 'window', textOf(args, 'window')), now);
    const leftMs = open && closesAt !== null ? closesAt - now : 0;
    const values = { open, leftMs, enough: open && leftMs >= (durationOf(args, 'atLeast') ?? 0) };
    return { known: true, values, seen: { opensAt, closesAt } };
  });
}
