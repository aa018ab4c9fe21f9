// A backtest as text: what it would have done, each episode on a line, and what is not known. It computes nothing.
import { type Episode, isNearMiss, median, toldAt } from '../domain/episodes.ts';
import type { Instant } from '../domain/json.ts';
import { MINUTE_MS } from '../domain/minutes.ts';
import type { Replayed } from '../domain/replay-report.ts';
import type { SignalKind } from '../domain/signal.ts';
import type { Lang } from '../domain/system.ts';
import { figureText } from '../domain/text/explanations.ts';
import { formatDateTime, formatDuration, formatShare } from '../domain/time-text.ts';
import type { Look } from './output.ts';
import { rehearsalEn } from './rehearsal-words-en.ts';
import { rehearsalPtBr } from './rehearsal-words-pt-br.ts';
import { table, wrap } from './text-layout.ts';

export interface MatchedEpisode extends Episode {
  /** The incident that was opened then; null: none. */
  readonly incident: string | null;
}

export interface ShownBacktest extends Omit<Replayed, 'episodes'> {
  readonly episodes: readonly MatchedEpisode[];
  /** Incidents of this trigger that no episode explains. */
  readonly unmatched: readonly string[];
}

export interface Shown extends Look {
  readonly lang: Lang;
  readonly zone: string;
  readonly kind: SignalKind['kind'];
  readonly nameOf: (scope: string) => string;
}

/** What scenes look at. */
export type SceneLook = Pick<Shown, 'width' | 'colour' | 'marks' | 'lang' | 'nameOf'>;

/** Lines of one kind that are shown. */
const MOST = 40;

export const rehearsalWords = (lang: Lang): typeof rehearsalEn => (lang === 'en' ? rehearsalEn : rehearsalPtBr);

export function backtestText(one: ShownBacktest, o: Shown): string {
  const words = rehearsalWords(o.lang);
  const time = (at: Instant): string => formatDateTime(at, o);
  const told = one.episodes.filter((episode) => !isNearMiss(episode));
  const head = [
    o.colour.bold(words.replayed(one.trigger, time(one.from), time(one.to))),
    `${formatDuration(one.to - one.from, o.lang)} ${o.marks.dot} ${words.scopes(one.scopes)}`,
  ];
  const notes = [words.resolution, ...(told.some((episode) => episode.actedAt !== null) ? [words.guards] : [])];
  const parts = [head, summary(one, told, o), episodeLines(told, o), gapLines(one, o), notes.flatMap((line) => wrap(line, o.width))];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function summary(one: ShownBacktest, told: readonly Episode[], o: Shown): readonly string[] {
  const words = rehearsalWords(o.lang);
  const acted = told.filter((episode) => episode.actedAt !== null).length;
  const delay = median(told.flatMap((episode) => (toldAt(episode) ?? episode.since) - episode.since));
  const missed = one.episodes.length - told.length;
  return [
    told.length === 0 ? words.none : words.summary(acted, told.length - acted),
    ...(missed > 0 ? [words.nearMisses(missed)] : []),
    ...(delay === null ? [] : [words.delay(formatDuration(Math.max(MINUTE_MS, delay), o.lang))]),
    ...(one.unmatched.length > 0 ? [words.unmatched(one.unmatched.join(', '))] : []),
  ].flatMap((line) => wrap(line, o.width));
}

function episodeLines(told: readonly MatchedEpisode[], o: Shown): readonly string[] {
  if (told.length === 0) return [];
  const words = rehearsalWords(o.lang);
  const rows = told
    .slice(-MOST)
    .map((one) => [
      formatDateTime(one.since, o).slice(0, 16),
      one.endedAt === null ? words.stillOn : formatDuration(one.endedAt - one.since, o.lang),
      one.scope === '' ? words.everything : o.nameOf(one.scope),
      worst(one, o),
      words.levels[one.level],
      one.incident ?? words.noIncident,
    ]);
  const lines = table([words.columns, ...rows], o.width);
  return [o.colour.dim(lines[0] ?? ''), ...lines.slice(1), ...(told.length > MOST ? [words.more(told.length - MOST)] : [])];
}

function worst({ peak, bad, all }: Episode, { kind, lang }: Shown): string {
  if (peak === null) return '?';
  const number = new Intl.NumberFormat(lang);
  const isShare = kind === 'ratio' || kind === 'fractionAbove';
  return `${figureText(peak, kind, lang)}${isShare ? rehearsalWords(lang).counts(number.format(bad), number.format(all)) : ''}`;
}

function gapLines({ gaps, from, to, watchedMs }: ShownBacktest, o: Shown): readonly string[] {
  if (gaps.length === 0) return [];
  const words = rehearsalWords(o.lang);
  const lines = gaps.slice(-MOST).map((gap) => {
    const [begin, end] = [gap.from, gap.to].map((at) => formatDateTime(at, o).slice(0, 16));
    return `  ${begin} ${o.marks.arrow} ${end}  ${formatDuration(gap.to - gap.from, o.lang)}: ${words.gap[gap.why]}`;
  });
  return [
    ...wrap(words.noData(formatShare(1 - watchedMs / (to - from), o.lang)), o.width),
    ...lines,
    ...(gaps.length > MOST ? [words.more(gaps.length - MOST)] : []),
  ];
}
