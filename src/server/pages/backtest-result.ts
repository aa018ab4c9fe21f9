// What a backtest found, for people: how often it would have acted, one scope as a line against the limit, and the episodes, a page at a time.
import { SETTABLE } from '../../config/try-rule.ts';
import { isNearMiss } from '../../domain/episodes.ts';
import { organizationName } from '../../domain/incident-view.ts';
import type { ScopeTotals } from '../../domain/replay-report.ts';
import type { System } from '../../domain/system.ts';
import { limitText } from '../../domain/text/trigger-texts.ts';
import { formatDuration, formatShare } from '../../domain/time-text.ts';
import type { BacktestView, RuleTotals, ShownEpisode, WhichRule } from '../backtest-view.ts';
import { BACKTEST_WORDS } from '../backtest-words.ts';
import type { EndedBacktest } from '../backtests.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { timeTag } from '../times.ts';
import { TRIGGER_WORDS } from '../trigger-words.ts';
import { backtestPath } from './backtest-form.ts';
import type { PageContext } from './layout.ts';
import { plotFigure } from './plot-figure.ts';
import { joinedUnits, valueText } from './trigger-marks.ts';

export interface FoundData {
  readonly last: EndedBacktest;
  readonly view: BacktestView;
  readonly org: string | undefined;
  readonly offset: number;
  readonly system: System;
}

/** Of one page. */
export const EPISODES_SHOWN = 25;
const GAPS_SHOWN = 20;
const SCOPES_SHOWN = 100;

export function foundPanels(context: PageContext, data: FoundData): Markup {
  return html`${totalsPanel(context, data)}${linePanel(context, data)}${episodesPanel(context, data)}${gapsPanel(context, data)}`;
}

const nameOf = ({ lang }: PageContext, { system }: FoundData, scope: string): string =>
  scope === '' ? BACKTEST_WORDS[lang].everything : organizationName(system, scope);

function totalsPanel(context: PageContext, data: FoundData): Markup {
  const { lang, clock } = context;
  const b = BACKTEST_WORDS[lang];
  const { last, view } = data;
  const missed = 1 - view.watchedMs / (last.to - last.from);
  const day = new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'short', timeZone: clock.zone });
  return html`<section class="panel" id="totals" aria-labelledby="totals-title"><h2 id="totals-title">${b.found}</h2>
<p class="muted">${b.foundOf(day.format(last.from), day.format(last.to), last.by)}</p>
<div class="rule-cards">${view.rules.map((one) => ruleCard(context, one, data))}</div>
${missed > 0.0005 ? html`<p class="bad">${icon('question')} ${joinedUnits(b.noData(formatShare(missed, lang)))}</p>` : none}
<p class="muted">${view.scopesWithEpisodes > 1 ? `${b.oneByOne} ` : ''}${b.guards} ${b.minutes}</p>
${view.rules.length > 1 ? adoption(context, last) : none}
<p class="more"><a href="#new">${b.choose}</a></p>
</section>`;
}

function verdictOf({ lang }: PageContext, { alone, acts }: RuleTotals, span: string): string {
  const b = BACKTEST_WORDS[lang];
  return alone === 0 && acts > 0 ? b.enough(acts, span) : b.alone(alone, span);
}

function ruleCard(context: PageContext, one: RuleTotals, data: FoundData): Markup {
  const { lang } = context;
  const b = BACKTEST_WORDS[lang];
  const { last, view } = data;
  const limit = limitText({ kind: view.kind, limit: one.limit, overMs: one.overMs }, lang);
  const isShown = one.rule === view.rule;
  const name = `${b.rule} ${one.rule === 'tried' ? b.tried : b.written}`;
  const link = isShown ? none : html`<p class="more"><a href="${pathOf(data, { rule: one.rule })}">${b.showRule}</a></p>`;
  const told = one.delayMs === null ? '–' : formatDuration(Math.max(60_000, one.delayMs), lang);
  const fact = (what: string, value: string | number): Markup => html`<div><dt>${what}</dt><dd>${value}</dd></div>`;
  return html`<div class="rule-card${isShown ? ' is-shown' : ''}"><h3>${name}</h3>
<p class="muted">${limit === null ? none : joinedUnits(limit)}${one.rule === 'tried' ? html` · <code>${setText(last)}</code>` : none}</p>
<p class="verdict">${joinedUnits(verdictOf(context, one, formatDuration(last.to - last.from, lang)))}</p>
<dl class="facts">${fact(b.asked, one.asks + one.acts - one.alone)}${fact(b.near, one.nearMisses)}${fact(b.delay, joinedUnits(told))}</dl>${link}</div>`;
}

