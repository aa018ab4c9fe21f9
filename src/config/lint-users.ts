// Signals that count users, for guard G6: both are named, both count different values, and both can tell organizations apart.
import type { UserSignals } from '../domain/trigger.ts';
import { demandKnown } from './lint-names.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import { entryAt } from './read.ts';
import type { Value } from './yaml.ts';

/** `value` holds the key `guards`. */
export function lintUsers(
  users: UserSignals,
  { value, isPerOrg, problems }: { readonly value: Value; readonly isPerOrg: boolean; readonly problems: Problems },
  { system, known }: LintContext,
): void {
  for (const side of ['affected', 'active'] as const) {
    const { span } = entryAt(value, ['guards', side]).value;
    const name = users[side];
    if (name === '') {
      problems.error(
        'missing-key',
        entryAt(value, ['guards']).keySpan,
        `guards lacks ${side}: users who are hit are a share of those who are active`,
      );
      continue;
    }
    if (!demandKnown({ rule: 'unknown-signal', what: 'signal', name, known: known.signals, span }, problems)) continue;
    const signal = system.signals.find((one) => one.id === name);
    if (signal === undefined) continue;
    if (signal.signal.kind !== 'distinct')
      problems.error('signal-kind', span, `${name} is a ${signal.signal.kind}, and counts no users`, {
        expected: 'a signal such as distinct: { of: requests, label: user }',
      });
    else if (isPerOrg && signal.by === null)
      problems.error('trigger-scope', span, `${name} does not tell organizations apart, and the trigger is about each`, {
        hint: `Add "by: org" to the signal ${name}.`,
      });
  }
}
