// `strict` of a watch: the triggers of its runbook at a part of their limits, as checks for as long as the step runs. A check fails only where the
// traffic proves that the tighter limit is passed: a quiet half hour is no alarm. It judges nothing itself.
import type { Check } from './ir.ts';
import type { TriggerRule } from './trigger.ts';

export interface Overlay {
  readonly checks: readonly Check[];
  /** The triggers that the checks are of. */
  readonly tightened: readonly string[];
  /** `no-limit`: it has no `above` to take a part of. `no-org`: it is for each organization, and the run names none. `gone`: nobody declares it any more. */
  readonly notTightened: readonly { readonly trigger: string; readonly why: 'no-limit' | 'no-org' | 'gone' }[];
}

/** `triggers`: of the runbook. `org`: of the run; null where it serves all. */
export function strictOverlay(
  triggers: readonly string[],
  rules: readonly TriggerRule[],
  o: { readonly strict: number; readonly org: string | null },
): Overlay {
  const checks: Check[] = [];
  const tightened: string[] = [];
  const notTightened: Overlay['notTightened'][number][] = [];
  for (const trigger of triggers) {
    const rule = rules.find((one) => one.id === trigger);
    const above = rule?.breach?.above;
    const org = rule?.scope === 'org' ? o.org : null;
    if (rule === undefined) notTightened.push({ trigger, why: 'gone' });
    else if (above === undefined) notTightened.push({ trigger, why: 'no-limit' });
    else if (rule.scope === 'org' && org === null) notTightened.push({ trigger, why: 'no-org' });
    else {
      tightened.push(trigger);
      checks.push({
        probe: 'metric',
        with: { trigger, ...(org === null ? {} : { org }) },
        expect: `lower <= ${decimal(above * o.strict)}`,
      });
    }
  }
  return { checks, tightened, notTightened };
}

/** As a fraction is written in expressions: `0.01`, `5.0`, never `1e-7`. */
function decimal(value: number): string {
  const text = value.toFixed(9).replace(/0+$/, '');
  return text.endsWith('.') ? `${text}0` : text;
}