const setText = ({ set }: EndedBacktest): string =>
  SETTABLE.flatMap((name) => (set[name] === undefined ? [] : [`${name}: ${set[name]}`])).join(', ');

function adoption({ lang }: PageContext, last: EndedBacktest): Markup {
  return html`<details><summary>${BACKTEST_WORDS[lang].adopt}</summary><pre class="yaml"><code>triggers:
  ${last.trigger}:
    breach: { … ${setText(last)} }</code></pre></details>`;
}

interface Shown {
  readonly rule?: WhichRule;
  readonly show?: string | undefined;
  readonly offset?: number;
}

function pathOf({ last, view, org }: FoundData, o: Shown): string {
  const { rule = view.rule, show = org, offset = 0 } = o;
  const query = new URLSearchParams();
  if (view.rules.length > 1) query.set('rule', rule);
  if (show !== undefined) query.set('show', show);
  if (offset > 0) query.set('offset', String(offset));
  const text = query.toString();
  return `${backtestPath(last.trigger)}${text === '' ? '' : `?${text}`}`;
}

function linePanel(context: PageContext, data: FoundData): Markup {
  const { lang } = context;
  const b = BACKTEST_WORDS[lang];
  const { view, last } = data;
  const { line } = view;
  const shown = view.rules.find((one) => one.rule === view.rule);
  const figure =
    line === null || shown === undefined
      ? html`<p class="muted">${data.org === undefined ? b.noLineKind : b.noLine}</p>${data.org === undefined ? none : html`<p><a href="${backtestPath(last.trigger)}?of=${encodeURIComponent(data.org)}#new">${b.choose}: ${nameOf(context, data, data.org)}</a></p>`}`
      : plotFigure(
          context,
          {
            ...{ kind: view.kind, limit: shown.limit, clear: view.clear, from: last.from, to: last.to },
            ...{ gaps: view.gaps, points: line.points, marks: view.marks, unasked: view.unasked },
            bands: view.bands.map((one) => ({ from: one.since, to: one.endedAt ?? last.to, act: one.actedAt !== null })),
          },
          { id: 'plot', caption: captionOf(context, data) },
        );
  const who = line === null ? '' : line.scope === '' ? '' : ` · ${nameOf(context, data, line.scope)}`;
  return html`<section class="panel" id="line" aria-labelledby="line-title"><h2 id="line-title">${b.plot}${who}</h2>${scopeForm(context, data)}${figure}</section>`;
}

function captionOf(context: PageContext, { view: { line, kind } }: FoundData): string {
  const { lang } = context;
  const t = TRIGGER_WORDS[lang];
  const values = (line?.points ?? []).flatMap(({ value }) => (value === null ? [] : [value]));
  const show = (value: number): string => valueText(value, kind, context);
  const range = values.length === 0 ? t.nothingShown : `${t.between} ${show(Math.min(...values))} ${t.and} ${show(Math.max(...values))}`;
  return BACKTEST_WORDS[lang].caption({ every: joinedUnits(formatDuration(line?.everyMs ?? 0, lang)), range });
}

/** Worst first, and never all of ten thousand. */
function scopeForm(context: PageContext, data: FoundData): Markup {
  const b = BACKTEST_WORDS[context.lang];
  const { view, last, org } = data;
  const chosen = org ?? view.scope ?? '';
  const scopes = view.worst.slice(0, SCOPES_SHOWN);
  if (scopes.length < 2) return none;
  const unlisted =
    org === undefined || scopes.some((one) => one.scope === org)
      ? none
      : html`<option value="${org}" selected>${nameOf(context, data, org)}</option>`;
  const option = (one: ScopeTotals): Markup =>
    html`<option value="${one.scope}"${one.scope === chosen ? html` selected` : none}>${nameOf(context, data, one.scope)} (${one.acts} · ${one.asks} · ${one.nearMisses})</option>`;
  return html`<form method="get" action="${backtestPath(last.trigger)}" class="filter scopes">${view.rules.length > 1 ? html`<input type="hidden" name="rule" value="${view.rule}">` : none}<div><label for="bt-show">${b.shown}</label><select id="bt-show" name="show" aria-describedby="bt-show-what">${unlisted}${scopes.map(option)}</select></div><button class="button plain" id="show">${b.show}</button></form><p class="muted" id="bt-show-what">${b.worstFirst(scopes.length, view.scopesWithEpisodes)} (${b.actedAlone} · ${b.asked} · ${b.near})</p>`;
}

