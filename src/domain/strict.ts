// `strict` of a watch: the triggers of its runbook at a part of their limits, as checks for as long as the step runs. A check fails only where the
// traffic proves that the tighter limit is passed: a quiet half hour is no alarm. It judges nothing itself.
import type { Check } from './ir.ts';
import type { System } from './system.ts';

export interface Overlay {
  readonly checks: readonly Check[];
  /** The triggers that the checks are of. */
  readonly tightened: readonly string[];
  /**
   * `no-limit`: it has no `above` to take a part of. `no-org`: it is for each organization, and the run names none. `gone`: nobody declares it
   * any more. `people`: it counts only once people say that it hurts. `several`: it wants more than one of its members at once.
   */
  readonly notTightened: readonly { readonly trigger: string; readonly why: 'no-limit' | 'no-org' | 'gone' | 'people' | 'several' }[];
}

export interface Tightening {
  readonly strict: number;
  /** Of the run; null where it serves all. */
  readonly org: string | null;
}

/** `triggers`: of the runbook. One that is any of others has no limit but theirs: each of those is tightened. */
export function strictOverlay(
  triggers: readonly string[],
  { triggers: rules, signals }: Pick<System, 'triggers' | 'signals'>,
  { strict, org }: Tightening,
): Overlay {
  const checks: Check[] = [];
  const notTightened: Overlay['notTightened'][number][] = [];
  const queue = [...triggers];
  const seen = new Set<string>();
  for (let trigger = queue.shift(); trigger !== undefined; trigger = queue.shift()) {
    if (seen.has(trigger)) continue;
    seen.add(trigger);
    const rule = rules.find((one) => one.id === trigger);
    const kind = signals.find((one) => one.id === rule?.signal)?.signal;
    if (kind?.kind === 'composite' && kind.atLeast === 1) {
      queue.unshift(...kind.of);
      continue;
    }
    const above = rule?.breach?.above;
    const why = rule === undefined ? 'gone' : kind?.kind === 'composite' ? 'several' : rule.impact !== undefined ? 'people' : null;
    if (why !== null) notTightened.push({ trigger, why });
    else if (above === undefined) notTightened.push({ trigger, why: 'no-limit' });
    else if (rule?.scope === 'org' && org === null) notTightened.push({ trigger, why: 'no-org' });
    else {
      const scope = rule?.scope === 'org' && org !== null ? { org } : {};
      checks.push({ probe: 'metric', with: { trigger, ...scope }, expect: `lower <= ${decimal(above * strict)}` });
    }
  }
  return { checks, tightened: checks.map((one) => String(one.with['trigger'])), notTightened };
}

/** As a fraction is written in expressions: `0.01`, `5.0`, never `1e-7`. */
function decimal(value: number): string {
  const text = value.toFixed(9).replace(/0+$/, '');
  return text.endsWith('.') ? `${text}0` : text;
}
