// How far a fan-out is, and what one would do, in the reader's language. One text for all doors.
import type { EachView, PlannedEach } from '../fan-out.ts';
import type { Lang } from '../system.ts';

const MOST_FIRST = 3;

interface EachTexts {
  orgs(count: number): string;
  progress(o: { readonly over: number; readonly total: number; readonly batch: number; readonly batches: number }): string;
  noop(count: number): string;
  failed(count: number): string;
  left(count: number): string;
  halted(reason: string): string;
  back(undone: number, failed: number): string;
  batches(ends: readonly number[]): string;
  first(names: readonly string[], more: boolean): string;
  failures(most: number): string;
  cap(count: number): string;
  gate(step: string): string;
}

const en: EachTexts = {
  orgs: (count) => (count === 1 ? '1 organization' : `${count} organizations`),
  progress: (o) => `${o.over} of ${en.orgs(o.total)}, batch ${o.batch} of ${o.batches}`,
  noop: (count) => `${count} already as wanted`,
  failed: (count) => `${count} failed`,
  left: (count) => `${count} not begun`,
  halted: (reason) => `halted: ${reason}`,
  back: (undone, failed) => `taken back for ${undone}${failed === 0 ? '' : `, not for ${failed}`}`,
  batches: (ends) => (ends.length === 1 ? 'all in one batch' : `in batches up to ${ends.join(', ')}`),
  first: (names, more) => `first ${names.join(', ')}${more ? ', …' : ''}`,
  failures: (most) => (most === 0 ? 'the first failure halts it' : `more than ${most} failures halt it`),
  cap: (count) => `asks above ${count}`,
  gate: (step) => `after each batch ${step} must pass`,
};

const ptBR: EachTexts = {
  orgs: (count) => (count === 1 ? '1 organização' : `${count} organizações`),
  progress: (o) => `${o.over} de ${ptBR.orgs(o.total)}, lote ${o.batch} de ${o.batches}`,
  noop: (count) => `${count} já como desejado`,
  failed: (count) => `${count} com falha`,
  left: (count) => `${count} não iniciadas`,
  halted: (reason) => `interrompido: ${reason}`,
  back: (undone, failed) => `desfeito para ${undone}${failed === 0 ? '' : `, não para ${failed}`}`,
  batches: (ends) => (ends.length === 1 ? 'todas em um lote' : `em lotes até ${ends.join(', ')}`),
  first: (names, more) => `primeiro ${names.join(', ')}${more ? ', …' : ''}`,
  failures: (most) => (most === 0 ? 'a primeira falha interrompe' : `mais de ${most} falhas interrompem`),
  cap: (count) => `acima de ${count} pergunta`,
  gate: (step) => `depois de cada lote ${step} precisa passar`,
};

const TEXTS: Readonly<Record<Lang, EachTexts>> = { en, 'pt-BR': ptBR };

/** `12 of 37 organizations, batch 2 of 3, 1 failed` */
export function eachProgressText(view: EachView, lang: Lang): string {
  const say = TEXTS[lang];
  return [
    say.progress({ over: overOf(view), total: view.total, batch: Math.max(1, view.batch), batches: view.batches.length }),
    view.noop === 0 ? '' : say.noop(view.noop),
    view.failed === 0 ? '' : say.failed(view.failed),
    view.left === 0 ? '' : say.left(view.left),
    view.halted === null ? '' : say.halted(view.halted),
    view.back === null ? '' : say.back(view.back.undone, view.back.failed),
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** How many have had their turn. */
export const overOf = ({ done, noop, failed }: EachView): number => done + noop + failed;

/** `37 organizations in batches up to 1, 4, 37; first acme, globex, initech, …` */
export function plannedEachText({ orgs, batches, maxFailures, cap, gate }: PlannedEach, lang: Lang): string {
  const say = TEXTS[lang];
  if (orgs.length === 0) return say.orgs(0);
  return [
    `${say.orgs(orgs.length)} ${say.batches(batches)}`,
    say.first(orgs.slice(0, MOST_FIRST), orgs.length > MOST_FIRST),
    say.failures(maxFailures),
    cap === undefined || cap >= orgs.length ? '' : say.cap(cap),
    gate === undefined || batches.length === 1 ? '' : say.gate(gate),
  ]
    .filter((part) => part !== '')
    .join('; ');
}
