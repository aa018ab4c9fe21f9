// Triggers in a few words, in both languages: the state of a scope, its limit, and how sure that is.

import type { Lang } from '../system.ts';
import { formatDuration } from '../time-text.ts';
import type { ShownLimit, ShownState, TriggerRow } from '../trigger-list.ts';
import { figureText } from './explanations.ts';

interface Words {
  readonly states: Readonly<Record<ShownState, string>>;
  readonly over: string;
  readonly modes: Readonly<Record<TriggerRow['mode'], string>>;
  readonly untried: string;
  readonly above: string;
  readonly below: string;
  times(times: number, others: boolean): string;
  within(window: string): string;
  failed(bad: number, all: number): string;
  beyond(bad: number, all: number): string;
  counted(count: number): string;
  chance(limit: string, odds: string): string;
  needed(counted: string, needed: number): string;
}

const WORDS: Readonly<Record<Lang, Words>> = {
  en: {
    states: { breached: 'in breach', suspect: 'suspect', unknown: 'unknown', warming: 'window filling', cleared: 'cleared', ok: 'ok' },
    over: 'over, not sure yet',
    modes: { armed: 'armed', shadow: 'shadow: only noted' },
    untried: 'armed without history: run it in shadow, or belay backtest, first',
    above: 'limit: above',
    below: 'limit: below',
    times: (times, others) => `limit: ${times} times ${others ? 'the other organizations' : 'the time before'}`,
    within: (window) => `within ${window}`,
    failed: (bad, all) => `${bad} of ${all} failed`,
    beyond: (bad, all) => `${bad} of ${all} beyond it`,
    counted: (count) => `${count} counted`,
    chance: (limit, odds) => `by chance at ${limit}: 1 in ${odds}`,
    needed: (counted, needed) => `Over the limit, not significant yet: ${counted}; ${needed} needed`,
  },
  'pt-BR': {
    states: {
      breached: 'violado',
      suspect: 'suspeito',
      unknown: 'desconhecido',
      warming: 'janela enchendo',
      cleared: 'normalizado',
      ok: 'normal',
    },
    over: 'acima, sem certeza',
    modes: { armed: 'armado', shadow: 'sombra: apenas anotado' },
    untried: 'armado sem histórico: antes, rode em sombra ou use belay backtest',
    above: 'limite: acima de',
    below: 'limite: abaixo de',
    times: (times, others) => `limite: ${times} vezes ${others ? 'as outras organizações' : 'o período anterior'}`,
    within: (window) => `em ${window}`,
    failed: (bad, all) => `${bad} de ${all} falharam`,
    beyond: (bad, all) => `${bad} de ${all} além dele`,
    counted: (count) => `${count} contados`,
    chance: (limit, odds) => `por acaso a ${limit}: 1 em ${odds}`,
    needed: (counted, needed) => `Acima do limite, ainda não significativo: ${counted}; ${needed} necessários`,
  },
};

export const stateWord = (state: ShownState, lang: Lang): string => WORDS[lang].states[state];
/** At rest, and beyond its limit all the same: not to be taken for fine. */
export const isOver = ({ state, overLimit }: Pick<TriggerRow, 'state' | 'overLimit'>): boolean =>
  overLimit && (state === 'ok' || state === 'cleared' || state === 'warming');
export const rowWord = (row: Pick<TriggerRow, 'state' | 'overLimit'>, lang: Lang): string =>
  isOver(row) ? WORDS[lang].over : stateWord(row.state, lang);
export const modeWord = (mode: TriggerRow['mode'], lang: Lang): string => WORDS[lang].modes[mode];

export const untriedText = (lang: Lang): string => WORDS[lang].untried;

type Ruled = Pick<TriggerRow, 'kind' | 'limit' | 'overMs'>;

/** `limit: above 2 % within 5 min`; null where people pull it. */
export function limitText({ kind, limit, overMs }: Ruled, lang: Lang): string | null {
  if (limit === null) return null;
  const words = WORDS[lang];
  const window = overMs === null || overMs <= 1 ? '' : ` ${words.within(formatDuration(overMs, lang))}`;
  if ('times' in limit) return `${words.times(limit.times, limit.than === 'others')}${window}`;
  return `${'above' in limit ? words.above : words.below} ${figureText(figureOf(limit), kind, lang)}${window}`;
}

const figureOf = (limit: Exclude<ShownLimit, { readonly times: number }>): number => ('above' in limit ? limit.above : limit.below);

/** `35 of 850 failed; by chance at 2 %: 1 in 54,000`. Null where nothing is counted. */
export function evidenceText(row: TriggerRow, lang: Lang): string | null {
  const counted = countedText(row, lang);
  if (counted === null || row.value === null) return null;
  const words = WORDS[lang];
  const { chance, needed } = row.evidence;
  if (row.overLimit && row.level === 'none' && needed !== null) {
    const short = row.all === row.bad ? String(row.bad) : words.failed(row.bad, row.all).replace(/ (failed|falharam)$/, '');
    return words.needed(short, needed.suspect);
  }
  if (!row.overLimit || chance === null || row.limit === null || 'times' in row.limit) return counted;
  return `${counted}; ${words.chance(figureText(figureOf(row.limit), row.kind, lang), oddsText(chance, lang))}`;
}

function countedText({ kind, bad, all }: TriggerRow, lang: Lang): string | null {
  const words = WORDS[lang];
  if (kind === 'ratio') return words.failed(bad, all);
  if (kind === 'fractionAbove') return words.beyond(bad, all);
  return kind === 'rate' || kind === 'count' || kind === 'event' ? words.counted(all) : null;
}

/** `54,000`: how people hear a probability. */
function oddsText(chance: number, lang: Lang): string {
  const odds = chance <= 0 ? Number.POSITIVE_INFINITY : 1 / chance;
  if (odds > 1e12) return `> ${new Intl.NumberFormat(lang).format(1e12)}`;
  return new Intl.NumberFormat(lang, { maximumSignificantDigits: odds < 10 ? 1 : 2 }).format(odds);
}
