// Worse than something else: than the other organizations, or than before. Exact tests on counts, never on means of steps; a relative
// change and a least number of events are both wanted, because either alone cries wolf.
import { binomialTail, sharesDiffer } from './evidence-test.ts';
import type { Counts } from './ring.ts';
import type { Comparison, EvidenceLevel, TriggerRule } from './trigger.ts';

export interface Compared {
  /** Beyond `times` the baseline, with at least so many events; null where it cannot be told. */
  readonly limit: boolean | null;
  /** Chance of a difference this large where there is none. */
  readonly chance: number;
  readonly level: EvidenceLevel;
}

const CANNOT_TELL: Compared = { limit: null, chance: 1, level: 'none' };

/** Bad among all, here and there: Fisher's exact test, one-sided. */
export function compareShares(vs: Comparison, evidence: TriggerRule['evidence'], now: Counts, base: Counts): Compared {
  if (now.all === 0 || base.all === 0) return CANNOT_TELL;
  const [here, there] = [atMost(now), atMost(base)];
  const beyond = here.bad >= vs.least && here.bad * there.all > vs.times * there.bad * here.all;
  return judged(beyond, beyond ? sharesDiffer(here, there) : 1, evidence);
}

export interface Span {
  readonly count: number;
  readonly ms: number;
}

/** Events in two spans of time: given their sum, those of one are binomial (the conditional test of two Poisson rates). */
export function compareRates(vs: Comparison, evidence: TriggerRule['evidence'], now: Span, base: Span): Compared {
  if (now.ms <= 0 || base.ms <= 0) return CANNOT_TELL;
  const beyond = now.count >= vs.least && now.count * base.ms > vs.times * base.count * now.ms;
  const chance = beyond ? binomialTail(now.count, now.count + base.count, now.ms / (now.ms + base.ms)) : 1;
  return judged(beyond, chance, evidence);
}

function judged(limit: boolean, chance: number, { suspect, act }: TriggerRule['evidence']): Compared {
  return { limit, chance, level: !limit ? 'none' : chance < act ? 'act' : chance < suspect ? 'suspect' : 'none' };
}

/** Two counters read one after the other may disagree by the events in between. */
const atMost = ({ bad, all }: Counts): Counts => ({ bad: Math.min(bad, all), all });
