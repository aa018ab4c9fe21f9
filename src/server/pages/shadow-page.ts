// The screen of triggers in shadow: of each what it would have done, what stood in the way, what people say of it, and how it is armed.
import { guardText } from '../../domain/event-text.ts';
import { organizationName } from '../../domain/incident-view.ts';
import type { ShadowEpisode, ShadowSummary } from '../../domain/shadow-report.ts';
import type { System } from '../../domain/system.ts';
import { chosenText, countedTexts, saidText, shadowWords, worstText } from '../../domain/text/shadow-texts.ts';
import { limitText } from '../../domain/text/trigger-texts.ts';
import { formatDuration } from '../../domain/time-text.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import type { ShadowReport } from '../shadow.ts';
import { SHADOW_WORDS } from '../shadow-words.ts';
import { timeTag } from '../times.ts';
import { TRIGGER_WORDS } from '../trigger-words.ts';
import { backtestPath } from './backtest-form.ts';
import { hidden, type PageContext, page, pauseButton } from './layout.ts';
import { joinedUnits, modeBadge } from './trigger-marks.ts';

export interface ShadowData {
  readonly report: ShadowReport;
  /** The only one that is shown. */
  readonly trigger: string | undefined;
  readonly mayMark: boolean;
  readonly system: System;
}

/** Episodes that are read for the page, and shown of one trigger: beside others, or alone. */
export const MOST_LISTED = 2_000;
const SHOWN = { beside: 10, alone: 100 } as const;

export function shadowPage(context: PageContext, data: ShadowData): string {
  const { lang } = context;
  const s = SHADOW_WORDS[lang];
  const { report, trigger, mayMark } = data;
  const body = html`<main class="list trigger shadow">
<div class="list-head"><h1>${s.title}${trigger === undefined ? none : html` <span class="muted">${trigger}</span>`}</h1><div class="decide">${pauseButton(context)}</div></div>
<div id="next" tabindex="-1">
<p>${s.what}</p>
${mayMark ? none : html`<p class="muted">${s.mayNot}</p>`}
${report.triggers.length === 0 ? html`<p><b>${s.none}</b></p>` : report.triggers.map((one) => triggerPanel(context, one, data))}
${report.episodes.length === 0 ? none : html`<p class="muted">${shadowWords(lang).counterfactual}</p>`}
${report.more ? html`<p class="muted">${s.cut}</p>` : none}
${trigger === undefined ? none : html`<p class="more"><a href="/shadow">${s.all}</a></p>`}
</div>
</main>`;
  return page(context, { title: `${s.title}${trigger === undefined ? '' : ` ${trigger}`}`, follow: null }, body);
}

function triggerPanel(context: PageContext, one: ShadowSummary, data: ShadowData): Markup {
  const { lang } = context;
  const s = SHADOW_WORDS[lang];
  const { report } = data;
  const limit = limitText(one, lang);
  const mine = report.episodes.filter(({ trigger }) => trigger === one.trigger);
  const shown = mine.slice(0, data.trigger === undefined ? SHOWN.beside : SHOWN.alone);
  const counted = countedTexts(one, formatDuration(report.to - report.from, lang), lang);
  const rest =
    shown.length === mine.length
      ? none
      : html`<p class="muted">${s.more(shown.length)} ${data.trigger === undefined ? html`<a href="/shadow?trigger=${encodeURIComponent(one.trigger)}">${s.moreLink}</a>` : none}</p>`;
  return html`<section class="panel shadow-card" id="shadow-${one.trigger}" aria-labelledby="name-${one.trigger}">
<h2 id="name-${one.trigger}" class="card-head"><a href="/triggers/${encodeURIComponent(one.trigger)}">${one.trigger}</a> ${one.mode === null ? none : modeBadge(context, one.mode)}</h2>
${limit === null ? none : html`<p class="muted">${joinedUnits(limit)}</p>`}
${counted.map((line, index) => html`<p${index === 0 ? html` class="verdict"` : none}>${joinedUnits(line)}</p>`)}
${one.episodes > 0 && one.right + one.wrong === 0 ? html`<p class="muted">${s.unmarked}</p>` : none}
${rest}
${shown.length === 0 ? none : html`<ul class="episodes">${shown.map((episode) => episodeItem(context, episode, { one, data }))}</ul>`}
${armPart(context, one)}
</section>`;
}

