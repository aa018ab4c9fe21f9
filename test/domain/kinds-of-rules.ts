// A rule for every signal kind, of one minute, and counts to look at. Refuses to judge what comes of a look.
import { compileRule } from '../../src/domain/condition.ts';
import type { SignalKind } from '../../src/domain/signal.ts';
import type { TriggerRule } from '../../src/domain/trigger.ts';
import { trigger } from '../flows/detect-rules.ts';

export const MINUTE = 60_000;
export const OF = { name: 'a', labels: [] };
export const COUNT: SignalKind = { kind: 'count', of: OF };
export const EVENT: SignalKind = { kind: 'event', of: OF };
export const AGE: SignalKind = { kind: 'age', of: OF };
export const SLOW: SignalKind = { kind: 'fractionAbove', of: OF, limit: 0.5 };
export const PROBE: SignalKind = { kind: 'probe', source: 'a', failing: 1, consecutive: 2 };
export const ALL_OF: SignalKind = { kind: 'composite', of: ['a', 'b'], atLeast: 2 };

export type Breach = Partial<NonNullable<TriggerRule['breach']>>;
export const rule = (kind: SignalKind, breach: Breach, clear?: TriggerRule['clear'] | null) => {
  const { clear: _own, ...bare } = trigger('a', { breach: { overMs: MINUTE, stillMs: 5_000, forMs: 1_000, ...breach } });
  return compileRule(clear === null ? bare : { ...bare, clear: clear ?? { forMs: MINUTE } }, kind);
};
export const counts = (bad: number, all: number) => ({ bad, all });
export const slots = (n: number, sum: number, all = 1) => Array.from({ length: n }, () => ({ sum, all }));
