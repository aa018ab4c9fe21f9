// The frame of every page: head, top bar, pause banner, pause sheet. It shows no incident itself.
import type { PauseFact } from '../../domain/incident-view.ts';
import type { Lang } from '../../domain/system.ts';
import type { Caller } from '../commands.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { type Clock, timeTag } from '../times.ts';
import type { Words } from '../words.ts';

export interface PageContext {
  readonly lang: Lang;
  readonly w: Words;
  readonly clock: Clock;
  readonly system: string;
  readonly version: string;
  readonly caller: Caller | null;
  /** Path with query, to come back to and to switch the language on. */
  readonly path: string;
  readonly csrf: string;
  /** A fresh idempotency key for one form. */
  readonly key: () => string;
  readonly pause: PauseFact;
  /** What was just done, as a sentence. */
  readonly done: string | null;
}

export interface PageOptions {
  readonly title: string;
  /** The one stream this page listens to: `INC-3`, or '' for all; null for pages that do not change. */
  readonly follow: string | null;
  /** Shows what detection knows: asked for again as often as the stream tells of it. */
  readonly watches?: boolean;
  /** Holds a plot, which brings its own scripts. */
  readonly plot?: boolean;
  /** Placed in the top bar. */
  readonly crumb?: Markup;
}

export function page(context: PageContext, options: PageOptions, body: Markup): string {
  const { lang, w } = context;
  const live = options.follow === null ? none : html` data-follow="${options.follow}" data-live="${w.live}" data-stale="${w.stale}"`;
  const watches = options.watches === true ? html` data-watches` : none;
  return html`<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${options.title} · Belay</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/war-room.css?v=${context.version}">
<script type="module" src="/assets/war-room.js?v=${context.version}"></script>
${options.plot === true ? html`<link rel="stylesheet" href="/assets/plot.css?v=${context.version}"><script defer src="/assets/uplot.js?v=${context.version}"></script><script type="module" src="/assets/plot.js?v=${context.version}"></script>` : none}
</head>
<body data-now="${context.clock.now}" data-left="${w.left}" data-late="${w.late}" data-on="${w.announceLeft}"${live}${watches}>
<a class="skip" href="#next">${w.skip}</a>
${topBar(context, options)}
<p class="stale-banner" id="stale" role="status" hidden data-text="${w.staleBanner}" data-why="${w.staleWhy}"></p>
${pauseBanner(context)}
${context.done === null ? none : html`<p class="done" role="status">${icon('check')} ${context.done}</p>`}
${body}
${context.caller === null ? none : pauseSheet(context)}
<p class="visually-hidden" id="announce" aria-live="polite"></p>
</body>
</html>
`.text;
}

function topBar(context: PageContext, options: PageOptions): Markup {
  const { w, caller, path } = context;
  const { crumb } = options;
  const other = context.lang === 'en' ? 'pt-BR' : 'en';
  return html`<header class="bar">
<nav class="bar-nav" aria-label="Belay"><a class="home" href="/"><svg class="logo" viewBox="0 0 16 16" width="20" height="20" aria-hidden="true"><path d="M8 1.5v7M4.2 6.6a4.6 4.6 0 1 0 7.6 0"/></svg><b>Belay</b><span class="system">${context.system}</span></a>${crumb ?? none}</nav>
<div class="bar-side">
${caller === null || options.watches === true ? none : html`<a class="quiet" href="/triggers">${w.triggersNav}</a>`}
<a class="quiet" lang="${other}" hreflang="${other}" href="${withLang(path, other)}">${w.otherLanguage}</a>
${caller === null ? none : html`<form method="post" action="/logout" class="inline"><input type="hidden" name="csrf" value="${context.csrf}"><button class="quiet" title="${w.you} ${caller.person}">${w.logOut}</button></form>`}
</div>
</header>`;
}

function withLang(path: string, lang: string): string {
  const url = new URL(path, 'http://belay.invalid');
  url.searchParams.set('lang', lang);
  url.searchParams.delete('done');
  return `${url.pathname}${url.search}`;
}

function pauseBanner(context: PageContext): Markup {
  const { pause, w, clock } = context;
  if (!pause.paused || context.caller === null) return html`<div id="pause-banner" data-region></div>`;
  const first = pause.by[0];
  return html`<div id="pause-banner" data-region><section class="paused" aria-labelledby="paused-title">
<h2 id="paused-title">${icon('pause')} ${w.pausedBanner}</h2>
${first === undefined ? none : html`<p>${first.reason} — ${w.pausedBy} ${first.who}, ${timeTag(first.at, clock)}</p>`}
<form method="post" action="/resume" class="inline">${hidden(context)}<button class="button resume">${icon('play')} ${w.resume}</button></form>
</section></div>`;
}

/** `popover` opens and closes without a script, by mouse and by keyboard; the form is a plain form. */
function pauseSheet(context: PageContext): Markup {
  const { w } = context;
  return html`<div class="sheet" id="pause-sheet" popover role="dialog" aria-labelledby="pause-title">
<form method="post" action="/pause">
${hidden(context)}
<h2 id="pause-title">${w.pauseTitle}</h2>
<p>${w.pauseWhat}</p>
<label for="pause-reason">${w.pauseReason}</label>
<input id="pause-reason" name="reason" maxlength="1000" autocomplete="off" autofocus>
<div class="actions"><button class="button pause">${icon('pause')} ${w.pauseNow}</button><button class="button plain" type="button" popovertarget="pause-sheet" popovertargetaction="hide">${w.cancel}</button></div>
</form>
</div>`;
}

/** The button that opens the sheet; when everything is paused already there is nothing to press. */
export function pauseButton({ w, pause }: PageContext): Markup {
  if (pause.paused) return html`<p class="button pause is-off" aria-disabled="true">${icon('pause')} ${w.pausedBanner}</p>`;
  return html`<button class="button pause" id="pause-open" type="button" popovertarget="pause-sheet">${icon('pause')} ${w.pauseAll}</button>`;
}

/** What every form carries. */
export function hidden(context: PageContext): Markup {
  return html`<input type="hidden" name="csrf" value="${context.csrf}"><input type="hidden" name="key" value="${context.key()}"><input type="hidden" name="back" value="${context.path}">`;
}
