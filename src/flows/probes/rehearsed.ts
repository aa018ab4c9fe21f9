// Probes that do as a tester or a customer would: a suite of tests, and requests in a row.

import type { Probe } from '../../ports/probe.ts';
import type { Suites, Synthetics } from '../../ports/rehearsed.ts';
import { textOf } from '../actions/arguments.ts';
import { probeOf } from './probe.ts';

export function smokeProbe(suites: Suites): Probe {
  return probeOf('smoke', async (args) => {
    const { exit, passed, failed, skipped, tail, tookMs } = await suites.run(textOf(args, 'suite'));
    const ok = exit === 0 && failed === 0 && passed > 0;
    return { known: true, values: { ok, exit, passed, failed, skipped }, seen: { tail, tookMs: Math.round(tookMs) } };
  });
}

export function syntheticProbe(synthetics: Synthetics): Probe {
  return probeOf('synthetic', async (args) => {
    const id = textOf(args, 'synthetic');
    const { passed, failedAt, why, run, tookMs, shots, notes } = await synthetics.run(id);
    const values = { ok: failedAt === '', passed, steps: synthetics.steps(id), failedAt, latencyMs: tookMs };
    const beside = { ...(shots === undefined ? {} : { shots }), ...(notes === undefined || notes.length === 0 ? {} : { notes }) };
    return { known: true, values, seen: { why, run, ...beside } };
  });
}
