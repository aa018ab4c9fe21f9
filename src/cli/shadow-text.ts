// The shadow report as text: a paragraph a trigger, then each episode with what would have run and what stood in the way. It computes nothing.
import { guardText } from '../domain/event-text.ts';
import type { ShadowEpisode, ShadowSummary } from '../domain/shadow-report.ts';
import type { Lang } from '../domain/system.ts';
import { chosenText, countedTexts, saidText, shadowWords, worstText } from '../domain/text/shadow-texts.ts';
import { limitText } from '../domain/text/trigger-texts.ts';
import { formatDateTime, formatDuration } from '../domain/time-text.ts';
import type { Look } from './output.ts';
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
  const counted = [...countedTexts(one, span, lang), ...(said === 0 && one.episodes > 0 ? [words.unmarked] : [])];
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
  const head = [name === '' ? words.everything : name, worstText(episode, around.one.kind, lang), lasted].join(` ${marks.dot} `);
  const { mark, incident } = episode;
  const more = [
    chosenText(episode, lang),
    ...episode.changes.map(({ target, from, to }) => `${target}: ${saidText(from)} ${marks.arrow} ${saidText(to)}`),
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
