// The shadow report in a few words, in both languages: how often it would have done something, and what it would have done each time.
import type { Json } from '../json.ts';
import type { ShadowEpisode, ShadowSummary } from '../shadow-report.ts';
import type { Lang } from '../system.ts';
import { figureText } from './explanations.ts';
import { shadowEn } from './shadow-words-en.ts';
import { shadowPtBr } from './shadow-words-pt-br.ts';

export const shadowWords = (lang: Lang): typeof shadowEn => (lang === 'en' ? shadowEn : shadowPtBr);

/** One sentence each; `span` is how long the report looks back. */
export function countedTexts(one: ShadowSummary, span: string, lang: Lang): readonly string[] {
  const words = shadowWords(lang);
  const said = one.right + one.wrong;
  return [
    one.episodes === 0 ? words.quiet(span) : words.summary(span, one),
    ...(one.refusals > 0 ? [words.refusals(one.refusals)] : []),
    ...(one.undecided > 0 ? [words.undecided(one.undecided)] : []),
    ...(one.joined > 0 ? [words.joined(one.joined)] : []),
    ...(said > 0 ? [words.marked(one.right, said)] : []),
  ];
}

/** The worst value, with its counts where it is a share. */
export function worstText({ peak, bad, all }: ShadowEpisode, kind: ShadowSummary['kind'], lang: Lang): string {
  const words = shadowWords(lang);
  if (peak === null) return words.unknownValue;
  const number = new Intl.NumberFormat(lang);
  const isShare = kind === 'ratio' || kind === 'fractionAbove';
  return `${figureText(peak, kind, lang)}${isShare ? words.counts(number.format(bad), number.format(all)) : ''}`;
}

export function chosenText({ choice, reason, runbook, joins }: ShadowEpisode, lang: Lang): string {
  const words = shadowWords(lang);
  if (choice === null) return words.notDecided;
  const why = joins === null ? reasonText(reason, lang) : words.joins(scopeOf(joins));
  return `${words.choices[choice]}${runbook === null ? '' : `: ${runbook}`}${why === '' ? '' : ` (${why})`}`;
}

/** Which guard it was is said by its own line. */
function reasonText(reason: string, lang: Lang): string {
  const words = shadowWords(lang);
  if (reason.startsWith('guard ')) return '';
  const after = (start: string): string | null => (reason.startsWith(start) ? reason.slice(start.length) : null);
  const [step, plan, judged] = [after('unknown: '), after('no plan: '), after('could not be judged: ')];
  if (step !== null) return words.unknownStep(step);
  if (plan !== null) return words.noPlan(plan);
  if (judged !== null) return words.notJudged(judged);
  return words.reasons[reason] ?? reason;
}

export const saidText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** An episode is named `trigger/scope/instant`; the scope of everybody is `*`. */
function scopeOf(episode: string): string | null {
  const scope = episode.split('/').slice(1, -1).join('/');
  return scope === '*' || scope === '' ? null : scope;
}
