// Signals and a trigger as a user would write them, for tests of detection. It brings no detector along: tests of the domain need none.
import type { SignalKind } from '../../src/domain/signal.ts';
import type { TriggerRule } from '../../src/domain/trigger.ts';

const selector = (name: string, ...labels: readonly (readonly [label: string, op: '=' | '!=' | '=~' | '!~', value: string])[]) => ({
  name,
  labels: labels.map(([label, op, value]) => ({ label, op, value })),
});
export const ERRORS: SignalKind = {
  kind: 'ratio',
  bad: selector('requests_total', ['code', '=~', '5..']),
  all: selector('requests_total'),
};
export const REQUESTS: SignalKind = { kind: 'rate', of: selector('requests_total', ['code', '=~', '5..']) };
export const LATENCY: SignalKind = { kind: 'mean', sum: selector('latency_sum'), count: selector('latency_count') };
export const QUEUE: SignalKind = { kind: 'gauge', of: selector('queue') };
export const SILENCE: SignalKind = { kind: 'absent', of: selector('requests_total') };

export function trigger(signalId: string, o: Partial<TriggerRule> = {}): TriggerRule {
  return {
    id: signalId,
    signal: signalId,
    scope: 'org',
    breach: { above: 0.02, overMs: 60_000, stillMs: 5_000, forMs: 0 },
    clear: { below: 0.01, forMs: 30_000 },
    evidence: { suspect: 1e-3, act: 1e-5 },
    gap: 'hold',
    mode: 'armed',
    rearmMs: 60_000,
    ...o,
  };
}