function armPart({ lang }: PageContext, { trigger, mode }: ShadowSummary): Markup {
  const s = SHADOW_WORDS[lang];
  if (mode !== 'shadow') return html`<p class="muted">${s.armedAlready}</p>`;
  return html`<details class="arm"><summary>${s.arm}</summary><p>${s.armWhen}</p><pre class="yaml" tabindex="0"><code>triggers:
  ${trigger}:
    mode: armed</code></pre><p>${s.armThen}</p><p class="more"><a href="${backtestPath(trigger)}">${s.backtest}</a></p></details>`;
}

interface Around {
  readonly one: ShadowSummary;
  readonly data: ShadowData;
}

/** As an address names it, too. */
export const episodeId = (episode: string): string => `ep-${encodeURIComponent(episode)}`;

const MARKS = { act: 'warn', ask: 'person', refuse: 'minus' } as const;

function episodeItem(context: PageContext, episode: ShadowEpisode, { one, data }: Around): Markup {
  const { lang, clock } = context;
  const s = SHADOW_WORDS[lang];
  const words = shadowWords(lang);
  const name = episode.scope === '' ? TRIGGER_WORDS[lang].wholeSystem : organizationName(data.system, episode.scope);
  const lasted = episode.endedAt === null ? words.stillOn : formatDuration(episode.endedAt - episode.since, lang);
  const sign = episode.choice === null ? 'question' : MARKS[episode.choice];
  const choice = chosenText(episode, lang);
  return html`<li id="${episodeId(episode.episode)}" class="is-${episode.choice ?? 'none'}">
<p><b>${name}</b> ${timeTag(episode.since, clock)} · ${joinedUnits(worstText(episode, one.kind, lang))} · ${joinedUnits(lasted)}</p>
<p>${icon(sign)} <b>${choice.charAt(0).toUpperCase()}${choice.slice(1)}</b></p>
${episode.changes.length === 0 ? none : html`<ul class="would" aria-label="${s.wouldChange}">${episode.changes.map(({ target, from, to }) => html`<li>${target}: ${saidText(from)} ${icon('arrow')} ${saidText(to)}</li>`)}</ul>`}
${episode.inTheWay.length === 0 ? none : html`<ul class="would" aria-label="${s.inTheWay}">${episode.inTheWay.map((guard) => html`<li>${guardText(guard, lang)}</li>`)}</ul>`}
<p>${episode.incident === null ? html`<span class="muted">${words.noIncident}</span>` : html`<a href="/incidents/${encodeURIComponent(episode.incident)}">${words.incident(episode.incident)}</a>`}</p>
${markPart(context, episode, { name, data })}
</li>`;
}

function markPart(
  context: PageContext,
  { mark, episode, since, choice }: ShadowEpisode,
  o: { readonly name: string; readonly data: ShadowData },
): Markup {
  const { lang } = context;
  const s = SHADOW_WORDS[lang];
  const said =
    mark === null
      ? none
      : html`<p class="said">${icon(mark.verdict === 'right' ? 'check' : 'cross')} ${shadowWords(lang).said(mark.verdict, mark.by, mark.why)}</p>`;
  // Of what was not decided there is nothing to be right about.
  if (!o.data.mayMark || choice === null) return said;
  const id = episodeId(episode);
  const form = html`<form method="post" action="/shadow/marks" class="mark" aria-label="${s.episode} ${o.name} ${new Date(since).toISOString()}">${hidden(context)}<input type="hidden" name="episode" value="${episode}">
<div><label for="why-${id}">${s.why}</label><input id="why-${id}" name="why" required maxlength="1000" autocomplete="off" placeholder="${s.whyHint}"></div>
<div class="actions"><button class="button plain" name="verdict" value="right">${icon('check')} ${s.right}</button><button class="button plain" name="verdict" value="false">${icon('cross')} ${s.wrong}</button></div></form>`;
  return mark === null ? form : html`${said}<details><summary>${s.again}</summary>${form}</details>`;
}
