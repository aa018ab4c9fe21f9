// What a run is expected to take next to what it may take, in the reader's language. One text for all doors.
import type { Expected } from '../expected-time.ts';
import type { Lang } from '../system.ts';
import type { TimeBudget } from '../time-budget.ts';
import { formatDuration } from '../time-text.ts';

const MOST_NAMED = 3;

interface Words {
  readonly title: string;
  what(budget: TimeBudget, within: string): string;
  left(budget: TimeBudget, within: string): string;
  expected(span: string): string;
  least(span: string, isOne: boolean): string;
  silent(count: number, names: string): string;
  past(ms: string, runs: number): string;
  readonly nothing: string;
  readonly fits: string;
  tight(by: string): string;
  over(by: string): string;
}

const WORDS: Readonly<Record<Lang, Words>> = {
  en: {
    title: 'Time',
    what: ({ kind, title }, within) => (kind === 'rto' ? `${title} back (RTO) within ${within}` : `${title} within ${within}`),
    left: ({ kind, title }, within) => `${title}${kind === 'rto' ? ' back (RTO)' : ''}, ${within} left`,
    expected: (span) => `${span} expected`,
    least: (span, isOne) => (isOne ? `at least ${span}` : `${span} or more`),
    silent: (count, names) => `${count === 1 ? '1 step says' : `${count} steps say`} nothing (${names})`,
    past: (ms, runs) => (runs === 1 ? `last run: ${ms}` : `last ${runs} runs: ${ms}`),
    nothing: 'no step says how long it takes',
    fits: 'fits',
    tight: (by) => `at worst ${by} too long`,
    over: (by) => `does not fit by ${by}`,
  },
  'pt-BR': {
    title: 'Tempo',
    what: ({ kind, title }, within) => (kind === 'rto' ? `${title} de volta (RTO) em até ${within}` : `${title} em até ${within}`),
    left: ({ kind, title }, within) => `${title}${kind === 'rto' ? ' de volta (RTO)' : ''}, restam ${within}`,
    expected: (span) => `${span} previstos`,
    least: (span, isOne) => (isOne ? `pelo menos ${span}` : `${span} ou mais`),
    silent: (count, names) => `${count === 1 ? '1 passo não diz nada' : `${count} passos não dizem nada`} (${names})`,
    past: (ms, runs) => (runs === 1 ? `última execução: ${ms}` : `últimas ${runs} execuções: ${ms}`),
    nothing: 'nenhum passo diz quanto leva',
    fits: 'cabe',
    tight: (by) => `na pior hipótese passa em ${by}`,
    over: (by) => `não cabe por ${by}`,
  },
};

export const timeBudgetTitle = (lang: Lang): string => WORDS[lang].title;

/** `mitigate within 15 min: 6–9 min expected; fits` */
export function timeBudgetText(budget: TimeBudget, lang: Lang): string {
  const say = WORDS[lang];
  const { expected, fit, overMs, past } = budget;
  const by = formatDuration(overMs, lang);
  const verdict = { fits: [say.fits], tight: [say.tight(by)], over: [say.over(by)], open: [] }[fit];
  const parts = [
    ...expectedParts(expected, lang),
    ...verdict,
    ...(past === undefined ? [] : [say.past(formatDuration(past.ms, lang), past.runs)]),
  ];
  const within = formatDuration(budget.budgetMs, lang);
  return `${budget.isLeft === true ? say.left(budget, within) : say.what(budget, within)}: ${parts.join('; ')}`;
}

function expectedParts({ leastMs, mostMs, silent }: Expected, lang: Lang): readonly string[] {
  const say = WORDS[lang];
  const span = spanText(leastMs, mostMs, lang);
  if (silent.length === 0) return [say.expected(span)];
  const names = `${silent.slice(0, MOST_NAMED).join(', ')}${silent.length > MOST_NAMED ? ', …' : ''}`;
  return [mostMs === 0 ? say.nothing : say.least(span, leastMs === mostMs), say.silent(silent.length, names)];
}

/** `6–9 min`, `30 s – 2 min` */
export function spanText(leastMs: number, mostMs: number, lang: Lang): string {
  const [least, most] = [formatDuration(leastMs, lang), formatDuration(mostMs, lang)];
  if (least === most) return most;
  const [, number, unit] = /^(\d+) (\D+)$/.exec(least) ?? [];
  if (leastMs === 0) return `0–${most}`;
  return number !== undefined && new RegExp(`^\\d+ ${unit}$`).test(most) ? `${number}–${most}` : `${least} – ${most}`;
}
