// The one screen of an incident: the block on top, then tasks, steps and log, then everything it was decided from.
import { organizationName } from '../../domain/incident-view.ts';
import type { System } from '../../domain/system.ts';
import { html, type Markup, none } from '../markup.ts';
import type { Snapshot } from '../snapshot.ts';
import type { TriggerSeries } from '../triggers.ts';
import { hidden, type PageContext, page } from './layout.ts';
import { logPanel } from './log-panel.ts';
import { checksPanel, contingenciesPanel, decisionPanel, evidencePanel, messagesPanel, signalPanel } from './panels.ts';
import { runPanel } from './run-panel.ts';
import { safetyPanel } from './safety-panel.ts';
import { stepsPanel } from './steps-panel.ts';
import { tasksPanel } from './tasks-panel.ts';
import { timePanel } from './time-panel.ts';
import { topBlock } from './top-block.ts';

export interface ShownIncident extends Snapshot {
  readonly series: TriggerSeries | null;
}

export function incidentPage(
  context: PageContext,
  { view, events, plan, series, budgets, isFileNewer }: ShownIncident,
  system: System,
): string {
  const { w } = context;
  const orgs = view.headline.orgs === 'all' ? w.allOrgs : view.headline.orgs.map((org) => org.name).join(', ');
  const needs = view.approve.state === 'ready' ? `${w.needsYou} · ` : '';
  const body = html`<main class="incident">
${topBlock(context, view, (id) => organizationName(system, id))}
<div class="columns">
<div class="column main">${tasksPanel(context, view)}${stepsPanel(context, view)}${logPanel(context, view.id, events, view.headline.zone)}</div>
<div class="column side">${runPanel(context, view, isFileNewer)}${signalPanel(context, view, series)}${decisionPanel(context, view)}${timePanel(context, budgets)}${safetyPanel(context, plan)}${contingenciesPanel(context, view)}${checksPanel(context, view)}${messagesPanel(context, view)}${evidencePanel(context, view)}${closeForm(context, view)}</div>
</div>
</main>`;
  return page(
    context,
    {
      title: `${needs}${view.id} ${view.headline.severity} ${orgs}`,
      follow: view.id,
      plot: series !== null,
      crumb: html`<span class="crumb" aria-current="page">${view.id}</span>`,
    },
    body,
  );
}

function closeForm(context: PageContext, view: Snapshot['view']): Markup {
  if (view.headline.phase !== 'resolved') return none;
  return html`<form method="post" action="/incidents/${encodeURIComponent(view.id)}/close" class="close-form">${hidden(context)}<button class="button plain">${context.w.closeIncident}</button></form>`;
}
