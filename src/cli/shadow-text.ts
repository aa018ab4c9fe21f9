// The shadow report as text: a paragraph a trigger, then each episode with what would have run and what stood in the way. It computes nothing.
import { guardText } from '../domain/event-text.ts';
import type { Json } from '../domain/json.ts';
import type { ShadowEpisode, ShadowSummary } from '../domain/shadow-report.ts';
import type { Lang } from '../domain/system.ts';
import { figureText } from '../domain/text/explanations.ts';
import { limitText } from '../domain/text/trigger-texts.ts';
import { formatDateTime, formatDuration } from '../domain/time-text.ts';
import type { Look } from './output.ts';
import { shadowEn } from './shadow-words-en.ts';
import { shadowPtBr } from './shadow-words-pt-br.ts';
import { wrap } from './text-layout.ts';

export interface ShownShadow {
  readonly from: number;
  readonly to: number;
  readonly zone: string;
  readonly organizations: readonly { readonly id: string; readonly name: string }[];
  readonly triggers: readonly ShadowSummary[];
  readonly episodes: readonly ShadowEpisode[];
  readonly more: boolean;
}

type Page = Look & { readonly lang: Lang };

/** Episodes of one trigger that are shown. */
const MOST = 20;

export const shadowWords = (lang: Lang): typeof shadowEn => (lang === 'en' ? shadowEn : shadowPtBr);

export function shadowText(report: ShownShadow, page: Page): string {
  const words = shadowWords(page.lang);
  if (report.triggers.length === 0) return words.none;
  const parts = report.triggers.map((one) => triggerLines(one, report, page).join('\n'));
  const isCut = report.more || report.triggers.some((one) => episodesOf(one, report).length > MOST);
  const notes = [...(report.episodes.length > 0 ? [words.counterfactual] : []), ...(isCut ? [words.more] : [])];
  return [...parts, notes.flatMap((line) => wrap(line, page.width)).join('\n')].filter((part) => part !== '').join('\n\n');
}

const episodesOf = ({ trigger }: ShadowSummary, report: ShownShadow): readonly ShadowEpisode[] =>
  report.episodes.filter((one) => one.trigger === trigger);

function triggerLines(one: ShadowSummary, report: ShownShadow, page: Page): readonly string[] {
  const { lang, colour, marks, width } = page;
  const words = shadowWords(lang);
  const limit = limitText(one, lang);
  const span = formatDuration(report.to - report.from, lang);
  const facts = [one.mode === 'armed' ? words.armedNow : words.inShadow, ...(limit === null ? [] : [limit])];
  const said = one.right + one.wrong;
  const counted = [
    one.episodes === 0 ? words.quiet(span) : words.summary(span, one),
    ...(one.refusals > 0 ? [words.refusals(one.refusals)] : []),
    ...(one.undecided > 0 ? [words.undecided(one.undecided)] : []),
    ...(one.joined > 0 ? [words.joined(one.joined)] : []),
    ...(said > 0 ? [words.marked(one.right, said)] : one.episodes > 0 ? [words.unmarked] : []),
  ];
  return [
    `${colour.bold(one.trigger)}  ${facts.join(` ${marks.dot} `)}`,
    ...counted.flatMap((line) => wrap(line, width)),
    ...episodesOf(one, report)
      .slice(0, MOST)
      .flatMap((episode) => ['', ...episodeLines(episode, { one, report, page })]),
  ];
}

interface Around {
  readonly one: ShadowSummary;
  readonly report: ShownShadow;
  readonly page: Page;
}

function episodeLines(episode: ShadowEpisode, around: Around): readonly string[] {
  const { report, page } = around;
  const { lang, colour, marks, width } = page;
  const words = shadowWords(lang);
  const name = report.organizations.find(({ id }) => id === episode.scope)?.name ?? episode.scope;
  const lasted = episode.endedAt === null ? words.stillOn : formatDuration(episode.endedAt - episode.since, lang);
  const when = formatDateTime(episode.since, { lang, zone: report.zone }).slice(0, 16);
  const head = [name === '' ? words.everything : name, worst(episode, around), lasted].join(` ${marks.dot} `);
  const { mark, incident } = episode;
  const more = [
    chosen(episode, lang),
    ...episode.changes.map(({ target, from, to }) => `${target}: ${said(from)} ${marks.arrow} ${said(to)}`),
    ...episode.inTheWay.map((guard) => guardText(guard, lang)),
    incident === null ? words.noIncident : words.incident(incident),
    ...(mark === null ? [] : [words.said(mark.verdict, mark.by, mark.why)]),
  ];
  return [
    `${colour.bold(when)}  ${head}`,
    ...more.flatMap((line) => wrap(line, width - 4)).map((line) => `    ${line}`),
    // As it is to be typed: it is not cut.
    colour.dim(`    ${episode.episode}`),
  ];
}

function worst({ peak, bad, all }: ShadowEpisode, { one: { kind }, page: { lang } }: Around): string {
  const words = shadowWords(lang);
  if (peak === null) return words.unknownValue;
  const number = new Intl.NumberFormat(lang);
  const isShare = kind === 'ratio' || kind === 'fractionAbove';
  return `${figureText(peak, kind, lang)}${isShare ? words.counts(number.format(bad), number.format(all)) : ''}`;
}

function chosen({ choice, reason, runbook, joins }: ShadowEpisode, lang: Lang): string {
  const words = shadowWords(lang);
  if (choice === null) return words.notDecided;
  const why = joins === null ? reasonText(reason, lang) : words.joins(joins);
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

const said = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
