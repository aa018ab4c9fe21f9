// One HTML page without any outside request. It is readable without JavaScript; the one script only says how old it is.
import { createHash } from 'node:crypto';
import type { Lang } from '../../domain/system.ts';
import type { StatusTexts } from '../../domain/text/status-texts.ts';
import { STATUS_TEXTS } from '../../domain/text/status-texts.ts';
import { formatDateTime } from '../../domain/time-text.ts';
import type { StatusPageModel } from '../../ports/status-page.ts';

const CHARS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const esc = (text: string): string => text.replace(/[&<>"']/g, (char) => CHARS[char] ?? char);

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}.overall{padding:.8rem 1rem;border:2px solid;border-radius:.5rem;font-weight:600}
.stale{padding:.8rem 1rem;background:#7a1f00;color:#fff;border-radius:.5rem}article{border-top:1px solid;padding:.6rem 0}
h3{font-size:1rem;margin:0}ol{padding-left:1.2rem}time{font-variant-numeric:tabular-nums}footer{margin-top:2rem;font-size:.9rem}`;

/** Reads two attributes and writes two texts; no request, no storage. */
const SCRIPT = `(function(){var d=document.documentElement.dataset,a=document.getElementById('age'),s=document.getElementById('stale');function t(){var n=Date.now(),m=Math.max(0,Math.round((n-d.generated)/6e4));a.textContent='('+(m===1?d.one:d.other.replace('#',m))+')';s.hidden=!d.next||n<=+d.next}t();setInterval(t,15e3)})()`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const POLICY = `default-src 'none'; style-src ${hashOf(STYLE)}; script-src ${hashOf(SCRIPT)}; base-uri 'none'; form-action 'none'`;
const MARKS = { operational: '✓', degraded: '!', outage: '✕' } as const;
/** The page stays under 30 kB: what does not fit is in status.json. */
const UPDATES_SHOWN = 6;

type Incident = StatusPageModel['incidents'][number];

export function renderPage(model: StatusPageModel, o: { readonly lang: Lang; readonly otherHref: string }): string {
  const t = STATUS_TEXTS[o.lang];
  const time = timeIn(model, o.lang);
  const open = model.incidents.filter((one) => one.word !== 'resolved');
  const past = model.incidents.filter((one) => one.word === 'resolved');
  const list = (incidents: readonly Incident[]): string => incidents.map((one) => article(one, { t, lang: o.lang, time })).join('\n');
  const next = model.expectNextBy;
  const otherLang: Lang = o.lang === 'en' ? 'pt-BR' : 'en';
  return `<!doctype html>
<html lang="${o.lang}" data-generated="${model.generatedAt}"${next === null ? '' : ` data-next="${next}"`} data-one="${esc(t.ago[0])}" data-other="${esc(t.ago[1])}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${esc(POLICY)}">
<link rel="alternate" hreflang="${otherLang}" href="${o.otherHref}">
<title>${esc(model.title)}: ${t.overall[model.overall]}</title>
<style>${STYLE}</style></head>
<body>
<header><h1>${esc(model.title)}</h1></header>
<main>
<p class="stale" id="stale" role="status" hidden>${t.stale}</p>
<p class="overall">${MARKS[model.overall]} ${t.overall[model.overall]}</p>
${open.length === 0 ? '' : `<h2>${t.current}</h2>\n${list(open)}`}
<h2>${t.past}</h2>
${past.length === 0 ? `<p>${t.nothing}</p>` : list(past)}
</main>
<footer><p>${t.generated} ${time(model.generatedAt)} <span id="age"></span>${next === null || open.length === 0 ? '' : `. ${t.nextBy} ${time(next)}`}</p>
<p><a href="${o.otherHref}" hreflang="${otherLang}" lang="${otherLang}">${t.other}</a></p></footer>
<script>${SCRIPT}</script>
</body></html>
`;
}

function timeIn(model: StatusPageModel, lang: Lang): (at: number) => string {
  const zone = model.zone ?? 'UTC';
  return (at) => `<time datetime="${new Date(at).toISOString()}">${esc(formatDateTime(at, { lang, zone }))}</time>`;
}

function article(incident: Incident, o: { readonly t: StatusTexts; readonly lang: Lang; readonly time: (at: number) => string }): string {
  const { t, time } = o;
  const until = incident.resolvedAt === null ? '' : `, ${t.until} ${time(incident.resolvedAt)}`;
  const updates = incident.updates
    .slice(0, UPDATES_SHOWN)
    .map((one) => `<li>${time(one.at)} <strong>${wordIn(t, one.word)}</strong>: ${esc(one.texts?.[o.lang] ?? one.text)}</li>`)
    .join('');
  return `<article id="${esc(incident.id)}"><h3>${esc(incident.components.join(', '))}: ${wordIn(t, incident.word)} (${esc(incident.severity)})</h3>
<p>${esc(incident.id)}, ${t.since} ${time(incident.since)}${until}</p><ol reversed>${updates}</ol></article>`;
}

function wordIn(t: StatusTexts, word: string): string {
  return Object.hasOwn(t.words, word) ? t.words[word as keyof StatusTexts['words']] : esc(word);
}
