// `strict` of a watch: the triggers of its runbook at a part of their limits, as checks for as long as the step runs. A check fails only where the
// traffic proves that the tighter limit is passed: a quiet half hour is no alarm. It judges nothing itself.
import type { Check } from './ir.ts';
import type { TriggerRule } from './trigger.ts';

/** `org`: of the run; null where it serves all. */
export function strictChecks(rules: readonly TriggerRule[], o: { readonly strict: number; readonly org: string | null }): readonly Check[] {
  if (o.strict >= 1) return [];
  return rules.flatMap((rule): readonly Check[] => {
    const above = rule.breach?.above;
    if (above === undefined) return [];
    const org = rule.scope === 'org' ? o.org : null;
    if (rule.scope === 'org' && org === null) return [];
    const limit = decimal(above * o.strict);
    return [{ probe: 'metric', with: { trigger: rule.id, ...(org === null ? {} : { org }) }, expect: `lower <= ${limit}` }];
  });
}

/** As a fraction is written in expressions: `0.01`, `5.0`, never `1e-7`. */
function decimal(value: number): string {
  const text = value.toFixed(9).replace(/0+$/, '');
  return text.endsWith('.') ? `${text}0` : text;
}
