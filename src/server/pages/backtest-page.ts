// The screen of a trigger's backtests: what runs, what the last one found, and the form for the next one.
import { limitText } from '../../domain/text/trigger-texts.ts';
import { formatDuration } from '../../domain/time-text.ts';
import { limitOf, overOf } from '../../domain/trigger-list.ts';
import { BACKTEST_WORDS } from '../backtest-words.ts';
import type { EndedBacktest, RunningBacktest } from '../backtests.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { TRIGGER_WORDS } from '../trigger-words.ts';
import { type BacktestData, backtestPath, formPanel } from './backtest-form.ts';
import { foundPanels } from './backtest-result.ts';
import { hidden, type PageContext, page, pauseButton } from './layout.ts';
import { joinedUnits, modeBadge } from './trigger-marks.ts';

export function backtestPage(context: PageContext, data: BacktestData): string {
  const { lang } = context;
  const b = BACKTEST_WORDS[lang];
  const { rule, spec } = data.watched;
  const limit = limitText({ kind: spec.signal.kind, limit: limitOf(rule), overMs: overOf(data.watched) }, lang);
  const body = html`<main class="list trigger backtest">
<div class="list-head"><h1>${b.title} <span class="muted">${rule.id}</span></h1><div class="decide">${pauseButton(context)}</div></div>
<p class="muted rule-line">${limit === null ? none : joinedUnits(limit)} ${modeBadge(context, rule.mode)}</p>
<div id="next" tabindex="-1">
<div id="running" data-region>${data.state.running === null ? none : runningPanel(context, data.state.running, rule.id)}</div>
<div id="found" data-region>${lastPanels(context, data)}</div>
${formPanel(context, data)}
</div>
</main>`;
  const crumb = html`<span class="crumb"><a href="/triggers">${TRIGGER_WORDS[lang].title}</a></span><span class="crumb"><a href="/triggers/${encodeURIComponent(rule.id)}">${rule.id}</a></span>`;
  return page(context, { title: `${b.title} ${rule.id}`, follow: '', watches: true, plot: true, crumb }, body);
}

function runningPanel(context: PageContext, one: RunningBacktest, here: string): Markup {
  const { lang, clock, path } = context;
  const b = BACKTEST_WORDS[lang];
  const percent = Math.floor(one.share * 100);
  return html`<section class="panel" aria-labelledby="running-title"><h2 id="running-title">${b.running(one.trigger, one.by)}</h2>
<progress class="share" max="100" value="${percent}" aria-labelledby="running-title"></progress>
<p>${b.progress(`${percent} %`, formatDuration(Math.max(0, clock.now - one.startedAt), lang))} · <a href="${path}">${b.reload}</a></p>
<div class="actions"><form method="post" action="${backtestPath(here)}/stop" class="inline">${hidden(context)}<button class="button" id="stop">${icon('cross')} ${b.stop}</button></form>${one.trigger === here ? none : html`<a class="button plain" href="${backtestPath(one.trigger)}">${b.other}</a>`}</div>
</section>`;
}

function lastPanels(context: PageContext, data: BacktestData): Markup {
  const { last } = data.state;
  if (last === null || last.trigger !== data.watched.rule.id) return none;
  if (data.view !== null) return foundPanels(context, { ...data, last, view: data.view });
  return html`<section class="panel" aria-labelledby="ended-title"><h2 id="ended-title">${BACKTEST_WORDS[context.lang].found}</h2><p role="status">${endText(context, last)}</p></section>`;
}

function endText({ lang }: PageContext, { end, by }: EndedBacktest): string {
  const b = BACKTEST_WORDS[lang];
  if (end.how === 'stopped') return b.stopped(by);
  if (end.how === 'late') return b.late(formatDuration(end.mostMs, lang));
  if (end.how === 'memory') return b.memory(end.mostMb);
  return end.how === 'failed' ? `${b.failed} ${end.why}` : '';
}
