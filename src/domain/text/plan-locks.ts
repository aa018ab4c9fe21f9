// Which lock a run would take and for whom it would wait, in the reader's language.
import type { PlannedLock } from '../plan.ts';
import type { Lang } from '../system.ts';
import { formatDuration } from '../time-text.ts';

const WORDS = {
  en: {
    title: 'Locks',
    run: 'the run',
    free: 'free',
    waits: (run: string | null, incident: string) => `waits for ${run === null ? incident : `run ${run} of ${incident}`}`,
    since: (span: string) => `, which has it since ${span}`,
  },
  'pt-BR': {
    title: 'Travas',
    run: 'a execução',
    free: 'livre',
    waits: (run: string | null, incident: string) => `espera ${run === null ? incident : `a execução ${run} de ${incident}`}`,
    since: (span: string) => `, que a tem há ${span}`,
  },
} as const satisfies Record<Lang, unknown>;

export const planLocksTitle = (lang: Lang): string => WORDS[lang].title;

/** `org/acme (back): waits for run R of INC-12, which has it since 3 min` */
export function planLockText({ lock, step, heldBy }: PlannedLock, lang: Lang): string {
  const say = WORDS[lang];
  const head = `${lock} (${step ?? say.run})`;
  if (heldBy === null) return `${head}: ${say.free}`;
  const since = heldBy.heldMs === null ? '' : say.since(formatDuration(heldBy.heldMs, lang));
  return `${head}: ${say.waits(heldBy.run, heldBy.incident)}${since}`;
}
