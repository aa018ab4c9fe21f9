// The next action with its resolved arguments, its reach and how it would be taken back.
import type { IncidentView } from '../../domain/incident-view.ts';
import type { NextAction } from '../../domain/incident-view-action.ts';
import { html, type Markup, none } from '../markup.ts';
import { span } from '../times.ts';
import type { PageContext } from './layout.ts';
import { blastText, call, change } from './values.ts';

export function nextAction(context: PageContext, view: IncidentView, orgName: (id: string) => string): Markup {
  const { w } = context;
  const { next } = view;
  if (next === null) return html`<p class="label">${w.nextAction}</p><h2 id="next-title" class="calm">${w.noNext}</h2>`;
  return html`<p class="label">${w.nextAction} <span class="count">${next.position}/${next.total}</span> <span class="state is-${next.status}">${statusText(context, next.status)}</span></p>
<h2 id="next-title">${next.title} ${change(next.current, next.desired)}</h2>
${
  next.action === null
    ? next.text === ''
      ? none
      : html`<p class="why">${next.text}</p>`
    : html`<dl class="facts">
<div><dt>${next.status === 'running' ? w.runsNow : w.willRun}</dt><dd>${call(next.action, next.args)}</dd></div>
<div><dt>${w.blast}</dt><dd>${blastText(context, next.blast, orgName)}</dd></div>
<div><dt>${w.undo}</dt><dd>${undoOf(context, next)}</dd></div>
${next.takesMs === null ? none : html`<div><dt>${w.takes}</dt><dd>${span(next.takesMs)}</dd></div>`}
</dl>`
}`;
}

export function undoOf({ w }: PageContext, one: Pick<NextAction, 'undo' | 'irreversible' | 'action'>): Markup {
  if (one.irreversible !== null) return html`<strong class="bad">${w.noUndo}: ${one.irreversible}</strong>`;
  return one.undo === null ? html`${w.nothingToUndo}` : call(one.undo.action, one.undo.args);
}

function statusText({ w }: PageContext, status: NextAction['status']): string {
  return { 'needs-approval': w.statusNeeds, running: w.statusRunning, waiting: w.statusWaiting, pending: w.statusPending }[status];
}
