// The list of runbooks that a person may begin by hand: what each is for, whose it is, and when it was last run. It begins none.
import type { Incident } from '../../domain/incident.ts';
import type { Runbook } from '../../domain/ir.ts';
import { html, type Markup, none } from '../markup.ts';
import { RUN_WORDS } from '../run-words.ts';
import { timeTag } from '../times.ts';
import { type PageContext, page, pauseButton } from './layout.ts';

export interface RunbookRow {
  readonly runbook: Runbook;
  readonly lastRun: Incident | null;
  readonly lastDrill: Incident | null;
}

export function runbooksPage(context: PageContext, rows: readonly RunbookRow[]): string {
  const { w } = context;
  const r = RUN_WORDS[context.lang];
  const body = html`<main class="list" id="next" tabindex="-1"><div class="list-head"><h1>${r.title}</h1><div class="decide">${pauseButton(context)}</div></div>
<p class="muted">${r.what}</p>
${rows.length === 0 ? html`<p class="why-not">${r.none}</p>` : html`<ul class="rows past">${rows.map((row) => line(context, row))}</ul>`}
<div class="actions"><a class="button plain" href="/">${w.backTo} ${w.incidents}</a></div></main>`;
  return page(context, { title: r.title, follow: null }, body);
}

function line(context: PageContext, { runbook, lastRun, lastDrill }: RunbookRow): Markup {
  const r = RUN_WORDS[context.lang];
  const inputs = Object.keys(runbook.inputs);
  const facts = [runbook.id, runbook.owner === undefined ? r.noOwner : `${r.owner} ${runbook.owner}`];
  const needs = inputs.length === 0 ? none : html` · ${r.needs} ${inputs.join(', ')}`;
  return html`<li id="runbook-${runbook.id}"><a class="row" href="/runbooks/${encodeURIComponent(runbook.id)}">
<span class="row-title"><span class="sev-word">${runbook.severity}</span> <b>${runbook.title}</b></span>
<span class="row-since">${lastRun === null ? r.neverRun : html`${r.lastRun} ${timeTag(lastRun.detectedAt, context.clock)} (${lastRun.id})`}${lastDrill === null ? none : html` · ${r.lastDrill} ${timeTag(lastDrill.detectedAt, context.clock)} (${lastDrill.id})`}</span>
<span class="row-what">${facts.join(' · ')}${needs}</span>
</a></li>`;
}