function episodesPanel(context: PageContext, data: FoundData): Markup {
  const { lang } = context;
  const b = BACKTEST_WORDS[lang];
  const { view, org, offset } = data;
  const title = org === undefined ? b.episodes : b.episodesOf(nameOf(context, data, org));
  const all =
    org === undefined
      ? none
      : html`<p class="more"><a href="${backtestPath(data.last.trigger)}${view.rules.length > 1 ? `?rule=${view.rule}` : ''}">${b.allOrgs}</a></p>`;
  if (view.total === 0)
    return html`<section class="panel" id="episodes" aria-labelledby="episodes-title"><h2 id="episodes-title">${title}</h2><p>${b.calm}</p>${all}</section>`;
  const kept =
    view.allEpisodes > view.total && org === undefined ? html`<p class="muted">${b.cut(view.total, view.allEpisodes)}</p>` : none;
  const newer =
    offset === 0
      ? none
      : html`<a class="button plain" href="${pathOf(data, { offset: Math.max(0, offset - EPISODES_SHOWN) })}#episodes">${b.newer}</a>`;
  const older =
    view.next === null ? none : html`<a class="button plain" href="${pathOf(data, { offset: view.next })}#episodes">${b.older}</a>`;
  return html`<section class="panel" id="episodes" aria-labelledby="episodes-title"><h2 id="episodes-title">${title}</h2>
<p class="muted">${b.shownOf(offset + 1, offset + view.episodes.length, view.total)}</p>${kept}
<ul class="episodes">${view.episodes.map((one) => episodeItem(context, one, data))}</ul>
<div class="actions">${newer}${older}</div>${all}</section>`;
}

function episodeItem(context: PageContext, one: ShownEpisode, data: FoundData): Markup {
  const { lang, clock } = context;
  const b = BACKTEST_WORDS[lang];
  const { kind } = data.view;
  const number = new Intl.NumberFormat(lang);
  const isShare = kind === 'ratio' || kind === 'fractionAbove';
  const lasted = one.endedAt === null ? b.stillOn : `${b.lasted} ${joinedUnits(formatDuration(one.endedAt - one.since, lang))}`;
  const worst =
    one.peak === null
      ? none
      : html` · <b>${valueText(one.peak, kind, context)}</b>${isShare ? ` (${number.format(one.bad)} / ${number.format(one.all)})` : ''}`;
  const would = one.whyNot === null ? html`<b>${b.wouldAct}</b>` : html`${b.why[one.whyNot]}`;
  const mark = one.whyNot === null ? 'warn' : isNearMiss(one) ? 'minus' : 'person';
  const real =
    one.incident === null
      ? html`<span class="muted">${b.noReal}</span>`
      : html`${b.real} <a href="/incidents/${encodeURIComponent(one.incident)}">${one.incident}</a>`;
  const who =
    one.scope === '' ? none : html`<a class="who" href="${pathOf(data, { show: one.scope })}">${nameOf(context, data, one.scope)}</a> `;
  return html`<li class="is-${one.whyNot === null ? 'act' : 'ask'}"><p>${who}${timeTag(one.since, clock)} · ${lasted}${worst}</p><p>${icon(mark)} ${would} · ${b.evidence}: ${b.levels[one.level]}</p><p>${real}</p></li>`;
}

function gapsPanel({ lang, clock }: PageContext, { view }: FoundData): Markup {
  if (view.gaps.length === 0) return none;
  const b = BACKTEST_WORDS[lang];
  const longest = view.gaps.toSorted((x, y) => y.to - y.from - (x.to - x.from)).slice(0, GAPS_SHOWN);
  const shown = longest.toSorted((x, y) => y.from - x.from);
  const cut = view.allGaps > shown.length ? html`<p class="muted">${b.gapsCut(shown.length, view.allGaps)}</p>` : none;
  return html`<section class="panel" id="gaps" aria-labelledby="gaps-title"><h2 id="gaps-title">${b.gaps}</h2>${cut}<ul class="gaps">${shown.map((gap) => html`<li>${timeTag(gap.from, clock)} · ${joinedUnits(formatDuration(gap.to - gap.from, lang))}: ${b.gap[gap.why]}</li>`)}</ul></section>`;
}
