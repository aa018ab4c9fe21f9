// Overriding a guard, for whoever reads a plan or an approval: who may, what it means, what to type. Both languages.
import { guardText } from '../event-text.ts';
import type { GuardVerdict } from '../guardrail.ts';
import type { Plan } from '../plan.ts';
import type { Lang } from '../system.ts';

const SAY = {
  en: {
    overrides: 'Your yes overrides a guard of the runbook, for half an hour, and is reviewed within a day',
    may: (who: string) => `${who} may override it`,
    or: ' or ',
  },
  'pt-BR': {
    overrides: 'Seu sim passa por cima de uma guarda do runbook, por meia hora, e é revisado em até um dia',
    may: (who: string) => `${who} pode passar por cima dela`,
    or: ' ou ',
  },
} as const satisfies Readonly<Record<Lang, unknown>>;

/** Above an approval that is one. */
export const overridesText = (guard: GuardVerdict, lang: Lang): string => `${SAY[lang].overrides}: ${guardText(guard, lang)}`;

/** Below a guard of a plan that stops it; '' where nobody may. */
export function mayOverrideText({ runbook }: Pick<Plan, 'runbook'>, guard: GuardVerdict, lang: Lang): string {
  if (guard.override === undefined) return '';
  const { may, or } = SAY[lang];
  return `${may(guard.override.join(or))}: belay run ${runbook} --override ${guard.guard} --reason "…"`;
}
